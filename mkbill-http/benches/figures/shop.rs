//! A business to measure: an engine with a worker on a fresh database, and one router.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mkbill_core::billing::{Billing, PassReport};
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::money::Money;
use mkbill_core::kernel::page::{PAGE_ITEMS_MAX, PageRequest};
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::plan::{Limits, NewPlan, Plan, Prices};
use mkbill_core::router::{LinkSecurity, NewRouter, Router, RouterAddress};
use mkbill_core::store::Store;
use mkbill_core::testkit::{Engine, ManualClock, TestDatabase};
use mkbill_core::voucher::batch::NewBatch;
use mkbill_core::voucher::code::{CodeShape, LoginMode};
use mkbill_core::voucher::store::VoucherFilter;
use mkbill_core::worker::Worker;
use mkbill_routeros::provisioning::RouterOsController;
use secrecy::SecretString;

use crate::router::{PASSWORD, RouterProcess, USERNAME};

/// How often routers are looked at.
const POLL: SignedDuration = SignedDuration::from_secs(30);

/// A business with one router that was looked at, and a plan.
pub(crate) struct Shop {
    pub(crate) database: TestDatabase,
    pub(crate) master_key: SecretString,
    pub(crate) device: RouterProcess,
    clock: Arc<ManualClock>,
    store: Arc<dyn Store>,
    billing: Billing,
    worker: Worker,
    router: Router,
    plan: Plan,
}

impl Shop {
    /// Opens one on a fresh database. Its time begins at `beginning` and moves only when told; its
    /// router takes `service_time` for each command.
    pub(crate) async fn open(engine: Engine, beginning: Timestamp, service_time: Duration) -> Self {
        let device = RouterProcess::start(service_time, beginning);
        let clock = Arc::new(ManualClock::at(beginning));
        let database = TestDatabase::new(engine).await;
        let store = database.store(None).await;
        let (key, master_key) = MasterKey::generate(&OsEntropy);
        let billing = Billing::builder()
            .store(Arc::clone(&store))
            .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
            .clock(Arc::clone(&clock) as _)
            .master_key(key)
            .poll_every(POLL)
            .build()
            .expect("all parts are there");
        let worker = Worker::new(billing.clone());
        let router = billing.add_router(&clerk(), new_router(&device)).await.expect("a new name");
        let plan = billing.add_plan(&clerk(), new_plan()).await.expect("a new name");
        let shop =
            Self { database, master_key, device, clock, store, billing, worker, router, plan };
        shop.tick().await;
        shop
    }

    /// Makes a batch of `count` vouchers.
    pub(crate) async fn make_batch(&self, count: u32) {
        let request = NewBatch {
            router: self.router.id,
            plan: self.plan.id,
            vendor: None,
            count,
            shape: CodeShape::default(),
            login_mode: LoginMode::Same,
            prices: None,
            sell_by: None,
        };
        let made = self.billing.create_batch(&clerk(), request).await.expect("a good request");
        assert_eq!(made.value.tally.pending_push, count, "all vouchers are made");
    }

    /// Lets the worker bring `count` new vouchers to the router.
    pub(crate) async fn push(&self, count: usize) {
        assert_eq!(self.tick().await.pushed, count, "all new vouchers reach the router");
    }

    /// The next look at the router.
    pub(crate) async fn poll(&mut self) -> Done {
        self.clock.advance(POLL);
        self.device.advance(POLL);
        self.tick().await
    }

    /// The engine.
    pub(crate) fn billing(&self) -> &Billing {
        &self.billing
    }

    /// Where its books are.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The codes of all vouchers.
    pub(crate) async fn codes(&self) -> Vec<String> {
        let (mut codes, mut after) = (Vec::new(), None);
        loop {
            let page = PageRequest::new(after, PAGE_ITEMS_MAX).expect("a good limit");
            let page = self.billing.vouchers(&VoucherFilter::default(), page).await;
            let page = page.expect("the store works");
            codes.extend(page.items.iter().map(|voucher| voucher.code.as_str().to_owned()));
            after = page.next;
            if after.is_none() {
                return codes;
            }
        }
    }

    /// Opens or closes a voucher.
    pub(crate) async fn switch(&self, code: &str, open: bool) {
        let done = if open {
            self.billing.enable_voucher(&clerk(), code).await
        } else {
            self.billing.disable_voucher(&clerk(), code).await
        };
        done.expect("it is in the other state");
    }

    /// Ends the engine; the database and the router stay.
    pub(crate) async fn close(self) -> (TestDatabase, SecretString, RouterProcess) {
        self.store.close().await;
        (self.database, self.master_key, self.device)
    }

    /// Does what is due.
    pub(crate) async fn tick(&self) -> Done {
        let report = self.worker.tick().await.expect("the store works");
        assert!(!report.passes.is_empty(), "the router is due");
        report.passes.iter().fold(Done::default(), Done::and)
    }
}

/// What the worker did on the router.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) pushed: usize,
    pub(crate) first_logins: usize,
    pub(crate) changed: usize,
    pub(crate) drifted: usize,
}

impl Done {
    fn and(self, pass: &PassReport) -> Self {
        assert_eq!(pass.error, None, "a pass succeeds");
        Self {
            pushed: self.pushed + pass.pushed,
            first_logins: self.first_logins + pass.first_logins,
            changed: self.changed + pass.changed,
            drifted: self.drifted + pass.drift.len(),
        }
    }
}

/// The person at the counter.
fn clerk() -> Caller {
    Caller::new(Actor::cli("clerk"))
}

fn new_router(device: &RouterProcess) -> NewRouter {
    let address = device.address();
    NewRouter {
        name: "pos-1".parse().expect("a name"),
        address: RouterAddress::new(&address.ip().to_string(), address.port()).expect("an address"),
        security: LinkSecurity::Plain,
        username: USERNAME.to_owned(),
        password: PASSWORD.to_owned().into(),
    }
}

/// One day from first login for 5.000, bought for 3.000.
fn new_plan() -> NewPlan {
    NewPlan {
        name: "daily".parse().expect("a name"),
        router_profile: "default".to_owned(),
        prices: Prices::new(Money::rupiah(3_000), Money::rupiah(5_000)).expect("cost below sale"),
        limits: Limits { validity: Some(SignedDuration::from_hours(24)), ..Limits::default() },
        terms: None,
    }
}
