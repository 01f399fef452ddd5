//! Trying: everything is answered as if, and nothing is kept.

use jiff::SignedDuration;
use jiff::civil::date;
use mkbill_core::account::correct::Overdraw;
use mkbill_core::billing::{Adjustment, CancelAt, ChangeAt, Subscribe, Transfer};
use mkbill_core::customer::contact::{Contact, ContactKind};
use mkbill_core::customer::phone::{GivenPhone, Region};
use mkbill_core::customer::store::CustomerFilter;
use mkbill_core::customer::tag::{Tag, TagEdit};
use mkbill_core::customer::{CustomerChange, CustomerStatus, NewCustomer};
use mkbill_core::invoice::store::InvoiceFilter;
use mkbill_core::invoice::tax::{TaxMode, TaxRule};
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::kernel::order::SortKey;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::payment::store::PaymentFilter;
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::plan::store::PlanFilter;
use mkbill_core::plan::{NewPlan, PlanChange};
use mkbill_core::subscription::Discount;
use mkbill_core::subscription::store::SubscriptionFilter;
use mkbill_core::testkit::Engine;

use crate::shop::{Shop, because, charge, clerk, rupiah, terms};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_dry_run_shows_what_a_payment_would_do,
    a_dry_run_of_any_change_of_money_writes_nothing,
    a_dry_run_of_any_change_of_customers_plans_and_taxes_writes_nothing,
];

fn trying() -> Caller {
    because("only trying").dry_run()
}

fn whole<K: SortKey>() -> PageRequest<K> {
    PageRequest::new(None, 200).unwrap()
}

/// Everything that can be read of a shop, as text.
async fn everything(shop: &Shop, customers: &[CustomerId]) -> String {
    let billing = &shop.billing;
    let mut all = vec![
        format!("{:?}", billing.books().await.unwrap()),
        format!("{:?}", billing.audit(None, whole()).await.unwrap().items),
        format!(
            "{:?}",
            billing.customers(&CustomerFilter::default(), whole()).await.unwrap().items
        ),
        format!("{:?}", billing.plans(PlanFilter::default(), whole()).await.unwrap().items),
        format!("{:?}", billing.tax_rules().await.unwrap()),
        format!("{:?}", billing.invoices(&InvoiceFilter::default(), whole()).await.unwrap().items),
        format!("{:?}", billing.credit_notes(None, whole()).await.unwrap().items),
        format!("{:?}", billing.payments(&PaymentFilter::default(), whole()).await.unwrap().items),
        format!("{:?}", billing.notices(NoticeFilter::default(), whole()).await.unwrap().items),
        format!("{:?}", billing.books_locked_through().await.unwrap()),
    ];
    let subscriptions =
        billing.subscriptions(&SubscriptionFilter::default(), whole()).await.unwrap();
    for subscription in subscriptions.items {
        all.push(format!("{:?}", billing.subscription(subscription.id).await.unwrap()));
    }
    for customer in customers {
        all.push(format!("{:?}", billing.standing(*customer).await.unwrap()));
        let contacts = billing.customer_contacts(&customer.to_string()).await.unwrap();
        all.push(format!("{contacts:?}"));
    }
    all.join("\n")
}

async fn a_dry_run_shows_what_a_payment_would_do(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    let payment = NewPayment::whole(customer, rupiah(150_000), Method::Cash);
    let preview = shop.billing.record_payment(&trying(), payment).await.unwrap();
    assert!(preview.dry_run);
    assert_eq!(preview.value.paid[0].1, rupiah(100_000), "what it would pay");
    assert_eq!(preview.value.credit, [(None, rupiah(50_000))], "what would be left");
    shop.clock.advance(SignedDuration::from_secs(1));
    let made = shop.pay(customer, 1).await.payment.number;
    assert_eq!(made.as_str(), "RCP-20260110-0001", "no number is lost");
    shop.check(&[customer]).await;
}

async fn a_dry_run_of_any_change_of_money_writes_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (customer, other) = (shop.customer(1).await, shop.customer(2).await);
    let (plan, better) = (shop.plan("home", terms(100_000)).await, terms(150_000));
    let better = shop.plan("fast", better).await;
    let open = shop.subscribe_to(customer, plan).await;
    let paid = shop.subscribe_to(other, plan).await;
    let receipt = shop.pay(other, 100_000).await.payment.number;
    shop.pay(other, 250_000).await;
    let paused = shop.subscribe_to(customer, better).await;
    shop.moment();
    shop.billing.pause_subscription(&clerk(), paused, None).await.unwrap();
    let lost = NewPayment {
        customer: None,
        ..NewPayment::whole(customer, rupiah(7_000), Method::BankTransfer)
    };
    shop.moment();
    let lost = shop.try_pay(lost).await.unwrap().payment.number;
    let invoice = shop.invoices(customer).await[0].number.clone();
    let settled = shop.invoices(other).await[0].number.clone();
    shop.moment();
    let before = everything(&shop, &[customer, other]).await;
    let (billing, trying) = (&shop.billing, trying());
    let payment = NewPayment::whole(customer, rupiah(150_000), Method::Cash);
    billing.record_payment(&trying, payment).await.unwrap();
    billing.reverse_payment(&trying, receipt.as_str()).await.unwrap();
    billing.match_payment(&trying, lost.as_str(), customer).await.unwrap();
    let manual = charge(5_000, date(2026, 1, 20));
    billing.issue_invoice(&trying, customer, manual).await.unwrap();
    billing.void_invoice(&trying, invoice.as_str()).await.unwrap();
    billing.credit_invoice(&trying, settled.as_str(), rupiah(1_000)).await.unwrap();
    let adjustment =
        Adjustment { subscription: None, amount: rupiah(5), overdraw: Overdraw::Never };
    billing.adjust_credit(&trying, customer, adjustment).await.unwrap();
    let transfer = Transfer {
        from: other,
        from_subscription: None,
        to: customer,
        to_subscription: None,
        amount: rupiah(50_000),
    };
    billing.transfer_credit(&trying, transfer).await.unwrap();
    let request =
        Subscribe { customer, plan, zone: None, discount: Discount::default(), login: None };
    billing.subscribe(&trying, request).await.unwrap();
    billing.pause_subscription(&trying, open, None).await.unwrap();
    billing.resume_subscription(&trying, paused).await.unwrap();
    for at in [CancelAt::Now, CancelAt::NowWithCredit, CancelAt::PeriodEnd] {
        billing.cancel_subscription(&trying, paid, at).await.unwrap();
    }
    for at in [ChangeAt::Now, ChangeAt::NextPeriod] {
        billing.change_subscription_plan(&trying, paid, better, at).await.unwrap();
    }
    let half = Discount { basis_points: 5_000, ..Discount::default() };
    billing.discount_subscription(&trying, open, half).await.unwrap();
    billing.bill_subscription(&trying, open).await.unwrap();
    billing.prepay_subscription(&trying, paid).await.unwrap();
    billing.lock_books(&trying, date(2026, 1, 9)).await.unwrap();
    assert_eq!(everything(&shop, &[customer, other]).await, before);
    shop.check(&[customer, other]).await;
}

async fn a_dry_run_of_any_change_of_customers_plans_and_taxes_writes_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.plan("home", terms(100_000)).await;
    let tax: mkbill_core::invoice::tax::TaxName = "ppn".parse().unwrap();
    let rule = |year| TaxRule::new(date(year, 1, 1), TaxMode::Exclusive, 1_200, (11, 12)).unwrap();
    shop.billing.add_tax_rule(&clerk(), tax.clone(), rule(2027)).await.unwrap();
    let before = everything(&shop, &[customer]).await;
    let (billing, trying, key) = (&shop.billing, trying(), customer.to_string());
    let phone = GivenPhone::parse("0811-2222-3333", Region::ID).unwrap();
    billing.add_customer(&trying, NewCustomer::new("Budi", phone)).await.unwrap();
    let change = CustomerChange::to_status(CustomerStatus::Inactive);
    billing.change_customer(&trying, &key, change).await.unwrap();
    let tag = Tag::new("vip", None).unwrap();
    let edit = TagEdit::Replace(vec![tag]);
    billing.tag_customer(&trying, &key, edit).await.unwrap();
    let contact =
        Contact::new(ContactKind::Email, "a@example.com", true, None, Region::ID).unwrap();
    billing.set_customer_contacts(&trying, &key, vec![contact]).await.unwrap();
    billing.anonymise_customer(&trying, &key).await.unwrap();
    billing.delete_customer(&trying, &key).await.unwrap();
    let csv = b"name,whatsapp\nSiti,0811-4444-5555\n";
    billing.import_customers(&trying, csv).await.unwrap();
    let plan = NewPlan {
        name: "fast".parse().unwrap(),
        router_profile: "default".to_owned(),
        prices: terms(1).prices,
        limits: mkbill_core::plan::Limits::default(),
        terms: Some(terms(1)),
    };
    billing.add_plan(&trying, plan).await.unwrap();
    let change = PlanChange { sell: Some(rupiah(120_000)), ..PlanChange::default() };
    billing.change_plan(&trying, "home", change).await.unwrap();
    billing.retire_plan(&trying, "home").await.unwrap();
    billing.restore_plan(&trying, "home").await.unwrap();
    billing.renew_terms(&trying, "home").await.unwrap();
    billing.add_tax_rule(&trying, tax.clone(), rule(2028)).await.unwrap();
    billing.withdraw_tax_rule(&trying, tax, date(2027, 1, 1)).await.unwrap();
    assert_eq!(everything(&shop, &[customer]).await, before);
}
