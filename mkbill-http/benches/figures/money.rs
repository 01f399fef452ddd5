//! Billing many subscriptions, taking payments, adding up large books.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::{CustomerId, EntryId, PaymentId, PlanId, SubscriptionId};
use mkbill_core::kernel::money::Money;
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::kernel::time::{BusinessZone, Clock as _, SystemClock};
use mkbill_core::ledger::{Account, Cause, Entry, Posting};
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::plan::terms::{Service, Terms};
use mkbill_core::plan::{Limits, NewPlan, Prices};
use mkbill_core::report::store::StatementRange;
use mkbill_core::store::{Access, Store};
use mkbill_core::subscription::cycle::{Period, add_days};
use mkbill_core::subscription::period::BilledPeriod;
use mkbill_core::subscription::{Discount, Schedule, Subscription, SubscriptionState};
use mkbill_core::testkit::{Engine, ManualClock, TestDatabase};
use mkbill_routeros::provisioning::RouterOsController;

use crate::runs::{median, timed};
use crate::table::{Amount, Figure, Target};

const SUBSCRIPTIONS: u32 = 100_000;
const DUE: u32 = 10_000;
const PER_TRANSACTION: u32 = 2_000;
const PRICE: i64 = 150_000;
const PAYMENTS: usize = 201;
const STATEMENT: usize = 1_000;
const ENTRIES: u32 = 1_000_000;

/// Books of a large provider: the engine, and customers whose invoice is due.
struct Provider {
    billing: Billing,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    due: Vec<CustomerId>,
    _database: TestDatabase,
}

pub(crate) async fn figures(engine: Engine) -> Vec<Figure> {
    let mut provider = Provider::open(engine).await;
    let billing = billing(&provider).await;
    let payment = paying(&mut provider).await;
    let statement = telling(&mut provider).await;
    let balance = adding_up(&provider).await;
    let least = if engine == Engine::Sqlite { 4_000 } else { 1_500 };
    let at_most = |millis| Target::AtMost(Amount::Time(Duration::from_millis(millis)));
    vec![
        Figure::new(
            "invoices a second, 10,000 of 100,000 subscriptions due",
            Target::AtLeast(Amount::Rate(least)),
            billing,
        ),
        Figure::new("record a payment that pays an invoice", at_most(5), payment),
        Figure::new("statement of 1,000 entries, read in pages", at_most(20), statement),
        Figure::new("trial balance over 1,000,000 entries", at_most(1_500), balance),
    ]
}

async fn billing(provider: &Provider) -> Amount {
    let took = timed(async {
        let run = provider.billing.bill_due().await.expect("the store works");
        assert_eq!(run.issued, DUE as usize, "everybody who is due gets an invoice");
        assert!(run.failed.is_empty());
    });
    let micros = took.await.as_micros().max(1);
    Amount::Rate(u64::try_from(u128::from(DUE) * 1_000_000 / micros).expect("a rate"))
}

async fn paying(provider: &mut Provider) -> Amount {
    let mut customers = provider.due.split_off(PAYMENTS).into_iter();
    let (billing, clock) = (provider.billing.clone(), provider.clock.clone());
    let took = median(PAYMENTS, async || {
        clock.advance(SignedDuration::from_millis(1));
        let customer = customers.next().expect("enough customers");
        let payment = NewPayment::whole(customer, Money::rupiah(PRICE + 5_000), Method::Cash);
        timed(async {
            let made = billing.record_payment(&clerk(), payment).await.expect("it is taken");
            assert_eq!(made.value.paid.len(), 1, "it pays the invoice");
        })
        .await
    });
    Amount::Time(took.await)
}

/// A customer pays in small parts, and asks for the statement, page by page.
async fn telling(provider: &mut Provider) -> Amount {
    let customer = provider.due.pop().expect("enough customers");
    let mut lines = statement(provider, customer).await;
    while lines < STATEMENT {
        provider.clock.advance(SignedDuration::from_millis(1));
        let payment = NewPayment::whole(customer, Money::rupiah(100), Method::Cash);
        provider.billing.record_payment(&clerk(), payment).await.expect("it is taken");
        lines = statement(provider, customer).await;
    }
    let took = median(21, async || {
        timed(async { assert!(statement(provider, customer).await >= STATEMENT) }).await
    });
    Amount::Time(took.await)
}

/// Reads a whole statement; answers how many entries it has.
async fn statement(provider: &Provider, customer: CustomerId) -> usize {
    let (mut count, mut range) = (0, StatementRange::default());
    loop {
        let page = provider.billing.statement(customer, range).await.expect("the store works");
        count += page.lines.len();
        if page.next.is_none() {
            return count;
        }
        range.after = page.next;
    }
}

async fn adding_up(provider: &Provider) -> Amount {
    let now = provider.clock.now();
    let (zone, count) = (provider.billing.zone().date(now), ENTRIES / PER_TRANSACTION);
    for _ in 0..count {
        let entries: Vec<Entry> = (0..PER_TRANSACTION).map(|n| takings(now, zone, n)).collect();
        let mut tx = provider.store.begin(Access::Write).await.expect("the store works");
        tx.ledger_append_all(&entries).await.expect("new causes");
        tx.commit().await.expect("the store works");
    }
    let took = median(5, async || {
        timed(async {
            let rows = provider.billing.trial_balance(None).await.expect("the store works");
            let debit: i64 = rows.iter().map(|row| row.debit.minor()).sum();
            assert_eq!(debit, rows.iter().map(|row| row.credit.minor()).sum::<i64>());
            assert!(debit > i64::from(ENTRIES), "all entries count");
        })
        .await
    });
    Amount::Time(took.await)
}

fn takings(now: Timestamp, day: Date, number: u32) -> Entry {
    let amount = Money::rupiah(i64::from(number) + 1);
    let back = amount.checked_neg().expect("a small amount");
    let sides = vec![Posting::new(Account::Cash, amount), Posting::new(Account::Suspense, back)];
    let cause = Cause::PaymentReceived(PaymentId::new(now, &OsEntropy));
    let id = EntryId::new(now, &OsEntropy);
    Entry::balanced(id, cause, day, now, sides).expect("two equal sides")
}

fn clerk() -> Caller {
    Caller::new(Actor::cli("clerk"))
}

fn terms() -> Terms {
    let prices = Prices::new(Money::rupiah(100_000), Money::rupiah(PRICE)).expect("prices");
    Terms::monthly(prices, Service::Pppoe)
}

impl Provider {
    async fn open(engine: Engine) -> Self {
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let database = TestDatabase::new(engine).await;
        let store = mkbill_core::open(database.url(), None).await.expect("the database opens");
        let (key, _) = MasterKey::generate(&OsEntropy);
        let billing = Billing::builder()
            .store(Arc::clone(&store))
            .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
            .test_clock(Arc::clone(&clock))
            .master_key(key)
            .build()
            .expect("all parts are there");
        let plan = NewPlan {
            name: "home".parse().expect("a name"),
            router_profile: "default".to_owned(),
            prices: terms().prices,
            limits: Limits::default(),
            terms: Some(terms()),
        };
        let plan = billing.add_plan(&clerk(), plan).await.expect("a new name").id;
        let mut provider = Self { billing, store, clock, due: Vec::new(), _database: database };
        provider.fill(plan).await;
        provider
    }

    async fn fill(&mut self, plan: PlanId) {
        for first in (0..SUBSCRIPTIONS).step_by(PER_TRANSACTION as usize) {
            let mut tx = self.store.begin(Access::Write).await.expect("the store works");
            let (mut subscriptions, mut periods) = (Vec::new(), Vec::new());
            for number in first..first + PER_TRANSACTION {
                let customer = crate::people::insert(tx.as_mut(), self.clock.now(), number).await;
                let (subscription, period) = self.subscription(customer, plan, number);
                if number.is_multiple_of(SUBSCRIPTIONS / DUE) {
                    self.due.push(customer);
                }
                subscriptions.push(subscription);
                periods.push(period);
            }
            tx.subscriptions_write(&subscriptions).await.expect("new ones");
            tx.periods_write(&periods).await.expect("new ones");
            tx.commit().await.expect("the store works");
        }
    }

    /// One that was paid for a month; every tenth month ends in a week, the others in three.
    fn subscription(
        &self,
        customer: CustomerId,
        plan: PlanId,
        number: u32,
    ) -> (Subscription, BilledPeriod) {
        let now = self.clock.now();
        let zone = BusinessZone::named("Asia/Jakarta").expect("a zone");
        let today = zone.date(now);
        let due = number.is_multiple_of(SUBSCRIPTIONS / DUE);
        let until = add_days(today, if due { 7 } else { 21 }).expect("a day soon");
        let anchor = until.checked_sub(jiff::Span::new().months(1)).expect("a day before");
        let id = SubscriptionId::new(now, &OsEntropy);
        let next = zone.start_of(add_days(today, 14).expect("a day soon")).expect("an instant");
        let subscription = Subscription {
            id,
            customer,
            plan,
            terms: terms(),
            profile: "default".to_owned(),
            next_plan: None,
            login: None,
            zone,
            schedule: Schedule { anchor: until, anchor_number: 1, next: 1 },
            service_until: Some(until),
            state: SubscriptionState::Active { since: anchor },
            ends_on: None,
            discount: Discount::default(),
            use_step: 0,
            due_at: Some(if due { now } else { next }),
            trouble: None,
            created_at: now,
            revision: 1,
        };
        let period = Period { start: anchor, end: until };
        let granted_days = period.days();
        (subscription, BilledPeriod { subscription: id, number: 0, period, granted_days })
    }
}
