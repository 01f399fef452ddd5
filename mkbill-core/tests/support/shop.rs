//! A provider that keeps books of customers, in one value. Nothing moves unless told to.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use mkbill_core::account::issue::ManualInvoice;
use mkbill_core::billing::{Billing, BillingRun, PaymentView, Standing, Subscribe};
use mkbill_core::customer::phone::{GivenPhone, Region};
use mkbill_core::customer::{Customer, NewCustomer};
use mkbill_core::invoice::draft::Item;
use mkbill_core::invoice::store::InvoiceFilter;
use mkbill_core::invoice::{Invoice, InvoiceStatus, LineKind};
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{CustomerId, PlanId, SubscriptionId};
use mkbill_core::kernel::money::Money;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::kernel::time::{BusinessZone, Clock as _};
use mkbill_core::ledger::Account;
use mkbill_core::ledger::carry_over::{CarryOverPolicy, WholePeriod};
use mkbill_core::notice::NoticeKind;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::plan::terms::{Service, Terms};
use mkbill_core::plan::{Limits, NewPlan, Prices};
use mkbill_core::sql::StatementHook;
use mkbill_core::store::{Access, Store};
use mkbill_core::subscription::cycle::Period;
use mkbill_core::subscription::period::BilledPeriod;
use mkbill_core::subscription::{Discount, Schedule, Subscription, SubscriptionState};
use mkbill_core::testkit::{CrashSwitch, Engine, ManualClock, SeededEntropy, TestDatabase};
use mkbill_routeros::provisioning::RouterOsController;

/// Who writes in stories.
pub(crate) fn clerk() -> Caller {
    Caller::new(Actor::cli("clerk"))
}

/// The same, who says why.
pub(crate) fn because(reason: &str) -> Caller {
    clerk().because(reason).expect("a short reason")
}

pub(crate) fn rupiah(amount: i64) -> Money {
    Money::rupiah(amount)
}

/// Monthly, prepaid, served at once.
pub(crate) fn terms(price: i64) -> Terms {
    Terms::monthly(Prices::new(rupiah(0), rupiah(price)).expect("a price"), Service::Pppoe)
}

/// An invoice for a cable.
pub(crate) fn charge(amount: i64, due_on: Date) -> ManualInvoice {
    let unit = rupiah(amount);
    let item = Item { kind: LineKind::Charge, text: "cable".to_owned(), quantity: 1, unit };
    ManualInvoice { subscription: None, items: vec![item], tax: None, due_on }
}

/// A provider with a store, a clock and no router.
pub(crate) struct Shop {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) database: TestDatabase,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) billing: Billing,
    pub(crate) parts: Parts,
}

/// From what its engine is made.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) zone: &'static str,
    pub(crate) policy: Arc<dyn CarryOverPolicy>,
    pub(crate) key: MasterKey,
    pub(crate) seed: u64,
}

impl Parts {
    pub(crate) fn standard() -> Self {
        let (key, _) = MasterKey::generate(&SeededEntropy::new(7));
        Self { zone: "Asia/Jakarta", policy: Arc::new(WholePeriod), key, seed: 1 }
    }
}

/// 08:00 in Jakarta on 10 January 2026.
pub(crate) fn opening() -> Timestamp {
    "2026-01-10T01:00:00Z".parse().expect("an instant")
}

impl Shop {
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::with(engine, Parts::standard()).await
    }

    pub(crate) async fn with(engine: Engine, parts: Parts) -> Self {
        Self::dying(engine, parts, &Arc::new(CrashSwitch::never())).await
    }

    /// In a process that dies where `switch` says.
    pub(crate) async fn dying(engine: Engine, parts: Parts, switch: &Arc<CrashSwitch>) -> Self {
        let clock = Arc::new(ManualClock::at(opening()));
        let database = TestDatabase::new(engine).await;
        let (store, billing) = engine_of(&database, &clock, &parts, switch.clone()).await;
        Self { clock, database, store, billing, parts }
    }

    /// From now on the process dies where `switch` says.
    pub(crate) async fn wire(&mut self, switch: &Arc<CrashSwitch>) {
        (self.store, self.billing) =
            engine_of(&self.database, &self.clock, &self.parts, switch.clone()).await;
    }

    /// An engine on the same database whose statements a hook stands around.
    pub(crate) async fn hooked(&self, hook: Arc<dyn StatementHook>) -> Billing {
        engine_of(&self.database, &self.clock, &self.parts, hook).await.1
    }

    /// As many customers, each with a subscription that was made now and is paid for a month.
    pub(crate) async fn crowd(&self, plan: PlanId, count: u32) {
        let now = self.clock.now();
        let zone = self.billing.zone().clone();
        let today = zone.date(now);
        let end = today.checked_add(jiff::Span::new().months(1)).expect("a day soon");
        let lead = end.checked_sub(jiff::Span::new().days(7)).expect("a day soon");
        let mut tx = self.store.begin(Access::Write).await.expect("the store works");
        let (mut subscriptions, mut periods) = (Vec::new(), Vec::new());
        let chance = SeededEntropy::new(9);
        for number in 0..count {
            let customer = new_customer(now, number, &chance);
            assert!(tx.customer_insert(&customer).await.expect("the store works"));
            let id = SubscriptionId::new(now, &chance);
            subscriptions.push(Subscription {
                id,
                customer: customer.id,
                plan,
                terms: terms(100_000),
                profile: "default".to_owned(),
                next_plan: None,
                login: None,
                zone: zone.clone(),
                schedule: Schedule { anchor: today, anchor_number: 0, next: 1 },
                service_until: Some(end),
                state: SubscriptionState::Active { since: today },
                ends_on: None,
                discount: Discount::default(),
                use_step: 0,
                due_at: Some(zone.start_of(lead).expect("an instant")),
                trouble: None,
                created_at: now,
                revision: 1,
            });
            let period = Period { start: today, end };
            let granted_days = period.days();
            periods.push(BilledPeriod { subscription: id, number: 0, period, granted_days });
        }
        tx.subscriptions_write(&subscriptions).await.expect("new ones");
        tx.periods_write(&periods).await.expect("new ones");
        tx.commit().await.expect("the store works");
    }

    /// Ends the process and starts it again on the same database.
    pub(crate) async fn restart(&mut self) {
        self.parts.seed += 1_000;
        // What a dead process had begun is rolled back when its connections end.
        self.store.close().await;
        let never = Arc::new(CrashSwitch::never());
        (self.store, self.billing) =
            engine_of(&self.database, &self.clock, &self.parts, never).await;
    }

    /// Another process on the same database.
    pub(crate) async fn another(&self, seed: u64) -> Billing {
        let never = Arc::new(CrashSwitch::never());
        let parts = Parts { seed, ..self.parts.clone() };
        engine_of(&self.database, &self.clock, &parts, never).await.1
    }

    pub(crate) async fn customer(&self, number: u32) -> CustomerId {
        let now = self.clock.now();
        let customer = new_customer(now, number, &SeededEntropy::new(u64::from(number) + 100));
        let mut tx = self.store.begin(Access::Write).await.expect("the store works");
        assert!(tx.customer_insert(&customer).await.expect("the store works"));
        tx.commit().await.expect("the store works");
        customer.id
    }

    pub(crate) async fn blacklisted(&self, number: u32) -> CustomerId {
        let customer = self.customer(number).await;
        let statement = "UPDATE customer SET status = 'blacklisted'";
        self.database.run(statement).await.expect("the console may");
        customer
    }

    pub(crate) fn today(&self) -> Date {
        self.billing.zone().date(self.clock.now())
    }

    /// When a customer was, or will be, told of something, in that order.
    pub(crate) async fn told(&self, customer: CustomerId, kind: NoticeKind) -> Vec<Timestamp> {
        let filter = NoticeFilter { customer: Some(customer), kind: Some(kind) };
        let page = PageRequest::new(None, 200).expect("a good limit");
        let told = self.billing.notices(filter, page).await.expect("a page").items;
        told.iter().rev().map(|notice| notice.not_before).collect()
    }

    pub(crate) async fn plan(&self, name: &str, terms: Terms) -> PlanId {
        let plan = NewPlan {
            name: name.parse().expect("a name"),
            router_profile: "default".to_owned(),
            prices: terms.prices,
            limits: Limits::default(),
            terms: Some(terms),
        };
        self.billing.add_plan(&clerk(), plan).await.expect("a new name").id
    }

    /// A subscription on a new plan of these terms.
    pub(crate) async fn subscribe(&self, customer: CustomerId, terms: Terms) -> SubscriptionId {
        self.moment();
        let name = format!("plan {}", self.clock.now());
        let plan = self.plan(&name, terms).await;
        self.subscribe_to(customer, plan).await
    }

    pub(crate) async fn subscribe_to(&self, customer: CustomerId, plan: PlanId) -> SubscriptionId {
        self.moment();
        let request =
            Subscribe { customer, plan, zone: None, discount: Discount::default(), login: None };
        let made = self.billing.subscribe(&clerk(), request).await.expect("a good request");
        made.value.subscription.id
    }

    pub(crate) async fn pay(&self, customer: CustomerId, amount: i64) -> PaymentView {
        self.moment();
        self.try_pay(NewPayment::whole(customer, rupiah(amount), Method::Cash)).await.expect("paid")
    }

    pub(crate) async fn try_pay(&self, payment: NewPayment) -> Result<PaymentView, Error> {
        Ok(self.billing.record_payment(&clerk(), payment).await?.value)
    }

    /// All invoices of a customer, in the order of issue.
    pub(crate) async fn invoices(&self, customer: CustomerId) -> Vec<Invoice> {
        let filter = InvoiceFilter { customer: Some(customer), ..InvoiceFilter::default() };
        let page = PageRequest::new(None, 200).expect("a good limit");
        let mut all = self.billing.invoices(&filter, page).await.expect("a page").items;
        all.reverse();
        all
    }

    /// Status, what is left to pay, of each invoice of a customer in the order of issue.
    pub(crate) async fn rests(&self, customer: CustomerId) -> Vec<(InvoiceStatus, i64)> {
        let all = self.invoices(customer).await;
        let rest = |invoice: &Invoice| invoice.outstanding().expect("an amount").minor();
        all.iter().map(|invoice| (invoice.status(), rest(invoice))).collect()
    }

    pub(crate) async fn standing(&self, customer: CustomerId) -> Standing {
        let standing = self.billing.standing(customer).await.expect("a customer");
        standing.into_iter().next().unwrap_or(Standing {
            currency: mkbill_core::Currency::IDR,
            credit: Vec::new(),
            owed: rupiah(0),
            balance: rupiah(0),
        })
    }

    pub(crate) async fn credit(&self, customer: CustomerId) -> i64 {
        let standing = self.standing(customer).await;
        standing.credit.iter().map(|(_, credit)| credit.minor()).sum()
    }

    pub(crate) async fn subscription(&self, id: SubscriptionId) -> Subscription {
        self.billing.subscription(id).await.expect("it was made").subscription
    }

    pub(crate) async fn state(&self, id: SubscriptionId) -> &'static str {
        self.subscription(id).await.state.name().name()
    }

    pub(crate) async fn until(&self, id: SubscriptionId) -> Option<Date> {
        self.subscription(id).await.service_until
    }

    /// A millisecond passes, so that what follows sorts behind what was.
    pub(crate) fn moment(&self) {
        self.clock.advance(SignedDuration::from_millis(1));
    }

    /// Does what is due.
    pub(crate) async fn tick(&self) -> BillingRun {
        self.billing.bill_due().await.expect("the store works")
    }

    /// Lets days pass, each with its work.
    pub(crate) async fn days(&self, days: u32) {
        for _ in 0..days {
            self.clock.advance(SignedDuration::from_hours(24));
            let run = self.tick().await;
            assert!(run.failed.is_empty(), "{:?}", run.failed);
        }
    }

    pub(crate) async fn until_day(&self, day: Date) {
        while self.billing.zone().date(self.clock.now()) < day {
            self.days(1).await;
        }
    }

    /// The sum of an account in the books.
    pub(crate) async fn booked(&self, account: Account) -> i64 {
        let books = self.billing.books().await.expect("the store works");
        let own = books.balances.iter().filter(|(name, _)| *name == account);
        own.map(|(_, sum)| sum.minor()).sum()
    }

    /// What must hold after every story.
    pub(crate) async fn check(&self, customers: &[CustomerId]) {
        let doctor = self.billing.doctor().await.expect("the store works");
        assert!(doctor.healthy(), "{:?}", doctor.findings);
        let (mut owed, mut credit) = (0, 0);
        for customer in customers {
            let standing = self.standing(*customer).await;
            owed += standing.owed.minor();
            credit += standing.credit.iter().map(|(_, held)| held.minor()).sum::<i64>();
        }
        assert_eq!(self.booked(Account::Receivable).await, owed);
        assert_eq!(-self.booked(Account::CustomerCredit).await, credit);
    }
}

fn new_customer(now: Timestamp, number: u32, chance: &SeededEntropy) -> Customer {
    let phone = GivenPhone::parse(&format!("0812{number:08}"), Region::ID).expect("a number");
    let new = NewCustomer::new(&format!("customer {number}"), phone);
    new.into_customer(CustomerId::new(now, chance), now)
}

async fn engine_of(
    database: &TestDatabase,
    clock: &Arc<ManualClock>,
    parts: &Parts,
    hook: Arc<dyn StatementHook>,
) -> (Arc<dyn Store>, Billing) {
    let store = database.store(Some(hook)).await;
    let entropy = Arc::new(SeededEntropy::new(parts.seed));
    let billing = Billing::builder()
        .store(Arc::clone(&store))
        .controller(Arc::new(RouterOsController::new(entropy.clone())))
        .test_clock(clock.clone())
        .entropy(entropy)
        .master_key(parts.key.clone())
        .zone(BusinessZone::named(parts.zone).expect("a zone"))
        .carry_over(Arc::clone(&parts.policy))
        .build()
        .expect("all parts are there");
    (store, billing)
}
