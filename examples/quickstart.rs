//! A day of a hotspot: an engine on SQLite, a simulated router, twenty vouchers, one customer.
//!
//! `cargo run -p mkbill-examples --bin quickstart`

use std::error::Error;
use std::sync::Arc;

use jiff::SignedDuration;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::time::Clock as _;
use mkbill_core::plan::{Limits, NewPlan, Plan, Prices};
use mkbill_core::report::{Days, SalesBy};
use mkbill_core::router::{LinkSecurity, NewRouter, Router, RouterAddress};
use mkbill_core::testkit::{ManualClock, SeededEntropy};
use mkbill_core::voucher::batch::NewBatch;
use mkbill_core::voucher::code::{CodeShape, LoginMode};
use mkbill_core::voucher::store::VoucherFilter;
use mkbill_core::{Actor, Billing, Caller, DatabaseUrl, MasterKey, Money, Store, Worker, open};
use mkbill_routeros::provisioning::RouterOsController;
use mkbill_routeros::sim::{Mac, Simulator, TimeSource};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Outside: a clock that is moved by hand, and a router that follows it.
    let clock = Arc::new(ManualClock::at("2026-03-01T02:00:00Z".parse()?));
    let time = Arc::clone(&clock);
    let follow = TimeSource::Following(Arc::new(move || time.now()));
    let hotspot = Simulator::builder().password("secret").clock(follow).start().await?;

    // The engine keeps its books in one file.
    let folder = tempfile::tempdir()?;
    let store = open(&DatabaseUrl::Sqlite(folder.path().join("mkbill.db")), None).await?;
    store.migrate().await?;
    let billing = engine(&store, &clock)?;
    let worker = Worker::new(billing.clone());

    // There are a router and a plan that is valid for a day from the first login.
    let me = Caller::new(Actor::cli("quickstart"));
    let router = billing.add_router(&me, router_at(hotspot.addr().port())?).await?;
    let plan = billing.add_plan(&me, one_day()?).await?;

    // Twenty vouchers are committed at once; the worker brings them to the router.
    let made = billing.create_batch(&me, twenty(&router, &plan)).await?.value;
    println!("{}: {} vouchers wait", made.batch.number, made.tally.pending_push);
    worker.tick().await?;
    let pushed = billing.batch(made.batch.number.as_str()).await?;
    println!("{}: {} can be sold", pushed.batch.number, pushed.tally.available);

    // A customer types a code. The next look at the router finds the login.
    let filter = VoucherFilter { batch: Some(made.batch.id), ..VoucherFilter::default() };
    let sold = billing.vouchers(&filter, PageRequest::new(None, 1)?).await?.items.remove(0);
    let (code, address) = (sold.code.as_str(), "10.5.50.2".parse()?);
    hotspot.router(|router| router.login(code, code, Mac::numbered(1), address))?;
    clock.advance(billing.poll_every());
    let found: usize = worker.tick().await?.passes.iter().map(|pass| pass.first_logins).sum();
    println!("first logins found: {found}, voucher {}", billing.voucher(code).await?.state.name());

    // A day later its time is over, and the router has forgotten it.
    clock.advance(SignedDuration::from_hours(24));
    worker.tick().await?;
    println!("a day later: voucher {}", billing.voucher(code).await?.state.name());

    // The money is in the ledger.
    let march = Days { from: "2026-03-01".parse()?, to: "2026-03-31".parse()? };
    for row in billing.sales(march, SalesBy::Plan).await?.rows {
        println!(
            "{}: {} sold for {}, {} of it profit",
            row.group, row.vouchers, row.revenue, row.profit
        );
    }

    store.close().await;
    hotspot.shutdown().await;
    Ok(())
}

/// Without a clock and chance of its own, an engine uses the machine's.
fn engine(store: &Arc<dyn Store>, clock: &Arc<ManualClock>) -> Result<Billing, Box<dyn Error>> {
    let entropy = Arc::new(SeededEntropy::new(1));
    let (master_key, _) = MasterKey::generate(entropy.as_ref());
    let billing = Billing::builder()
        .store(Arc::clone(store))
        .controller(Arc::new(RouterOsController::new(entropy.clone())))
        .master_key(master_key)
        .clock(clock.clone())
        .entropy(entropy)
        .build()?;
    Ok(billing)
}

fn router_at(port: u16) -> Result<NewRouter, Box<dyn Error>> {
    Ok(NewRouter {
        name: "rt-05".parse()?,
        address: RouterAddress::new("127.0.0.1", port)?,
        security: LinkSecurity::Plain,
        username: "admin".to_owned(),
        password: "secret".into(),
    })
}

fn one_day() -> Result<NewPlan, Box<dyn Error>> {
    Ok(NewPlan {
        name: "Harian 24 jam".parse()?,
        router_profile: "default".to_owned(),
        prices: Prices::new(Money::rupiah(3_000), Money::rupiah(5_000))?,
        limits: Limits { validity: Some(SignedDuration::from_hours(24)), ..Limits::default() },
        terms: None,
    })
}

fn twenty(router: &Router, plan: &Plan) -> NewBatch {
    NewBatch {
        router: router.id,
        plan: plan.id,
        vendor: None,
        count: 20,
        shape: CodeShape::default(),
        login_mode: LoginMode::Same,
        prices: None,
        sell_by: None,
    }
}
