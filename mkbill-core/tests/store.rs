//! The store keeps its promises, on every engine.
#![expect(clippy::unwrap_used, reason = "a promise that cannot be checked is broken")]

#[path = "store/alerts.rs"]
mod alerts;
#[path = "store/answers.rs"]
mod answers;
#[path = "store/customers.rs"]
mod customers;
#[path = "store/events.rs"]
mod events;
#[path = "store/logins.rs"]
mod logins;
#[path = "store/monitoring.rs"]
mod monitoring;
#[path = "store/notices.rs"]
mod notices;
#[path = "store/operations.rs"]
mod operations;
#[path = "store/orders.rs"]
mod orders;
#[path = "store/reads.rs"]
mod reads;
#[path = "store/settings.rs"]
mod settings;
mod support;
#[path = "store/trail.rs"]
mod trail;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mkbill_core::audit::filter::AuditFilter;
use mkbill_core::audit::{Act, Record};
use mkbill_core::kernel::caller::{Actor, Caller, Fingerprint};
use mkbill_core::kernel::context::Context;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::{EntryId, MessageId, PlanId, RouterId, VendorId, VoucherId};
use mkbill_core::kernel::money::{Currency, Money};
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::secret::Sealed;
use mkbill_core::kernel::time::BusinessZone;
use mkbill_core::ledger::{Account, Appended, Cause, Entry, Posting};
use mkbill_core::outbox::{Message, Outcome, Payload, SYNC_ROUTER};
use mkbill_core::plan::store::PlanFilter;
use mkbill_core::plan::{Limits, Plan, Prices};
use mkbill_core::request::store::KeyClaim;
use mkbill_core::router::health::Vitals;
use mkbill_core::router::sample::Sampling;
use mkbill_core::router::{LinkSecurity, Router, RouterAddress, RouterHealth, Trust};
use mkbill_core::sql::prepare_all;
use mkbill_core::store::{Access, Store, Tx};
use mkbill_core::testkit::{Engine, TestDatabase};
use mkbill_core::vendor::Vendor;
use mkbill_core::voucher::batch::NewBatch;
use mkbill_core::voucher::code::{CodeShape, LoginMode};
use mkbill_core::voucher::issue::{self, Issued};
use mkbill_core::voucher::store::VoucherFilter;
use serde_json::json;
use support::{beginning, stories};

fn main() {
    let trials = [
        stories![
            every_statement_is_understood,
            migrating_twice_changes_nothing,
            a_dropped_transaction_leaves_nothing,
            a_router_comes_back_as_it_was_stored,
            a_removed_router_is_read_by_identity_and_its_name_is_free,
            plans_and_vendors_come_back_as_they_were_stored,
            pages_follow_each_other_without_gap_or_repeat,
            a_cause_is_booked_once,
            the_ledger_refuses_changes,
            counters_are_gapless_even_after_a_rollback,
            a_key_is_claimed_once_and_remembered,
            a_message_is_leased_to_one_worker_and_returns_when_the_lease_runs_out,
            a_settlement_by_a_worker_whose_lease_ran_out_is_ignored,
            a_push_during_a_delivery_runs_again_at_once,
            a_failed_message_waits_and_counts_and_a_dead_one_stays,
            a_message_that_nobody_needs_goes_away,
            the_audit_trail_refuses_changes_and_reads_newest_first,
            instants_sort_as_instants,
        ],
        alerts::TRIALS,
        answers::TRIALS,
        customers::TRIALS,
        events::TRIALS,
        logins::TRIALS,
        monitoring::TRIALS,
        notices::TRIALS,
        operations::TRIALS,
        orders::TRIALS,
        trail::TRIALS,
        reads::TRIALS,
        settings::TRIALS,
    ];
    let of_postgres = [reads::POSTGRES_TRIALS, orders::POSTGRES_TRIALS].concat();
    support::run(&trials.concat(), &of_postgres);
}

async fn fresh(engine: Engine) -> (TestDatabase, Arc<dyn Store>) {
    let database = TestDatabase::new(engine).await;
    let store = database.store(None).await;
    (database, store)
}

async fn write(store: &Arc<dyn Store>) -> Box<dyn Tx> {
    store.begin(Access::Write).await.unwrap()
}

fn router(name: &str) -> Router {
    Router {
        id: RouterId::new(beginning(), &OsEntropy),
        name: name.parse().unwrap(),
        address: RouterAddress::new("192.0.2.1", 8729).unwrap(),
        security: LinkSecurity::Tls(Trust::Pin("ab".repeat(32))),
        username: "billing".to_owned(),
        password: Sealed::from_bytes(vec![0, 159, 146, 150]),
        health: RouterHealth::default(),
        created_at: beginning(),
        removed_at: None,
    }
}

async fn every_statement_is_understood(engine: Engine) {
    let database = TestDatabase::new(engine).await;
    assert!(prepare_all(database.url()).await > 50);
}

async fn migrating_twice_changes_nothing(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    assert_eq!(store.migrations_missing().await.unwrap(), 0);
    assert_eq!(store.migrate().await.unwrap(), 0);
}

async fn a_dropped_transaction_leaves_nothing(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    assert!(tx.router_insert(&router("pos-1")).await.unwrap());
    drop(tx);
    assert!(write(&store).await.router_list().await.unwrap().is_empty());
}

async fn a_router_comes_back_as_it_was_stored(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let stored = router("Pos Ünïcode 1");
    assert!(tx.router_insert(&stored).await.unwrap());
    assert!(!tx.router_insert(&router("Pos Ünïcode 1")).await.unwrap(), "the name is taken");
    let health = RouterHealth {
        version: Some("7.18.2 (stable)".to_owned()),
        observed_at: Some(beginning()),
        uptime: Some(SignedDuration::from_hours(1_000)),
        failures: 3,
        last_error: Some("away".to_owned()),
        vitals: Vitals { cpu_load: Some(7), ..Vitals::default() },
        look_asked_at: None,
        sampling: Sampling { at: Some(beginning()), failed_logins: Some(4) },
    };
    tx.router_health_set(stored.id, &health).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin(Access::Read).await.unwrap();
    let found = tx.router_by_name(&stored.name).await.unwrap().unwrap();
    assert_eq!(
        (found.id, found.address, found.security),
        (stored.id, stored.address, stored.security)
    );
    assert_eq!((found.password, found.health), (stored.password, health));
    assert_eq!(found.created_at, stored.created_at);
    assert_eq!(tx.router_by_id(stored.id).await.unwrap().unwrap().name, stored.name);
}

async fn a_removed_router_is_read_by_identity_and_its_name_is_free(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let (old, new) = (router("pos-1"), router("pos-1"));
    tx.router_insert(&old).await.unwrap();
    let moved = Router {
        name: "pos-2".parse().unwrap(),
        address: RouterAddress::new("192.0.2.2", 8728).unwrap(),
        security: LinkSecurity::Plain,
        ..old.clone()
    };
    tx.router_replace(&moved).await.unwrap();
    let found = tx.router_lock(old.id).await.unwrap().unwrap();
    assert_eq!(
        (found.name, found.address, found.security),
        (moved.name, moved.address, moved.security)
    );
    tx.router_replace(&old).await.unwrap();
    tx.router_remove(old.id, beginning()).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = write(&store).await;
    assert!(tx.router_insert(&new).await.unwrap(), "the name is free");
    let found = tx.router_by_id(old.id).await.unwrap().unwrap();
    assert_eq!((found.name, found.removed_at), (old.name.clone(), Some(beginning())));
    assert!(tx.router_hold(old.id).await.unwrap().is_none());
    assert!(tx.router_lock(old.id).await.unwrap().is_none());
    assert_eq!(tx.router_by_name(&old.name).await.unwrap().unwrap().id, new.id);
    let listed = tx.router_list().await.unwrap();
    assert_eq!(listed.iter().map(|router| router.id).collect::<Vec<_>>(), [new.id]);
}

fn plan(number: u64) -> Plan {
    Plan {
        id: PlanId::in_run(beginning(), number, &OsEntropy),
        name: format!("plan {number}").parse().unwrap(),
        router_profile: "default".to_owned(),
        prices: Prices::new(Money::new(100, Currency::KES), Money::new(250, Currency::KES))
            .unwrap(),
        limits: Limits {
            uptime_quota: Some(SignedDuration::from_hours(5)),
            data_quota: Some(5 << 30),
            validity: None,
        },
        terms: None,
        created_at: beginning(),
        retired_at: None,
        revision: 1,
    }
}

async fn plans_and_vendors_come_back_as_they_were_stored(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    assert!(tx.plan_insert(&plan(1)).await.unwrap());
    let found = tx.plan_by_name(&"plan 1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(found, Plan { id: found.id, ..plan(1) });
    let vendor = Vendor {
        id: VendorId::new(beginning(), &OsEntropy),
        code: "VENDOR-001".parse().unwrap(),
        name: "Warung Bu Tini".to_owned(),
        created_at: beginning(),
    };
    assert!(tx.vendor_insert(&vendor).await.unwrap());
    assert!(
        !tx.vendor_insert(&Vendor { id: VendorId::new(beginning(), &OsEntropy), ..vendor.clone() })
            .await
            .unwrap()
    );
    assert_eq!(tx.vendor_by_code(&vendor.code).await.unwrap(), Some(vendor.clone()));
    assert_eq!(tx.vendor_by_id(vendor.id).await.unwrap(), Some(vendor));
}

async fn pages_follow_each_other_without_gap_or_repeat(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    for number in 1..=7 {
        assert!(tx.plan_insert(&plan(number)).await.unwrap());
    }
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page =
            tx.plan_page(PlanFilter::default(), PageRequest::new(after, 3).unwrap()).await.unwrap();
        names.extend(page.items.iter().map(|plan| plan.name.to_string()));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(names, (1..=7).map(|n| format!("plan {n}")).collect::<Vec<_>>());
}

fn entry(cause: VoucherId, amounts: [i64; 2]) -> Entry {
    let postings = vec![
        Posting::new(Account::VoucherTakings, Money::rupiah(amounts[0])),
        Posting::new(Account::VoucherRevenue, Money::rupiah(amounts[1])),
    ];
    let id = EntryId::new(beginning(), &OsEntropy);
    let day = "2026-03-01".parse().unwrap();
    Entry::balanced(id, Cause::VoucherActivated(cause), day, beginning(), postings).unwrap()
}

/// One voucher with everything it hangs on, written through the store alone.
async fn made_voucher(tx: &mut dyn Tx) -> VoucherId {
    let (router, plan) = (router("pos-1"), plan(1));
    assert!(tx.router_insert(&router).await.unwrap() && tx.plan_insert(&plan).await.unwrap());
    let caller = Caller::new(Actor::cli("clerk"));
    let zone = BusinessZone::named("Asia/Jakarta").unwrap();
    let context = Context { now: beginning(), entropy: &OsEntropy, zone: &zone, caller: &caller };
    let request = NewBatch {
        router: router.id,
        plan: plan.id,
        vendor: None,
        count: 1,
        shape: CodeShape { prefix: "".parse().unwrap(), random_chars: 9 },
        login_mode: LoginMode::Separate,
        prices: None,
        sell_by: None,
    };
    let Issued::Now(batch) = issue::batch(tx, context, &request).await.unwrap() else {
        panic!("it is the first")
    };
    let filter = VoucherFilter { batch: Some(batch), ..VoucherFilter::default() };
    let made = tx.voucher_page(&filter, PageRequest::default()).await.unwrap().items;
    assert_ne!(made[0].password, made[0].code.as_str());
    made[0].id
}

async fn voucher_on(store: &Arc<dyn Store>) -> VoucherId {
    let mut tx = write(store).await;
    let made = made_voucher(&mut *tx).await;
    tx.commit().await.unwrap();
    made
}

async fn a_cause_is_booked_once(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let voucher = voucher_on(&store).await;
    let mut tx = write(&store).await;
    assert_eq!(tx.ledger_append(&entry(voucher, [5_000, -5_000])).await.unwrap(), Appended::Now);
    assert_eq!(
        tx.ledger_append(&entry(voucher, [9_000, -9_000])).await.unwrap(),
        Appended::AlreadyThere
    );
    tx.commit().await.unwrap();
    let mut tx = write(&store).await;
    assert_eq!(
        tx.ledger_balances().await.unwrap(),
        [
            (Account::VoucherRevenue, Money::rupiah(-5_000)),
            (Account::VoucherTakings, Money::rupiah(5_000))
        ]
    );
    assert_eq!(tx.ledger_unbalanced_entries().await.unwrap(), 0);
}

async fn the_ledger_refuses_changes(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let voucher = voucher_on(&store).await;
    let mut tx = write(&store).await;
    tx.ledger_append(&entry(voucher, [1, -1])).await.unwrap();
    tx.commit().await.unwrap();
    for statement in [
        "UPDATE ledger_posting SET amount_minor = 7",
        "DELETE FROM ledger_posting",
        "UPDATE ledger_entry SET cause = 'x'",
        "DELETE FROM ledger_entry",
    ] {
        let error = database.run(statement).await.unwrap_err();
        assert!(error.contains("the ledger only grows"), "{error}");
    }
}

async fn counters_are_gapless_even_after_a_rollback(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    for expected in 1..=3 {
        let mut lost = write(&store).await;
        assert_eq!(lost.counter_next("batch:2026-03-01").await.unwrap(), expected);
        drop(lost);
        let mut kept = write(&store).await;
        assert_eq!(kept.counter_next("batch:2026-03-01").await.unwrap(), expected);
        assert_eq!(kept.counter_next("other").await.unwrap(), expected);
        kept.commit().await.unwrap();
    }
}

async fn a_key_is_claimed_once_and_remembered(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let (actor, key) = (Actor::cli("x"), "k".parse().unwrap());
    let (input, other) = (Fingerprint::of("a", &[&1]), Fingerprint::of("a", &[&2]));
    let (one, two) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    let mut tx = write(&store).await;
    assert_eq!(tx.key_claim(&actor, &key, input, one, beginning()).await.unwrap(), KeyClaim::Ours);
    tx.commit().await.unwrap();
    let mut tx = write(&store).await;
    let again = tx.key_claim(&actor, &key, input, two, beginning()).await.unwrap();
    assert_eq!(again, KeyClaim::Answered(one));
    assert_eq!(
        tx.key_claim(&actor, &key, other, two, beginning()).await.unwrap(),
        KeyClaim::Reused
    );
    let elsewhere = tx.key_claim(&Actor::cli("y"), &key, other, two, beginning()).await.unwrap();
    assert_eq!(elsewhere, KeyClaim::Ours, "another actor has keys of its own");
}

const LEASE: SignedDuration = SignedDuration::from_mins(5);

async fn push(store: &Arc<dyn Store>, router: u128, run_at: Timestamp) {
    let mut tx = write(store).await;
    let payload = Payload::SyncRouter(RouterId::from_uuid(uuid::Uuid::from_u128(router)));
    let message = Message { id: MessageId::new(beginning(), &OsEntropy), payload, run_at };
    tx.outbox_push(&message).await.unwrap();
    tx.commit().await.unwrap();
}

async fn claim(store: &Arc<dyn Store>, now: Timestamp) -> Vec<mkbill_core::outbox::Claimed> {
    let mut tx = write(store).await;
    let claimed = tx.outbox_claim(&[SYNC_ROUTER], now, LEASE, 10).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

async fn settle(
    store: &Arc<dyn Store>,
    claimed: &mkbill_core::outbox::Claimed,
    outcome: Outcome,
) -> bool {
    let mut tx = write(store).await;
    let held = tx.outbox_settle(claimed, &outcome).await.unwrap();
    tx.commit().await.unwrap();
    held
}

async fn a_message_is_leased_to_one_worker_and_returns_when_the_lease_runs_out(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let now = beginning();
    push(&store, 1, now).await;
    push(&store, 2, now + SignedDuration::from_secs(1)).await;
    let first = claim(&store, now).await;
    assert_eq!(first.len(), 1);
    assert!(claim(&store, now).await.is_empty());
    assert_eq!(claim(&store, now + SignedDuration::from_secs(1)).await.len(), 1);
    let returned = claim(&store, now + LEASE).await;
    assert_eq!(returned.len(), 1);
    assert_eq!(
        (returned[0].id, returned[0].payload.clone()),
        (first[0].id, first[0].payload.clone())
    );
}

async fn a_settlement_by_a_worker_whose_lease_ran_out_is_ignored(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let now = beginning();
    push(&store, 1, now).await;
    let slow = claim(&store, now).await.remove(0);
    let quick = claim(&store, now + LEASE).await.remove(0);
    assert!(!settle(&store, &slow, Outcome::Again(now)).await);
    assert!(settle(&store, &quick, Outcome::Again(now + LEASE * 2)).await);
    assert!(!settle(&store, &quick, Outcome::Again(now)).await, "once is enough");
    assert!(claim(&store, now + LEASE).await.is_empty());
}

async fn a_push_during_a_delivery_runs_again_at_once(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let now = beginning();
    push(&store, 1, now).await;
    let running = claim(&store, now).await.remove(0);
    push(&store, 1, now).await;
    assert!(claim(&store, now).await.is_empty(), "one delivery at a time");
    assert!(settle(&store, &running, Outcome::Again(now + LEASE)).await);
    assert_eq!(claim(&store, now).await.len(), 1);
}

async fn a_failed_message_waits_and_counts_and_a_dead_one_stays(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let now = beginning();
    push(&store, 1, now).await;
    let retry_at = now + SignedDuration::from_secs(5);
    let failed = claim(&store, now).await.remove(0);
    let outcome = Outcome::Failed { retry_at, error: "away".to_owned() };
    assert!(settle(&store, &failed, outcome).await);
    assert!(claim(&store, now).await.is_empty());
    let again = claim(&store, retry_at).await.remove(0);
    assert_eq!(again.attempts, 1);
    push(&store, 1, now).await;
    let later = retry_at + SignedDuration::from_secs(60);
    let outcome = Outcome::Failed { retry_at: later, error: "away".to_owned() };
    assert!(settle(&store, &again, outcome).await);
    let again = claim(&store, retry_at).await.remove(0);
    assert_eq!(again.attempts, 2, "what was asked for meanwhile is tried at once");
    let dead = Outcome::Dead { error: "unknown kind".to_owned() };
    assert!(settle(&store, &again, dead).await);
    assert!(claim(&store, now + LEASE * 10).await.is_empty());
    let tally = write(&store).await.outbox_tally(&[SYNC_ROUTER], now).await.unwrap();
    assert_eq!((tally.due, tally.dead), (0, 1));
}

async fn a_message_that_nobody_needs_goes_away(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let now = beginning();
    push(&store, 1, now).await;
    let slow = claim(&store, now).await.remove(0);
    let quick = claim(&store, now + LEASE).await.remove(0);
    assert!(!settle(&store, &slow, Outcome::Over).await);
    assert!(settle(&store, &quick, Outcome::Over).await);
    assert_eq!(write(&store).await.outbox_next(&[SYNC_ROUTER]).await.unwrap(), None);
}

async fn the_audit_trail_refuses_changes_and_reads_newest_first(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let caller = Caller::new(Actor::cli("clerk")).because("a reason").unwrap();
    let zone = BusinessZone::named("Asia/Jakarta").unwrap();
    let record = |number: i64| {
        let act =
            Act { action: "plan.add", subject_kind: "plan", subject: uuid::Uuid::from_u128(9) };
        let now = beginning() + SignedDuration::from_millis(number);
        let context = Context { now, entropy: &OsEntropy, zone: &zone, caller: &caller };
        Record::new(context, act, json!(null), json!({ "n": number }))
    };
    let mut tx = write(&store).await;
    tx.audit_append(&[record(1), record(2), record(3)]).await.unwrap();
    tx.commit().await.unwrap();
    let about = |id: u128| AuditFilter::about(uuid::Uuid::from_u128(id));
    let mut tx = store.begin(Access::Read).await.unwrap();
    let page = tx.audit_page(&about(9), PageRequest::default()).await.unwrap();
    let numbers: Vec<_> = page.items.iter().map(|row| row.after["n"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(page.items[0].reason.as_deref(), Some("a reason"));
    assert!(tx.audit_page(&about(0), PageRequest::default()).await.unwrap().items.is_empty());
    drop(tx);
    for statement in ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"] {
        assert!(database.run(statement).await.unwrap_err().contains("the audit trail only grows"));
    }
}

async fn instants_sort_as_instants(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let half = "2026-03-01T13:00:00.5Z".parse().unwrap();
    push(&store, 1, half).await;
    push(&store, 2, beginning()).await;
    let mut tx = write(&store).await;
    assert_eq!(tx.outbox_next(&[SYNC_ROUTER]).await.unwrap(), Some(beginning()));
    drop(tx);
    assert_eq!(claim(&store, beginning()).await.len(), 1);
    push(&store, 3, "1965-01-01T00:00:00.000001Z".parse().unwrap()).await;
    assert_eq!(claim(&store, beginning()).await.len(), 1);
}
