//! A whole business in one value: engine, worker, router, clock. Nothing moves unless told to.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mkbill_core::adapter::outbound::GuardedHttp;
use mkbill_core::billing::{BatchView, Billing};
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{BatchId, RouterId};
use mkbill_core::kernel::money::Money;
use mkbill_core::kernel::order::SortKey;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::kernel::time::{BusinessZone, Clock as _};
use mkbill_core::outbound::Outbound;
use mkbill_core::plan::{Limits, NewPlan, Plan, Prices};
use mkbill_core::router::{LinkSecurity, NewRouter, Router, RouterAddress};
use mkbill_core::testkit::{CrashSwitch, Engine, ManualClock, SeededEntropy, TestDatabase};
use mkbill_core::voucher::Voucher;
use mkbill_core::voucher::batch::{Batch, NewBatch};
use mkbill_core::voucher::code::{CodeShape, LoginMode};
use mkbill_core::voucher::store::{BatchFilter, VoucherFilter};
use mkbill_core::worker::{TickReport, Worker};
use mkbill_routeros::client::Timeouts;
use mkbill_routeros::provisioning::RouterOsController;
use mkbill_routeros::sim::{LoginRefusal, Mac, RouterOs, Simulator, TimeSource};

use crate::support::beginning;

/// How often routers are looked at.
pub(crate) const POLL: SignedDuration = SignedDuration::from_secs(30);
/// A dead worker's lease has run out after this, and every retry is due.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_mins(6);
/// A price per voucher: sold for 5.000, bought for 3.000.
pub(crate) const SELL: i64 = 5_000;
const COST: i64 = 3_000;
const PASSWORD: &str = "s3cret-of-the-router";

/// A whole business.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) database: TestDatabase,
    pub(crate) router: Simulator,
    pub(crate) billing: Billing,
    pub(crate) worker: Worker,
    master_key: MasterKey,
    seed: u64,
    out: Option<Arc<dyn Outbound>>,
}

impl World {
    /// A business with one router `pos-1` (RouterOS 7.18) that is known and looked at.
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::with_routeros(engine, RouterOs::V7_18).await
    }

    /// The same, on another RouterOS.
    pub(crate) async fn with_routeros(engine: Engine, routeros: RouterOs) -> Self {
        Self::built(engine, routeros, &Arc::new(CrashSwitch::never())).await
    }

    /// The same, in a process that dies where `switch` says.
    pub(crate) async fn built(
        engine: Engine,
        routeros: RouterOs,
        switch: &Arc<CrashSwitch>,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(beginning()));
        let router = simulator(&clock, routeros).await;
        let database = TestDatabase::new(engine).await;
        let (master_key, _) = MasterKey::generate(&SeededEntropy::new(7));
        let out = Some(way_out());
        let billing = engine_of(&database, &clock, &master_key, 1, switch, out.as_ref()).await;
        let worker = Worker::new(billing.clone());
        Self { clock, database, router, billing, worker, master_key, seed: 1, out }
    }

    /// Makes `pos-1` known to the engine and lets the worker look at it.
    pub(crate) async fn with_known_router(self) -> Self {
        self.add_router("pos-1", &self.router).await.expect("a new name");
        self.tick().await;
        self
    }

    /// Ends the process and starts it again on the same database.
    pub(crate) async fn restart(&mut self) {
        self.seed += 1;
        let never = Arc::new(CrashSwitch::never());
        self.billing = self.engine(self.seed, &never).await;
        self.worker = Worker::new(self.billing.clone());
    }

    /// The same, reaching web servers elsewhere in another way from now on.
    pub(crate) async fn reach_out_by(&mut self, out: Option<Arc<dyn Outbound>>) {
        self.out = out;
        self.restart().await;
    }

    async fn engine(&self, seed: u64, switch: &Arc<CrashSwitch>) -> Billing {
        let out = self.out.as_ref();
        engine_of(&self.database, &self.clock, &self.master_key, seed, switch, out).await
    }

    /// Another worker process on the same database.
    pub(crate) async fn another_worker(&self, seed: u64) -> Worker {
        self.dying_worker(seed, &Arc::new(CrashSwitch::never())).await
    }

    /// Another worker process, which dies where `switch` says.
    pub(crate) async fn dying_worker(&self, seed: u64, switch: &Arc<CrashSwitch>) -> Worker {
        Worker::new(self.dying_engine(seed, switch).await)
    }

    /// The engine of another process, which dies where `switch` says.
    pub(crate) async fn dying_engine(&self, seed: u64, switch: &Arc<CrashSwitch>) -> Billing {
        self.engine(seed, switch).await
    }

    /// Lets a worker process die at its `event`-th event, and another one go on when its lease is over;
    /// `false` if the first one came to its end before.
    pub(crate) async fn tick_after_a_death(&self, event: u64) -> bool {
        let switch = Arc::new(CrashSwitch::at(event));
        let worker = self.dying_worker(1_000 + event, &switch).await;
        let ticked = worker.tick().await;
        if !switch.is_dead() {
            ticked.expect("only death stops a tick");
            return false;
        }
        self.after(LEASE).await;
        true
    }

    pub(crate) async fn add_router(&self, name: &str, router: &Simulator) -> Result<Router, Error> {
        self.billing.add_router(&clerk(), request_for(name, router)).await
    }

    /// What adding the world's own router asks for.
    pub(crate) fn router_request(&self, name: &str) -> NewRouter {
        request_for(name, &self.router)
    }

    /// A plan on profile `default`, valid one day from first login.
    pub(crate) async fn daily_plan(&self) -> Plan {
        self.billing.add_plan(&clerk(), daily()).await.expect("a new name")
    }

    pub(crate) async fn plan(&self, name: &str, profile: &str, limits: Limits) -> Plan {
        self.billing.add_plan(&clerk(), new_plan(name, profile, limits)).await.expect("a new name")
    }

    /// What a batch of `count` of a plan on `pos-1` asks for.
    pub(crate) async fn request(&self, plan: &Plan, count: u32) -> NewBatch {
        request(self.billing.router("pos-1").await.expect("it was added").id, plan, count)
    }

    pub(crate) async fn batch(&self, plan: &Plan, count: u32) -> BatchView {
        let request = self.request(plan, count).await;
        self.billing.create_batch(&clerk(), request).await.expect("a good request").value
    }

    /// A batch of one-day vouchers, on the router already; answers their codes.
    pub(crate) async fn pushed_codes(&self, count: u32) -> Vec<String> {
        let plan = self.daily_plan().await;
        let batch = self.batch(&plan, count).await;
        self.tick().await;
        self.codes(&batch).await
    }

    pub(crate) async fn codes(&self, batch: &BatchView) -> Vec<String> {
        codes_of(&self.billing, batch.batch.id).await.expect("a page")
    }

    pub(crate) async fn batches(&self) -> Vec<Batch> {
        self.billing.batches(&BatchFilter::default(), page_of(10)).await.unwrap().items
    }

    pub(crate) async fn voucher(&self, code: &str) -> Voucher {
        self.billing.voucher(code).await.expect("a known code")
    }

    pub(crate) async fn state(&self, code: &str) -> &'static str {
        self.voucher(code).await.state.name()
    }

    /// Does everything that is due.
    pub(crate) async fn tick(&self) -> TickReport {
        self.worker.tick().await.expect("the store works")
    }

    /// Lets time pass and does everything that is due then.
    pub(crate) async fn after(&self, span: SignedDuration) -> TickReport {
        self.clock.advance(span);
        self.tick().await
    }

    /// The next look at every router.
    pub(crate) async fn poll(&self) -> TickReport {
        self.after(POLL).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A customer with device number `device` types a code.
    pub(crate) fn log_in(&self, code: &str, device: u32) -> Result<(), LoginRefusal> {
        let address: IpAddr = format!("10.5.50.{}", device % 250 + 2).parse().expect("an address");
        self.router
            .router(|router| router.login(code, code, Mac::numbered(device), address).map(drop))
    }

    pub(crate) fn log_out(&self, device: u32) {
        self.router.router(|router| router.logout(Mac::numbered(device)));
    }

    pub(crate) fn on_router(&self, code: &str) -> bool {
        self.router.router(|router| router.value(USERS, code, "name").is_some())
    }

    pub(crate) fn is_online(&self, code: &str) -> bool {
        self.router.router(|router| router.is_online(code))
    }

    /// What a user's property says on the router.
    pub(crate) fn shown(&self, code: &str, property: &str) -> Option<String> {
        self.router.router(|router| router.value(USERS, code, property))
    }

    /// Runs a console command on the router, as its operator would.
    pub(crate) fn console(&self, path: &str, words: &[&str]) {
        self.router
            .router(|router| router.run(path, words).map(drop))
            .expect("the console takes it");
    }

    /// All objects of the router that carry no mark of ours, byte for byte, but for accounts: the
    /// router notes there when they log in.
    pub(crate) fn foreign_objects(&self) -> String {
        let ours = |comment: Option<&[u8]>| {
            comment.is_some_and(|c| {
                c.starts_with(b"VOUCHER_SYSTEM|") || c.starts_with(b"PPPOE_SYSTEM|")
            })
        };
        let is_account = |path: &str| path == "/user";
        self.router
            .export_objects(|object| !is_account(object.path()) && !ours(object.get("comment")))
    }
}

fn request_for(name: &str, router: &Simulator) -> NewRouter {
    let address = router.addr();
    NewRouter {
        name: name.parse().expect("a name"),
        address: RouterAddress::new(&address.ip().to_string(), address.port()).expect("an address"),
        security: LinkSecurity::Plain,
        username: "billing".to_owned(),
        password: PASSWORD.to_owned().into(),
    }
}

fn new_plan(name: &str, profile: &str, limits: Limits) -> NewPlan {
    let prices = Prices::new(Money::rupiah(COST), Money::rupiah(SELL)).expect("cost below sale");
    let name = name.parse().expect("a name");
    NewPlan { name, router_profile: profile.to_owned(), prices, limits, terms: None }
}

/// A plan on profile `default`, valid one day from first login.
pub(crate) fn daily() -> NewPlan {
    let validity = Some(SignedDuration::from_hours(24));
    new_plan("daily", "default", Limits { validity, ..Limits::default() })
}

/// What a batch of `count` of a plan asks for.
pub(crate) fn request(router: RouterId, plan: &Plan, count: u32) -> NewBatch {
    NewBatch {
        router,
        plan: plan.id,
        vendor: None,
        count,
        shape: CodeShape { prefix: "".parse().expect("no prefix"), random_chars: 9 },
        login_mode: LoginMode::Same,
        prices: None,
        sell_by: None,
    }
}

/// The codes of a batch, at most 200.
pub(crate) async fn codes_of(billing: &Billing, batch: BatchId) -> Result<Vec<String>, Error> {
    let filter = VoucherFilter { batch: Some(batch), ..VoucherFilter::default() };
    let page = billing.vouchers(&filter, page_of(200)).await?;
    Ok(page.items.iter().map(|voucher| voucher.code.as_str().to_owned()).collect())
}

/// The hotspot user menu.
pub(crate) const USERS: &str = "/ip/hotspot/user";

/// The person at the counter.
pub(crate) fn clerk() -> Caller {
    Caller::new(Actor::cli("clerk"))
}

pub(crate) fn page_of<K: SortKey>(limit: u32) -> PageRequest<K> {
    PageRequest::new(None, limit).expect("a good limit")
}

/// A router on loopback that shares the world's clock.
pub(crate) async fn simulator(clock: &Arc<ManualClock>, routeros: RouterOs) -> Simulator {
    let clock = Arc::clone(clock);
    let simulator = Simulator::builder()
        .routeros(routeros)
        .username("billing")
        .password(PASSWORD)
        .clock(TimeSource::Following(Arc::new(move || clock.now())))
        .start();
    simulator.await.expect("a free port on loopback")
}

/// A way to web servers on loopback, and to no other private address.
pub(crate) fn way_out() -> Arc<dyn Outbound> {
    let loopback = "127.0.0.0/8".parse().expect("a network");
    Arc::new(GuardedHttp::default().allowing(loopback))
}

async fn engine_of(
    database: &TestDatabase,
    clock: &Arc<ManualClock>,
    master_key: &MasterKey,
    seed: u64,
    switch: &Arc<CrashSwitch>,
    out: Option<&Arc<dyn Outbound>>,
) -> Billing {
    let entropy = Arc::new(SeededEntropy::new(seed));
    let timeouts = Timeouts {
        connect: Duration::from_secs(2),
        login: Duration::from_secs(2),
        command: Duration::from_secs(2),
    };
    let controller = RouterOsController::new(entropy.clone()).with_timeouts(timeouts);
    let hook: Arc<dyn mkbill_core::sql::StatementHook> = switch.clone();
    let builder = match out {
        Some(out) => Billing::builder().outbound(Arc::clone(out)),
        None => Billing::builder(),
    };
    builder
        .store(database.store(Some(hook)).await)
        .controller(Arc::new(controller))
        .clock(clock.clone())
        .entropy(entropy)
        .master_key(master_key.clone())
        .zone(BusinessZone::named("Asia/Jakarta").expect("a zone"))
        .poll_every(POLL)
        .build()
        .expect("all parts are there")
}
