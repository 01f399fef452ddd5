//! What a business decides, and what becomes of debts, notices and customers.

use jiff::civil::date;
use mkbill_core::customer::phone::{GivenPhone, PhoneNumber, Region};
use mkbill_core::customer::{Locale, NewCustomer};
use mkbill_core::kernel::language::Language;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::patch::Patch;
use mkbill_core::notice::NoticeKind;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::settings::SettingsChange;
use mkbill_core::testkit::Engine;

use crate::shop::{Shop, charge, clerk, rupiah};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_high_debt_is_what_the_business_says,
    notices_and_the_file_of_a_customer_name_the_business,
    a_new_customer_is_written_to_in_the_language_of_the_business,
];

async fn decide(shop: &Shop, change: SettingsChange) {
    shop.billing.change_settings(&clerk(), change).await.unwrap();
}

async fn a_high_debt_is_what_the_business_says(engine: Engine) {
    let shop = Shop::new(engine).await;
    let owes = async |number, amount| {
        let customer = shop.customer(number).await;
        let due = charge(amount, date(2026, 1, 10));
        shop.billing.issue_invoice(&clerk(), customer, due).await.unwrap();
        shop.pay(customer, 1).await;
        shop.told(customer, NoticeKind::HighDebt).await.len()
    };
    let limit = |limit| SettingsChange { high_debt: limit, ..SettingsChange::default() };
    assert_eq!(owes(1, 400_000).await, 0, "half a million is allowed");
    decide(&shop, limit(Patch::Set(rupiah(300_000)))).await;
    assert_eq!(owes(2, 400_000).await, 1);
    assert_eq!(owes(3, 300_000).await, 0);
    let customer = shop.customer(4).await;
    let own = "UPDATE customer SET credit_limit_minor = 500000 WHERE name = 'customer 4'";
    shop.database.run(own).await.unwrap();
    let due = charge(400_000, date(2026, 1, 10));
    shop.billing.issue_invoice(&clerk(), customer, due).await.unwrap();
    shop.pay(customer, 1).await;
    assert!(shop.told(customer, NoticeKind::HighDebt).await.is_empty(), "a limit of their own");
    decide(&shop, limit(Patch::Clear)).await;
    assert_eq!(owes(5, 400_000).await, 0);
}

async fn notices_and_the_file_of_a_customer_name_the_business(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let facts = async || {
        shop.pay(customer, 1_000).await;
        let filter = NoticeFilter { customer: Some(customer), kind: None };
        shop.billing.notices(filter, PageRequest::default()).await.unwrap().items.remove(0).facts
    };
    assert_eq!(facts().await.get("business"), None);
    let phone = PhoneNumber::parse("022 555 0123", Region::ID).unwrap();
    let change = SettingsChange {
        name: Patch::Set("RT Net".to_owned()),
        phone: Patch::Set(phone.clone()),
        ..SettingsChange::default()
    };
    decide(&shop, change).await;
    assert_eq!(facts().await["business"], "RT Net");
    let file = shop.billing.customer_file(&customer.to_string()).await.unwrap();
    assert_eq!(file.kept_by.name.as_deref(), Some("RT Net"));
    assert_eq!(file.kept_by.phone, Some(phone));
}

async fn a_new_customer_is_written_to_in_the_language_of_the_business(engine: Engine) {
    let shop = Shop::new(engine).await;
    let add = async |number: u32, locale| {
        let phone = GivenPhone::parse(&format!("0812{number:08}"), Region::ID).unwrap();
        let new = NewCustomer { locale, ..NewCustomer::new("somebody", phone) };
        let added = shop.billing.add_customer(&clerk(), new).await.unwrap();
        added.value.customer.locale
    };
    assert_eq!(add(1, None).await, Locale::Id);
    let language = Patch::Set(Language::English);
    decide(&shop, SettingsChange { language, ..SettingsChange::default() }).await;
    assert_eq!(add(2, None).await, Locale::En);
    assert_eq!(add(3, Some(Locale::Id)).await, Locale::Id, "they have one of their own");
    let csv = b"name,whatsapp\nAni,081200000004\n";
    shop.billing.import_customers(&clerk(), csv).await.unwrap();
    let ani = shop.billing.customer("081200000004").await.unwrap();
    assert_eq!(ani.customer.locale, Locale::En);
}
