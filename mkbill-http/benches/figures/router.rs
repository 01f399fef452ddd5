//! A simulated router in a process of its own, so that its work is not counted as ours. The process
//! is this program once more; it takes orders on its input and ends with it.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mkbill_routeros::sim::{Customer, RouterOs, Simulator, TimeSource, Traffic};
use tokio::runtime::Runtime;

/// The first argument of the process that plays the router.
pub(crate) const ROLE: &str = "play-router";
pub(crate) const USERNAME: &str = "billing";
pub(crate) const PASSWORD: &str = "only-on-loopback";
const USERS: &str = "/ip/hotspot/user";
/// How the comments of vouchers begin.
const MARK: &str = "VOUCHER_SYSTEM|";
const PACE: Traffic = Traffic { upload_per_second: 50_000, download_per_second: 500_000 };

/// The order that lets time pass, and the one that lets customers come.
const ADVANCE: &str = "advance";
const ARRIVE: &str = "arrive";

/// A router in a process of its own. Its time moves only when told.
pub(crate) struct RouterProcess {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl RouterProcess {
    /// A router that takes `service_time` for each command and whose time begins at `beginning`.
    pub(crate) fn start(service_time: Duration, beginning: Timestamp) -> Self {
        let program = std::env::current_exe().expect("a running program has a file");
        let mut child = Command::new(program)
            .arg(ROLE)
            .arg(service_time.as_micros().to_string())
            .arg(beginning.as_second().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts once more");
        let orders = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let address = line(&mut answers).parse().expect("its first line is its address");
        Self { child, orders, answers, address }
    }

    /// Where its API listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets time pass on the router.
    pub(crate) fn advance(&mut self, span: SignedDuration) {
        self.order(ADVANCE, span.as_secs());
    }

    /// Lets `count` customers log in and move data; answers how many are online.
    pub(crate) fn arrive(&mut self, count: i64) -> i64 {
        self.order(ARRIVE, count)
    }

    fn order(&mut self, what: &str, number: i64) -> i64 {
        let orders = self.orders.as_mut().expect("it is open until the end");
        writeln!(orders, "{what} {number}").expect("the router takes orders");
        line(&mut self.answers).parse().expect("an answer is a number")
    }
}

impl Drop for RouterProcess {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Err(error) = self.child.wait() {
            eprintln!("waiting for the router to end: {error}");
        }
    }
}

fn line(from: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("the router speaks text");
    line.trim_end().to_owned()
}

/// Plays the router until the input ends.
pub(crate) fn play(runtime: &Runtime, arguments: &[String]) {
    let [service_time, beginning] = arguments else { panic!("two numbers are needed") };
    let service_time = service_time.parse().map(Duration::from_micros).expect("microseconds");
    let beginning = beginning.parse().expect("seconds");
    let beginning = Timestamp::from_second(beginning).expect("an instant");
    let simulator = Simulator::builder()
        .routeros(RouterOs::V7_18)
        .username(USERNAME)
        .password(PASSWORD)
        .service_time(service_time)
        .clock(TimeSource::Manual(beginning));
    let simulator = runtime.block_on(simulator.start()).expect("a free port on loopback");
    println!("{}", simulator.addr());
    for order in io::stdin().lines() {
        let order = order.expect("orders are text");
        println!("{}", obey(&simulator, &order));
    }
    runtime.block_on(simulator.shutdown());
}

fn obey(simulator: &Simulator, order: &str) -> i64 {
    let (what, number) = order.split_once(' ').expect("a word and a number");
    let number: i64 = number.parse().expect("a number");
    match what {
        ADVANCE => simulator.advance(SignedDuration::from_secs(number)),
        ARRIVE => return arrive(simulator, usize::try_from(number).expect("a count")),
        _ => panic!("`{what}` is no order"),
    }
    number
}

fn arrive(simulator: &Simulator, count: usize) -> i64 {
    let mut crowd = simulator.crowd(names(simulator).into_iter().map(Customer::with_code));
    crowd.arrive(count);
    crowd.browse(PACE);
    i64::try_from(crowd.online()).expect("a small count")
}

/// The names of all vouchers on the router.
fn names(simulator: &Simulator) -> Vec<String> {
    let printed = simulator.router(|router| router.run(&format!("{USERS}/print"), &[]));
    let rows = printed.expect("the menu can be printed").rows;
    let value = |row: &[(String, String)], wanted: &str| {
        row.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
    };
    let is_ours = |comment: String| comment.starts_with(MARK);
    let vouchers = rows.iter().filter(|row| value(row, "comment").is_some_and(is_ours));
    vouchers.filter_map(|row| value(row, "name")).collect()
}
