//! Many who follow events while others work.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;

use super::PAGE;
use super::client::Client;
use super::shop::batch_of;
use crate::server::Server;

pub(super) const FOLLOWERS: usize = 1_000;
pub(super) const PER_SECOND: u32 = 200;
const CLIENTS: u32 = 20;
const SPAN: Duration = Duration::from_secs(20);
/// How often those who follow look at what came.
const LOOK: Duration = Duration::from_millis(20);
const SMALL_BATCH: u32 = 10;
/// What a client does in turn; one in ten makes vouchers, which all who follow hear of.
const ROUND: [&str; 10] = [
    PAGE,
    PAGE,
    "/api/v1/plans",
    PAGE,
    PAGE,
    "/api/v1/routers",
    PAGE,
    PAGE,
    "/api/v1/vouchers?limit=50",
    MAKE,
];
const MAKE: &str = "/api/v1/voucher-batches";

/// What was measured.
pub(super) struct Mixed {
    pub(super) taken: Vec<Duration>,
    pub(super) resident_kib: u64,
    /// How many bytes those who follow heard.
    pub(super) heard: u64,
}

impl Mixed {
    pub(super) fn run(server: &Server) -> Result<Self, Failure> {
        eprintln!("{FOLLOWERS} follow events, {PER_SECOND} requests a second");
        let mut followers = Vec::with_capacity(FOLLOWERS);
        for _ in 0..FOLLOWERS {
            followers.push(Client::of(server)?.follow("/api/v1/events/stream")?);
        }
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            let hearing = scope.spawn(|| hear(&mut followers, &ended));
            let workers: Vec<_> =
                (0..CLIENTS).map(|number| scope.spawn(move || work(server, number))).collect();
            let mut taken = Vec::new();
            let mut outcome = Ok(());
            for worker in workers {
                match worker.join().unwrap_or_else(|_| Err(lost("a client"))) {
                    Ok(some) => taken.extend(some),
                    Err(failure) => outcome = Err(failure),
                }
            }
            let resident_kib = server.resident_kib();
            ended.store(true, Ordering::Release);
            let heard = hearing.join().unwrap_or_else(|_| Err(lost("those who follow")))?;
            outcome.map(|()| Self { taken, resident_kib, heard })
        })
    }
}

fn lost(who: &str) -> Failure {
    Failure::Refused(format!("{who} ended early"))
}

/// Reads whatever comes until told to end.
fn hear(followers: &mut [TcpStream], ended: &AtomicBool) -> Result<u64, Failure> {
    let (mut heard, mut bytes) = (0, vec![0; 64 << 10]);
    while !ended.load(Ordering::Acquire) {
        for follower in &mut *followers {
            match follower.read(&mut bytes) {
                Ok(0) => return Err(lost("a stream")),
                Ok(read) => heard += read as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(source) => return Err(Failure::Run { command: "following".into(), source }),
            }
        }
        thread::sleep(LOOK);
    }
    Ok(heard)
}

/// Sends requests at their times, however long the one before took; each is timed from when it ought
/// to have been sent.
fn work(server: &Server, number: u32) -> Result<Vec<Duration>, Failure> {
    let mut client = Client::of(server)?;
    let pause = Duration::from_secs(1) * CLIENTS / PER_SECOND;
    let began = Instant::now() + pause * number / CLIENTS;
    let mut taken = Vec::new();
    for (turn, path) in (0_u32..).zip(ROUND.iter().cycle().skip(number as usize % ROUND.len())) {
        let due = began + pause * turn;
        if due > began + SPAN {
            return Ok(taken);
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if *path == MAKE {
            client.post(path, &batch_of(SMALL_BATCH))?;
        } else {
            client.get(path)?;
        }
        taken.push(due.elapsed());
    }
    Ok(taken)
}
