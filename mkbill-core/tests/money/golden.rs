//! Golden vectors: whole rupiah, oldest first, the rest to credit.

use jiff::civil::date;
use mkbill_core::invoice::InvoiceStatus;
use mkbill_core::invoice::tax::{TaxMode, TaxRule};
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::plan::terms::{LateRenewal, Terms};
use mkbill_core::testkit::Engine;

use crate::shop::{Shop, because, clerk, rupiah, terms};
use crate::support::stories;

use InvoiceStatus::{Open, Paid, PartiallyPaid};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    g1_two_parts_make_a_whole,
    g2_an_excess_lowers_the_next_invoice,
    g3_two_invoices_are_paid_in_their_order,
    g4_credit_pays_renewals_until_it_runs_out,
    g5_a_full_refund_opens_both_invoices_again,
    g6_the_same_money_told_five_times_is_one_payment,
    g7_money_after_the_cut_pays_and_restores_the_service,
    g8_a_share_of_a_price_with_tax_splits_without_a_rest,
    g9_an_anchor_on_the_31st_is_kept_through_short_months,
    g10_a_hundred_at_once_spend_a_credit_that_is_good_for_ten,
];

async fn g1_two_parts_make_a_whole(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    shop.pay(customer, 40_000).await;
    assert_eq!(shop.invoices(customer).await[0].paid, rupiah(40_000));
    shop.pay(customer, 60_000).await;
    assert_eq!((shop.rests(customer).await, shop.credit(customer).await), (vec![(Paid, 0)], 0));
    shop.check(&[customer]).await;
}

async fn g2_an_excess_lowers_the_next_invoice(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    shop.pay(customer, 150_000).await;
    assert_eq!(shop.credit(customer).await, 50_000);
    shop.until_day(date(2026, 2, 3)).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0), (PartiallyPaid, 50_000)]);
    shop.check(&[customer]).await;
}

async fn g3_two_invoices_are_paid_in_their_order(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    shop.subscribe(customer, terms(100_000)).await;
    shop.pay(customer, 120_000).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0), (PartiallyPaid, 80_000)]);
    assert_eq!(shop.credit(customer).await, 0);
    shop.check(&[customer]).await;
}

async fn g4_credit_pays_renewals_until_it_runs_out(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.pay(customer, 250_000).await;
    shop.subscribe(customer, terms(100_000)).await;
    shop.until_day(date(2026, 3, 3)).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0), (Paid, 0), (PartiallyPaid, 50_000)]);
    assert_eq!(shop.credit(customer).await, 0);
    shop.check(&[customer]).await;
}

async fn g5_a_full_refund_opens_both_invoices_again(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    let payment = shop.pay(customer, 150_000).await.payment.number;
    shop.until_day(date(2026, 2, 3)).await;
    shop.moment();
    shop.billing.reverse_payment(&because("refund"), payment.as_str()).await.unwrap();
    assert_eq!(shop.rests(customer).await, [(Open, 100_000), (Open, 100_000)]);
    assert_eq!(shop.credit(customer).await, 0);
    shop.check(&[customer]).await;
}

async fn g6_the_same_money_told_five_times_is_one_payment(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    for _ in 0..5 {
        shop.moment();
        let caller = clerk().with_key("till-1-0042".parse().unwrap());
        let payment = NewPayment::whole(customer, rupiah(100_000), Method::Cash);
        shop.billing.record_payment(&caller, payment).await.unwrap();
    }
    assert_eq!((shop.rests(customer).await, shop.credit(customer).await), (vec![(Paid, 0)], 0));
    shop.check(&[customer]).await;
}

async fn g7_money_after_the_cut_pays_and_restores_the_service(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, terms(100_000)).await;
    shop.until_day(date(2026, 1, 20)).await;
    assert_eq!(shop.state(subscription).await, "overdue");
    shop.pay(customer, 100_000).await;
    assert_eq!(shop.rests(customer).await, [(Paid, 0)]);
    assert_eq!(shop.state(subscription).await, "active");
    shop.check(&[customer]).await;
}

async fn g8_a_share_of_a_price_with_tax_splits_without_a_rest(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let ppn = TaxRule::new(date(2025, 1, 1), TaxMode::Inclusive, 1_200, (11, 12)).unwrap();
    shop.billing.add_tax_rule(&clerk(), "ppn".parse().unwrap(), ppn).await.unwrap();
    let taxed = Terms { tax: Some("ppn".parse().unwrap()), ..terms(150_000) };
    let thirty = mkbill_core::subscription::cycle::Cycle::Days(30.try_into().unwrap());
    let subscription = shop.subscribe(customer, Terms { cycle: thirty, ..taxed }).await;
    shop.pay(customer, 150_000).await;
    let invoice = shop.invoices(customer).await[0].clone();
    assert_eq!((invoice.total, invoice.tax), (rupiah(150_000), rupiah(14_865)));
    shop.until_day(date(2026, 1, 30)).await;
    let at = mkbill_core::billing::CancelAt::NowWithCredit;
    shop.billing.cancel_subscription(&clerk(), subscription, at).await.unwrap();
    let note = shop.billing.invoice(invoice.number.as_str()).await.unwrap().credit_notes.remove(0);
    assert_eq!((note.amount, note.tax), (rupiah(50_000), rupiah(4_955)));
    assert_eq!(note.net.checked_add(note.tax), Ok(note.amount));
    assert_eq!(shop.credit(customer).await, 50_000);
    shop.check(&[customer]).await;
}

async fn g9_an_anchor_on_the_31st_is_kept_through_short_months(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.until_day(date(2026, 1, 31)).await;
    let terms = Terms { late_renewal: LateRenewal::FromDue, ..terms(100_000) };
    let subscription = shop.subscribe(customer, terms).await;
    shop.pay(customer, 1_000_000).await;
    shop.until_day(date(2026, 4, 30)).await;
    let view = shop.billing.subscription(subscription).await.unwrap();
    let periods: Vec<_> =
        view.periods.iter().map(|row| (row.period.start, row.period.end)).take(4).collect();
    let days = [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31)].map(|(m, d)| date(2026, m, d));
    let expected: Vec<_> = days.windows(2).map(|pair| (pair[0], pair[1])).collect();
    assert_eq!(periods, expected);
    shop.check(&[customer]).await;
}

async fn g10_a_hundred_at_once_spend_a_credit_that_is_good_for_ten(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let other = shop.customer(2).await;
    shop.pay(customer, 10_000).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let billing = shop.billing.clone();
        let transfer = mkbill_core::billing::Transfer {
            from: customer,
            from_subscription: None,
            to: other,
            to_subscription: None,
            amount: rupiah(1_000),
        };
        tasks.spawn(async move { billing.transfer_credit(&clerk(), transfer).await });
    }
    let done = tasks.join_all().await;
    let codes = done.iter().map(|done| done.as_ref().map(drop).map_err(mkbill_core::Error::code));
    let (moved, refused): (Vec<_>, Vec<_>) = codes.partition(Result::is_ok);
    assert_eq!(moved.len(), 10);
    assert_eq!(refused, vec![Err("credit_overdrawn"); 90]);
    assert_eq!((shop.credit(customer).await, shop.credit(other).await), (0, 10_000));
    shop.check(&[customer, other]).await;
}
