//! Ways in which others lost money, each by its name, and what catches it.

use jiff::civil::date;
use mkbill_core::account::correct::Overdraw;
use mkbill_core::billing::{Adjustment, CancelAt, Subscribe, Transfer};
use mkbill_core::invoice::InvoiceStatus;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::ledger::Account;
use mkbill_core::ledger::carry_over::prepaid_periods;
use mkbill_core::notice::NoticeKind;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::payment::store::PaymentFilter;
use mkbill_core::payment::{Method, NewPayment, Part};
use mkbill_core::plan::terms::Terms;
use mkbill_core::testkit::Engine;

use crate::shop::{Shop, because, charge, clerk, rupiah, terms};
use crate::support::stories;

use InvoiceStatus::{Open, Paid, PartiallyPaid, Void};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    f1_however_a_payment_is_split_nothing_is_left_owed,
    f2_an_overpayment_is_one_credit,
    f3_periods_granted_times_price_is_money_spent,
    f4_credit_is_never_lost_in_an_invoice,
    f4_credit_of_a_subscription_that_is_over_can_be_moved_and_paid_out,
    f5_credit_does_not_expire,
    f10_in_whatever_order_things_arrive_paid_stays_paid,
    f10_money_of_nobody_waits_in_suspense_for_its_customer,
    f12_what_is_spent_by_many_at_once_is_never_more_than_there_was,
    f14_a_refund_after_the_money_was_used_is_never_ignored,
    f15_what_was_paid_for_is_served_although_nobody_was_awake,
    f29_another_invoice_of_the_month_hides_no_period,
    parts_of_a_payment_stand_on_their_own_accounts,
    bad_input_is_refused_with_its_reason_and_writes_nothing,
    a_blacklisted_customer_gets_no_new_service,
];

async fn f1_however_a_payment_is_split_nothing_is_left_owed(engine: Engine) {
    for split in [vec![40_000, 60_000], vec![60_000, 40_000], vec![1, 99_998, 1], vec![25_000; 4]] {
        let shop = Shop::new(engine).await;
        let customer = shop.customer(1).await;
        shop.subscribe(customer, terms(100_000)).await;
        for amount in split {
            shop.pay(customer, amount).await;
        }
        assert_eq!(shop.rests(customer).await, [(Paid, 0)]);
        assert_eq!(shop.standing(customer).await.balance, rupiah(0));
        shop.check(&[customer]).await;
    }
}

async fn f2_an_overpayment_is_one_credit(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, terms(100_000)).await;
    shop.pay(customer, 150_000).await;
    let mut spent = 0;
    for tag in [Some(subscription), None].into_iter().cycle().take(20) {
        shop.moment();
        let amount = rupiah(-10_000);
        let adjustment = Adjustment { subscription: tag, amount, overdraw: Overdraw::Never };
        let done = shop.billing.adjust_credit(&because("spend"), customer, adjustment).await;
        spent += if done.is_ok() { 10_000 } else { 0 };
    }
    assert_eq!((spent, shop.credit(customer).await), (50_000, 0));
    shop.check(&[customer]).await;
}

async fn f3_periods_granted_times_price_is_money_spent(engine: Engine) {
    for credit in (0..=1_000_000).step_by(1_000) {
        let (periods, left) = prepaid_periods(rupiah(credit), rupiah(100_000)).unwrap();
        assert_eq!(i64::from(periods) * 100_000 + left.minor(), credit);
    }
    for credit in [99_999, 100_000, 250_000, 999_999] {
        let shop = Shop::new(engine).await;
        let customer = shop.customer(1).await;
        shop.pay(customer, credit).await;
        let subscription = shop.subscribe(customer, terms(100_000)).await;
        shop.billing.prepay_subscription(&clerk(), subscription).await.unwrap();
        let view = shop.billing.subscription(subscription).await.unwrap();
        let granted = view.periods.iter().filter(|row| row.granted_days > 0).count();
        let spent = shop.invoices(customer).await.iter().map(|i| i.paid.minor()).sum::<i64>();
        assert_eq!(granted, usize::try_from(spent / 100_000).unwrap(), "credit {credit}");
        assert_eq!(spent + shop.credit(customer).await, credit);
        shop.check(&[customer]).await;
    }
}

async fn f4_credit_is_never_lost_in_an_invoice(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.pay(customer, 70_000).await;
    shop.subscribe(customer, terms(100_000)).await;
    assert_eq!(shop.rests(customer).await, [(PartiallyPaid, 30_000)]);
    let invoiced: i64 = shop.invoices(customer).await.iter().map(|i| i.total.minor()).sum();
    let balance = shop.standing(customer).await.balance.minor();
    assert_eq!(70_000, invoiced + balance, "cash in is invoiced and balance");
    shop.check(&[customer]).await;
}

async fn f4_credit_of_a_subscription_that_is_over_can_be_moved_and_paid_out(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let over = shop.subscribe(customer, terms(100_000)).await;
    shop.pay(customer, 100_000).await;
    let at = CancelAt::NowWithCredit;
    shop.billing.cancel_subscription(&because("moves away"), over, at).await.unwrap();
    assert_eq!(shop.standing(customer).await.credit, [(Some(over), rupiah(100_000))]);
    let transfer = Transfer {
        from: customer,
        from_subscription: Some(over),
        to: customer,
        to_subscription: None,
        amount: rupiah(60_000),
    };
    shop.billing.transfer_credit(&clerk(), transfer).await.unwrap();
    let adjust = async |amount| {
        let adjustment = Adjustment { subscription: Some(over), amount, overdraw: Overdraw::Never };
        shop.billing.adjust_credit(&because("paid out"), customer, adjustment).await
    };
    assert_eq!(adjust(rupiah(1)).await.unwrap_err().code(), "not_found", "it takes no credit");
    adjust(rupiah(-40_000)).await.unwrap();
    assert_eq!(shop.standing(customer).await.credit, [(None, rupiah(60_000))]);
    shop.check(&[customer]).await;
}

async fn f5_credit_does_not_expire(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.pay(customer, 50_000).await;
    let entries = shop.booked(Account::CustomerCredit).await;
    for _ in 0..40 {
        shop.days(1).await;
        shop.billing.remind_of_credit().await.unwrap();
    }
    assert_eq!(shop.credit(customer).await, 50_000);
    assert_eq!(shop.booked(Account::CustomerCredit).await, entries);
    let filter = NoticeFilter { kind: Some(NoticeKind::CreditReminder), customer: Some(customer) };
    let told = shop.billing.notices(filter, PageRequest::default()).await.unwrap().items;
    assert_eq!(told.len(), 5, "once a week, the first a week after the payment");
    shop.check(&[customer]).await;
}

/// One of the things that may happen to an invoice.
#[derive(Debug, Clone, Copy)]
enum Event {
    Pay,
    Cut,
    Void,
    PayAgain,
}

fn orders(events: &[Event]) -> Vec<Vec<Event>> {
    if events.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in 0..events.len() {
        let mut rest = events.to_vec();
        let head = rest.remove(first);
        all.extend(orders(&rest).into_iter().map(|tail| [vec![head], tail].concat()));
    }
    all
}

async fn f10_in_whatever_order_things_arrive_paid_stays_paid(engine: Engine) {
    for order in orders(&[Event::Pay, Event::Cut, Event::Void, Event::PayAgain]) {
        let shop = Shop::new(engine).await;
        let customer = shop.customer(1).await;
        shop.subscribe(customer, terms(100_000)).await;
        let number = shop.invoices(customer).await[0].number.clone();
        let mut was_paid = false;
        for event in &order {
            match event {
                Event::Pay | Event::PayAgain => drop(shop.pay(customer, 100_000).await),
                Event::Cut => shop.until_day(date(2026, 1, 20)).await,
                Event::Void => {
                    shop.moment();
                    let done = shop.billing.void_invoice(&because("x"), number.as_str()).await;
                    assert_eq!(done.is_err(), was_paid, "{order:?}");
                }
            }
            let status = shop.rests(customer).await[0].0;
            assert!(!was_paid || status == Paid, "{order:?}");
            was_paid |= status == Paid;
        }
        let kept = if was_paid { 100_000 } else { 200_000 };
        let status = if was_paid { Paid } else { Void };
        assert_eq!(shop.rests(customer).await[0], (status, 0), "{order:?}");
        assert_eq!(shop.credit(customer).await, kept, "{order:?}");
        shop.check(&[customer]).await;
    }
}

async fn f10_money_of_nobody_waits_in_suspense_for_its_customer(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    let whole = NewPayment::whole(customer, rupiah(100_000), Method::BankTransfer);
    let unknown = NewPayment { customer: None, reference: Some("TRX9".to_owned()), ..whole };
    let payment = shop.try_pay(unknown).await.unwrap().payment;
    assert_eq!(shop.booked(Account::Suspense).await, -100_000);
    let filter = PaymentFilter { in_suspense: true, ..PaymentFilter::default() };
    let waiting = shop.billing.payments(&filter, PageRequest::default()).await.unwrap().items;
    assert_eq!(waiting.iter().map(|held| held.id).collect::<Vec<_>>(), [payment.id]);
    shop.moment();
    let view = shop.billing.match_payment(&clerk(), "TRX9", customer).await.unwrap();
    assert_eq!(view.paid.len(), 1);
    assert_eq!(shop.rests(customer).await, [(Paid, 0)]);
    assert_eq!(shop.booked(Account::Suspense).await, 0);
    let again = shop.billing.match_payment(&clerk(), "TRX9", customer).await.unwrap_err();
    assert_eq!(again.code(), "payment_matched");
    shop.check(&[customer]).await;
}

async fn f12_what_is_spent_by_many_at_once_is_never_more_than_there_was(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let other = shop.customer(2).await;
    shop.pay(customer, 10_000).await;
    shop.pay(other, 10_000).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100 {
        let billing = shop.billing.clone();
        let (from, to) = if number % 2 == 0 { (customer, other) } else { (other, customer) };
        let transfer = Transfer {
            from,
            from_subscription: None,
            to,
            to_subscription: None,
            amount: rupiah(1_000 + number),
        };
        tasks.spawn(async move { billing.transfer_credit(&clerk(), transfer).await });
    }
    for done in tasks.join_all().await {
        assert!(done.is_ok_and(|_| true) || shop.credit(customer).await >= 0);
    }
    let (one, two) = (shop.credit(customer).await, shop.credit(other).await);
    assert!(one >= 0 && two >= 0);
    assert_eq!(one + two, 20_000);
    shop.check(&[customer, other]).await;
}

async fn f14_a_refund_after_the_money_was_used_is_never_ignored(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, terms(100_000)).await;
    let payment = shop.pay(customer, 100_000).await.payment.number;
    shop.until_day(date(2026, 1, 25)).await;
    assert_eq!(shop.state(subscription).await, "active");
    shop.moment();
    shop.billing.reverse_payment(&because("chargeback"), payment.as_str()).await.unwrap();
    assert_eq!(shop.rests(customer).await, [(Open, 100_000)]);
    assert_eq!(shop.state(subscription).await, "overdue");
    assert_eq!(shop.booked(Account::Cash).await, 0);
    shop.check(&[customer]).await;
}

async fn f15_what_was_paid_for_is_served_although_nobody_was_awake(engine: Engine) {
    let mut shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, terms(100_000)).await;
    shop.until_day(date(2026, 1, 20)).await;
    shop.pay(customer, 100_000).await;
    shop.restart().await;
    assert_eq!(shop.state(subscription).await, "active");
    let filter = NoticeFilter { customer: Some(customer), ..NoticeFilter::default() };
    let told = shop.billing.notices(filter, PageRequest::default()).await.unwrap().items;
    let kinds: Vec<_> = told.iter().map(|notice| notice.kind).collect();
    assert!(kinds.contains(&NoticeKind::ServiceSuspended));
    assert!(kinds.contains(&NoticeKind::ServiceRestored));
    assert!(kinds.contains(&NoticeKind::PaymentReceived));
    shop.check(&[customer]).await;
}

async fn f29_another_invoice_of_the_month_hides_no_period(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    shop.pay(customer, 1_000_000).await;
    for day in [date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 31)] {
        shop.until_day(day).await;
        shop.moment();
        let made = shop.billing.issue_invoice(&clerk(), customer, charge(5_000, day)).await;
        made.unwrap();
    }
    let invoices = shop.invoices(customer).await;
    let starts: Vec<_> =
        invoices.iter().filter_map(|invoice| invoice.period).map(|p| p.days.start).collect();
    assert_eq!(starts, [date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 10)]);
    shop.check(&[customer]).await;
}

async fn parts_of_a_payment_stand_on_their_own_accounts(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let part = |method, amount| Part { method, reference: None, amount: rupiah(amount) };
    let payment = NewPayment {
        parts: vec![part(Method::Cash, 30_000), part(Method::BankTransfer, 70_000)],
        ..NewPayment::whole(customer, rupiah(100_000), Method::Cash)
    };
    let made = shop.try_pay(payment).await.unwrap().payment;
    assert_eq!(made.number.as_str(), "RCP-20260110-0001");
    assert_eq!(shop.booked(Account::Cash).await, 30_000);
    assert_eq!(shop.booked(Account::Bank).await, 70_000);
    shop.check(&[customer]).await;
}

async fn bad_input_is_refused_with_its_reason_and_writes_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, terms(100_000)).await;
    let before = shop.billing.books().await.unwrap();
    let pay = |change: &dyn Fn(&mut NewPayment)| {
        let mut payment = NewPayment::whole(customer, rupiah(1_000), Method::Cash);
        change(&mut payment);
        payment
    };
    let refused = async |payment| shop.try_pay(payment).await.unwrap_err().code();
    let usd = mkbill_core::Money::new(100, mkbill_core::Currency::USD);
    let unknown = mkbill_core::kernel::ids::InvoiceId::from_uuid(uuid::Uuid::nil());
    let nobody = mkbill_core::kernel::ids::CustomerId::from_uuid(uuid::Uuid::nil());
    let invoice = shop.invoices(customer).await[0].clone();
    assert_eq!(refused(pay(&|p| p.invoice = Some(unknown))).await, "not_found");
    assert_eq!(refused(pay(&|p| p.customer = Some(nobody))).await, "not_found");
    assert_eq!(refused(pay(&|p| p.amount = usd)).await, "invalid");
    let foreign =
        NewPayment { invoice: Some(invoice.id), ..NewPayment::whole(customer, usd, Method::Cash) };
    assert_eq!(refused(foreign).await, "mixed_currencies");
    assert_eq!(refused(pay(&|p| p.received_on = Some(date(2027, 1, 1)))).await, "date_in_future");
    assert_eq!(refused(pay(&|p| p.note = Some("x".repeat(300)))).await, "invalid");
    let number = invoice.number.as_str();
    let silent = shop.billing.void_invoice(&clerk(), number).await.unwrap_err();
    assert_eq!(silent.code(), "reason_missing");
    let resume = shop.billing.resume_subscription(&clerk(), subscription).await.unwrap_err();
    assert_eq!(resume.code(), "subscription_state");
    let past = Some(date(2026, 1, 10));
    let pause = shop.billing.pause_subscription(&clerk(), subscription, past).await.unwrap_err();
    assert_eq!(pause.code(), "subscription_days");
    let past = charge(5_000, date(2026, 1, 9));
    let late = shop.billing.issue_invoice(&clerk(), customer, past).await.unwrap_err();
    assert_eq!(late.code(), "due_past");
    let nothing = charge(0, date(2026, 1, 20));
    let nothing = shop.billing.issue_invoice(&clerk(), customer, nothing).await.unwrap_err();
    assert_eq!(nothing.code(), "invoice_lines");
    let mut huge = charge(i64::MAX, date(2026, 1, 20));
    huge.items[0].quantity = 2;
    let huge = shop.billing.issue_invoice(&clerk(), customer, huge).await.unwrap_err();
    assert_eq!(huge.code(), "amount_out_of_range");
    assert_eq!(shop.billing.books().await.unwrap(), before);
    shop.check(&[customer]).await;
}

async fn a_blacklisted_customer_gets_no_new_service(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.blacklisted(1).await;
    let plan = shop.plan("home", Terms { ..terms(100_000) }).await;
    let request = Subscribe {
        customer,
        plan,
        zone: None,
        discount: mkbill_core::subscription::Discount::default(),
        login: None,
    };
    let refused = shop.billing.subscribe(&clerk(), request).await.unwrap_err();
    assert_eq!(refused.code(), "customer_blacklisted");
    assert!(shop.invoices(customer).await.is_empty());
}
