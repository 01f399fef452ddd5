//! When service begins, is cut, goes on and ends.

use jiff::civil::date;

use crate::ledger::carry_over::ProratedDays;
use crate::plan::terms::{Activation, BillingMode, LateRenewal, Terms};

use super::history::{History, prepare, terms};

#[test]
fn a_prepaid_subscription_is_served_at_once_and_its_first_invoice_has_a_week() {
    let mut history = History::new();
    history.subscribe(terms(100_000));
    assert_eq!(history.state(0), "active");
    let invoice = history.invoice(0);
    assert_eq!((invoice.issued_on, invoice.due_on), (date(2026, 1, 10), date(2026, 1, 17)));
    history.until(date(2026, 1, 17));
    assert_eq!(history.state(0), "active", "it may be paid on the day it is due");
    history.days(1);
    assert_eq!(history.state(0), "overdue");
}

#[test]
fn a_renewal_is_invoiced_a_week_before_and_cut_at_the_end_of_what_was_paid() {
    let mut history = History::new();
    history.subscribe(terms(100_000));
    history.pay(100_000);
    history.until(date(2026, 2, 2));
    assert_eq!(history.open().len(), 0);
    history.days(1);
    assert_eq!(history.invoice(1).due_on, date(2026, 2, 10));
    history.until(date(2026, 2, 9));
    assert_eq!(history.state(0), "active");
    history.days(1);
    assert_eq!(history.state(0), "overdue");
    history.days(60);
    assert_eq!(history.account.invoices.len(), 2, "nothing more is billed while it is cut");
}

#[test]
fn a_late_renewal_counts_from_its_payment() {
    let mut history = History::new();
    history.subscribe(terms(100_000));
    history.pay(100_000);
    history.until(date(2026, 2, 15));
    history.pay(100_000);
    assert_eq!((history.state(0), history.until_day(0)), ("active", Some(date(2026, 3, 15))));
    history.until(date(2026, 3, 8));
    assert_eq!(history.invoice(2).due_on, date(2026, 3, 15));
}

#[test]
fn days_of_grace_are_part_of_the_period_that_is_paid_late() {
    let mut history = History::new();
    history.subscribe(Terms { grace_days: 3, ..terms(100_000) });
    history.pay(100_000);
    history.until(date(2026, 2, 12));
    assert_eq!(history.state(0), "active");
    history.days(1);
    assert_eq!(history.state(0), "overdue");
    history.until(date(2026, 2, 20));
    history.pay(100_000);
    assert_eq!(history.until_day(0), Some(date(2026, 3, 17)), "28 days less three of grace");
}

#[test]
fn paid_within_grace_the_calendar_does_not_move() {
    let mut history = History::new();
    history.subscribe(Terms { grace_days: 3, ..terms(100_000) });
    history.pay(100_000);
    history.until(date(2026, 2, 12));
    history.pay(100_000);
    assert_eq!(history.until_day(0), Some(date(2026, 3, 10)));
}

#[test]
fn from_due_every_period_is_owed_whether_it_was_served_or_not() {
    let mut history = History::new();
    history.subscribe(Terms { late_renewal: LateRenewal::FromDue, ..terms(100_000) });
    history.pay(100_000);
    history.until(date(2026, 3, 20));
    assert_eq!(history.state(0), "overdue");
    assert_eq!(history.owed(), 200_000);
    history.pay(200_000);
    assert_eq!((history.state(0), history.until_day(0)), ("active", Some(date(2026, 4, 10))));
}

#[test]
fn on_payment_service_begins_with_the_first_payment() {
    let mut history = History::new();
    history.subscribe(Terms { activation: Activation::OnPayment, ..terms(100_000) });
    assert_eq!((history.state(0), history.until_day(0)), ("pending", None));
    history.days(5);
    history.pay(60_000);
    assert_eq!(history.state(0), "pending");
    history.pay(40_000);
    assert_eq!((history.state(0), history.until_day(0)), ("active", Some(date(2026, 2, 15))));
}

#[test]
fn postpaid_is_invoiced_when_the_period_is_over_and_cut_when_that_is_overdue() {
    let mut history = History::new();
    history.subscribe(Terms { billing: BillingMode::Postpaid, ..terms(100_000) });
    history.until(date(2026, 2, 9));
    assert_eq!(history.account.invoices.len(), 0);
    history.days(1);
    assert_eq!(history.invoice(0).due_on, date(2026, 2, 17));
    history.until(date(2026, 2, 17));
    assert_eq!(history.state(0), "active");
    history.days(1);
    assert_eq!(history.state(0), "overdue");
    history.days(10);
    history.pay(100_000);
    assert_eq!(history.state(0), "active");
    history.until(date(2026, 3, 19));
    assert_eq!(history.account.invoices.len(), 1, "ten days without service are not charged");
    history.days(1);
    assert_eq!(history.account.invoices.len(), 2);
}

#[test]
fn a_pause_charges_nothing_and_moves_what_was_paid() {
    let mut history = History::new();
    history.subscribe(terms(100_000));
    history.pay(100_000);
    history.days(10);
    history.act(|account, desk| account.pause(desk, 0, None)).unwrap();
    history.days(100);
    assert_eq!(history.account.invoices.len(), 1);
    history.act(|account, desk| account.resume(desk, 0)).unwrap();
    assert_eq!((history.state(0), history.until_day(0)), ("active", Some(date(2026, 5, 21))));
}

#[test]
fn a_pause_ends_by_itself_on_its_day() {
    let mut history = History::new();
    history.subscribe(terms(100_000));
    history.pay(100_000);
    history.act(|account, desk| account.pause(desk, 0, Some(date(2026, 1, 20)))).unwrap();
    history.until(date(2026, 1, 19));
    assert_eq!(history.state(0), "paused");
    history.days(1);
    assert_eq!((history.state(0), history.until_day(0)), ("active", Some(date(2026, 2, 20))));
    assert!(history.act(|account, desk| account.resume(desk, 0)).is_err());
}

#[test]
fn cancelled_at_the_end_it_is_served_to_the_end_and_not_billed_again() {
    let mut history = History::new();
    history.subscribe(terms(100_000));
    history.pay(100_000);
    history.act(|account, desk| account.cancel_at_end(desk, 0)).unwrap();
    history.until(date(2026, 2, 9));
    assert_eq!(history.state(0), "active");
    history.days(30);
    assert_eq!((history.state(0), history.account.invoices.len()), ("cancelled", 1));
}

#[test]
fn a_plan_changed_in_the_middle_costs_the_difference_for_the_rest() {
    let mut history = History::new();
    history.subscribe(terms(310_000));
    history.pay(310_000);
    let dearer = history.plan(terms(620_000));
    history.until(date(2026, 1, 20));
    history.act(|account, desk| account.change_plan_now(desk, 0, dearer)).unwrap();
    assert_eq!(history.owed(), 210_000, "21 of 31 days at twice the price");
    assert_eq!(history.state(0), "active");
    history.check();
}

#[test]
fn a_plan_changed_later_is_charged_with_the_next_period() {
    let mut history = History::new();
    history.subscribe(terms(100_000));
    history.pay(100_000);
    let other = history.plan(terms(150_000));
    history.act(|account, desk| account.change_plan_later(desk, 0, other)).unwrap();
    history.until(date(2026, 2, 3));
    assert_eq!(history.invoice(1).total.minor(), 150_000);
    assert_eq!(history.account.kept[0].subscription.plan, other);
}

#[test]
fn days_in_proportion_are_served_and_then_cut() {
    let mut history = prepare(ProratedDays);
    history.subscribe(Terms { activation: Activation::OnPayment, ..terms(310_000) });
    history.pay(100_000);
    assert_eq!((history.state(0), history.until_day(0)), ("active", Some(date(2026, 1, 20))));
    history.until(date(2026, 1, 20));
    assert_eq!(history.state(0), "overdue");
    history.until(date(2026, 1, 25));
    history.pay(50_000);
    assert_eq!((history.state(0), history.until_day(0)), ("active", Some(date(2026, 1, 30))));
    history.pay(160_000);
    assert_eq!(history.until_day(0), Some(date(2026, 2, 15)), "31 days of service in all");
}

#[test]
fn after_a_long_sleep_what_was_served_is_billed_and_then_cut() {
    let mut history = History::new();
    history.subscribe(terms(100_000));
    history.pay(100_000);
    history.sleep(100);
    history.tick();
    assert_eq!(history.state(0), "overdue");
    history.check();
    let owed = history.owed();
    assert_eq!(owed, 300_000, "three months were served meanwhile");
    history.pay(owed);
    assert_eq!(history.state(0), "active");
}

#[test]
fn a_reversed_payment_cuts_what_it_had_paid_for() {
    let mut history = History::new();
    history.subscribe(terms(100_000));
    let payment = history.pay(100_000);
    history.days(10);
    history.reverse(payment).unwrap();
    assert_eq!((history.state(0), history.owed(), history.credit()), ("overdue", 100_000, 0));
    assert!(history.reverse(payment).is_err());
    history.check();
}
