//! Wake-ups reach other processes: every way of carrying them keeps the same promises.
#![expect(clippy::unwrap_used, reason = "a promise that cannot be checked is broken")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use mkbill_core::signal::redis::RedisSignal;
use mkbill_core::signal::{LocalSignal, Signal, Topic};
use mkbill_core::sql::{DatabaseUrl, PostgresSignal};
use mkbill_core::testkit::{Engine, TestDatabase, engines};
use secrecy::SecretString;

/// Where the address of a Redis server for tests stands.
const REDIS: &str = "MKBILL_TEST_REDIS_URL";

/// A line over which two processes tell each other.
enum Line {
    /// Both are one process.
    Local(Arc<LocalSignal>),
    /// A database of its own.
    Postgres(TestDatabase),
    /// A server.
    Redis(SecretString),
}

impl Line {
    async fn end(&self) -> Arc<dyn Signal> {
        match self {
            Self::Local(signal) => Arc::clone(signal) as Arc<dyn Signal>,
            Self::Postgres(database) => {
                let DatabaseUrl::Postgres(url) = database.url() else { unreachable!() };
                Arc::new(PostgresSignal::connect(url).await.unwrap())
            }
            Self::Redis(url) => Arc::new(RedisSignal::connect(url).await.unwrap()),
        }
    }

    /// Breaks every connection, as a server that is restarted does.
    async fn break_off(&self) {
        match self {
            Self::Local(_) => {}
            Self::Postgres(database) => {
                let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
                database.run(others).await.unwrap();
            }
            Self::Redis(url) => {
                use secrecy::ExposeSecret as _;
                let client = redis::Client::open(url.expose_secret()).unwrap();
                let mut console = client.get_multiplexed_async_connection().await.unwrap();
                for kind in ["pubsub", "normal"] {
                    let mut kill = redis::cmd("CLIENT");
                    kill.arg("KILL").arg("TYPE").arg(kind).arg("SKIPME").arg("yes");
                    let _: i64 = kill.query_async(&mut console).await.unwrap();
                }
            }
        }
    }
}

type Promise = fn(Line) -> Pin<Box<dyn Future<Output = ()> + Send>>;

const PROMISES: &[(&str, Promise)] = &[
    ("a_wake_up_reaches_the_other_process", |line| Box::pin(reaches(line))),
    ("a_burst_ends_with_a_wake_up", |line| Box::pin(burst(line))),
    ("a_broken_line_mends_itself", |line| Box::pin(mends(line))),
];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, promise) in PROMISES {
        trials.push(trial("local", name, *promise, || async { Line::Local(Arc::default()) }));
        if engines().contains(&Engine::Postgres) {
            let line = || async { Line::Postgres(TestDatabase::new(Engine::Postgres).await) };
            trials.push(trial("postgres", name, *promise, line));
        }
        match std::env::var(REDIS) {
            Ok(url) => trials.push(trial("redis", name, *promise, move || async {
                Line::Redis(SecretString::from(url))
            })),
            Err(_) => {
                eprintln!("Redis is left out: {REDIS} is not set (`cargo xtask test` sets it)");
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit()
}

fn trial<F: Future<Output = Line>>(
    way: &str,
    name: &str,
    promise: Promise,
    line: impl FnOnce() -> F + Send + 'static,
) -> Trial {
    Trial::test(format!("{way}::{name}"), move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { promise(line().await).await });
        Ok(())
    })
}

async fn reaches(line: Line) {
    let (here, there) = (line.end().await, line.end().await);
    for topic in Topic::ALL.iter().copied() {
        let mut listeners = [there.listen(topic), here.listen(topic)];
        here.tell(topic);
        for listener in &mut listeners {
            listener.heard().await;
        }
    }
}

async fn burst(line: Line) {
    let (here, there) = (line.end().await, line.end().await);
    let mut listener = there.listen(Topic::Work);
    for _ in 0..10_000 {
        here.tell(Topic::Work);
    }
    listener.heard().await;
    // Whatever of the burst is still under way, the next one is heard too.
    here.tell(Topic::Work);
    listener.heard().await;
}

async fn mends(line: Line) {
    let (here, there) = (line.end().await, line.end().await);
    let mut listener = there.listen(Topic::Events);
    line.break_off().await;
    // A wake-up that was told while the line was broken may be lost; the next one is not, and a
    // mended line is a wake-up itself.
    here.tell(Topic::Events);
    loop {
        tokio::select! {
            () = listener.heard() => return,
            () = tokio::task::yield_now() => here.tell(Topic::Events),
        }
    }
}
