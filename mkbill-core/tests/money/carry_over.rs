//! The worked table of carry-over, row by row, through the engine.

use std::num::NonZeroU16;
use std::sync::Arc;

use jiff::civil::{Date, date};
use mkbill_core::account::correct::Overdraw;
use mkbill_core::billing::{Adjustment, Transfer};
use mkbill_core::invoice::InvoiceStatus;
use mkbill_core::kernel::ids::{CustomerId, SubscriptionId};
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::permission::Role;
use mkbill_core::ledger::carry_over::{ProratedDays, quote};
use mkbill_core::notice::NoticeKind;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::plan::terms::{Activation, Terms};
use mkbill_core::subscription::cycle::Cycle;
use mkbill_core::testkit::Engine;

use crate::shop::{Parts, Shop, because, charge, clerk, rupiah, terms};
use crate::support::stories;

use InvoiceStatus::{CarriedOver, Open, Paid, PartiallyPaid, Void};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    r1_a_part_payment_stays_on_its_invoice_and_extends_nothing,
    r2_the_rest_settles_it_and_extends_by_exactly_one_period,
    r3_more_than_the_rest_becomes_credit,
    r4_an_excess_is_credit_and_buys_no_days,
    r5_credit_lowers_what_is_left_on_the_next_invoice,
    r6_a_shortfall_moves_once_onto_the_next_invoice,
    r7_r8_the_carried_total_is_paid_and_an_excess_is_credit,
    r9_credit_pays_one_period_when_its_invoice_is_issued,
    r10_prepaying_buys_as_many_periods_as_credit_pays_for,
    r11_credit_of_the_subscription_goes_before_credit_for_all,
    r12_credit_of_another_subscription_moves_only_when_told,
    r13_the_invoice_that_is_due_first_is_paid_first,
    r14_three_payments_extend_once_on_the_third,
    r15_the_same_reference_twice_is_one_payment,
    r16_two_invoices_at_once_spend_the_same_credit_once,
    r17_a_reversal_takes_back_what_it_paid_and_leaves_what_was_spent_elsewhere,
    r18_nothing_and_less_is_no_payment,
    r19_credit_goes_below_zero_only_with_reason_permission_and_intent,
    r20_money_for_a_paid_invoice_stays_as_credit,
    r21_money_after_a_void_stays_as_credit,
    r22_a_high_debt_is_told_once_until_it_is_back_under_its_limit,
    r23_prorated_days_are_whole_and_rounded_down,
    k1_to_k5_a_quote_says_what_a_payment_buys,
];

fn on_payment(price: i64) -> Terms {
    Terms { activation: Activation::OnPayment, ..terms(price) }
}

/// Served on although nothing is paid.
fn patient(price: i64) -> Terms {
    Terms { grace_days: 60, ..terms(price) }
}

/// One invoice of 100 000 on which 80 000 was paid.
async fn short_by_20_000(engine: Engine, terms: Terms) -> (Shop, CustomerId, SubscriptionId) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, terms).await;
    shop.pay(customer, 80_000).await;
    (shop, customer, subscription)
}

async fn issue(shop: &Shop, customer: CustomerId, amount: i64, due_on: Date) {
    shop.moment();
    let made = shop.billing.issue_invoice(&clerk(), customer, charge(amount, due_on)).await;
    made.unwrap();
}

async fn credit(shop: &Shop, customer: CustomerId, tag: Option<SubscriptionId>, amount: i64) {
    shop.moment();
    let adjustment =
        Adjustment { subscription: tag, amount: rupiah(amount), overdraw: Overdraw::Never };
    shop.billing.adjust_credit(&because("a gift"), customer, adjustment).await.unwrap();
}

async fn r1_a_part_payment_stays_on_its_invoice_and_extends_nothing(engine: Engine) {
    let (shop, customer, subscription) = short_by_20_000(engine, on_payment(100_000)).await;
    assert_eq!(shop.rests(customer).await, [(PartiallyPaid, 20_000)]);
    assert_eq!(shop.credit(customer).await, 0);
    assert_eq!(shop.standing(customer).await.balance, rupiah(-20_000));
    assert_eq!((shop.state(subscription).await, shop.until(subscription).await), ("pending", None));
    shop.check(&[customer]).await;
}

async fn r2_the_rest_settles_it_and_extends_by_exactly_one_period(engine: Engine) {
    let (shop, customer, subscription) = short_by_20_000(engine, on_payment(100_000)).await;
    shop.pay(customer, 20_000).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0)]);
    assert_eq!(shop.standing(customer).await.balance, rupiah(0));
    assert_eq!(shop.until(subscription).await, Some(date(2026, 2, 10)));
    shop.check(&[customer]).await;
}

async fn r3_more_than_the_rest_becomes_credit(engine: Engine) {
    let (shop, customer, _) = short_by_20_000(engine, on_payment(100_000)).await;
    shop.pay(customer, 50_000).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0)]);
    assert_eq!(shop.standing(customer).await.balance, rupiah(30_000));
    shop.check(&[customer]).await;
}

async fn r4_an_excess_is_credit_and_buys_no_days(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, on_payment(100_000)).await;
    shop.pay(customer, 120_000).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0)]);
    assert_eq!(shop.credit(customer).await, 20_000);
    assert_eq!(shop.until(subscription).await, Some(date(2026, 2, 10)));
    shop.check(&[customer]).await;
}

async fn r5_credit_lowers_what_is_left_on_the_next_invoice(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    shop.pay(customer, 120_000).await;
    shop.until_day(date(2026, 2, 3)).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0), (PartiallyPaid, 80_000)]);
    assert_eq!(shop.credit(customer).await, 0);
    shop.check(&[customer]).await;
}

/// The next invoice has taken over 20 000.
async fn carried(engine: Engine) -> (Shop, CustomerId, SubscriptionId) {
    let (shop, customer, subscription) = short_by_20_000(engine, patient(100_000)).await;
    shop.until_day(date(2026, 2, 3)).await;
    (shop, customer, subscription)
}

async fn r6_a_shortfall_moves_once_onto_the_next_invoice(engine: Engine) {
    let (shop, customer, _) = carried(engine).await;
    assert_eq!(shop.rests(customer).await, [(CarriedOver, 0), (Open, 120_000)]);
    let invoices = shop.invoices(customer).await;
    assert_eq!((invoices[1].carried, invoices[1].net), (rupiah(20_000), rupiah(100_000)));
    assert_eq!(shop.standing(customer).await.balance, rupiah(-120_000), "counted once");
    shop.check(&[customer]).await;
}

async fn r7_r8_the_carried_total_is_paid_and_an_excess_is_credit(engine: Engine) {
    for (paid, left) in [(120_000, 0), (150_000, 30_000)] {
        let (shop, customer, subscription) = carried(engine).await;
        shop.pay(customer, paid).await;
        assert_eq!(shop.rests(customer).await, [(CarriedOver, 0), (Paid, 0)]);
        assert_eq!(shop.standing(customer).await.balance, rupiah(left));
        assert_eq!(shop.until(subscription).await, Some(date(2026, 3, 10)));
        let view = shop.billing.subscription(subscription).await.unwrap();
        assert!(view.periods.iter().all(|row| row.granted_days == row.period.days()));
        shop.check(&[customer]).await;
    }
}

async fn r9_credit_pays_one_period_when_its_invoice_is_issued(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.pay(customer, 250_000).await;
    let subscription = shop.subscribe(customer, on_payment(100_000)).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0)]);
    assert_eq!(shop.credit(customer).await, 150_000);
    assert_eq!(shop.until(subscription).await, Some(date(2026, 2, 10)));
    shop.check(&[customer]).await;
}

async fn r10_prepaying_buys_as_many_periods_as_credit_pays_for(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.pay(customer, 250_000).await;
    let subscription = shop.subscribe(customer, terms(100_000)).await;
    shop.billing.prepay_subscription(&clerk(), subscription).await.unwrap();
    assert_eq!(shop.rests(customer).await, [(Paid, 0), (Paid, 0)]);
    assert_eq!(shop.credit(customer).await, 50_000);
    assert_eq!(shop.until(subscription).await, Some(date(2026, 3, 10)));
    shop.check(&[customer]).await;
}

async fn r11_credit_of_the_subscription_goes_before_credit_for_all(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, terms(120_000)).await;
    shop.pay(customer, 120_000).await;
    credit(&shop, customer, None, 100_000).await;
    credit(&shop, customer, Some(subscription), 30_000).await;
    shop.until_day(date(2026, 2, 3)).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0), (Paid, 0)]);
    assert_eq!(shop.standing(customer).await.credit, [(None, rupiah(10_000))]);
    shop.check(&[customer]).await;
}

async fn r12_credit_of_another_subscription_moves_only_when_told(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let one = shop.subscribe(customer, terms(10_000)).await;
    shop.pay(customer, 10_000).await;
    credit(&shop, customer, Some(one), 50_000).await;
    let other = shop.subscribe(customer, terms(50_000)).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0), (Open, 50_000)]);
    shop.moment();
    let transfer = Transfer {
        from: customer,
        from_subscription: Some(one),
        to: customer,
        to_subscription: Some(other),
        amount: rupiah(50_000),
    };
    shop.billing.transfer_credit(&clerk(), transfer).await.unwrap();
    assert_eq!(shop.rests(customer).await, [(Paid, 0), (Paid, 0)]);
    let again = shop.billing.transfer_credit(&clerk(), transfer).await.unwrap_err();
    assert_eq!(again.code(), "credit_overdrawn");
    shop.check(&[customer]).await;
}

async fn r13_the_invoice_that_is_due_first_is_paid_first(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    issue(&shop, customer, 100_000, date(2026, 2, 5)).await;
    issue(&shop, customer, 60_000, date(2026, 2, 1)).await;
    shop.pay(customer, 130_000).await;
    assert_eq!(shop.rests(customer).await, [(PartiallyPaid, 30_000), (Paid, 0)]);
    assert_eq!(shop.credit(customer).await, 0);
    shop.check(&[customer]).await;
}

async fn r14_three_payments_extend_once_on_the_third(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, on_payment(150_000)).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        shop.pay(customer, 50_000).await;
        let balance = shop.standing(customer).await.balance.minor();
        seen.push((balance, shop.until(subscription).await));
    }
    let end = Some(date(2026, 2, 10));
    assert_eq!(seen, [(-100_000, None), (-50_000, None), (0, end)]);
    shop.check(&[customer]).await;
}

async fn r15_the_same_reference_twice_is_one_payment(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    let payment = NewPayment {
        reference: Some("BCA-2026-77".to_owned()),
        ..NewPayment::whole(customer, rupiah(100_000), Method::BankTransfer)
    };
    let first = shop.billing.record_payment(&clerk(), payment.clone()).await.unwrap();
    let second = shop.billing.record_payment(&clerk(), payment.clone()).await.unwrap();
    assert_eq!((first.replayed, second.replayed), (false, true));
    assert_eq!(first.value.payment.id, second.value.payment.id);
    let other = NewPayment::whole(customer, rupiah(99_000), Method::BankTransfer);
    let other = NewPayment { reference: payment.reference, ..other };
    assert_eq!(shop.try_pay(other).await.unwrap_err().code(), "reference_taken");
    assert_eq!(shop.credit(customer).await, 0);
    shop.check(&[customer]).await;
}

async fn r16_two_invoices_at_once_spend_the_same_credit_once(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.pay(customer, 50_000).await;
    let mut tasks = tokio::task::JoinSet::new();
    for seed in 0..2 {
        let billing = shop.another(500 + seed).await;
        let invoice = charge(50_000, date(2026, 2, 1));
        tasks.spawn(async move { billing.issue_invoice(&clerk(), customer, invoice).await });
    }
    for made in tasks.join_all().await {
        made.unwrap();
    }
    let mut rests = shop.rests(customer).await;
    rests.sort();
    assert_eq!(rests, [(Open, 50_000), (Paid, 0)]);
    shop.check(&[customer]).await;
}

async fn r17_a_reversal_takes_back_what_it_paid_and_leaves_what_was_spent_elsewhere(
    engine: Engine,
) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    issue(&shop, customer, 100_000, date(2026, 2, 1)).await;
    let payment = shop.pay(customer, 120_000).await.payment;
    issue(&shop, customer, 20_000, date(2026, 2, 5)).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0), (Paid, 0)]);
    shop.moment();
    let id = payment.id.to_string();
    let view = shop.billing.reverse_payment(&because("bounced"), &id).await.unwrap();
    assert_eq!(view.payment.reversal.unwrap().reason, "bounced");
    assert_eq!(shop.rests(customer).await, [(Open, 100_000), (Paid, 0)]);
    assert_eq!(shop.credit(customer).await, -20_000);
    let again = shop.billing.reverse_payment(&because("twice"), &id).await.unwrap_err();
    assert_eq!(again.code(), "payment_reversed");
    shop.check(&[customer]).await;
}

async fn r18_nothing_and_less_is_no_payment(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    for amount in [0, -1, i64::MIN] {
        let payment = NewPayment::whole(customer, rupiah(amount), Method::Cash);
        assert_eq!(shop.try_pay(payment).await.unwrap_err().code(), "amount_not_positive");
    }
    assert_eq!(shop.credit(customer).await, 0);
}

async fn r19_credit_goes_below_zero_only_with_reason_permission_and_intent(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.pay(customer, 20_000).await;
    let take = |overdraw| Adjustment { subscription: None, amount: rupiah(-50_000), overdraw };
    let adjust = async |caller, overdraw| {
        let done = shop.billing.adjust_credit(&caller, customer, take(overdraw)).await;
        done.map(drop).map_err(|error| error.code())
    };
    let boss = || because("router not returned");
    let silent = clerk();
    let admin = |reason| because(reason).limited_to(Role::Admin.permissions());
    assert_eq!(adjust(silent, Overdraw::Allowed).await, Err("reason_missing"));
    assert_eq!(adjust(admin("fee"), Overdraw::Allowed).await, Err("not_permitted"));
    assert_eq!(adjust(boss(), Overdraw::Never).await, Err("credit_overdrawn"));
    assert_eq!(shop.credit(customer).await, 20_000);
    assert_eq!(adjust(boss(), Overdraw::Allowed).await, Ok(()));
    assert_eq!(shop.credit(customer).await, -30_000);
    shop.check(&[customer]).await;
}

async fn r20_money_for_a_paid_invoice_stays_as_credit(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    issue(&shop, customer, 100_000, date(2026, 2, 1)).await;
    shop.pay(customer, 100_000).await;
    let invoice = shop.invoices(customer).await[0].id;
    shop.moment();
    let more = NewPayment::whole(customer, rupiah(100_000), Method::Cash);
    shop.try_pay(NewPayment { invoice: Some(invoice), ..more }).await.unwrap();
    assert_eq!(shop.rests(customer).await, [(Paid, 0)]);
    assert_eq!(shop.credit(customer).await, 100_000);
    shop.check(&[customer]).await;
}

async fn r21_money_after_a_void_stays_as_credit(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    issue(&shop, customer, 100_000, date(2026, 2, 1)).await;
    let invoice = shop.invoices(customer).await[0].clone();
    let number = invoice.number.as_str();
    shop.billing.void_invoice(&because("wrong customer"), number).await.unwrap();
    shop.pay(customer, 40_000).await;
    assert_eq!(shop.rests(customer).await, [(Void, 0)]);
    assert_eq!(shop.credit(customer).await, 40_000);
    let named = NewPayment::whole(customer, rupiah(40_000), Method::Cash);
    let named = NewPayment { invoice: Some(invoice.id), ..named };
    assert_eq!(shop.try_pay(named).await.unwrap_err().code(), "invoice_state");
    shop.check(&[customer]).await;
}

async fn r22_a_high_debt_is_told_once_until_it_is_back_under_its_limit(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let told = async || {
        let filter = NoticeFilter { kind: Some(NoticeKind::HighDebt), ..NoticeFilter::default() };
        shop.billing.notices(filter, PageRequest::default()).await.unwrap().items.len()
    };
    issue(&shop, customer, 500_000, date(2026, 1, 10)).await;
    shop.pay(customer, 10_000).await;
    assert_eq!(told().await, 0, "490 000 are owed");
    issue(&shop, customer, 30_000, date(2026, 1, 10)).await;
    shop.pay(customer, 10_000).await;
    assert_eq!(told().await, 0, "480 000 are owed on what was begun");
    shop.days(1).await;
    issue(&shop, customer, 1_000, date(2026, 2, 1)).await;
    assert_eq!(told().await, 1, "510 000 are owed");
    issue(&shop, customer, 1_000, date(2026, 2, 1)).await;
    assert_eq!(told().await, 1, "nobody is told twice");
    shop.pay(customer, 510_000).await;
    issue(&shop, customer, 600_000, date(2026, 1, 11)).await;
    shop.pay(customer, 1).await;
    assert_eq!(told().await, 2, "it was back under its limit");
    shop.check(&[customer]).await;
}

async fn r23_prorated_days_are_whole_and_rounded_down(engine: Engine) {
    let parts = Parts { policy: Arc::new(ProratedDays), ..Parts::standard() };
    let shop = Shop::with(engine, parts).await;
    let customer = shop.customer(1).await;
    let thirty = Cycle::Days(NonZeroU16::new(30).unwrap());
    let terms = Terms { cycle: thirty, ..on_payment(99_000) };
    let subscription = shop.subscribe(customer, terms).await;
    shop.pay(customer, 50_000).await;
    assert_eq!(shop.until(subscription).await, Some(date(2026, 1, 25)), "15 days");
    shop.pay(customer, 49_000).await;
    assert_eq!(shop.until(subscription).await, Some(date(2026, 2, 9)), "30 days");
    shop.check(&[customer]).await;
}

async fn k1_to_k5_a_quote_says_what_a_payment_buys(_: Engine) {
    for (price, paid, balance, periods, carry, deficit) in [
        (150_000, 100_000, 0, 0, 100_000, 50_000),
        (150_000, 100_000, 60_000, 1, 10_000, 0),
        (150_000, 400_000, 0, 2, 100_000, 0),
        (100_000, 100_000, -20_000, 0, 80_000, 20_000),
        (100_000, 0, -20_000, 0, -20_000, 120_000),
    ] {
        let quote = quote(rupiah(price), rupiah(paid), rupiah(balance), 30).unwrap();
        assert_eq!((quote.periods, quote.days), (periods, u64::from(periods) * 30));
        assert_eq!((quote.carry, quote.deficit), (rupiah(carry), rupiah(deficit)));
    }
}
