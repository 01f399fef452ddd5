//! Our client at the work that `docs/PERFORMANCE.md` compares with clients by others. The scripts beside
//! this file are theirs, and `cargo xtask bench` runs all of them against the same simulator.
//!
//! Arguments: client, work, host:port, how many, and how new names begin. Prints the time on the wall
//! and on the processor in nanoseconds and the peak of the memory in KiB, each for the work alone but
//! the memory.

use std::{
    collections::HashSet,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use mkbill_routeros::{
    client::{Client, ClientConfig, Credentials, Endpoint, Security},
    command::Command,
    proto::{Decoder, Limits, Sentence},
};
use tokio::runtime::Builder;

const USER: &str = "admin";
const PRINT: &str = "/ip/hotspot/user/print";
/// More than a list of 30,000 rows takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [client, work, address, count, prefix, ..] = arguments.as_slice() else {
        println!("nothing is measured here by itself: use `cargo xtask bench`");
        return;
    };
    let password = std::env::var("MKBILL_SIM_PASSWORD").expect("the password of the simulator");
    let count = count.parse().expect("a count");
    match client.as_str() {
        "socket" => read_from_the_socket(address, &password),
        "decoder" => read_and_decode(address, &password),
        _ => {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(measure(work, &config(address, password), count, prefix));
        }
    }
}

fn config(address: &str, password: String) -> ClientConfig {
    let (host, port) = address.rsplit_once(':').expect("host:port");
    let port = port.parse().expect("a port");
    let endpoint = Endpoint { host: host.to_owned(), port, security: Security::Plain };
    ClientConfig::new(endpoint, Credentials::new(USER, password))
}

async fn measure(work: &str, config: &ClientConfig, count: usize, prefix: &str) {
    let client = Client::connect(config).await.expect("the simulator lets us in");
    let adds = || (0..count).map(|number| add(&format!("{prefix}{number}")));
    let meter = Meter::start();
    let done = match work {
        "connect" => connect_and_ask(config, count).await,
        "list" => list(&client).await,
        "adds" => add_one_by_one(&client, adds()).await,
        "adds-at-once" => add_at_once(&client, adds()).await,
        _ => panic!("`{work}` is no work"),
    };
    meter.tell();
    assert_eq!(done, count, "the work was done");
}

async fn connect_and_ask(config: &ClientConfig, count: usize) -> usize {
    let mut rows = 0;
    for _ in 0..count {
        let client = Client::connect(config).await.expect("the simulator lets us in");
        let answer = client.run(Command::new("/system/identity/print")).await;
        rows += answer.expect("it has a name").rows.len();
        client.close().await;
    }
    rows
}

async fn list(client: &Client) -> usize {
    let answer = client.run(Command::new(PRINT).within(PATIENCE)).await;
    answer.expect("the users can be printed").rows.len()
}

async fn add_one_by_one(client: &Client, adds: impl Iterator<Item = Command>) -> usize {
    let mut ids = HashSet::new();
    for add in adds {
        ids.insert(client.run(add).await.expect("it is new").ret.expect("a number"));
    }
    ids.len()
}

async fn add_at_once(client: &Client, adds: impl Iterator<Item = Command>) -> usize {
    let answers = client.run_all(adds).await;
    let ids: HashSet<_> = answers
        .into_iter()
        .map(|answer| answer.expect("it is new").ret.expect("a number"))
        .collect();
    ids.len()
}

fn add(name: &str) -> Command {
    Command::new("/ip/hotspot/user/add")
        .with("name", name)
        .with("password", name)
        .with("profile", "default")
        .with("comment", "side by side")
}

/// Takes the bytes of the same answer and looks at none of them but the last.
fn read_from_the_socket(address: &str, password: &str) {
    let mut stream = log_in(address, password);
    let meter = Meter::start();
    send(&mut stream, &Sentence::command(PRINT));
    let bytes = read_answer(&mut stream, |_| ());
    meter.tell();
    assert!(bytes > 1 << 20, "the answer is long");
}

/// Takes the same answer and makes sentences of it, without a client.
fn read_and_decode(address: &str, password: &str) {
    let mut stream = log_in(address, password);
    let mut decoder = Decoder::new(Limits::default());
    let mut rows = Vec::new();
    let meter = Meter::start();
    send(&mut stream, &Sentence::command(PRINT));
    read_answer(&mut stream, |bytes| {
        decoder.feed(bytes);
        while let Ok(Some(row)) = decoder.next() {
            rows.push(row);
        }
    });
    meter.tell();
    assert!(rows.len() > 1, "the answer has rows");
}

fn log_in(address: &str, password: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the simulator listens");
    stream.set_nodelay(true).expect("a socket of ours");
    let login = Sentence::command("/login").with("name", USER).with("password", password);
    send(&mut stream, &login);
    read_answer(&mut stream, |_| ());
    stream
}

fn send(stream: &mut TcpStream, sentence: &Sentence) {
    let mut bytes = Vec::new();
    sentence.encode(&mut bytes);
    stream.write_all(&bytes).expect("the simulator reads");
}

/// Hands over what comes until an untagged `!done` ends it; answers how many bytes that were.
fn read_answer(stream: &mut TcpStream, mut seen: impl FnMut(&[u8])) -> usize {
    const END: &[u8] = b"\x05!done\x00";
    let mut buffer = vec![0; 64 << 10];
    let mut last = Vec::new();
    let mut total = 0;
    while !last.ends_with(END) {
        let count = stream.read(&mut buffer).expect("the simulator answers");
        assert!(count > 0, "the simulator stays");
        seen(&buffer[..count]);
        total += count;
        last.extend_from_slice(&buffer[count.saturating_sub(END.len())..count]);
        last.drain(..last.len().saturating_sub(END.len()));
    }
    total
}

/// What a piece of work takes.
struct Meter {
    began: Instant,
    cpu: u64,
}

impl Meter {
    fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu_nanoseconds() }
    }

    fn tell(self) {
        let (wall, cpu) = (self.began.elapsed().as_nanos(), cpu_nanoseconds() - self.cpu);
        println!("{wall} {cpu} {}", peak_kib());
    }
}

/// Linux tells the time that each thread has run as the first number of a file.
fn cpu_nanoseconds() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux tells").map_while(Result::ok);
    let files = tasks.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
    files.filter_map(|text| text.split(' ').next()?.parse::<u64>().ok()).sum()
}

fn peak_kib() -> String {
    let text = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
    line.trim().trim_end_matches(" kB").to_owned()
}
