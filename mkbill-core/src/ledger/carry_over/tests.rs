//! The worked tables of carry-over, and what must hold for every history.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::collection;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::kernel::entropy::OsEntropy;
use crate::kernel::ids::InvoiceId;
use crate::kernel::money::{Currency, Money};

const PERIOD_DAYS: u32 = 30;
const TODAY: Date = date(2026, 3, 1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Paid,
    CarriedOver,
    Cancelled,
}

/// The books of one customer as the engine would keep them, on plain numbers.
struct Books {
    policy: Box<dyn CarryOverPolicy>,
    position: Position,
    fates: Vec<Fate>,
    granted: u32,
}

impl Books {
    fn new(policy: impl CarryOverPolicy + 'static) -> Self {
        let position = Position::default();
        Self { policy: Box::new(policy), position, fates: Vec::new(), granted: 0 }
    }

    /// Issues an invoice, which takes over what is carried and is paid from credit at once.
    fn invoice(&mut self, subscription: SubscriptionId, price: i64) -> usize {
        self.invoice_due(subscription, price, TODAY)
    }

    fn invoice_due(&mut self, subscription: SubscriptionId, price: i64, due: Date) -> usize {
        let mut total = price;
        for carried in self.policy.carry(&self.open(), subscription).unwrap() {
            total += carried.amount.minor();
            let old = self.index(carried.invoice);
            self.fates[old] = Fate::CarriedOver;
        }
        self.position.invoices.push(OpenInvoice {
            id: InvoiceId::new(Timestamp::UNIX_EPOCH, &OsEntropy),
            due,
            total: Money::rupiah(total),
            paid: Money::rupiah(0),
            term: Some(Term { subscription, days: PERIOD_DAYS }),
        });
        self.fates.push(Fate::Open);
        self.spend();
        self.fates.len() - 1
    }

    fn pay(&mut self, amount: i64) {
        self.credit(None, amount);
        self.spend();
    }

    fn credit(&mut self, subscription: Option<SubscriptionId>, amount: i64) {
        let amount = Money::rupiah(amount);
        let held = self.position.credit.iter_mut().find(|held| held.subscription == subscription);
        match held {
            Some(held) => held.amount = held.amount.checked_add(amount).unwrap(),
            None => self.position.credit.push(Credit { subscription, amount }),
        }
    }

    fn open(&self) -> Position {
        let open = |(_, fate): &(&OpenInvoice, &Fate)| **fate == Fate::Open;
        let invoices = self.position.invoices.iter().zip(&self.fates).filter(open);
        Position {
            invoices: invoices.map(|(invoice, _)| *invoice).collect(),
            credit: self.position.credit.clone(),
        }
    }

    fn spend(&mut self) {
        let spending = self.policy.spend(&self.open()).unwrap();
        for allocation in spending.allocations {
            let taken = allocation.amount.minor();
            assert!(taken > 0);
            self.credit(allocation.subscription, -taken);
            let index = self.index(allocation.invoice);
            let invoice = &mut self.position.invoices[index];
            invoice.paid = invoice.paid.checked_add(allocation.amount).unwrap();
            assert!(invoice.paid.minor() <= invoice.total.minor());
            if invoice.paid == invoice.total {
                self.fates[index] = Fate::Paid;
            }
        }
        self.granted += spending.grants.iter().map(|grant| grant.days).sum::<u32>();
    }

    fn index(&self, id: InvoiceId) -> usize {
        self.position.invoices.iter().position(|invoice| invoice.id == id).unwrap()
    }

    fn wallet(&self, subscription: Option<SubscriptionId>) -> i64 {
        let held = self.position.credit.iter().find(|held| held.subscription == subscription);
        held.map_or(0, |held| held.amount.minor())
    }

    fn all_credit(&self) -> i64 {
        self.position.credit.iter().map(|held| held.amount.minor()).sum()
    }

    fn outstanding(&self, invoice: usize) -> i64 {
        let OpenInvoice { total, paid, .. } = self.position.invoices[invoice];
        total.minor() - paid.minor()
    }

    /// Credit less what is owed on invoices that were paid in part.
    fn balance(&self) -> i64 {
        let started = |index: &usize| self.position.invoices[*index].paid.minor() > 0;
        let open = (0..self.fates.len()).filter(|index| self.fates[*index] == Fate::Open);
        let owed: i64 = open.filter(started).map(|index| self.outstanding(index)).sum();
        self.all_credit() - owed
    }

    fn periods(&self) -> u32 {
        self.granted / PERIOD_DAYS
    }
}

fn subscription() -> SubscriptionId {
    SubscriptionId::new(Timestamp::UNIX_EPOCH, &OsEntropy)
}

fn books() -> (Books, SubscriptionId) {
    (Books::new(WholePeriod), subscription())
}

/// One invoice of 100 000 on which 80 000 was paid.
fn short_by_20_000() -> (Books, SubscriptionId) {
    let (mut books, own) = books();
    books.invoice(own, 100_000);
    books.pay(80_000);
    (books, own)
}

#[test]
fn r1_a_part_payment_stays_on_its_invoice_and_grants_nothing() {
    let (books, _) = short_by_20_000();
    assert_eq!((books.outstanding(0), books.all_credit(), books.balance()), (20_000, 0, -20_000));
    assert_eq!(books.periods(), 0);
}

#[test]
fn r2_f1_the_rest_settles_it_and_grants_one_period() {
    let (mut books, _) = short_by_20_000();
    books.pay(20_000);
    assert_eq!((books.fates[0], books.balance(), books.periods()), (Fate::Paid, 0, 1));
}

#[test]
fn r3_more_than_the_rest_stays_as_credit() {
    let (mut books, _) = short_by_20_000();
    books.pay(50_000);
    assert_eq!((books.fates[0], books.all_credit(), books.balance()), (Fate::Paid, 30_000, 30_000));
}

#[test]
fn r4_r5_f2_an_excess_is_credited_once_and_lowers_the_next_invoice() {
    let (mut books, own) = books();
    books.invoice(own, 100_000);
    books.pay(120_000);
    assert_eq!((books.all_credit(), books.periods()), (20_000, 1));
    books.invoice(own, 100_000);
    assert_eq!((books.outstanding(1), books.all_credit()), (80_000, 0));
}

#[test]
fn r6_r7_a_shortfall_is_carried_once_onto_the_next_invoice() {
    let (mut books, own) = short_by_20_000();
    books.invoice(own, 100_000);
    assert_eq!((books.fates[0], books.outstanding(1)), (Fate::CarriedOver, 120_000));
    books.pay(120_000);
    assert_eq!((books.fates[1], books.balance(), books.periods()), (Fate::Paid, 0, 1));
}

#[test]
fn r8_more_than_the_carried_total_stays_as_credit() {
    let (mut books, own) = short_by_20_000();
    books.invoice(own, 100_000);
    books.pay(150_000);
    assert_eq!((books.fates[1], books.all_credit()), (Fate::Paid, 30_000));
}

#[test]
fn r9_f3_f4_credit_pays_one_period_at_its_price() {
    let (mut books, own) = books();
    books.pay(250_000);
    books.invoice(own, 100_000);
    assert_eq!((books.fates[0], books.all_credit(), books.granted), (Fate::Paid, 150_000, 30));
}

#[test]
fn r10_prepaying_all_buys_as_many_periods_as_fit() {
    let whole = prepaid_periods(Money::rupiah(250_000), Money::rupiah(100_000));
    assert_eq!(whole, Ok((2, Money::rupiah(50_000))));
}

#[test]
fn r11_the_credit_of_the_subscription_goes_before_that_for_all() {
    let (mut books, own) = books();
    books.credit(None, 100_000);
    books.credit(Some(own), 30_000);
    books.invoice(own, 120_000);
    assert_eq!((books.wallet(Some(own)), books.wallet(None)), (0, 10_000));
    assert_eq!(books.fates[0], Fate::Paid);
}

#[test]
fn r12_the_credit_of_another_subscription_is_not_touched() {
    let (mut books, own) = books();
    books.credit(Some(own), 50_000);
    books.invoice(subscription(), 40_000);
    assert_eq!((books.wallet(Some(own)), books.outstanding(0)), (50_000, 40_000));
}

#[test]
fn r13_the_invoice_that_is_due_first_is_paid_first() {
    let (mut books, own) = books();
    books.invoice_due(own, 100_000, date(2026, 3, 5));
    books.invoice_due(subscription(), 60_000, date(2026, 3, 1));
    books.pay(130_000);
    assert_eq!((books.fates[1], books.outstanding(0)), (Fate::Paid, 30_000));
    assert_eq!(books.all_credit(), 0);
}

#[test]
fn r14_three_part_payments_grant_one_period_on_the_last() {
    let (mut books, own) = books();
    books.invoice(own, 150_000);
    let mut seen = Vec::new();
    for _ in 0..3 {
        books.pay(50_000);
        seen.push((books.balance(), books.periods()));
    }
    assert_eq!(seen, [(-100_000, 0), (-50_000, 0), (0, 1)]);
}

#[test]
fn r17_credit_below_zero_pays_nothing_and_hides_no_other_credit() {
    let (mut books, own) = books();
    books.credit(None, -20_000);
    books.credit(Some(own), 30_000);
    books.invoice(own, 100_000);
    assert_eq!((books.outstanding(0), books.wallet(None)), (70_000, -20_000));
}

#[test]
fn r20_r21_money_for_a_closed_invoice_stays_as_credit() {
    for closed in [Fate::Paid, Fate::Cancelled] {
        let (mut books, own) = books();
        books.invoice(own, 100_000);
        books.fates[0] = closed;
        books.pay(40_000);
        assert_eq!((books.all_credit(), books.periods()), (40_000, 0), "{closed:?}");
    }
}

#[test]
fn r23_prorated_days_are_whole_and_never_more_than_paid_for() {
    let mut books = Books::new(ProratedDays);
    books.invoice(subscription(), 99_000);
    books.pay(50_000);
    assert_eq!(books.granted, 15);
    books.pay(49_000);
    assert_eq!(books.granted, 30);
}

#[test]
fn k1_to_k5_a_quote_says_what_a_payment_buys() {
    for (price, paid, balance, periods, carry, deficit) in [
        (150_000, 100_000, 0, 0, 100_000, 50_000),
        (150_000, 100_000, 60_000, 1, 10_000, 0),
        (150_000, 400_000, 0, 2, 100_000, 0),
        (100_000, 100_000, -20_000, 0, 80_000, 20_000),
        (100_000, 0, -20_000, 0, -20_000, 120_000),
    ] {
        let [price, paid, balance] = [price, paid, balance].map(Money::rupiah);
        let expected = Quote {
            periods,
            days: u64::from(periods) * 30,
            carry: Money::rupiah(carry),
            deficit: Money::rupiah(deficit),
        };
        assert_eq!(quote(price, paid, balance, 30), Ok(expected), "{price} {paid} {balance}");
    }
}

#[test]
fn g1_two_parts_make_a_whole() {
    let (mut books, own) = books();
    books.invoice(own, 100_000);
    books.pay(40_000);
    assert_eq!(books.position.invoices[0].paid, Money::rupiah(40_000));
    books.pay(60_000);
    assert_eq!((books.fates[0], books.all_credit()), (Fate::Paid, 0));
}

#[test]
fn g3_two_open_invoices_are_paid_in_their_order() {
    let (mut books, own) = books();
    books.invoice(own, 100_000);
    books.invoice(subscription(), 100_000);
    books.pay(120_000);
    assert_eq!((books.fates[0], books.outstanding(1), books.all_credit()), (Fate::Paid, 80_000, 0));
}

#[test]
fn g4_credit_pays_renewals_until_it_runs_out() {
    let (mut books, own) = books();
    books.pay(250_000);
    for _ in 0..3 {
        books.invoice(own, 100_000);
    }
    assert_eq!(books.fates, [Fate::Paid, Fate::Paid, Fate::Open]);
    assert_eq!((books.outstanding(2), books.all_credit()), (50_000, 0));
}

#[test]
fn amounts_of_two_currencies_are_refused() {
    let (mut books, own) = books();
    books.invoice(own, 100_000);
    books.position.credit =
        vec![Credit { subscription: None, amount: Money::new(5, Currency::USD) }];
    assert!(matches!(WholePeriod.spend(&books.open()), Err(MoneyError::Mixed(..))));
}

#[test]
fn a_price_of_zero_buys_no_advance() {
    let nothing = Money::rupiah(0);
    assert_eq!(prepaid_periods(Money::rupiah(5), nothing), Ok((0, Money::rupiah(5))));
}

/// Prices of invoices and the amounts in which the same sum is paid.
fn history() -> impl Strategy<Value = (Vec<i64>, Vec<i64>)> {
    let amounts = |most| collection::vec(1..300_000_i64, 1..most);
    (amounts(8), amounts(12))
}

proptest! {
    #[test]
    fn the_order_and_split_of_payments_do_not_change_where_they_end(
        (prices, payments) in history(),
    ) {
        let run = |payments: &[i64]| {
            let mut books = Books::new(WholePeriod);
            let invoices: Vec<_> =
                prices.iter().map(|price| books.invoice(subscription(), *price)).collect();
            for amount in payments {
                books.pay(*amount);
            }
            let open: Vec<i64> = invoices.iter().map(|index| books.outstanding(*index)).collect();
            (open, books.all_credit(), books.granted)
        };
        let mut reversed = payments.clone();
        reversed.reverse();
        let total: i64 = payments.iter().sum();
        let outcome = run(&payments);
        prop_assert_eq!(&run(&reversed), &outcome);
        prop_assert_eq!(&run(&[total]), &outcome);
        let paid: i64 = prices.iter().sum::<i64>() - outcome.0.iter().sum::<i64>();
        prop_assert_eq!(total, paid + outcome.1);
    }

    #[test]
    fn every_policy_spends_the_same_money_and_grants_no_more_than_was_issued(
        (prices, payments) in history(),
    ) {
        let run = |mut books: Books| {
            let own = subscription();
            for (price, payment) in prices.iter().zip(payments.iter().cycle()) {
                books.invoice(own, *price);
                books.pay(*payment);
            }
            books
        };
        for books in [run(Books::new(WholePeriod)), run(Books::new(ProratedDays))] {
            let received: i64 = payments.iter().cycle().take(prices.len()).sum();
            let paid: i64 = books.position.invoices.iter().map(|held| held.paid.minor()).sum();
            prop_assert_eq!(received, paid + books.all_credit());
            let issued = u32::try_from(prices.len()).unwrap();
            prop_assert!(books.granted <= issued * PERIOD_DAYS);
        }
    }
}
