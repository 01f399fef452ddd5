//! Changing many logins of a router, and telling events to many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mkbill_core::event::NewEvent;
use mkbill_core::event::feed::{EventStream, Heard};
use mkbill_core::kernel::time::{Clock as _, SystemClock};
use mkbill_core::store::{Access, Store};
use mkbill_core::testkit::Engine;
use tokio::task::JoinSet;

use crate::runs::{median, timed};
use crate::shop::{Done, Shop};
use crate::table::{Amount, Figure, Target};

const LOGINS: u32 = 1_000;
const SERVICE_TIME: Duration = Duration::from_millis(5);
const CHANGES_MAX: Duration = Duration::from_millis(1_500);
const RUNS: usize = 5;
pub(crate) const SUBSCRIBERS: usize = 1_000;
const EVENTS: u64 = 25_000;
const EVENTS_PER_COMMIT: u64 = 100;
const EVENTS_MIN: u64 = 5_000;

pub(crate) async fn figures(engine: Engine) -> Vec<Figure> {
    let changes = changing(engine).await;
    let events = telling(engine).await;
    vec![
        Figure::new(
            "1,000 logins closed or opened on a router, 5 ms per command",
            Target::AtMost(Amount::Time(CHANGES_MAX)),
            changes.into(),
        ),
        Figure::new(
            "events a second, each heard by 1,000 subscribers",
            Target::AtLeast(Amount::Rate(EVENTS_MIN)),
            Amount::Rate(events),
        ),
    ]
}

/// From the start of the worker's tick until the router has acknowledged and that is committed.
async fn changing(engine: Engine) -> Duration {
    let shop = Shop::open(engine, SystemClock.now(), SERVICE_TIME).await;
    shop.make_batch(LOGINS).await;
    let count = usize::try_from(LOGINS).expect("a small count");
    shop.push(count).await;
    let codes = shop.codes().await;
    assert_eq!(codes.len(), count, "all vouchers are listed");
    let mut is_open = true;
    median(RUNS, async || {
        for code in &codes {
            shop.switch(code, !is_open).await;
        }
        is_open = !is_open;
        timed(async {
            let expected = Done { changed: count, ..Done::default() };
            assert_eq!(shop.tick().await, expected, "every login is changed");
        })
        .await
    })
    .await
}

/// Events committed as fast as they can be, until all subscribers have heard all of them.
async fn telling(engine: Engine) -> u64 {
    let shop = Shop::open(engine, SystemClock.now(), Duration::ZERO).await;
    let mut listening = JoinSet::new();
    for _ in 0..SUBSCRIBERS {
        let stream = shop.billing().watch_events(None).await.expect("the store works");
        listening.spawn(hear_all(stream));
    }
    let began = Instant::now();
    for _ in 0..EVENTS / EVENTS_PER_COMMIT {
        commit(shop.store(), EVENTS_PER_COMMIT).await;
    }
    while let Some(heard) = listening.join_next().await {
        assert_eq!(heard.expect("a listener ends well"), EVENTS, "nothing is missed");
    }
    let micros = u64::try_from(began.elapsed().as_micros()).expect("no run takes that long");
    EVENTS * 1_000_000 / micros.max(1)
}

/// Commits so many events at once.
pub(crate) async fn commit(store: &Arc<dyn Store>, count: u64) {
    let event = |number: u64| NewEvent {
        at: SystemClock.now(),
        kind: "session.start",
        subject_kind: "session",
        subject: uuid::Uuid::from_u128(u128::from(number)),
        data: serde_json::json!({ "name": "budi", "address": "10.30.0.9" }),
    };
    let mut tx = store.begin(Access::Write).await.expect("the store works");
    tx.events_push((0..count).map(event).collect());
    tx.commit().await.expect("the store works");
}

async fn hear_all(mut stream: EventStream) -> u64 {
    let mut count = 0;
    while count < EVENTS {
        match stream.next().await.expect("the store works") {
            Heard::Events(batch) => count += batch.len() as u64,
            Heard::Gap { from, to } => panic!("{from} to {to} were missed"),
        }
    }
    count
}
