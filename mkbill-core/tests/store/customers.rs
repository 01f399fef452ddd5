//! Customers at rest.

use jiff::{SignedDuration, Timestamp};
use mkbill_core::customer::contact::{Contact, ContactKind};
use mkbill_core::customer::phone::{GivenPhone, PhoneNumber, Region};
use mkbill_core::customer::store::{CustomerFilter, DebtTally, NewTally};
use mkbill_core::customer::tag::Tag;
use mkbill_core::customer::{Balance, Customer, CustomerStatus, Locale, NewCustomer};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::{CustomerId, EntryId};
use mkbill_core::kernel::money::{Currency, Money};
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::time::BusinessZone;
use mkbill_core::ledger::{Account, Cause, Entry, Posting};
use mkbill_core::store::Tx;
use mkbill_core::testkit::Engine;

use crate::support::{Story, beginning, stories};
use crate::{fresh, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    a_customer_comes_back_as_it_was_stored,
    a_number_belongs_to_one_customer_until_that_one_is_deleted,
    a_change_of_an_older_revision_changes_nothing,
    a_page_holds_those_that_fit_every_part_of_its_filter,
    wildcards_in_a_search_find_only_themselves,
    balances_are_credit_less_debt_and_are_filtered_by,
    contacts_and_tags_are_replaced_as_a_whole,
    what_two_customers_share_is_found_and_nothing_else,
    tallies_count_what_is_there,
];

fn at(minutes: i64) -> Timestamp {
    beginning() + SignedDuration::from_mins(minutes)
}

fn given(text: &str) -> GivenPhone {
    GivenPhone::parse(text, Region::ID).unwrap()
}

/// The customer number `n`, added `n` minutes after the beginning.
fn customer(n: u32, name: &str) -> Customer {
    let id = CustomerId::new(at(n.into()), &OsEntropy);
    let phone = given(&format!("0812 0000 {n:04}"));
    NewCustomer::new(name, phone).into_customer(id, at(n.into()))
}

async fn page(tx: &mut dyn Tx, filter: CustomerFilter) -> Vec<String> {
    let page = tx.customer_page(&filter, PageRequest::default()).await.unwrap();
    page.items.into_iter().map(|customer| customer.name).collect()
}

/// Books credit above zero, or debt below.
async fn book(tx: &mut dyn Tx, customer: CustomerId, amount: i64, currency: Currency) {
    let money = |minor| Money::new(minor, currency);
    let id = EntryId::new(beginning(), &OsEntropy);
    let account = if amount > 0 { Account::CustomerCredit } else { Account::Receivable };
    let sides = vec![
        Posting::new(Account::Adjustments, money(amount)),
        Posting::new(account, money(-amount)).of(customer, None),
    ];
    let day = jiff::civil::date(2026, 3, 1);
    let entry = Entry::balanced(id, Cause::Adjusted(id), day, beginning(), sides).unwrap();
    tx.ledger_append(&entry).await.unwrap();
}

async fn a_customer_comes_back_as_it_was_stored(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let stored = Customer {
        email: Some("budi@example.com".to_owned()),
        address: Some("Jl. Mawar 5\nRT 05".to_owned()),
        notes: Some("pays on Fridays".to_owned()),
        zone: Some(BusinessZone::named("Asia/Makassar").unwrap()),
        locale: Locale::En,
        status: CustomerStatus::Inactive,
        credit_limit: Some(Money::rupiah(0)),
        anonymised_at: Some(at(9)),
        ..customer(1, "Budi Sântoso")
    };
    let mut tx = write(&store).await;
    assert!(tx.customer_insert(&stored).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = write(&store).await;
    assert_eq!(tx.customer_by_id(stored.id).await.unwrap().as_ref(), Some(&stored));
    assert_eq!(tx.customer_by_phone(&stored.phone).await.unwrap().as_ref(), Some(&stored));
    let locked = tx.customers_lock(&[stored.id, customer(2, "x").id]).await.unwrap();
    assert_eq!(locked, [stored]);
}

async fn a_number_belongs_to_one_customer_until_that_one_is_deleted(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let first = customer(1, "first");
    let second = Customer { phone: first.phone.clone(), ..customer(2, "second") };
    let third = customer(3, "third");
    let mut tx = write(&store).await;
    assert!(tx.customer_insert(&first).await.unwrap());
    assert!(!tx.customer_insert(&second).await.unwrap());
    assert_eq!(tx.customers_insert(&[second.clone(), third.clone()]).await.unwrap(), 1);
    let asked = [first.phone.clone(), third.phone.clone(), given("081999999999").number];
    let mut taken = tx.customer_phones_taken(&asked).await.unwrap();
    taken.sort();
    assert_eq!(taken, asked[..2]);
    let deleted = Customer { deleted_at: Some(at(5)), ..first.clone() };
    assert!(tx.customer_replace(&deleted).await.unwrap());
    assert_eq!(tx.customer_by_phone(&first.phone).await.unwrap(), None);
    assert!(tx.customer_insert(&second).await.unwrap());
    let found = tx.customer_by_phone(&first.phone).await.unwrap();
    assert_eq!(found.map(|customer| customer.id), Some(second.id));
    assert!(tx.customer_by_id(first.id).await.unwrap().is_some());
    assert_eq!(page(&mut *tx, CustomerFilter::default()).await, ["third", "second"]);
}

async fn a_change_of_an_older_revision_changes_nothing(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let old = customer(1, "old");
    let mut tx = write(&store).await;
    tx.customer_insert(&old).await.unwrap();
    tx.customer_watch(old.id, Some(at(7)), Some(at(8))).await.unwrap();
    let new = Customer { name: "new".to_owned(), phone: given("0813 1111 1111").number, ..old };
    assert!(tx.customer_replace(&new).await.unwrap());
    assert!(!tx.customer_replace(&new).await.unwrap(), "the revision is another one now");
    let found = tx.customer_by_phone(&new.phone).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.revision), ("new", 2));
    assert_eq!((found.high_debt_since, found.credit_reminded_at), (Some(at(7)), Some(at(8))));
    let filter = CustomerFilter { text: Some("NEW".to_owned()), ..CustomerFilter::default() };
    assert_eq!(page(&mut *tx, filter).await, ["new"]);
}

async fn a_page_holds_those_that_fit_every_part_of_its_filter(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let mail = Some("ani@example.com".to_owned());
    let listed = Customer { status: CustomerStatus::Blacklisted, ..customer(3, "Ci Lin") };
    let all = [customer(1, "Budi"), Customer { email: mail, ..customer(2, "Ani") }, listed];
    assert_eq!(tx.customers_insert(&all).await.unwrap(), 3);
    let tag = |name| Tag::new(name, None).unwrap();
    let tags = [(all[0].id, tag("a")), (all[0].id, tag("b")), (all[2].id, tag("b"))];
    tx.customer_tags_insert(&tags).await.unwrap();
    let any = CustomerFilter::default;
    let text = |text: &str| CustomerFilter { text: Some(text.to_owned()), ..any() };
    let tagged = |tags: &[&str]| CustomerFilter {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..any()
    };
    let status = Some(CustomerStatus::Blacklisted);
    for (filter, expected) in [
        (any(), vec!["Ci Lin", "Ani", "Budi"]),
        (text("BUD"), vec!["Budi"]),
        (text("ani@EXAMPLE"), vec!["Ani"]),
        (text("+62812"), vec!["Ci Lin", "Ani", "Budi"]),
        (text("0812 0000 0002"), vec!["Ani"]),
        (CustomerFilter { status, ..any() }, vec!["Ci Lin"]),
        (tagged(&["a"]), vec!["Budi"]),
        (tagged(&["a", "b", "c"]), vec!["Ci Lin", "Budi"]),
        (CustomerFilter { created_after: Some(at(2)), ..any() }, vec!["Ci Lin"]),
        (CustomerFilter { created_before: Some(at(2)), ..any() }, vec!["Budi"]),
        (CustomerFilter { status, ..tagged(&["a"]) }, vec![]),
    ] {
        assert_eq!(page(&mut *tx, filter.clone()).await, expected, "{filter:?}");
    }
    let one = PageRequest::new(None, 2).unwrap();
    let first = tx.customer_page(&any(), one).await.unwrap();
    let next = PageRequest::new(first.next, 2).unwrap();
    let second = tx.customer_page(&any(), next).await.unwrap();
    assert_eq!((second.items[0].name.as_str(), second.next), ("Budi", None));
}

async fn wildcards_in_a_search_find_only_themselves(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let names = ["50% off", "a_b", "wow!", "back\\slash", "plain"];
    for (n, name) in (1..).zip(names) {
        assert!(tx.customer_insert(&customer(n, name)).await.unwrap());
    }
    let found = [("%", "50% off"), ("_", "a_b"), ("!", "wow!"), ("\\", "back\\slash")];
    for (text, name) in found {
        let filter = CustomerFilter { text: Some(text.to_owned()), ..CustomerFilter::default() };
        assert_eq!(page(&mut *tx, filter).await, [name], "{text}");
    }
}

async fn balances_are_credit_less_debt_and_are_filtered_by(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let all = [customer(1, "rich"), customer(2, "poor"), customer(3, "none"), customer(4, "usd")];
    tx.customers_insert(&all).await.unwrap();
    book(&mut *tx, all[0].id, 50_000, Currency::IDR).await;
    book(&mut *tx, all[0].id, -20_000, Currency::IDR).await;
    book(&mut *tx, all[1].id, -70_000, Currency::IDR).await;
    book(&mut *tx, all[3].id, 900, Currency::USD).await;
    let balances = tx.customer_balances(&[all[0].id, all[2].id]).await.unwrap();
    let balance = Balance { credit: Money::rupiah(50_000), owed: Money::rupiah(20_000) };
    assert_eq!(balances, [(all[0].id, balance)]);
    assert_eq!(balance.net(), Ok(Money::rupiah(30_000)));
    for (min, max, expected) in [
        (Some(Money::rupiah(1)), None, vec!["rich"]),
        (None, Some(Money::rupiah(-1)), vec!["poor"]),
        (Some(Money::rupiah(0)), Some(Money::rupiah(0)), vec!["usd", "none"]),
        (Some(Money::rupiah(-70_000)), Some(Money::rupiah(29_999)), vec!["usd", "none", "poor"]),
        (Some(Money::new(1, Currency::USD)), None, vec!["usd"]),
    ] {
        let filter =
            CustomerFilter { balance_min: min, balance_max: max, ..CustomerFilter::default() };
        assert_eq!(page(&mut *tx, filter).await, expected, "{min:?} {max:?}");
    }
    let idr = tx.customer_debt_tally(Currency::IDR).await.unwrap();
    let (debt, credit) = (Money::rupiah(70_000), Money::rupiah(30_000));
    assert_eq!(idr, DebtTally { debtors: 1, debt, credit });
    let kes = tx.customer_debt_tally(Currency::KES).await.unwrap();
    assert_eq!((kes.debtors, kes.debt.minor(), kes.credit.minor()), (0, 0, 0));
}

fn contact(kind: ContactKind, value: &str, is_primary: bool) -> Contact {
    Contact::new(kind, value, is_primary, Some("brother"), Region::ID).unwrap()
}

async fn contacts_and_tags_are_replaced_as_a_whole(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let (one, two) = (customer(1, "one"), customer(2, "two"));
    tx.customers_insert(&[one.clone(), two.clone()]).await.unwrap();
    let contacts = [
        contact(ContactKind::Phone, "0813 0000 0001", true),
        contact(ContactKind::Email, "kakak@example.com", true),
        contact(ContactKind::Phone, "0813 0000 0002", false),
    ];
    let all = [(one.id, contacts[0].clone()), (two.id, contacts[0].clone())];
    tx.customer_contacts_insert(&all).await.unwrap();
    tx.customer_contacts_replace(one.id, &contacts).await.unwrap();
    assert_eq!(tx.customer_contacts(one.id).await.unwrap(), contacts);
    assert_eq!(tx.customer_contacts(two.id).await.unwrap(), contacts[..1]);
    tx.customer_contacts_replace(one.id, &[]).await.unwrap();
    assert!(tx.customer_contacts(one.id).await.unwrap().is_empty());
    let tags = ["a", "b"].map(|name| Tag::new(name, Some("#00ff00")).unwrap());
    tx.customer_tags_replace(one.id, &tags[..1]).await.unwrap();
    tx.customer_tags_replace(one.id, &tags).await.unwrap();
    let both = tx.customer_tags(&[one.id, two.id]).await.unwrap();
    assert_eq!(both, [(one.id, tags[0].clone()), (one.id, tags[1].clone())]);
}

async fn what_two_customers_share_is_found_and_nothing_else(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let mail = Some("x@example.com".to_owned());
    let all = [
        Customer { email: mail.clone(), ..customer(1, "Budi É") },
        Customer { email: mail.clone(), ..customer(2, "BUDI é") },
        customer(3, "Ani"),
        Customer { deleted_at: Some(at(9)), email: mail, ..customer(4, "Ani") },
        Customer { anonymised_at: Some(at(9)), ..customer(5, "Ani") },
    ];
    tx.customers_insert(&all).await.unwrap();
    let number = contact(ContactKind::Phone, all[2].phone.as_str(), true);
    tx.customer_contacts_replace(all[0].id, &[number]).await.unwrap();
    let found = tx.customer_duplicates(10).await.unwrap();
    let found: Vec<_> =
        found.iter().map(|d| (d.kind.as_str(), d.value.as_str(), d.customers.clone())).collect();
    let both = vec![all[0].id, all[1].id];
    assert_eq!(
        found,
        [
            ("email", "x@example.com", both.clone()),
            ("name", "budi é", both),
            ("phone", "+6281200000003", vec![all[0].id, all[2].id]),
        ]
    );
    assert_eq!(tx.customer_duplicates(1).await.unwrap().len(), 1);
}

async fn tallies_count_what_is_there(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let days = |n: u32, days: i64| Customer {
        created_at: beginning() - SignedDuration::from_hours(24 * days),
        ..customer(n, "x")
    };
    let gone = Customer { deleted_at: Some(at(9)), ..customer(6, "x") };
    let all = [days(1, 1), days(2, 8), days(3, 31), days(4, 91), days(5, 366), gone];
    tx.customers_insert(&all).await.unwrap();
    let tally = tx.customer_new_tally(beginning()).await.unwrap();
    assert_eq!(tally, NewTally { week: 1, month: 2, quarter: 3, year: 4 });
    assert_eq!(tx.customer_tally().await.unwrap(), [(CustomerStatus::Active, 5)]);
    let tag = |name| Tag::new(name, None).unwrap();
    let tags = [(all[0].id, tag("a")), (all[0].id, tag("b")), (all[1].id, tag("b"))];
    tx.customer_tags_insert(&tags).await.unwrap();
    tx.customer_tags_insert(&[(all[5].id, tag("a"))]).await.unwrap();
    let popular = tx.customer_tag_tally(10).await.unwrap();
    let popular: Vec<_> = popular.iter().map(|t| (t.tag.name(), t.customers)).collect();
    assert_eq!(popular, [("b", 2), ("a", 1)]);
    assert_eq!(tx.customer_tag_tally(1).await.unwrap().len(), 1);
    assert_eq!(PhoneNumber::nobody(1_000_000_007).as_str(), "+628000000007");
}
