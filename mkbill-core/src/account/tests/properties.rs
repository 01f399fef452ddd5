//! What holds after every step of every history.

use std::num::NonZeroU16;

use proptest::collection;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest,
};

use crate::invoice::InvoiceState;
use crate::kernel::ids::PaymentId;
use crate::kernel::money::Money;
use crate::ledger::Account;
use crate::ledger::carry_over::{CarryOverPolicy, ProratedDays, WholePeriod};
use crate::plan::terms::{Activation, BillingMode, LateRenewal, Terms};
use crate::subscription::cycle::Cycle;

use super::history::{History, prepare, terms};

const HISTORIES: u32 = 2_000;

/// One thing that may happen.
#[derive(Debug, Clone)]
enum Step {
    Days(u32),
    Sleep(i64),
    Pay(i64),
    PayTagged(usize, i64),
    Reverse(usize),
    Void(usize),
    Credit(usize, i64),
    Adjust(i64),
    Pause(usize),
    Resume(usize),
    ChangeNow(usize, usize),
    ChangeLater(usize, usize),
    Bill(usize),
    Prepay(usize),
    CancelAtEnd(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let index = || 0..3_usize;
    prop_oneof![
        6 => (1..40_u32).prop_map(Step::Days),
        1 => (1..100_i64).prop_map(Step::Sleep),
        6 => (1..300_000_i64).prop_map(Step::Pay),
        2 => (index(), 1..150_000_i64).prop_map(|(i, amount)| Step::PayTagged(i, amount)),
        2 => (0..8_usize).prop_map(Step::Reverse),
        1 => (0..8_usize).prop_map(Step::Void),
        1 => (0..8_usize, 1..50_000_i64).prop_map(|(i, amount)| Step::Credit(i, amount)),
        1 => (-50_000..50_000_i64).prop_map(Step::Adjust),
        1 => index().prop_map(Step::Pause),
        2 => index().prop_map(Step::Resume),
        1 => (index(), index()).prop_map(|(i, plan)| Step::ChangeNow(i, plan)),
        1 => (index(), index()).prop_map(|(i, plan)| Step::ChangeLater(i, plan)),
        1 => index().prop_map(Step::Bill),
        1 => index().prop_map(Step::Prepay),
        1 => index().prop_map(Step::CancelAtEnd),
    ]
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let cycle = prop_oneof![
        Just(Cycle::Weekly),
        Just(Cycle::Monthly),
        Just(Cycle::Quarterly),
        (1..60_u16).prop_map(|days| Cycle::Days(NonZeroU16::new(days).unwrap())),
    ];
    let price = prop_oneof![Just(0_i64), Just(99_000), 1_000..200_000_i64];
    (price, cycle, any::<[bool; 3]>(), 0..15_u32, 0..10_u32).prop_map(
        |(price, cycle, [postpaid, on_payment, from_due], lead_days, grace_days)| Terms {
            cycle,
            billing: if postpaid { BillingMode::Postpaid } else { BillingMode::Prepaid },
            activation: if on_payment { Activation::OnPayment } else { Activation::Immediate },
            late_renewal: if from_due { LateRenewal::FromDue } else { LateRenewal::FromPayment },
            lead_days,
            grace_days,
            ..terms(price)
        },
    )
}

/// Plays a step; what is refused changes nothing.
fn play(history: &mut History, payments: &mut Vec<PaymentId>, step: &Step) {
    let kept = |index: &usize, history: &History| *index % history.account.kept.len();
    match step {
        Step::Days(days) => history.days(*days),
        Step::Sleep(days) => {
            history.sleep(*days);
            history.tick();
        }
        Step::Pay(amount) => payments.push(history.pay(*amount)),
        Step::PayTagged(index, amount) => {
            let index = kept(index, history);
            let own = history.account.kept[index].subscription.id;
            payments.push(history.pay_for(Some(own), *amount));
        }
        Step::Reverse(index) if !payments.is_empty() => {
            let id = payments[*index % payments.len()];
            drop(history.reverse(id));
        }
        Step::Void(index) if !history.account.invoices.is_empty() => {
            let id = history.account.invoices[*index % history.account.invoices.len()].id;
            drop(history.act(|account, desk| account.void(desk, id, "a mistake")));
        }
        Step::Credit(index, amount) if !history.account.invoices.is_empty() => {
            let invoice = &history.account.invoices[*index % history.account.invoices.len()];
            let (id, amount) = (invoice.id, Money::rupiah(*amount));
            let notes = history.account.credit_notes.iter().filter(|note| note.invoice == id);
            let before = Money::rupiah(notes.map(|note| note.amount.minor()).sum());
            drop(
                history
                    .act(|account, desk| account.credit_note(desk, id, amount, before, "a gift")),
            );
        }
        Step::Reverse(_) | Step::Void(_) | Step::Credit(..) | Step::Adjust(0) => {}
        Step::Adjust(amount) => history.adjust(*amount),
        other => play_wish(history, other),
    }
}

fn play_wish(history: &mut History, step: &Step) {
    let count = history.account.kept.len();
    let plan = |plan: &usize, history: &History| history.plans[*plan % history.plans.len()].id;
    match step {
        Step::Pause(i) => drop(history.act(|account, desk| account.pause(desk, i % count, None))),
        Step::Resume(i) => drop(history.act(|account, desk| account.resume(desk, i % count))),
        Step::ChangeNow(i, to) => {
            let to = plan(to, history);
            drop(history.act(|account, desk| account.change_plan_now(desk, i % count, to)));
        }
        Step::ChangeLater(i, to) => {
            let to = plan(to, history);
            drop(history.act(|account, desk| account.change_plan_later(desk, i % count, to)));
        }
        Step::Bill(i) => drop(history.act(|account, desk| account.issue_period(desk, i % count))),
        Step::Prepay(i) => drop(history.act(|account, desk| account.prepay(desk, i % count))),
        Step::CancelAtEnd(i) => {
            drop(history.act(|account, desk| account.cancel_at_end(desk, i % count)));
        }
        _ => {}
    }
}

fn live_through(policy: impl CarryOverPolicy + 'static, plans: Vec<Terms>, steps: &[Step]) {
    let mut history = prepare(policy);
    let mut payments = Vec::new();
    for terms in plans {
        let index = history.subscribe(terms);
        history.note_standstill(index);
    }
    history.check();
    for step in steps {
        play(&mut history, &mut payments, step);
        history.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(HISTORIES))]

    #[test]
    fn the_books_balance_and_no_invoice_is_paid_twice_at_any_moment_of_any_history(
        plans in collection::vec(any_terms(), 1..4),
        steps in collection::vec(step(), 1..25),
    ) {
        live_through(WholePeriod, plans, &steps);
    }

    #[test]
    fn the_same_holds_when_days_are_granted_in_proportion(
        plans in collection::vec(any_terms(), 1..3),
        steps in collection::vec(step(), 1..20),
    ) {
        live_through(ProratedDays, plans, &steps);
    }

    #[test]
    fn the_order_and_the_split_of_payments_do_not_change_where_they_end(
        plans in collection::vec(any_terms(), 1..4),
        months in 1..4_u32,
        payments in collection::vec(1..200_000_i64, 1..8),
    ) {
        let run = |payments: &[i64]| {
            let mut history = History::new();
            for terms in &plans {
                history.subscribe(Terms { grace_days: 60, ..terms.clone() });
            }
            history.days(months * 20);
            for amount in payments {
                history.pay(*amount);
            }
            let rests: Vec<i64> = history
                .account
                .invoices
                .iter()
                .map(|invoice| invoice.outstanding().unwrap().minor())
                .collect();
            let states: Vec<_> = history
                .account
                .kept
                .iter()
                .map(|kept| (kept.subscription.state, kept.subscription.service_until))
                .collect();
            (rests, history.credit(), states)
        };
        let mut reversed = payments.clone();
        reversed.reverse();
        let outcome = run(&payments);
        prop_assert_eq!(&run(&reversed), &outcome);
        prop_assert_eq!(&run(&[payments.iter().sum()]), &outcome);
    }

    #[test]
    fn on_time_periods_touch_and_each_is_granted_once(
        terms in any_terms(),
        months in 1..8_u32,
    ) {
        let mut history = History::new();
        let terms = Terms { activation: Activation::Immediate, ..terms };
        history.subscribe(terms);
        for _ in 0..months * 30 {
            history.days(1);
            while history.owed() > 0 {
                let owed = history.owed();
                history.pay(owed);
            }
            history.check();
            let kept = &history.account.kept[0];
            assert_eq!(kept.subscription.state.name().name(), "active");
            let paid = history.account.invoices.iter().filter(|invoice| {
                matches!(invoice.state, InvoiceState::Paid { .. })
            });
            let granted = kept.periods.iter().filter(|row| row.granted_days == row.period.days());
            prop_assert_eq!(paid.count(), granted.count());
        }
        prop_assert_eq!(history.booked(Account::Receivable), 0);
    }
}
