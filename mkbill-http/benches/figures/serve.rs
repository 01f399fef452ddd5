//! The `mkbill` program as a server.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use mkbill_core::kernel::time::{Clock as _, SystemClock};
use mkbill_core::sql::DatabaseUrl;
use mkbill_core::testkit::{Engine, TestDatabase};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use crate::machine::resident_kib;
use crate::runs::median;
use crate::shop::Shop;
use crate::table::{Amount, Figure, Target};

const VOUCHERS: u32 = 10_000;
const RUNS: usize = 5;
const START_MAX: Duration = Duration::from_millis(300);
const RESIDENT_MAX_KIB: u64 = 40 << 10;
const IDLE: Duration = Duration::from_secs(5);
const GIVE_UP: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(1);
/// Books that were kept this far in the future have nothing due; kept as far in the past, all is.
const AWAY: SignedDuration = SignedDuration::from_hours(1);

pub(crate) async fn figures(engine: Engine) -> Vec<Figure> {
    let start_target = Target::AtMost(Amount::Time(START_MAX));
    let idle_target = Target::AtMost(Amount::Kib(RESIDENT_MAX_KIB));
    let (database, key, _) = stocked(engine, AWAY).await.close().await;
    let start = median(RUNS, async || Server::start(&database, &key, "30s").1).await;
    let idle = median(RUNS, async || resident_after_idling(&database, &key, "30s").await).await;
    let (database, key, _device) = stocked(engine, -AWAY).await.close().await;
    let busy = median(RUNS, async || resident_after_idling(&database, &key, "1s").await).await;
    vec![
        Figure::new("`serve` from start to first answer", start_target, start.into()),
        Figure::new("`serve` in memory, idle for 5 s", idle_target, Amount::Kib(idle)),
        Figure::new(
            "the same while it looks at 10,000 users each second",
            Target::None,
            Amount::Kib(busy),
        ),
    ]
}

/// A shop with all its vouchers on its router, whose clock is `ahead` of the machine's.
async fn stocked(engine: Engine, ahead: SignedDuration) -> Shop {
    let shop = Shop::open(engine, SystemClock.now() + ahead, Duration::ZERO).await;
    shop.make_batch(VOUCHERS).await;
    shop.push(usize::try_from(VOUCHERS).expect("a small count")).await;
    shop
}

async fn resident_after_idling(database: &TestDatabase, key: &SecretString, poll: &str) -> u64 {
    let (server, _) = Server::start(database, key, poll);
    tokio::time::sleep(IDLE).await;
    resident_kib(server.child.id())
}

/// A running server, which ends with this value.
struct Server {
    child: Child,
    _folder: TempDir,
}

impl Server {
    /// Starts it on an existing database; answers how long its first good answer took.
    fn start(database: &TestDatabase, key: &SecretString, poll_every: &str) -> (Self, Duration) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let address = free_address();
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_mkbill"))
            .arg("serve")
            .current_dir(folder.path())
            .env_clear()
            .env("MKBILL_DATABASE", address_of(database))
            .env("MKBILL_MASTER_KEY", key.expose_secret())
            .env("MKBILL_LISTEN", address.to_string())
            .env("MKBILL_POLL_EVERY", poll_every)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut server = Self { child, _folder: folder };
        while !is_live(address) {
            let ended = server.child.try_wait().expect("it is our own child");
            assert!(ended.is_none() && began.elapsed() < GIVE_UP, "the server answers: {ended:?}");
            std::thread::sleep(RETRY);
        }
        (server, began.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("ending the server: {error}");
        }
    }
}

fn free_address() -> SocketAddr {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
    bound.local_addr().expect("a bound listener has an address")
}

fn address_of(database: &TestDatabase) -> String {
    match database.url() {
        DatabaseUrl::Postgres(url) => url.expose_secret().to_owned(),
        file @ DatabaseUrl::Sqlite(_) => file.to_string(),
    }
}

/// Does `/live` answer 200?
fn is_live(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request = "GET /live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut answer = [0_u8; 12];
    let asked = stream.write_all(request.as_bytes());
    asked.and_then(|()| stream.read_exact(&mut answer)).is_ok() && answer == *b"HTTP/1.1 200"
}
