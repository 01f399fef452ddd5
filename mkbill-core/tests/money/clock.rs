//! A database that lives on a test clock.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use mkbill_core::billing::stored_clock;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::kernel::time::Clock as _;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::testkit::{CrashSwitch, Engine, ManualClock};
use mkbill_core::worker::Worker;

use crate::shop::{Shop, charge, clerk, opening, terms};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_test_clock_starts_on_a_new_database_only,
    a_clock_that_another_process_moved_is_followed_and_never_goes_back,
    an_advance_that_dies_goes_on_where_it_stood,
];

/// Events between two places where the process dies.
const STRIDE: usize = 9;
const EVENTS_MAX: u64 = 3_000;
const EVENTS_MIN: u64 = 100;

fn start_of(shop: &Shop, day: Date) -> Timestamp {
    shop.billing.zone().start_of(day).unwrap()
}

async fn stands(shop: &Shop) -> Option<Timestamp> {
    stored_clock(shop.store.as_ref()).await.unwrap()
}

async fn a_test_clock_starts_on_a_new_database_only(engine: Engine) {
    let shop = Shop::new(engine).await;
    let at = start_of(&shop, date(2026, 1, 1));
    assert_eq!(stands(&shop).await, None);
    shop.billing.start_test_clock(&clerk().dry_run(), at).await.unwrap();
    assert_eq!(stands(&shop).await, None, "it was only tried");
    shop.billing.start_test_clock(&clerk(), at).await.unwrap();
    assert_eq!(stands(&shop).await, Some(at));
    let again = shop.billing.start_test_clock(&clerk(), at).await.unwrap_err();
    assert_eq!(again.code(), "clock_started");
    let used = Shop::new(engine).await;
    used.customer(1).await;
    let refused = used.billing.start_test_clock(&clerk(), at).await.unwrap_err();
    assert_eq!(refused.code(), "clock_in_use");
    assert_eq!(stands(&used).await, None);
}

async fn a_clock_that_another_process_moved_is_followed_and_never_goes_back(engine: Engine) {
    let mut shop = Shop::new(engine).await;
    shop.billing.start_test_clock(&clerk(), opening()).await.unwrap();
    let (soon, later) = (date(2026, 1, 20), date(2026, 2, 20));
    let (soon, later) = (start_of(&shop, soon), start_of(&shop, later));
    Worker::new(shop.billing.clone()).advance_to(later).await.unwrap();
    assert_eq!(stands(&shop).await, Some(later));
    shop.clock = Arc::new(ManualClock::at(opening()));
    shop.restart().await;
    let worker = Worker::new(shop.billing.clone());
    let back = worker.advance_to(soon).await.unwrap_err();
    assert_eq!(back.code(), "clock_past");
    assert_eq!(shop.clock.now(), later, "it was told by the database");
    let nothing = worker.advance_to(later).await.unwrap();
    assert_eq!(nothing.moments, 0);
}

/// Two customers, one of whom has an invoice by hand as well.
async fn two_customers(engine: Engine) -> (Shop, [CustomerId; 2]) {
    let shop = Shop::new(engine).await;
    shop.billing.start_test_clock(&clerk(), opening()).await.unwrap();
    let customers = [shop.customer(1).await, shop.customer(2).await];
    for customer in customers {
        shop.subscribe(customer, terms(100_000)).await;
    }
    shop.pay(customers[0], 200_000).await;
    let invoice = charge(20_000, date(2026, 2, 1));
    shop.billing.issue_invoice(&clerk(), customers[1], invoice).await.unwrap();
    (shop, customers)
}

/// What became of them, as text.
async fn picture(shop: &Shop, customers: &[CustomerId]) -> String {
    let mut all = Vec::new();
    for customer in customers {
        for invoice in shop.invoices(*customer).await {
            let dates = (invoice.issued_on, invoice.due_on);
            all.push(format!("{} {:?} {dates:?}", invoice.number, invoice.status()));
        }
        let filter = NoticeFilter { customer: Some(*customer), kind: None };
        let page = mkbill_core::kernel::page::PageRequest::new(None, 200).unwrap();
        for notice in shop.billing.notices(filter, page).await.unwrap().items {
            all.push(format!("{:?} {}", notice.kind, notice.not_before));
        }
    }
    all.push(format!("{:?} {:?}", shop.clock.now(), stands(shop).await));
    all.join("\n")
}

async fn an_advance_that_dies_goes_on_where_it_stood(engine: Engine) {
    let (shop, customers) = two_customers(engine).await;
    let target = start_of(&shop, date(2026, 3, 20));
    Worker::new(shop.billing.clone()).advance_to(target).await.unwrap();
    let expected = picture(&shop, &customers).await;
    for event in (1..EVENTS_MAX).step_by(STRIDE) {
        let (mut shop, customers) = two_customers(engine).await;
        shop.wire(&Arc::new(CrashSwitch::at(event))).await;
        if Worker::new(shop.billing.clone()).advance_to(target).await.is_ok() {
            assert!(event > EVENTS_MIN, "only {event} events were seen");
            return;
        }
        shop.restart().await;
        let stood = stands(&shop).await.unwrap();
        shop.clock = Arc::new(ManualClock::at(stood));
        shop.restart().await;
        Worker::new(shop.billing.clone()).advance_to(target).await.unwrap();
        assert_eq!(picture(&shop, &customers).await, expected, "event {event}");
        shop.check(&customers).await;
    }
    panic!("an advance has more than {EVENTS_MAX} events");
}
