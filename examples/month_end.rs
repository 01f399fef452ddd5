//! The end of a month: what came in, what was earned, who owes, and the books are closed.
//!
//! `cargo run -p mkbill-examples --bin month_end`

use std::error::Error;
use std::sync::Arc;

use mkbill_core::billing::{Billing, Subscribe};
use mkbill_core::customer::NewCustomer;
use mkbill_core::customer::phone::GivenPhone;
use mkbill_core::invoice::tax::{TaxMode, TaxRule};
use mkbill_core::kernel::clock::TestClock;
use mkbill_core::kernel::ids::{CustomerId, PlanId};
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::plan::terms::{Service, Terms};
use mkbill_core::plan::{Limits, NewPlan, Prices};
use mkbill_core::report::Days;
use mkbill_core::report::money::{CashBy, RevenueBy};
use mkbill_core::report::store::StatementRange;
use mkbill_core::subscription::Discount;
use mkbill_core::testkit::SeededEntropy;
use mkbill_core::{Actor, Caller, DatabaseUrl, MasterKey, Money, Worker, open};
use mkbill_routeros::provisioning::RouterOsController;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
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
        .build()?;
    let me = Caller::new(Actor::cli("month_end"));

    // Three subscribers of a plan with tax: one pays, one pays in part, one does not pay.
    let plan = taxed(&billing, &me).await?;
    let pays = subscriber(&billing, &me, plan, "Ani", "0812-0000-0001").await?;
    let part = subscriber(&billing, &me, plan, "Budi", "0812-0000-0002").await?;
    let owes = subscriber(&billing, &me, plan, "Citra", "0812-0000-0003").await?;
    let worker = Worker::new(billing.clone());
    worker.advance_to("2026-01-10T02:00:00Z".parse()?).await?;
    for (customer, amount, method) in
        [(pays, 111_000, Method::Cash), (part, 50_000, Method::BankTransfer)]
    {
        let payment = NewPayment::whole(customer, Money::rupiah(amount), method);
        billing.record_payment(&me, payment).await?;
    }

    // The test clock goes to the first of February, and all that falls due is done.
    let run = worker.advance_to("2026-02-01T01:00:00Z".parse()?).await?;
    println!("cut for not paying: {}", run.billing.suspended);

    let january = Days { from: "2026-01-01".parse()?, to: "2026-01-31".parse()? };
    for row in billing.cash(january, CashBy::Method).await? {
        println!("{}: {} came in", row.group, row.received);
    }
    for row in billing.revenue(january, RevenueBy::Plan).await? {
        println!("{}: {} earned before tax", row.group, row.total);
    }
    let month = billing.months(2026).await?.remove(0);
    println!("{}: {} invoiced, {} tax on it", month.month, month.invoiced, month.tax);
    let (debtors, total) = billing.ageing("2026-01-31".parse()?).await?;
    println!(
        "{} customers owe {}, {} of it up to 30 days late",
        debtors.len(),
        total.total,
        total.days_30
    );
    for row in billing.trial_balance(Some(january.to)).await? {
        println!("  {:<22}{:>12}", row.account.to_string(), row.balance.to_string());
    }

    // Every rupiah of a customer, and why.
    for line in billing.statement(part, StatementRange::default()).await?.lines {
        println!("{} {}: {}, then {}", line.on, line.cause.name(), line.change, line.balance);
    }
    println!("{}", billing.explain_customer(owes).await?.verdict[..2].join("\n"));

    // January is closed: nothing can be booked in it any more.
    let why = me.because("January is reported")?;
    billing.lock_books(&why, january.to).await?;
    let mut late = NewPayment::whole(owes, Money::rupiah(111_000), Method::Cash);
    late.received_on = Some(january.to);
    if let Err(refused) = billing.record_payment(&why, late).await {
        println!("refused: {refused}");
    }
    store.close().await;
    Ok(())
}

/// Rp 111,000 a month, tax included.
async fn taxed(billing: &Billing, me: &Caller) -> Result<PlanId, Box<dyn Error>> {
    // 12 percent of eleven twelfths of the price, as PPN is since 2025.
    let rule = TaxRule::new("2025-01-01".parse()?, TaxMode::Inclusive, 1_200, (11, 12))?;
    billing.add_tax_rule(me, "ppn".parse()?, rule).await?;
    let prices = Prices::new(Money::rupiah(0), Money::rupiah(111_000))?;
    let terms = Terms { tax: Some("ppn".parse()?), ..Terms::monthly(prices, Service::Hotspot) };
    let plan = NewPlan {
        name: "Rumah 10M".parse()?,
        router_profile: "default".to_owned(),
        prices,
        limits: Limits::default(),
        terms: Some(terms),
    };
    Ok(billing.add_plan(me, plan).await?.id)
}

async fn subscriber(
    billing: &Billing,
    me: &Caller,
    plan: PlanId,
    name: &str,
    phone: &str,
) -> Result<CustomerId, Box<dyn Error>> {
    let phone = GivenPhone::parse(phone, billing.region())?;
    let customer = billing.add_customer(me, NewCustomer::new(name, phone)).await?.value.customer.id;
    let discount = Discount::default();
    billing.subscribe(me, Subscribe { customer, plan, zone: None, discount, login: None }).await?;
    Ok(customer)
}
