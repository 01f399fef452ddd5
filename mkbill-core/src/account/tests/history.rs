//! An account that lives through a history, and what must hold at every moment of it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::account::book::{CustomerAccount, Holder};
use crate::account::correct::Overdraw;
use crate::account::desk::Desk;
use crate::account::subscribe::NewSubscription;
use crate::invoice::{Invoice, InvoiceKind, InvoiceState};
use crate::kernel::caller::Caller;
use crate::kernel::context::Context;
use crate::kernel::document::DocumentNumber;
use crate::kernel::entropy::{Entropy, OsEntropy};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, InvoiceId, PaymentId, PlanId, SubscriptionId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::secret::MasterKey;
use crate::kernel::time::BusinessZone;
use crate::ledger::carry_over::{CarryOverPolicy, WholePeriod};
use crate::ledger::{Account, Entry};
use crate::payment::{Method, Part, Payment};
use crate::plan::terms::{BillingMode, Service, Terms};
use crate::plan::{Limits, Plan, Prices};
use crate::settings::{Defaults, InForce, Settings};
use crate::subscription::{Discount, SubscriptionState};

/// An account and its surroundings. Nothing is written anywhere.
pub(super) struct History {
    pub(super) account: CustomerAccount,
    pub(super) now: Timestamp,
    pub(super) plans: Vec<Plan>,
    pub(super) policy: Box<dyn CarryOverPolicy>,
    entropy: Box<dyn Entropy>,
    key: MasterKey,
    zone: BusinessZone,
    caller: Caller,
    /// Subscriptions that stood still: their periods may leave a gap.
    stood_still: HashSet<SubscriptionId>,
}

pub(super) fn terms(price: i64) -> Terms {
    let prices = Prices::new(Money::rupiah(0), Money::rupiah(price)).unwrap();
    Terms::monthly(prices, Service::Pppoe)
}

impl History {
    /// 08:00 in Jakarta on 10 January 2026, no plans, no money.
    pub(super) fn new() -> Self {
        let now = "2026-01-10T01:00:00Z".parse().unwrap();
        let holder = Holder {
            id: CustomerId::new(now, &OsEntropy),
            credit_limit: None,
            high_debt_since: None,
            credit_reminded_at: None,
        };
        Self {
            account: CustomerAccount::empty(holder),
            now,
            plans: Vec::new(),
            policy: Box::new(WholePeriod),
            entropy: Box::new(OsEntropy),
            key: MasterKey::generate(&OsEntropy).0,
            zone: BusinessZone::named("Asia/Jakarta").unwrap(),
            caller: Caller::engine(),
            stood_still: HashSet::new(),
        }
    }

    pub(super) fn plan(&mut self, terms: Terms) -> PlanId {
        let plan = Plan {
            id: PlanId::new(self.now, &OsEntropy),
            name: format!("plan {}", self.plans.len()).parse().unwrap(),
            router_profile: "default".to_owned(),
            prices: terms.prices,
            limits: Limits::default(),
            terms: Some(terms),
            created_at: self.now,
            retired_at: None,
            revision: 1,
        };
        let id = plan.id;
        self.plans.push(plan);
        id
    }

    /// Does something to the account as a use case would.
    pub(super) fn act<T>(
        &mut self,
        act: impl FnOnce(&mut CustomerAccount, &Desk<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let context = Context {
            now: self.now,
            entropy: self.entropy.as_ref(),
            zone: &self.zone,
            caller: &self.caller,
        };
        let high_debt = Money::rupiah(500_000);
        let defaults = Defaults { sign_in_slow_down: true, high_debt };
        let settings = Arc::new(InForce { settings: Settings::untouched(), defaults });
        let mut desk = Desk::new(context, self.policy.as_ref(), &self.key, settings);
        for plan in &self.plans {
            desk.plans.insert(plan.id, plan.clone());
        }
        let before = self.account.clone();
        let done = act(&mut self.account, &desk);
        match &done {
            Ok(_) => {
                self.account.set_alarms(&desk);
                self.account.watch_debt(&desk)?;
            }
            Err(_) => self.account = before,
        }
        done
    }

    pub(super) fn subscribe(&mut self, terms: Terms) -> usize {
        let plan = self.plan(terms);
        let zone = self.zone.clone();
        let id = SubscriptionId::new(self.now, &OsEntropy);
        let new = NewSubscription { id, plan, login: None, zone, discount: Discount::default() };
        self.act(|account, desk| account.subscribe(desk, new)).unwrap()
    }

    pub(super) fn pay(&mut self, amount: i64) -> PaymentId {
        self.pay_for(None, amount)
    }

    pub(super) fn pay_for(
        &mut self,
        subscription: Option<SubscriptionId>,
        amount: i64,
    ) -> PaymentId {
        let amount = Money::rupiah(amount);
        let payment = Payment {
            id: PaymentId::new(self.now, &OsEntropy),
            number: DocumentNumber::pending(),
            customer: Some(self.account.holder.id),
            subscription,
            amount,
            parts: vec![Part { method: Method::Cash, reference: None, amount }],
            received_on: self.today(),
            reference: None,
            note: None,
            recorded_at: self.now,
            recorded_by: "cli:clerk".to_owned(),
            matched_at: None,
            reversal: None,
            revision: 1,
        };
        let id = payment.id;
        self.act(|account, desk| account.receive(desk, payment, None)).unwrap();
        id
    }

    pub(super) fn reverse(&mut self, id: PaymentId) -> Result<(), Error> {
        let payment = self.account.payments.iter().rev().find(|payment| payment.id == id).unwrap();
        let payment = (**payment).clone();
        self.act(|account, desk| {
            account.reverse(desk, payment, "a mistake")?;
            (0..account.kept.len()).try_for_each(|index| account.advance(desk, index))
        })
    }

    pub(super) fn adjust(&mut self, amount: i64) {
        let amount = Money::rupiah(amount);
        self.act(|account, desk| {
            account.adjust(desk, None, amount, Overdraw::Allowed, "a correction")
        })
        .unwrap();
    }

    pub(super) fn today(&self) -> Date {
        self.zone.date(self.now)
    }

    /// Lets days pass; every subscription is looked at when it is due.
    pub(super) fn days(&mut self, days: u32) {
        for _ in 0..days {
            self.now = self.now.checked_add(SignedDuration::from_hours(24)).unwrap();
            self.tick();
        }
    }

    /// Lets days pass with nobody at work.
    pub(super) fn sleep(&mut self, days: i64) {
        self.now = self.now.checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    }

    pub(super) fn until(&mut self, day: Date) {
        while self.today() < day {
            self.days(1);
        }
    }

    pub(super) fn tick(&mut self) {
        for index in 0..self.account.kept.len() {
            let due = self.account.kept[index].subscription.due_at;
            if due.is_some_and(|due| due <= self.now) {
                self.act(|account, desk| account.advance(desk, index)).unwrap();
            }
        }
    }

    pub(super) fn invoice(&self, position: usize) -> &Invoice {
        &self.account.invoices[position]
    }

    pub(super) fn open(&self) -> Vec<InvoiceId> {
        let open = self.account.invoices.iter().filter(|invoice| invoice.is_open());
        open.map(|invoice| invoice.id).collect()
    }

    pub(super) fn state(&self, index: usize) -> &'static str {
        self.account.kept[index].subscription.state.name().name()
    }

    pub(super) fn until_day(&self, index: usize) -> Option<Date> {
        self.account.kept[index].subscription.service_until
    }

    pub(super) fn credit(&self) -> i64 {
        self.account.credit.iter().map(|credit| credit.amount.minor()).sum()
    }

    pub(super) fn owed(&self) -> i64 {
        let invoices = self.account.invoices.iter();
        invoices.map(|invoice| invoice.outstanding().unwrap().minor()).sum()
    }

    /// The sum of an account in the books.
    pub(super) fn booked(&self, account: Account) -> i64 {
        let postings = self.account.entries.iter().flat_map(Entry::postings);
        postings.filter(|side| side.account == account).map(|side| side.amount.minor()).sum()
    }

    pub(super) fn note_standstill(&mut self, index: usize) {
        self.stood_still.insert(self.account.kept[index].subscription.id);
    }

    /// Everything that must hold at any moment.
    pub(super) fn check(&self) {
        self.check_books();
        self.check_invoices();
        for index in 0..self.account.kept.len() {
            self.check_periods(index);
        }
    }

    fn check_books(&self) {
        let all: i64 = Account::ALL.iter().map(|account| self.booked(*account)).sum();
        assert_eq!(all, 0, "the trial balance is zero");
        assert_eq!(
            self.booked(Account::Receivable),
            self.owed(),
            "what is owed stands in the books"
        );
        assert_eq!(-self.booked(Account::CustomerCredit), self.credit(), "and so does credit");
        let mut causes = HashSet::new();
        for entry in &self.account.entries {
            assert!(causes.insert(entry.cause), "{:?} is booked once", entry.cause);
            let amounts = entry.postings().iter().map(|side| side.amount);
            assert!(Money::sum(Currency::IDR, amounts).unwrap().is_zero());
        }
        let paid: i64 = self.live().map(|(_, amount)| amount).sum();
        let notes: i64 = self.account.credit_notes.iter().map(|note| note.amount.minor()).sum();
        let given = -self.booked(Account::Adjustments);
        assert_eq!(
            self.booked(Account::Cash) + notes - given,
            paid + self.credit(),
            "money in is money spent and money left"
        );
    }

    fn live(&self) -> impl Iterator<Item = (InvoiceId, i64)> {
        let live = self.account.allocations.iter().filter(|held| held.released_at.is_none());
        live.map(|held| (held.invoice, held.amount.minor()))
    }

    fn check_invoices(&self) {
        let mut paid: BTreeMap<InvoiceId, i64> = BTreeMap::new();
        for (invoice, amount) in self.live() {
            *paid.entry(invoice).or_default() += amount;
        }
        let mut periods = HashSet::new();
        for invoice in &self.account.invoices {
            let expected = paid.get(&invoice.id).copied().unwrap_or(0);
            assert_eq!(invoice.paid.minor(), expected, "{:?}", invoice.state);
            assert!((0..=invoice.total.minor()).contains(&expected));
            let is_paid = matches!(invoice.state, InvoiceState::Paid { .. });
            assert_eq!(is_paid, invoice.is_settled(), "{invoice:?}");
            if invoice.kind == InvoiceKind::Period
                && !matches!(invoice.state, InvoiceState::Void { .. })
            {
                let key = (invoice.subscription, invoice.period.unwrap().number);
                assert!(periods.insert(key), "a period is billed once");
            }
        }
    }

    fn check_periods(&self, index: usize) {
        let kept = &self.account.kept[index];
        let gaps = self.stood_still.contains(&kept.subscription.id);
        for (number, row) in (0_u32..).zip(&kept.periods) {
            assert_eq!(row.number, number);
            assert!(row.period.start < row.period.end);
        }
        for pair in kept.periods.windows(2) {
            let (end, start) = (pair[0].period.end, pair[1].period.start);
            assert!(end <= start, "periods never overlap");
            assert!(gaps || end == start, "{end} and {start} touch");
        }
        let billed = kept.subscription.schedule.next as usize;
        let begun = usize::from(kept.subscription.terms.billing == BillingMode::Postpaid);
        assert_eq!(kept.periods.len(), billed + begun);
        if matches!(kept.subscription.state, SubscriptionState::Cancelled { .. }) {
            assert_eq!(kept.subscription.due_at, None);
        }
    }
}

impl Invoice {
    fn is_settled(&self) -> bool {
        self.paid == self.total
            && !matches!(self.state, InvoiceState::Void { .. } | InvoiceState::CarriedOver { .. })
    }
}

pub(super) fn prepare(policy: impl CarryOverPolicy + 'static) -> History {
    History { policy: Box::new(policy), ..History::new() }
}
