//! Batches for several vendors: own prices, a dry run, a request that is sent twice, CSV.
//!
//! The router need not be there: what is sold waits for it.
//!
//! `cargo run -p mkbill-examples --bin voucher_batch`

use std::error::Error;
use std::sync::Arc;

use jiff::SignedDuration;
use mkbill_core::billing::Unpushed;
use mkbill_core::kernel::money::MoneyError;
use mkbill_core::plan::{Limits, NewPlan, Plan, Prices};
use mkbill_core::router::{LinkSecurity, NewRouter, Router, RouterAddress};
use mkbill_core::testkit::{Engine, ManualClock, SeededEntropy, TestDatabase};
use mkbill_core::vendor::{NewVendor, Vendor};
use mkbill_core::voucher::batch::{Batch, NewBatch};
use mkbill_core::voucher::code::{CodeShape, LoginMode};
use mkbill_core::{Actor, Billing, Caller, MasterKey, Money, Store};
use mkbill_routeros::provisioning::RouterOsController;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let store = database.store(None).await;
    let billing = engine(&store)?;
    let clerk = Caller::new(Actor::cli("clerk")).because("stock for March")?;
    let router = billing.add_router(&clerk, absent_router()?).await?;
    let daily = billing.add_plan(&clerk, plan("Harian", 24, 3_000, 5_000)?).await?;
    let weekly = billing.add_plan(&clerk, plan("Mingguan", 7 * 24, 15_000, 20_000)?).await?;
    let warung = billing.add_vendor(&clerk, vendor("WARUNG-01", "Warung Bu Sri")?).await?;
    let kiosk = billing.add_vendor(&clerk, vendor("KIOS-02", "Kios Pak Budi")?).await?;

    // A dry run does everything and keeps nothing: the number is still free afterwards.
    let order = request(&router, &daily, &warung, 50);
    let tried = billing.create_batch(&clerk.clone().dry_run(), order.clone()).await?;
    println!("dry run:  {}, kept: {}", tried.value.batch.number, !tried.dry_run);

    // A request that carries a key may be sent again, by a client that never saw the answer.
    let keyed = clerk.clone().with_key("warung-01/march/daily".parse()?);
    for _ in 0..2 {
        let receipt = billing.create_batch(&keyed, order.clone()).await?;
        println!("with key: {}, made before: {}", receipt.value.batch.number, receipt.replayed);
    }
    let other = NewBatch { count: 51, ..order };
    if let Err(refused) = billing.create_batch(&keyed, other).await {
        println!("same key, other order: {}", refused.code());
    }

    // One vendor buys cheaper than the plan says. Selling below cost cannot even be written down.
    let prices = Some(Prices::new(Money::rupiah(14_000), Money::rupiah(20_000))?);
    let special = NewBatch { prices, ..request(&router, &weekly, &kiosk, 10) };
    billing.create_batch(&clerk, special).await?;
    if let Err(refused) = Prices::new(Money::rupiah(3_000), Money::rupiah(2_500)) {
        println!("refused:  {refused}");
    }

    for (number, vendor) in [("BATCH-20260301-001", &warung), ("BATCH-20260301-002", &kiosk)] {
        let view = billing.batch(number).await?;
        let (cost, sell) = totals(&view.batch)?;
        let (count, plan) = (view.batch.count, &view.plan.name);
        println!("{number}: {count} x {plan} for {}: cost {cost}, sells for {sell}", vendor.name);
        print_sheet(&billing, number).await?;
    }
    store.close().await;
    Ok(())
}

/// Codes that are not on the router yet are only handed out if one insists.
async fn print_sheet(billing: &Billing, number: &str) -> Result<(), Box<dyn Error>> {
    if let Err(refused) = billing.export_batch(number, Unpushed::Refuse).await {
        println!("  {refused}");
    }
    let sheet = String::from_utf8(billing.export_batch(number, Unpushed::Include).await?)?;
    let (heading, lines) = sheet.split_once("\r\n").ok_or("a sheet has a heading")?;
    println!("  {heading}");
    println!("  and {} lines", lines.lines().count());
    Ok(())
}

fn totals(batch: &Batch) -> Result<(Money, Money), MoneyError> {
    let count = i64::from(batch.count);
    Ok((batch.prices.cost().checked_mul(count)?, batch.prices.sell().checked_mul(count)?))
}

fn engine(store: &Arc<dyn Store>) -> Result<Billing, Box<dyn Error>> {
    let entropy = Arc::new(SeededEntropy::new(1));
    let (master_key, _) = MasterKey::generate(entropy.as_ref());
    let billing = Billing::builder()
        .store(Arc::clone(store))
        .controller(Arc::new(RouterOsController::new(entropy.clone())))
        .clock(Arc::new(ManualClock::at("2026-03-01T02:00:00Z".parse()?)))
        .entropy(entropy)
        .master_key(master_key)
        .build()?;
    Ok(billing)
}

/// A router at an address that is kept for documentation.
fn absent_router() -> Result<NewRouter, Box<dyn Error>> {
    Ok(NewRouter {
        name: "rt-05".parse()?,
        address: RouterAddress::new("192.0.2.1", 8728)?,
        security: LinkSecurity::Plain,
        username: "mkbill".to_owned(),
        password: "secret".into(),
    })
}

fn plan(name: &str, hours: i64, cost: i64, sell: i64) -> Result<NewPlan, Box<dyn Error>> {
    let prices = Prices::new(Money::rupiah(cost), Money::rupiah(sell))?;
    let limits = Limits { validity: Some(SignedDuration::from_hours(hours)), ..Limits::default() };
    Ok(NewPlan {
        name: name.parse()?,
        router_profile: "default".to_owned(),
        prices,
        limits,
        terms: None,
    })
}

fn vendor(code: &str, name: &str) -> Result<NewVendor, Box<dyn Error>> {
    Ok(NewVendor { code: code.parse()?, name: name.to_owned() })
}

fn request(router: &Router, plan: &Plan, vendor: &Vendor, count: u32) -> NewBatch {
    NewBatch {
        router: router.id,
        plan: plan.id,
        vendor: Some(vendor.id),
        count,
        shape: CodeShape::default(),
        login_mode: LoginMode::Same,
        prices: None,
        sell_by: None,
    }
}
