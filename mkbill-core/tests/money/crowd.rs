//! Many at once: sixteen workers, thousands of subscriptions, and a database that is always busy.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use mkbill_core::invoice::store::InvoiceFilter;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::sql::StatementHook;
use mkbill_core::store::StoreError;
use mkbill_core::testkit::Engine;

use crate::shop::{Shop, clerk, terms};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] =
    stories![what_is_always_in_the_way_is_retried_five_times_and_then_reported];
pub(crate) const POSTGRES_STORIES: &[(&str, crate::support::Story)] =
    stories![f11_ten_thousand_due_subscriptions_are_billed_once_by_sixteen_workers];

const DUE: u32 = 10_000;
const WORKERS: u64 = 16;

async fn f11_ten_thousand_due_subscriptions_are_billed_once_by_sixteen_workers(engine: Engine) {
    let shop = Shop::new(engine).await;
    let plan = shop.plan("home", terms(100_000)).await;
    shop.crowd(plan, DUE).await;
    shop.clock.advance(SignedDuration::from_hours(24 * 24));
    let mut workers = tokio::task::JoinSet::new();
    for seed in 0..WORKERS {
        let billing = shop.another(seed + 50).await;
        workers.spawn(async move { billing.bill_due().await });
    }
    let runs = workers.join_all().await;
    let runs: Vec<_> = runs.into_iter().map(|run| run.unwrap()).collect();
    assert_eq!(runs.iter().map(|run| run.issued).sum::<usize>(), DUE as usize);
    assert!(runs.iter().all(|run| run.failed.is_empty()));
    let (numbers, customers) = issued(&shop).await;
    let expected: BTreeSet<String> =
        (1..=DUE).map(|count| format!("INV-20260203-{count:04}")).collect();
    assert_eq!(numbers, expected, "no number is missing and none is used twice");
    assert_eq!(customers, DUE as usize);
    assert!(shop.billing.doctor().await.unwrap().healthy());
}

/// The numbers of all invoices, and how many customers have one.
async fn issued(shop: &Shop) -> (BTreeSet<String>, usize) {
    let (mut numbers, mut customers) = (BTreeSet::new(), BTreeSet::new());
    let mut page = PageRequest::new(None, 200).unwrap();
    loop {
        let found = shop.billing.invoices(&InvoiceFilter::default(), page).await.unwrap();
        for invoice in found.items {
            assert!(numbers.insert(invoice.number.to_string()));
            assert!(customers.insert(invoice.customer));
        }
        match found.next {
            Some(after) => page = PageRequest::new(Some(after), 200).unwrap(),
            None => return (numbers, customers.len()),
        }
    }
}

/// Another transaction is always first.
#[derive(Default)]
struct AlwaysBusy(AtomicU32);

impl StatementHook for AlwaysBusy {
    fn before(&self) -> Result<(), StoreError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let source = "deadlock detected".into();
        Err(StoreError::Busy { act: "waiting", source })
    }

    fn after(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

async fn what_is_always_in_the_way_is_retried_five_times_and_then_reported(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let busy = Arc::new(AlwaysBusy::default());
    let billing = shop.hooked(busy.clone()).await;
    let payment = mkbill_core::payment::NewPayment::whole(
        customer,
        crate::shop::rupiah(5),
        mkbill_core::payment::Method::Cash,
    );
    let error = billing.record_payment(&clerk(), payment).await.unwrap_err();
    assert_eq!(error.code(), "unavailable");
    assert_eq!(busy.0.load(Ordering::SeqCst), 5);
    assert_eq!(shop.credit(customer).await, 0);
}
