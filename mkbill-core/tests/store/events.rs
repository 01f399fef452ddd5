//! Events: one order without gaps, heard by all, from wherever one was.

use std::sync::Arc;

use mkbill_core::audit::{Act, Record};
use mkbill_core::billing::Billing;
use mkbill_core::event::feed::{EventStream, Heard};
use mkbill_core::event::{NewEvent, Position};
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::context::Context;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::kernel::time::BusinessZone;
use mkbill_core::store::{Access, Store};
use mkbill_core::testkit::{Engine, ManualClock, SeededEntropy, TestDatabase};
use mkbill_routeros::provisioning::RouterOsController;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Story, beginning, stories};
use crate::{fresh, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    every_write_of_the_trail_is_an_event_and_a_rolled_back_one_is_none,
    writers_at_once_leave_one_order_without_a_gap,
    who_was_away_goes_on_where_it_was,
    who_is_too_slow_is_told_what_it_missed_and_goes_on,
    old_events_are_forgotten_and_who_asks_for_them_is_told,
    a_process_hears_what_another_one_commits,
];

fn seen(number: u32) -> NewEvent {
    NewEvent {
        at: beginning(),
        kind: "router.down",
        subject_kind: "router",
        subject: Uuid::from_u128(u128::from(number)),
        data: json!({ "number": number }),
    }
}

async fn commit(store: &Arc<dyn Store>, numbers: impl IntoIterator<Item = u32>) {
    let mut tx = write(store).await;
    tx.events_push(numbers.into_iter().map(seen).collect());
    tx.commit().await.unwrap();
}

pub(crate) fn engine_on(store: &Arc<dyn Store>) -> Billing {
    let (master_key, _) = MasterKey::generate(&SeededEntropy::new(7));
    Billing::builder()
        .store(Arc::clone(store))
        .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
        .clock(Arc::new(ManualClock::at(beginning())))
        .master_key(master_key)
        .build()
        .unwrap()
}

/// The positions of the next events; nothing may be missed.
async fn positions(stream: &mut EventStream, count: usize) -> Vec<i64> {
    let mut heard = Vec::new();
    while heard.len() < count {
        match stream.next().await.unwrap() {
            Heard::Events(batch) => {
                heard.extend(batch.iter().map(|event| event.position.number()));
            }
            gap @ Heard::Gap { .. } => panic!("{gap:?}"),
        }
    }
    heard
}

async fn every_write_of_the_trail_is_an_event_and_a_rolled_back_one_is_none(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let zone = BusinessZone::named("Asia/Jakarta").unwrap();
    let caller = Caller::new(Actor::cli("clerk"));
    let context = Context { now: beginning(), entropy: &OsEntropy, zone: &zone, caller: &caller };
    let act = Act { action: "plan.add", subject_kind: "plan", subject: Uuid::from_u128(9) };
    let record = Record::new(context, act, json!(null), json!({ "name": "home" }));
    for keep in [false, true] {
        let mut tx = write(&store).await;
        tx.audit_append(std::slice::from_ref(&record)).await.unwrap();
        if keep {
            tx.commit().await.unwrap();
        } else {
            tx.rollback().await;
        }
    }
    let events = engine_on(&store).events(Position::START, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!((event.position.number(), event.kind.as_str()), (1, "plan.add"));
    assert_eq!((event.topic(), event.subject), ("plan", Uuid::from_u128(9)));
}

async fn writers_at_once_leave_one_order_without_a_gap(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let billing = engine_on(&store);
    let mut stream = billing.watch_events(None).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8_u32 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for turn in 0..20 {
                commit(&store, (0..3).map(|part| writer * 1_000 + turn * 10 + part)).await;
            }
        });
    }
    let heard = positions(&mut stream, 480).await;
    assert_eq!(heard, (1..=480).collect::<Vec<i64>>());
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
}

async fn who_was_away_goes_on_where_it_was(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let billing = engine_on(&store);
    commit(&store, 0..5).await;
    let mut first = billing.watch_events(Some(Position::START)).await.unwrap();
    assert_eq!(positions(&mut first, 5).await, [1, 2, 3, 4, 5]);
    let left_at = first.position();
    drop(first);
    // More than one read of the store holds.
    commit(&store, 5..2_500).await;
    let mut again = billing.watch_events(Some(left_at)).await.unwrap();
    let mut later = billing.watch_events(None).await.unwrap();
    assert_eq!(positions(&mut again, 2_495).await, (6..=2_500).collect::<Vec<i64>>());
    commit(&store, [2_500]).await;
    assert_eq!(positions(&mut again, 1).await, [2_501]);
    assert_eq!(positions(&mut later, 1).await, [2_501], "it asked for what comes only");
}

async fn who_is_too_slow_is_told_what_it_missed_and_goes_on(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let billing = engine_on(&store);
    let mut slow = billing.watch_events(None).await.unwrap();
    let mut fast = billing.watch_events(None).await.unwrap();
    commit(&store, [0]).await;
    assert_eq!(positions(&mut slow, 1).await, [1]);
    assert_eq!(positions(&mut fast, 1).await, [1]);
    for number in 1..=600_i64 {
        commit(&store, [u32::try_from(number).unwrap()]).await;
        assert_eq!(positions(&mut fast, 1).await, [number + 1], "the fast one misses nothing");
    }
    let Heard::Gap { from, to } = slow.next().await.unwrap() else { panic!("nothing was missed") };
    assert_eq!(from.number(), 2);
    assert!((3..601).contains(&to.number()), "{to}");
    let rest: Vec<i64> = (to.number() + 1..=601).collect();
    assert_eq!(positions(&mut slow, rest.len()).await, rest, "then it goes on without a hole");
}

async fn old_events_are_forgotten_and_who_asks_for_them_is_told(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let billing = engine_on(&store);
    commit(&store, 0..10).await;
    let later = beginning() + jiff::SignedDuration::from_hours(1);
    let mut tx = write(&store).await;
    tx.events_push(vec![NewEvent { at: later, ..seen(10) }]);
    tx.commit().await.unwrap();
    let mut tx = write(&store).await;
    assert_eq!(tx.events_forget(later, 4).await.unwrap(), 4);
    assert_eq!(tx.events_forget(later, 100).await.unwrap(), 6);
    tx.commit().await.unwrap();
    let (oldest, newest) = billing.event_bounds().await.unwrap().unwrap();
    assert_eq!((oldest.number(), newest.number()), (11, 11));
    let mut stream = billing.watch_events(Some(Position::new(3))).await.unwrap();
    let Heard::Gap { from, to } = stream.next().await.unwrap() else { panic!("4 is forgotten") };
    assert_eq!((from.number(), to.number()), (4, 10));
    assert_eq!(positions(&mut stream, 1).await, [11]);
    commit(&store, [11]).await;
    assert_eq!(positions(&mut stream, 1).await, [12], "positions are never given twice");
}

async fn a_process_hears_what_another_one_commits(engine: Engine) {
    let database = TestDatabase::new(engine).await;
    let (here, there) = (database.store(None).await, database.store(None).await);
    let mut stream = engine_on(&there).watch_events(None).await.unwrap();
    commit(&here, 0..3).await;
    assert_eq!(positions(&mut stream, 3).await, [1, 2, 3]);
    let read = there.begin(Access::Read).await.unwrap().event_bounds().await.unwrap();
    assert_eq!(read.unwrap().1.number(), 3);
}
