//! The same money under three rules of carry-over: two that come with mkbill, and one of our own.
//!
//! `cargo run -p mkbill-examples --bin carry_over`

use std::error::Error;
use std::sync::Arc;

use jiff::civil::Date;
use mkbill_core::billing::Subscribe;
use mkbill_core::customer::NewCustomer;
use mkbill_core::customer::phone::GivenPhone;
use mkbill_core::invoice::store::InvoiceFilter;
use mkbill_core::kernel::clock::TestClock;
use mkbill_core::kernel::ids::{CustomerId, SubscriptionId};
use mkbill_core::kernel::money::MoneyError;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::ledger::carry_over::{
    Allocation, Carried, CarryOverPolicy, OpenInvoice, Position, ProratedDays, WholePeriod,
};
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::plan::terms::{Activation, Service, Terms};
use mkbill_core::plan::{Limits, NewPlan, Prices};
use mkbill_core::subscription::Discount;
use mkbill_core::subscription::store::SubscriptionFilter;
use mkbill_core::testkit::SeededEntropy;
use mkbill_core::{Actor, Billing, Caller, DatabaseUrl, MasterKey, Money, Worker, open};
use mkbill_routeros::provisioning::RouterOsController;

/// An invoice is paid whole or not at all: less than its rest waits as credit.
#[derive(Debug)]
struct AllOrNothing;

impl CarryOverPolicy for AllOrNothing {
    fn allocate(&self, position: &Position) -> Result<Vec<Allocation>, MoneyError> {
        let mut allocations = WholePeriod.allocate(position)?;
        for invoice in &position.invoices {
            let own = allocations.iter().filter(|part| part.invoice == invoice.id);
            let covered = Money::sum(invoice.total.currency(), own.map(|part| part.amount))?;
            if covered != invoice.total.checked_sub(invoice.paid)? {
                allocations.retain(|part| part.invoice != invoice.id);
            }
        }
        Ok(allocations)
    }

    fn days(&self, invoice: &OpenInvoice) -> u32 {
        WholePeriod.days(invoice)
    }

    fn carry(&self, _: &Position, _: SubscriptionId) -> Result<Vec<Carried>, MoneyError> {
        Ok(Vec::new())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    two_months("a whole period", Arc::new(WholePeriod)).await?;
    two_months("days in proportion", Arc::new(ProratedDays)).await?;
    two_months("all or nothing", Arc::new(AllOrNothing)).await
}

/// Rp 60,000 for a month of Rp 100,000, then Rp 150,000 a month later.
async fn two_months(name: &str, policy: Arc<dyn CarryOverPolicy>) -> Result<(), Box<dyn Error>> {
    println!("{name}");
    let folder = tempfile::tempdir()?;
    let store = open(&DatabaseUrl::Sqlite(folder.path().join("mkbill.db")), None).await?;
    store.migrate().await?;
    let entropy = Arc::new(SeededEntropy::new(1));
    let (master_key, _) = MasterKey::generate(entropy.as_ref());
    let billing = Billing::builder()
        .store(Arc::clone(&store))
        .controller(Arc::new(RouterOsController::new(entropy.clone())))
        .master_key(master_key)
        .test_clock(Arc::new(TestClock::at("2026-01-10T01:00:00Z".parse()?)))
        .entropy(entropy)
        .carry_over(policy)
        .build()?;
    let customer = subscriber(&billing).await?;

    // A dry run shows what a payment would do.
    let me = Caller::new(Actor::cli("carry_over"));
    let part = NewPayment::whole(customer, Money::rupiah(60_000), Method::Cash);
    let shown = billing.record_payment(&me.clone().dry_run(), part.clone()).await?.value;
    let until = day(shown.subscriptions[0].service_until);
    println!("  Rp 60.000 would pay {} and serve until {until}", paid(&shown.paid));
    assert!(billing.standing(customer).await?[0].owed == Money::rupiah(100_000));
    billing.record_payment(&me, part).await?;

    let worker = Worker::new(billing.clone());
    worker.advance_to("2026-02-05T01:00:00Z".parse()?).await?;
    print(&billing, customer).await?;

    println!("  Rp 150.000 more, and a month");
    let more = NewPayment::whole(customer, Money::rupiah(150_000), Method::Cash);
    billing.record_payment(&me, more).await?;
    worker.advance_to("2026-03-05T01:00:00Z".parse()?).await?;
    print(&billing, customer).await?;
    store.close().await;
    Ok(())
}

async fn subscriber(billing: &Billing) -> Result<CustomerId, Box<dyn Error>> {
    let me = Caller::new(Actor::cli("carry_over"));
    let prices = Prices::new(Money::rupiah(0), Money::rupiah(100_000))?;
    let terms = Terms::monthly(prices, Service::Hotspot);
    let plan = NewPlan {
        name: "Rumah 10M".parse()?,
        router_profile: "default".to_owned(),
        prices,
        limits: Limits::default(),
        terms: Some(Terms { activation: Activation::OnPayment, ..terms }),
    };
    let plan = billing.add_plan(&me, plan).await?.id;
    let phone = GivenPhone::parse("0812-3456-7890", billing.region())?;
    let customer = billing.add_customer(&me, NewCustomer::new("Budi", phone)).await?.value.customer;
    let discount = Discount::default();
    let wanted = Subscribe { customer: customer.id, plan, zone: None, discount, login: None };
    billing.subscribe(&me, wanted).await?;
    Ok(customer.id)
}

fn day(served: Option<Date>) -> String {
    served.map_or_else(|| "never".to_owned(), |day| day.to_string())
}

fn paid(parts: &[(mkbill_core::invoice::Invoice, Money)]) -> String {
    let parts = parts.iter().map(|(invoice, amount)| format!("{amount} of {}", invoice.total));
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(" and ") }
}

async fn print(billing: &Billing, customer: CustomerId) -> Result<(), Box<dyn Error>> {
    let filter = InvoiceFilter { customer: Some(customer), ..InvoiceFilter::default() };
    let mut invoices = billing.invoices(&filter, PageRequest::default()).await?.items;
    invoices.reverse();
    for invoice in invoices {
        let (number, status) = (&invoice.number, invoice.status());
        println!("  {number}: {} of {} paid, {status}", invoice.paid, invoice.total);
    }
    let standing = billing.standing(customer).await?.remove(0);
    println!("  owes {}, a balance of {}", standing.owed, standing.balance);
    let kept =
        billing.subscriptions(&SubscriptionFilter::default(), PageRequest::default()).await?;
    let kept = &kept.items[0];
    let until = day(kept.service_until);
    println!("  {}, served until {until}", kept.state.name());
    Ok(())
}
