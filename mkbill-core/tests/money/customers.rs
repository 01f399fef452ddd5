//! Customers from their first visit until nobody knows any more who they were.

use std::fmt::Write as _;

use mkbill_core::account::correct::Overdraw;
use mkbill_core::billing::{Adjustment, CancelAt, Subscribe};
use mkbill_core::customer::contact::{Contact, ContactKind};
use mkbill_core::customer::phone::{GivenPhone, Region};
use mkbill_core::customer::store::{CustomerFilter, CustomerSort};
use mkbill_core::customer::tag::{Tag, TagEdit};
use mkbill_core::customer::{ANONYMOUS, CustomerChange, CustomerStatus, NewCustomer};
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::money::{Currency, Money};
use mkbill_core::kernel::order::Order;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::patch::Patch;
use mkbill_core::kernel::thing::Thing;
use mkbill_core::ledger::Account;
use mkbill_core::report::subscribers::{TopBy, Window};
use mkbill_core::subscription::{Discount, StateName};
use mkbill_core::testkit::Engine;

use crate::shop::{Shop, because, charge, clerk, rupiah, terms};
use crate::support::{Story, stories};

pub(crate) const STORIES: &[(&str, Story)] = stories![
    every_spelling_of_a_number_is_one_customer,
    a_deleted_customers_number_may_be_used_again,
    parallel_adds_of_one_number_make_one_customer,
    a_request_that_comes_twice_adds_one_customer,
    an_initial_balance_stands_in_the_books,
    who_is_blacklisted_or_deleted_gets_no_new_service,
    a_change_keeps_what_it_does_not_name,
    bad_values_are_refused_before_anything_is_written,
    the_trail_holds_nothing_personal,
    tags_are_added_and_removed_by_name,
    an_anonymous_customer_keeps_nothing_but_the_books,
    a_file_is_imported_but_for_its_bad_lines,
    a_dry_run_of_an_import_writes_nothing,
    an_import_that_comes_twice_is_answered_once,
    a_full_file_is_imported_at_once,
    what_is_exported_may_be_imported_elsewhere,
    everything_of_a_customer_is_in_their_file,
    figures_tell_debtors_and_newcomers,
    those_who_owe_most_come_first_page_by_page,
    figures_tell_who_stays_who_leaves_and_what_they_bring,
];

fn new(name: &str, phone: &str) -> NewCustomer {
    NewCustomer::new(name, GivenPhone::parse(phone, Region::ID).unwrap())
}

async fn add(shop: &Shop, name: &str, phone: &str) -> CustomerId {
    let added = shop.billing.add_customer(&clerk(), new(name, phone)).await;
    added.unwrap().value.customer.id
}

async fn names(shop: &Shop) -> Vec<String> {
    let page = PageRequest::new(None, 200).unwrap();
    let page = shop.billing.customers(&CustomerFilter::default(), page).await.unwrap();
    page.items.into_iter().map(|view| view.customer.name).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().code()
}

fn keyed(key: &str) -> Caller {
    clerk().with_key(key.parse().unwrap())
}

async fn every_spelling_of_a_number_is_one_customer(engine: Engine) {
    let shop = Shop::new(engine).await;
    let id = add(&shop, "Budi", "0812-3456-7890").await;
    for spelling in ["081234567890", "(0812) 3456 7890", "6281234567890", "0062 81234567890"] {
        let again = shop.billing.add_customer(&clerk(), new("Twin", spelling)).await;
        assert_eq!(code(again), "conflict", "{spelling}");
        let found = shop.billing.customer(spelling).await.unwrap().customer;
        assert_eq!((found.id, found.phone_as_given.as_str()), (id, "0812-3456-7890"));
    }
    assert_eq!(shop.billing.customer(&id.to_string()).await.unwrap().customer.id, id);
    assert_eq!(names(&shop).await, ["Budi"]);
    assert_eq!(code(shop.billing.customer("nobody").await), "not_found");
    assert_eq!(code(shop.billing.customer("081299999999").await), "not_found");
}

async fn a_deleted_customers_number_may_be_used_again(engine: Engine) {
    let shop = Shop::new(engine).await;
    let first = add(&shop, "first", "081234567890").await;
    let subscription = shop.subscribe(first, terms(100_000)).await;
    let by_number = |caller: Caller| {
        let billing = shop.billing.clone();
        async move { billing.delete_customer(&caller, "0812 3456 7890").await }
    };
    assert_eq!(code(by_number(clerk()).await), "customer_has_subscriptions");
    let at = mkbill_core::billing::CancelAt::Now;
    shop.billing.cancel_subscription(&because("moves away"), subscription, at).await.unwrap();
    by_number(clerk().dry_run()).await.unwrap();
    assert_eq!(names(&shop).await, ["first"]);
    let caller = || clerk().with_key("delete".parse().unwrap());
    assert!(by_number(caller()).await.unwrap().customer.deleted_at.is_some());
    let again = by_number(caller()).await.unwrap().customer;
    assert_eq!(again.id, first, "although no list shows them");
    let second = add(&shop, "second", "+62 812 3456 7890").await;
    assert_eq!(names(&shop).await, ["second"]);
    assert_eq!(shop.billing.customer("081234567890").await.unwrap().customer.id, second);
    let first = first.to_string();
    assert!(shop.billing.customer(&first).await.unwrap().customer.deleted_at.is_some());
    assert_eq!(code(shop.billing.delete_customer(&clerk(), &first).await), "customer_deleted");
    let change = CustomerChange::to_status(CustomerStatus::Inactive);
    assert_eq!(
        code(shop.billing.change_customer(&clerk(), &first, change).await),
        "customer_deleted"
    );
    assert_eq!(shop.invoices(first.parse().unwrap()).await.len(), 1, "the books stay");
}

async fn parallel_adds_of_one_number_make_one_customer(engine: Engine) {
    let shop = Shop::new(engine).await;
    let mut adds = tokio::task::JoinSet::new();
    for seed in 0..8 {
        let billing = shop.another(seed + 50).await;
        let name = format!("Budi {seed}");
        adds.spawn(
            async move { billing.add_customer(&clerk(), new(&name, "0812 1111 2222")).await },
        );
        let billing = shop.another(seed + 70).await;
        let file = format!("name,whatsapp\nAni {seed},081234567890\n");
        adds.spawn(async move {
            let report = billing.import_customers(&clerk(), file.as_bytes()).await?.value;
            match report.imported {
                1 => billing.customer("081234567890").await.map(|value| {
                    mkbill_core::billing::Receipt { value, replayed: false, dry_run: false }
                }),
                _ => Err(Error::conflict(Thing::Customer, said!("taken", "sudah dipakai"))),
            }
        });
    }
    let outcomes = adds.join_all().await;
    let added = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(added, 2, "one by hand and one from a file");
    for outcome in outcomes {
        assert!(
            outcome.as_ref().err().is_none_or(|error| error.code() == "conflict"),
            "{outcome:?}"
        );
    }
    assert_eq!(names(&shop).await.len(), 2);
}

async fn a_request_that_comes_twice_adds_one_customer(engine: Engine) {
    let shop = Shop::new(engine).await;
    let once = shop.billing.add_customer(&keyed("k"), new("Budi", "081234567890")).await.unwrap();
    let again = shop.billing.add_customer(&keyed("k"), new("Budi", "081234567890")).await.unwrap();
    assert_eq!((once.replayed, again.replayed), (false, true));
    assert_eq!(once.value.customer.id, again.value.customer.id);
    let other = shop.billing.add_customer(&keyed("k"), new("Ani", "081234567891")).await;
    assert_eq!(code(other), "idempotency_key_reused");
    assert_eq!(names(&shop).await, ["Budi"]);
}

async fn an_initial_balance_stands_in_the_books(engine: Engine) {
    let shop = Shop::new(engine).await;
    for (name, phone, amount) in
        [("rich", "081234567890", 75_000), ("poor", "081234567891", -20_000)]
    {
        let initial_balance = Some(rupiah(amount));
        let request = NewCustomer { initial_balance, ..new(name, phone) };
        let view = shop.billing.add_customer(&clerk(), request).await.unwrap().value;
        let net: Vec<Money> = view.balances.iter().map(|balance| balance.net().unwrap()).collect();
        assert_eq!(net, [rupiah(amount)]);
        assert_eq!(shop.standing(view.customer.id).await.balance, rupiah(amount));
    }
    let none = NewCustomer { initial_balance: Some(rupiah(0)), ..new("none", "081234567892") };
    let view = shop.billing.add_customer(&clerk(), none).await.unwrap().value;
    assert!(view.balances.is_empty());
    let books = shop.billing.books().await.unwrap();
    assert!(books.balanced);
    let on = |account| books.balances.iter().find(|(a, _)| *a == account).map(|(_, sum)| *sum);
    assert_eq!(on(Account::OpeningBalances), Some(rupiah(55_000)));
    assert_eq!(on(Account::CustomerCredit), Some(rupiah(-55_000)));
    let debtors = CustomerFilter { balance_max: Some(rupiah(-1)), ..CustomerFilter::default() };
    let page = shop.billing.customers(&debtors, PageRequest::default()).await.unwrap();
    assert_eq!(page.items[0].customer.name, "poor");
    assert_eq!(page.items.len(), 1);
}

async fn who_is_blacklisted_or_deleted_gets_no_new_service(engine: Engine) {
    let shop = Shop::new(engine).await;
    let plan = shop.plan("home", terms(100_000)).await;
    let id = add(&shop, "Budi", "081234567890").await;
    let subscribe = |customer| {
        let request =
            Subscribe { customer, plan, zone: None, discount: Discount::default(), login: None };
        let billing = shop.billing.clone();
        async move { billing.subscribe(&clerk(), request).await }
    };
    let change = CustomerChange::to_status(CustomerStatus::Blacklisted);
    shop.billing.change_customer(&clerk(), "081234567890", change).await.unwrap();
    assert_eq!(code(subscribe(id).await), "customer_blacklisted");
    let change = CustomerChange::to_status(CustomerStatus::Active);
    shop.billing.change_customer(&clerk(), "081234567890", change).await.unwrap();
    let gone = add(&shop, "gone", "081234567891").await;
    shop.billing.delete_customer(&clerk(), &gone.to_string()).await.unwrap();
    assert_eq!(code(subscribe(gone).await), "customer_deleted");
    subscribe(id).await.unwrap();
}

async fn a_change_keeps_what_it_does_not_name(engine: Engine) {
    let shop = Shop::new(engine).await;
    let mut request = new("Budi", "081234567890");
    request.email = Some("Budi@Example.com".to_owned());
    request.notes = Some(" pays late ".to_owned());
    request.credit_limit = Some(rupiah(100_000));
    let id = shop.billing.add_customer(&clerk(), request).await.unwrap().value.customer.id;
    add(&shop, "Ani", "081234567891").await;
    let change = CustomerChange {
        name: Some("Budi Santoso".to_owned()),
        notes: Patch::Clear,
        address: Patch::Set("Jl. Mawar 5".to_owned()),
        ..CustomerChange::default()
    };
    let key = id.to_string();
    let customer = shop.billing.change_customer(&clerk(), &key, change).await.unwrap().customer;
    assert_eq!((customer.name.as_str(), customer.revision), ("Budi Santoso", 2));
    assert_eq!(customer.email.as_deref(), Some("budi@example.com"));
    assert_eq!((customer.notes, customer.credit_limit), (None, Some(rupiah(100_000))));
    let phone = |text| CustomerChange {
        phone: Some(GivenPhone::parse(text, Region::ID).unwrap()),
        ..CustomerChange::default()
    };
    let taken = shop.billing.change_customer(&clerk(), &key, phone("0812 3456 7891")).await;
    assert_eq!(code(taken), "conflict");
    let moved = shop.billing.change_customer(&clerk(), &key, phone("0812 3456 7892")).await;
    assert_eq!(moved.unwrap().customer.phone.as_str(), "+6281234567892");
    add(&shop, "Citra", "081234567890").await;
}

async fn bad_values_are_refused_before_anything_is_written(engine: Engine) {
    let shop = Shop::new(engine).await;
    let good = || new("Budi", "081234567890");
    let text = |text: &str| Some(text.to_owned());
    let tag = Tag::new("vip", None).unwrap();
    let limit = |amount| NewCustomer { credit_limit: Some(amount), ..good() };
    for (request, field) in [
        (NewCustomer { name: " ".to_owned(), ..good() }, "name"),
        (NewCustomer { email: text("nonsense"), ..good() }, "email"),
        (NewCustomer { address: text(&"x".repeat(501)), ..good() }, "address"),
        (NewCustomer { notes: text(&"x".repeat(2_001)), ..good() }, "notes"),
        (NewCustomer { tags: vec![tag.clone(), tag], ..good() }, "tags"),
        (limit(rupiah(-1)), "credit_limit"),
        (limit(Money::new(1, Currency::USD)), "credit_limit"),
        (NewCustomer { initial_balance: Some(rupiah(i64::MIN)), ..good() }, "initial_balance"),
    ] {
        let error = shop.billing.add_customer(&clerk(), request).await.unwrap_err();
        assert!(
            matches!(&error, Error::Invalid { field: found, .. } if *found == field),
            "{error}"
        );
    }
    add(&shop, "Ani", "081234567890").await;
    let nothing = CustomerChange::default();
    let nothing = shop.billing.change_customer(&clerk(), "081234567890", nothing).await;
    assert_eq!(code(nothing), "invalid");
    assert_eq!(names(&shop).await, ["Ani"]);
}

async fn the_trail_holds_nothing_personal(engine: Engine) {
    let shop = Shop::new(engine).await;
    let mut request = new("Secretname", "081234567890");
    request.email = Some("secret@example.com".to_owned());
    request.tags = vec![Tag::new("secrettag", None).unwrap()];
    let id = shop.billing.add_customer(&clerk(), request).await.unwrap().value.customer.id;
    let change = CustomerChange {
        address: Patch::Set("Secret street".to_owned()),
        status: Some(CustomerStatus::Inactive),
        ..CustomerChange::default()
    };
    let key = id.to_string();
    shop.billing.change_customer(&clerk(), &key, change).await.unwrap();
    let contact = Contact::new(ContactKind::Email, "secret@x.id", true, None, Region::ID).unwrap();
    shop.billing.set_customer_contacts(&clerk(), &key, vec![contact]).await.unwrap();
    shop.billing.anonymise_customer(&clerk(), &key).await.unwrap();
    let rows = shop.billing.customer_activity(&key, PageRequest::default()).await.unwrap().items;
    let mut acts: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    acts.sort_unstable();
    let expected = ["customer.add", "customer.anonymise", "customer.change", "customer.contacts"];
    assert_eq!(acts, expected);
    let change = rows.iter().find(|row| row.action == "customer.change").unwrap();
    assert_eq!(change.after["changed"], serde_json::json!(["address", "status"]));
    for row in &rows {
        let all = format!("{} {}", row.before, row.after).to_lowercase();
        assert!(!all.contains("secret") && !all.contains("8123456"), "{all}");
    }
}

async fn tags_are_added_and_removed_by_name(engine: Engine) {
    let shop = Shop::new(engine).await;
    let key = add(&shop, "Budi", "081234567890").await.to_string();
    let tag = |name| Tag::new(name, None).unwrap();
    let edit = |edit| {
        let (billing, key) = (shop.billing.clone(), key.clone());
        async move {
            let view = billing.tag_customer(&clerk(), &key, edit).await.unwrap();
            view.tags.iter().map(|tag| tag.name().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(edit(TagEdit::Add(vec![tag("vip"), tag("rt 05")])).await, ["rt 05", "vip"]);
    assert_eq!(edit(TagEdit::Add(vec![tag("new")])).await, ["new", "rt 05", "vip"]);
    assert_eq!(edit(TagEdit::Remove("vip".to_owned())).await, ["new", "rt 05"]);
    assert_eq!(edit(TagEdit::Replace(vec![tag("only")])).await, ["only"]);
    let popular = shop.billing.popular_tags().await.unwrap();
    assert_eq!((popular[0].tag.name(), popular[0].customers, popular.len()), ("only", 1, 1));
}

async fn an_anonymous_customer_keeps_nothing_but_the_books(engine: Engine) {
    let shop = Shop::new(engine).await;
    let mut request = new("Budi", "081234567890");
    request.email = Some("budi@example.com".to_owned());
    request.address = Some("Jl. Mawar 5".to_owned());
    request.notes = Some("dog".to_owned());
    request.tags = vec![Tag::new("vip", None).unwrap()];
    request.contacts =
        vec![Contact::new(ContactKind::Phone, "081234567899", true, None, Region::ID).unwrap()];
    request.initial_balance = Some(rupiah(5_000));
    let id = shop.billing.add_customer(&clerk(), request).await.unwrap().value.customer.id;
    let key = id.to_string();
    // Somebody has the number that would have stood for nobody.
    let last = id.uuid().as_u128() % 1_000_000_000;
    add(&shop, "in the way", &format!("+628{last:09}")).await;
    let subscription = shop.subscribe(id, terms(5_000)).await;
    let anonymise = async |caller: &Caller, key: &str| {
        shop.billing.anonymise_customer(caller, key).await.map(|view| view.customer)
    };
    assert_eq!(code(anonymise(&clerk(), &key).await), "customer_has_subscriptions");
    let at = mkbill_core::billing::CancelAt::NowWithCredit;
    shop.billing.cancel_subscription(&because("moves away"), subscription, at).await.unwrap();
    assert_eq!(code(anonymise(&clerk(), &key).await), "customer_not_settled");
    let credit = -shop.credit(id).await;
    let pay_out = Adjustment {
        subscription: Some(subscription),
        amount: rupiah(credit),
        overdraw: Overdraw::Never,
    };
    shop.billing.adjust_credit(&because("paid out"), id, pay_out).await.unwrap();
    anonymise(&clerk().dry_run(), &key).await.unwrap();
    assert_eq!(shop.billing.customer(&key).await.unwrap().customer.name, "Budi");
    let caller = clerk().with_key("forget".parse().unwrap());
    let view = shop.billing.anonymise_customer(&caller, "0812 3456 7890").await.unwrap();
    let customer = view.customer;
    let again = anonymise(&caller, "0812 3456 7890").await.unwrap();
    assert_eq!(again, customer, "although nobody has the number any more");
    assert_eq!((customer.name.as_str(), customer.status), (ANONYMOUS, CustomerStatus::Inactive));
    let next = format!("+628{:09}", (last + 1) % 1_000_000_000);
    assert_eq!((customer.phone.as_str(), customer.phone_as_given), (next.as_str(), next.clone()));
    assert_eq!((customer.email, customer.address, customer.notes), (None, None, None));
    assert!(view.tags.is_empty() && customer.anonymised_at.is_some());
    assert!(shop.billing.customer_contacts(&key).await.unwrap().is_empty());
    assert_eq!(shop.invoices(id).await.len(), 1, "the books stay");
    let found = |text: &str| CustomerFilter { text: Some(text.to_owned()), ..Default::default() };
    for text in ["budi", "081234567890"] {
        let page = shop.billing.customers(&found(text), PageRequest::default()).await.unwrap();
        assert!(page.items.is_empty(), "{text}");
    }
    let again = shop.billing.anonymise_customer(&clerk(), &key).await.unwrap().customer;
    assert_eq!(again.revision, customer.revision);
    let change = CustomerChange::to_status(CustomerStatus::Active);
    let change = shop.billing.change_customer(&clerk(), &key, change).await;
    assert_eq!(code(change), "customer_anonymised");
    add(&shop, "Ani", "081234567890").await;
}

const FILE: &str = "nama,nomor_hp,initial_balance,tags,phone\n\
    Ani,0812 0000 0001,25000,\"vip, rt 05\",021 5550123\n\
    Budi,0812 3456 7890,,,\n\
    ,0812 0000 0002,,,\n\
    Citra,+62 812 0000 0001,,,\n\
    Dewi,0812 0000 0003,-5000,,\n";

async fn a_file_is_imported_but_for_its_bad_lines(engine: Engine) {
    let shop = Shop::new(engine).await;
    add(&shop, "Budi", "081234567890").await;
    shop.moment();
    let report = shop.billing.import_customers(&clerk(), FILE.as_bytes()).await.unwrap().value;
    assert_eq!((report.total, report.imported, report.failed), (5, 2, 3));
    let errors: Vec<_> = report.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
    assert_eq!(errors, [(3, "whatsapp"), (4, "name"), (5, "whatsapp")]);
    assert_eq!(names(&shop).await, ["Dewi", "Ani", "Budi"]);
    let ani = shop.billing.customer("081200000001").await.unwrap();
    assert_eq!(ani.tags.len(), 2);
    assert_eq!(shop.standing(ani.customer.id).await.balance, rupiah(25_000));
    let contacts = shop.billing.customer_contacts("081200000001").await.unwrap();
    assert_eq!(contacts[0].value, "+62215550123");
    let dewi = shop.billing.customer("081200000003").await.unwrap();
    assert_eq!(shop.standing(dewi.customer.id).await.balance, rupiah(-5_000));
    assert!(shop.billing.books().await.unwrap().balanced);
    let second = shop.billing.import_customers(&clerk(), FILE.as_bytes()).await.unwrap().value;
    assert_eq!((second.imported, second.failed), (0, 5));
}

async fn a_dry_run_of_an_import_writes_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let tried = shop.billing.import_customers(&clerk().dry_run(), FILE.as_bytes()).await.unwrap();
    assert!(tried.dry_run);
    assert_eq!((tried.value.imported, tried.value.failed), (3, 2));
    assert!(names(&shop).await.is_empty());
    let trail = shop.billing.audit(None, PageRequest::default()).await.unwrap().items;
    assert!(trail.iter().all(|row| !row.action.starts_with("customer.")), "{trail:?}");
    assert!(shop.billing.books().await.unwrap().balances.is_empty());
    let refused = shop.billing.import_customers(&clerk(), b"name,email\n").await;
    assert_eq!(code(refused), "invalid");
}

async fn an_import_that_comes_twice_is_answered_once(engine: Engine) {
    let shop = Shop::new(engine).await;
    let once = shop.billing.import_customers(&keyed("k"), FILE.as_bytes()).await.unwrap();
    let again = shop.billing.import_customers(&keyed("k"), FILE.as_bytes()).await.unwrap();
    assert_eq!((once.replayed, again.replayed), (false, true));
    assert_eq!(once.value, again.value);
    assert_eq!(names(&shop).await.len(), 3);
    let other = shop.billing.import_customers(&keyed("k"), b"name,whatsapp\n").await;
    assert_eq!(code(other), "idempotency_key_reused");
}

async fn a_full_file_is_imported_at_once(engine: Engine) {
    let shop = Shop::new(engine).await;
    let mut file = "name,whatsapp,initial_balance\n".to_owned();
    for number in 0..10_000 {
        let balance = if number % 10 == 0 { "1000" } else { "" };
        writeln!(file, "Customer {number},0812{number:07},{balance}").unwrap();
    }
    let report = shop.billing.import_customers(&clerk(), file.as_bytes()).await.unwrap().value;
    assert_eq!((report.imported, report.failed), (10_000, 0), "{:?}", report.errors.first());
    let figures = shop.billing.customer_statistics().await.unwrap();
    assert_eq!(figures.by_status, [(CustomerStatus::Active, 10_000)]);
    assert_eq!(figures.debt.credit, rupiah(1_000_000));
}

async fn what_is_exported_may_be_imported_elsewhere(engine: Engine) {
    let shop = Shop::new(engine).await;
    shop.billing.import_customers(&clerk(), FILE.as_bytes()).await.unwrap();
    shop.moment();
    add(&shop, "=cmd|' /C calc'!A0", "0812 9999 9999").await;
    let csv = shop.billing.export_customers().await.unwrap();
    let text = String::from_utf8(csv.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "ID,Nama,Nomor HP,Email,Status,Saldo,Hutang,Mata Uang,Terdaftar");
    assert!(lines[1].contains(",'=cmd|' /C calc'!A0,'+6281299999999,,active,0,0,IDR,"));
    assert!(text.contains(",Ani,'+6281200000001,,active,25000,0,IDR,"), "{text}");
    let elsewhere = Shop::new(engine).await;
    let report = elsewhere.billing.import_customers(&clerk(), &csv).await.unwrap().value;
    assert_eq!((report.imported, report.errors), (4, vec![]));
    let found = elsewhere.billing.customer("081299999999").await.unwrap().customer;
    assert_eq!(found.name, "=cmd|' /C calc'!A0");
}

async fn everything_of_a_customer_is_in_their_file(engine: Engine) {
    let shop = Shop::new(engine).await;
    let id = add(&shop, "Budi", "081234567890").await;
    shop.subscribe(id, terms(100_000)).await;
    let due = shop.today().tomorrow().unwrap();
    shop.billing.issue_invoice(&clerk(), id, charge(40_000, due)).await.unwrap();
    shop.pay(id, 30_000).await;
    let other = add(&shop, "Ani", "081234567891").await;
    shop.subscribe(other, terms(50_000)).await;
    let file = shop.billing.customer_file("081234567890").await.unwrap();
    assert_eq!((file.subscriptions.len(), file.invoices.len(), file.payments.len()), (1, 2, 1));
    assert!(file.invoices.iter().all(|invoice| invoice.customer == id));
    assert_eq!(file.standing[0].balance, rupiah(-110_000));
    assert_eq!(file.view.customer.id, id);
}

async fn figures_tell_debtors_and_newcomers(engine: Engine) {
    let shop = Shop::new(engine).await;
    let poor = add(&shop, "poor", "081234567890").await;
    let due = shop.today().tomorrow().unwrap();
    shop.billing.issue_invoice(&clerk(), poor, charge(40_000, due)).await.unwrap();
    shop.clock.advance(jiff::SignedDuration::from_hours(24 * 20));
    let rich = add(&shop, "rich", "081234567891").await;
    shop.pay(rich, 15_000).await;
    let figures = shop.billing.customer_statistics().await.unwrap();
    assert_eq!(figures.by_status, [(CustomerStatus::Active, 2)]);
    assert_eq!((figures.new.week, figures.new.month, figures.new.year), (1, 2, 2));
    let debt = figures.debt;
    assert_eq!((debt.debtors, debt.debt, debt.credit), (1, rupiah(40_000), rupiah(15_000)));
    let doubles = shop.billing.customer_duplicates().await.unwrap();
    assert!(doubles.is_empty(), "{doubles:?}");
}

async fn figures_tell_who_stays_who_leaves_and_what_they_bring(engine: Engine) {
    let shop = Shop::new(engine).await;
    let nothing = shop.billing.subscriber_figures(Window::All).await.unwrap();
    assert_eq!((nothing.active, nothing.per_active), (0, rupiah(0)));
    let none = shop.billing.subscription_figures().await.unwrap();
    assert_eq!((none.by_state, none.average_price, none.begun), (vec![], rupiah(0), vec![]));
    let left = add(&shop, "left", "081234567890").await;
    let over = shop.subscribe(left, terms(50_000)).await;
    shop.pay(left, 50_000).await;
    shop.billing.cancel_subscription(&clerk(), over, CancelAt::Now).await.unwrap();
    shop.clock.advance(jiff::SignedDuration::from_hours(24 * 40));
    let big = add(&shop, "big", "081234567891").await;
    let small = add(&shop, "small", "081234567892").await;
    for price in [100_000, 120_001] {
        shop.subscribe(big, terms(price)).await;
    }
    shop.subscribe(small, terms(80_000)).await;
    let bounced = shop.pay(small, 999_000).await.payment.number;
    shop.billing.reverse_payment(&because("bounced"), bounced.as_str()).await.unwrap();
    shop.pay(small, 30_001).await;
    shop.pay(big, 220_001).await;
    let figures = shop.billing.subscriber_figures(Window::Month).await.unwrap();
    assert_eq!((figures.new, figures.active, figures.churned), (2, 2, 1));
    assert_eq!((figures.received, figures.per_active), (rupiah(250_002), rupiah(125_001)));
    assert_eq!(figures.lifetime_average, rupiah(300_002 / 3));
    assert_eq!(figures.lifetime_most, rupiah(220_001));
    let top = async |by| {
        let ranking = shop.billing.top_customers(by, Window::Month, 10).await.unwrap();
        ranking.into_iter().map(|top| (top.name, top.value)).collect::<Vec<_>>()
    };
    let row = |name: &str, value| (name.to_owned(), value);
    assert_eq!(top(TopBy::Received).await, [row("big", 220_001), row("small", 30_001)]);
    assert_eq!(top(TopBy::Subscriptions).await, [row("big", 2), row("small", 1)]);
    assert_eq!(top(TopBy::Balance).await, [row("small", -49_999)]);
    assert!(shop.billing.top_customers(TopBy::Balance, Window::All, 101).await.is_err());
    let figures = shop.billing.subscription_figures().await.unwrap();
    assert_eq!(figures.by_state, [(StateName::Active, 3), (StateName::Cancelled, 1)]);
    assert_eq!(figures.average_price, rupiah(300_001 / 3));
    let begun: Vec<_> = figures.begun.iter().map(|(month, n)| (month.as_str(), *n)).collect();
    assert_eq!(begun, [("2026-02", 3), ("2026-01", 1)]);
}

async fn those_who_owe_most_come_first_page_by_page(engine: Engine) {
    let shop = Shop::new(engine).await;
    let due = shop.today().tomorrow().unwrap();
    for (number, owed) in [(1, 0), (2, 20_000), (3, 0), (4, 50_000), (5, 20_000), (6, 0)] {
        let customer = add(&shop, &format!("c{number}"), &format!("08123456789{number}")).await;
        shop.moment();
        if owed > 0 {
            shop.billing.issue_invoice(&clerk(), customer, charge(owed, due)).await.unwrap();
        }
    }
    shop.pay(shop.billing.customer("081234567896").await.unwrap().customer.id, 7_000).await;
    let order = Order::descending(CustomerSort::Debt);
    for limit in 1..=6 {
        let (mut after, mut names) = (None, Vec::new());
        loop {
            let filter = CustomerFilter::default();
            let page = PageRequest::sorted(order, after, limit).unwrap();
            let page = shop.billing.customers(&filter, page).await.unwrap();
            names.extend(page.items.into_iter().map(|view| view.customer.name));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(names, ["c4", "c5", "c2", "c6", "c3", "c1"], "pages of {limit}");
    }
    let owing = CustomerFilter { balance_max: Some(rupiah(-1)), ..Default::default() };
    let page = shop.billing.customers(&owing, PageRequest::default()).await.unwrap();
    assert_eq!(page.items.len(), 3);
    let balance_max = Some(Money::new(-1, Currency::USD));
    let mixed = CustomerFilter { balance_max, currency: Some(Currency::IDR), ..Default::default() };
    assert_eq!(code(shop.billing.customers(&mixed, PageRequest::default()).await), "invalid");
}
