//! The trail is a chain: whatever is changed, taken out, moved or cut off is found.

use std::sync::Arc;

use jiff::SignedDuration;
use mkbill_core::audit::chain::{Flaw, Head, Verification};
use mkbill_core::audit::filter::{AuditFilter, AuditSort};
use mkbill_core::audit::{Act, Record};
use mkbill_core::kernel::caller::{Actor, Caller, Origin};
use mkbill_core::kernel::context::Context;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::order::Order;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::search::SearchText;
use mkbill_core::kernel::time::BusinessZone;
use mkbill_core::store::{Store, StoreError};
use mkbill_core::testkit::{CrashSwitch, Engine, TestDatabase};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::events::engine_on;
use crate::support::{Story, beginning, stories};
use crate::{fresh, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    a_chain_holds_over_many_pages_and_passes_through_every_earlier_head,
    any_value_is_read_back_as_it_was_chained,
    every_altered_column_is_found,
    what_is_taken_out_moved_or_cut_off_is_found,
    a_chain_that_was_made_anew_does_not_pass_through_the_head_that_was_written_down,
    sixteen_writers_at_once_leave_one_whole_chain,
    dying_at_any_statement_leaves_a_whole_chain,
    rows_from_before_the_chain_are_counted_and_not_judged,
    a_commit_pays_one_statement_for_its_place_in_the_chain,
    rows_are_found_by_what_they_say,
];

fn caller() -> Caller {
    let origin = Origin::new(Some("192.0.2.7".parse().unwrap()), Some("curl/8"));
    Caller::new(Actor::cli("clerk")).because("a reason").unwrap().coming_from(origin)
}

fn record_of(caller: &Caller, number: i64, before: Value, after: Value) -> Record {
    let zone = BusinessZone::named("Asia/Jakarta").unwrap();
    let now = beginning() + SignedDuration::from_millis(number);
    let subject = Uuid::from_u128(u128::from(number.unsigned_abs() % 3));
    let act = Act { action: "plan.add", subject_kind: "plan", subject };
    Record::new(Context { now, entropy: &OsEntropy, zone: &zone, caller }, act, before, after)
}

fn record(number: i64) -> Record {
    record_of(&caller(), number, json!(null), json!({ "name": "home", "n": number }))
}

async fn append(store: &Arc<dyn Store>, records: &[Record]) -> Result<(), StoreError> {
    let mut tx = store.begin(mkbill_core::store::Access::Write).await?;
    tx.audit_append(records).await?;
    tx.commit().await
}

async fn verified(store: &Arc<dyn Store>, expected: Option<Head>) -> Verification {
    engine_on(store).verify_audit(expected).await.unwrap()
}

async fn broken(database: &TestDatabase, expected: Option<Head>) -> Option<(i64, Flaw)> {
    let store = database.store(None).await;
    let found = verified(&store, expected).await;
    store.close().await;
    found.broken.map(|broken| (broken.position, broken.flaw))
}

/// A chain of six records that somebody with every right over the database may change.
async fn open_chain(engine: Engine) -> (TestDatabase, Head) {
    let (database, store) = fresh(engine).await;
    append(&store, &(1..=4).map(record).collect::<Vec<_>>()).await.unwrap();
    append(&store, &[record(5), record(6)]).await.unwrap();
    let whole = verified(&store, None).await;
    assert!(whole.holds() && whole.records == 6);
    store.close().await;
    let unlock: &[&str] = match engine {
        Engine::Sqlite => {
            &["DROP TRIGGER audit_only_grows_update", "DROP TRIGGER audit_only_grows_delete"]
        }
        Engine::Postgres => &[
            "DROP TRIGGER audit_only_grows ON audit",
            "DROP TRIGGER audit_is_never_emptied ON audit",
        ],
    };
    for statement in unlock {
        database.run(statement).await.unwrap();
    }
    (database, whole.head)
}

async fn a_chain_holds_over_many_pages_and_passes_through_every_earlier_head(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    assert_eq!(verified(&store, None).await.head, Head::START);
    let mut heads = Vec::new();
    for part in 0..5 {
        let records: Vec<_> = (part * 500..(part + 1) * 500).map(record).collect();
        append(&store, &records).await.unwrap();
        heads.push(verified(&store, None).await.head);
    }
    for head in &heads {
        let found = verified(&store, Some(*head)).await;
        assert!(found.holds(), "{found:?}");
        assert_eq!((found.records, found.unchained, found.head), (2_500, 0, heads[4]));
    }
    let ahead = Head { position: 2_501, ..heads[4] };
    let found = verified(&store, Some(ahead)).await;
    assert_eq!(
        found.broken.map(|found| (found.position, found.flaw)),
        Some((2_501, Flaw::Unexpected))
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = "[^\\x00]{0,12}".prop_map(Value::from);
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1.0e25..1.0e25_f64).prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        Just(Value::from(-0.0)),
    ];
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, text];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let fields = prop::collection::btree_map("[^\\x00]{0,6}", inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

async fn any_value_is_read_back_as_it_was_chained(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut runner = TestRunner::deterministic();
    let mut value = || any_value().new_tree(&mut runner).unwrap().current();
    let records: Vec<_> =
        (0..600).map(|number| record_of(&caller(), number, value(), value())).collect();
    append(&store, &records).await.unwrap();
    let awkward = r#"{"z":1.0,"a":1e3,"é\"\\\n\u0001":[0.1,1e-7,-0.0,1e22,5e-324],"":{}}"#;
    let awkward: Value = serde_json::from_str(awkward).unwrap();
    append(&store, &[record_of(&Caller::engine(), 601, awkward, json!("😀"))]).await.unwrap();
    let found = verified(&store, None).await;
    assert!(found.holds() && found.records == 601, "{found:?}");
}

async fn every_altered_column_is_found(engine: Engine) {
    let (id, at, hash) = match engine {
        Engine::Sqlite => (
            "UPDATE audit SET id = X'0000000000000000000000000000C001' WHERE position = 3",
            "UPDATE audit SET at = at + 1 WHERE position = 3",
            "UPDATE audit SET hash = zeroblob(32) WHERE position = 3",
        ),
        Engine::Postgres => (
            "UPDATE audit SET id = '00000000-0000-0000-0000-00000000c001' WHERE position = 3",
            "UPDATE audit SET at = at + interval '1 microsecond' WHERE position = 3",
            "UPDATE audit SET hash = decode(repeat('00', 32), 'hex') WHERE position = 3",
        ),
    };
    let columns = [
        id,
        at,
        hash,
        "UPDATE audit SET actor = 'cli:other' WHERE position = 3",
        "UPDATE audit SET address = '192.0.2.8' WHERE position = 3",
        "UPDATE audit SET address = NULL WHERE position = 3",
        "UPDATE audit SET agent = 'curl/9' WHERE position = 3",
        "UPDATE audit SET agent = NULL WHERE position = 3",
        "UPDATE audit SET reason = 'another' WHERE position = 3",
        "UPDATE audit SET reason = '' WHERE position = 3",
        "UPDATE audit SET reason = NULL WHERE position = 3",
        "UPDATE audit SET reason = agent, agent = reason WHERE position = 3",
        "UPDATE audit SET action = 'plan.drop' WHERE position = 3",
        "UPDATE audit SET subject_kind = 'customer' WHERE position = 3",
        "UPDATE audit SET subject = id WHERE position = 3",
        "UPDATE audit SET before = '{}' WHERE position = 3",
        "UPDATE audit SET after = '{\"name\":\"home\",\"n\":4}' WHERE position = 3",
        "UPDATE audit SET after = 'null' WHERE position = 3",
    ];
    for statement in columns {
        let (database, _) = open_chain(engine).await;
        database.run(statement).await.unwrap();
        assert_eq!(broken(&database, None).await, Some((3, Flaw::Altered)), "{statement}");
    }
    if engine == Engine::Sqlite {
        let (database, _) = open_chain(engine).await;
        database.run("UPDATE audit SET after = 'no json' WHERE position = 3").await.unwrap();
        assert_eq!(broken(&database, None).await, Some((3, Flaw::Altered)));
    }
}

async fn what_is_taken_out_moved_or_cut_off_is_found(engine: Engine) {
    let cases: [(&[&'static str], i64, Flaw); 11] = [
        (&["DELETE FROM audit WHERE position = 3"], 3, Flaw::Missing),
        (&["DELETE FROM audit WHERE position = 1"], 1, Flaw::Missing),
        (&["DELETE FROM audit WHERE position = 6"], 6, Flaw::Missing),
        (&["DELETE FROM audit WHERE position > 4"], 5, Flaw::Missing),
        (&["DELETE FROM audit"], 1, Flaw::Missing),
        (&["UPDATE audit SET position = NULL, hash = NULL WHERE position = 3"], 3, Flaw::Missing),
        (&["UPDATE audit SET position = 7 WHERE position = 6"], 6, Flaw::Missing),
        (
            &[
                "UPDATE audit SET position = 99 WHERE position = 3",
                "UPDATE audit SET position = 3 WHERE position = 4",
                "UPDATE audit SET position = 4 WHERE position = 99",
            ],
            3,
            Flaw::OutOfOrder,
        ),
        (
            &[
                "DELETE FROM audit WHERE position > 4",
                "UPDATE counter SET chain_position = 4 WHERE name = 'event'",
            ],
            5,
            Flaw::Head,
        ),
        (&["UPDATE counter SET chain_position = 4 WHERE name = 'event'"], 5, Flaw::Head),
        (&["DELETE FROM counter WHERE name = 'event'"], 1, Flaw::Head),
    ];
    for (statements, position, flaw) in cases {
        let (database, _) = open_chain(engine).await;
        for statement in statements {
            database.run(statement).await.unwrap();
        }
        assert_eq!(broken(&database, None).await, Some((position, flaw)), "{statements:?}");
    }
}

async fn a_chain_that_was_made_anew_does_not_pass_through_the_head_that_was_written_down(
    engine: Engine,
) {
    let (database, head) = open_chain(engine).await;
    assert_eq!(broken(&database, Some(head)).await, None);
    database.run("DELETE FROM audit").await.unwrap();
    database.run("DELETE FROM counter WHERE name = 'event'").await.unwrap();
    database.run("DELETE FROM event").await.unwrap();
    let store = database.store(None).await;
    append(&store, &(11..=18).map(record).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(broken(&database, None).await, None, "by itself it holds");
    assert_eq!(broken(&database, Some(head)).await, Some((6, Flaw::Unexpected)));
}

async fn sixteen_writers_at_once_leave_one_whole_chain(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let other = database.store(None).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..16_i64 {
        // Of two processes only where two may write.
        let second = engine == Engine::Postgres && writer % 2 == 1;
        let store = Arc::clone(if second { &other } else { &store });
        writers.spawn(async move {
            for turn in 0..20 {
                let first = writer * 1_000 + turn * 10;
                append(&store, &[record(first), record(first + 1), record(first + 2)])
                    .await
                    .unwrap();
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let found = verified(&store, None).await;
    assert!(found.holds() && found.records == 960, "{found:?}");
}

async fn dying_at_any_statement_leaves_a_whole_chain(engine: Engine) {
    let (database, store) = fresh(engine).await;
    append(&store, &[record(1)]).await.unwrap();
    for event in 1..20 {
        let switch = Arc::new(CrashSwitch::at(event));
        let dying = database.store(Some(switch.clone())).await;
        let died = append(&dying, &[record(2), record(3)]).await.is_err();
        dying.close().await;
        let found = verified(&store, None).await;
        assert!(found.holds(), "event {event}: {found:?}");
        if !died {
            assert!(event > 5, "only {event} events were seen");
            return;
        }
    }
    panic!("a commit has fewer statements");
}

async fn rows_from_before_the_chain_are_counted_and_not_judged(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let old = match engine {
        Engine::Sqlite => {
            "INSERT INTO audit (id, at, actor, action, subject_kind, subject, before, after) VALUES \
             (X'0000000000000000000000000000C001', 0, 'engine', 'a.b', 'a', \
             X'0000000000000000000000000000C002', 'null', 'null')"
        }
        Engine::Postgres => {
            "INSERT INTO audit (id, at, actor, action, subject_kind, subject, before, after) VALUES \
             ('00000000-0000-0000-0000-00000000c001', '1970-01-01T00:00:00Z', 'engine', 'a.b', 'a', \
             '00000000-0000-0000-0000-00000000c002', 'null', 'null')"
        }
    };
    database.run(old).await.unwrap();
    append(&store, &[record(1), record(2)]).await.unwrap();
    let found = verified(&store, None).await;
    assert!(found.holds());
    assert_eq!((found.records, found.unchained), (2, 1));
    let rows = engine_on(&store).audit(None, PageRequest::default()).await.unwrap().items;
    let links: Vec<_> = rows.iter().map(|row| row.link.map(|link| link.position)).collect();
    assert_eq!(links, [Some(2), Some(1), None]);
}

async fn a_commit_pays_one_statement_for_its_place_in_the_chain(engine: Engine) {
    let database = TestDatabase::new(engine).await;
    let switch = Arc::new(CrashSwitch::never());
    let store = database.store(Some(switch.clone())).await;
    append(&store, &(1..=50).map(record).collect::<Vec<_>>()).await.unwrap();
    // Begin, number, records, the head, events, commit; all but the head there were before.
    assert_eq!(switch.events(), 6);
    let mut tx = write(&store).await;
    tx.events_push(Vec::new());
    tx.commit().await.unwrap();
    assert_eq!(switch.events(), 8, "who has nothing to tell pays nothing");
}

async fn rows_are_found_by_what_they_say(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let other = Origin::new(Some("2001:db8::1".parse().unwrap()), None);
    let other =
        Caller::new(Actor::api_key("desk")).because("Owes 100%").unwrap().coming_from(other);
    let mut records: Vec<_> = (1..=6).map(record).collect();
    records.extend((7..=9).map(|number| record_of(&other, number, json!(null), json!(number))));
    records[8].action = "voucher.extend";
    append(&store, &records).await.unwrap();
    let billing = engine_on(&store);
    let found = async |filter: AuditFilter, order: Order<AuditSort>| {
        let mut numbers = Vec::new();
        let mut page = PageRequest::sorted(order, None, 2).unwrap();
        loop {
            let rows = billing.audit_rows(&filter, page).await.unwrap();
            numbers.extend(rows.items.iter().map(|row| row.link.unwrap().position));
            match rows.next {
                Some(next) => page = PageRequest::sorted(order, Some(next), 2).unwrap(),
                None => return numbers,
            }
        }
    };
    let all = AuditFilter::default;
    let at = |millis: i64| Some(beginning() + SignedDuration::from_millis(millis));
    let address = |text: &str| Some(text.parse().unwrap());
    let reason = |text: &str| Some(SearchText::parse("q", text).unwrap());
    let cases: [(AuditFilter, &[i64]); 11] = [
        (all(), &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (AuditFilter { actor: Some("api_key:desk".to_owned()), ..all() }, &[7, 8, 9]),
        (AuditFilter { action: Some("plan.add".parse().unwrap()), from: at(8), ..all() }, &[8]),
        (AuditFilter { action: Some("voucher.*".parse().unwrap()), ..all() }, &[9]),
        (AuditFilter { action: Some("nothing.*".parse().unwrap()), ..all() }, &[]),
        (AuditFilter { subject_kind: Some("plan".to_owned()), until: at(3), ..all() }, &[1, 2]),
        (AuditFilter::about(Uuid::from_u128(1)), &[1, 4, 7]),
        (AuditFilter { from: at(2), until: at(5), ..all() }, &[2, 3, 4]),
        (AuditFilter { address: address("2001:db8:0::1"), ..all() }, &[7, 8, 9]),
        (AuditFilter { reason: reason("owes 100%"), ..all() }, &[7, 8, 9]),
        (AuditFilter { reason: reason("owes_"), ..all() }, &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(
            found(filter.clone(), Order::ascending(AuditSort::Created)).await,
            expected,
            "{filter:?}"
        );
        let mut newest = found(filter, Order::default()).await;
        newest.reverse();
        assert_eq!(newest, expected);
    }
    let backwards = AuditFilter { from: at(5), until: at(5), ..all() };
    assert!(billing.audit_rows(&backwards, PageRequest::default()).await.is_err());
}
