//! Lists in every order: whole, page by page, and while others write.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mkbill_core::customer::phone::PhoneNumber;
use mkbill_core::customer::store::{CustomerFilter, CustomerSort};
use mkbill_core::customer::{Customer, CustomerStatus, Locale};
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::context::Context;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::{CustomerId, PlanId, RouterId, VendorId};
use mkbill_core::kernel::order::{Direction, Order};
use mkbill_core::kernel::page::{Page, PageRequest};
use mkbill_core::kernel::search::SearchText;
use mkbill_core::kernel::time::BusinessZone;
use mkbill_core::plan::store::{PlanFilter, PlanKind, PlanSort};
use mkbill_core::sql::{DatabaseUrl, explain_lists};
use mkbill_core::store::{Access, Store, Tx};
use mkbill_core::testkit::{Engine, TestDatabase};
use mkbill_core::vendor::Vendor;
use mkbill_core::vendor::store::VendorSort;
use mkbill_core::voucher::Voucher;
use mkbill_core::voucher::batch::NewBatch;
use mkbill_core::voucher::code::{CodeShape, LoginMode};
use mkbill_core::voucher::issue::{self, Issued};
use mkbill_core::voucher::store::{BatchFilter, BatchSort, VoucherFilter, VoucherSort};

use crate::support::{Story, beginning, stories};
use crate::{fresh, plan, router, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    vendors_come_once_in_any_order_while_others_are_added,
    customers_come_once_in_any_order_while_others_are_added,
    vouchers_without_a_first_login_come_last_in_both_directions,
    vouchers_are_found_by_what_their_batches_have_in_common,
    plans_are_found_by_kind_name_and_retirement,
];

pub(crate) const POSTGRES_TRIALS: &[(&str, Story)] =
    stories![every_order_of_a_long_list_is_served_by_an_index];

/// Reads a list to its end in an order; `$between` is done behind each page.
macro_rules! walked {
    ($order:expr, $limit:expr, |$page:ident| $read:expr) => {
        walked!($order, $limit, |$page| $read, {})
    };
    ($order:expr, $limit:expr, |$page:ident| $read:expr, $between:block) => {{
        let (mut items, mut after) = (Vec::new(), None);
        loop {
            let $page = PageRequest::sorted($order, after, $limit).unwrap();
            let Page { items: some, next } = $read.await.unwrap();
            assert!(some.len() <= $limit as usize);
            items.extend(some);
            $between
            match next {
                Some(cursor) => after = Some(cursor.to_string().parse().unwrap()),
                None => break items,
            }
        }
    }};
}

/// Small numbers, always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What was there before a walk was seen once, and no more than once is anything.
fn check<I: Ord + Copy + Debug>(before: &BTreeSet<I>, seen: &[I]) {
    let once: BTreeSet<I> = seen.iter().copied().collect();
    assert_eq!(once.len(), seen.len(), "something came twice: {seen:?}");
    assert!(once.is_superset(before), "left out: {:?}", before.difference(&once));
}

/// Values are in an order, and none comes before those that are nothing.
fn check_sorted<V: Ord + Debug>(direction: Direction, values: &[Option<V>]) {
    let there: Vec<&V> = values.iter().flatten().collect();
    let nothing = values.iter().position(Option::is_none).unwrap_or(values.len());
    assert_eq!(nothing, there.len(), "what has no value comes last: {values:?}");
    let sorted = match direction {
        Direction::Ascending => there.is_sorted(),
        Direction::Descending => there.iter().rev().is_sorted(),
    };
    assert!(sorted, "{direction:?}: {values:?}");
}

fn vendor(number: u64, dice: &mut Dice) -> Vendor {
    let name = ["warung", "Warung", "agen", "Toko"][usize::try_from(dice.below(4)).unwrap()];
    Vendor {
        id: VendorId::in_run(beginning(), number, &OsEntropy),
        code: format!("V-{}", (number * 7_919) % 10_007).parse().unwrap(),
        name: name.to_owned(),
        created_at: beginning(),
    }
}

async fn vendors_come_once_in_any_order_while_others_are_added(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut dice = Dice(7);
    let mut number = 0;
    let mut tx = write(&store).await;
    let mut there = BTreeSet::new();
    for _ in 0..40 {
        number += 1;
        let vendor = vendor(number, &mut dice);
        there.insert(vendor.id);
        assert!(tx.vendor_insert(&vendor).await.unwrap());
    }
    for order in Order::<VendorSort>::all() {
        for limit in [1, 3, 7] {
            let mut added = Vec::new();
            let seen = walked!(order, limit, |page| tx.vendor_page(None, page), {
                number += 1;
                let vendor = vendor(number, &mut dice);
                if added.len() < 5 && tx.vendor_insert(&vendor).await.unwrap() {
                    added.push(vendor.id);
                }
            });
            check(&there, &seen.iter().map(|vendor| vendor.id).collect::<Vec<_>>());
            there.extend(added);
            let value = |vendor: &Vendor| match order.key {
                VendorSort::Created => vendor.id.to_string(),
                VendorSort::Name => vendor.name.to_lowercase(),
                VendorSort::Code => vendor.code.to_string(),
            };
            // PostgreSQL sorts texts as its locale does, which is not what is proven here.
            if engine == Engine::Sqlite || order.key != VendorSort::Code {
                check_sorted(
                    order.direction,
                    &seen.iter().map(value).map(Some).collect::<Vec<_>>(),
                );
            }
        }
    }
    let sought = SearchText::parse("search", "WARUNG").unwrap();
    let found = tx.vendor_page(Some(&sought), PageRequest::new(None, 200).unwrap()).await.unwrap();
    assert!(found.items.len() > 5);
    assert!(found.items.iter().all(|vendor| vendor.name.to_lowercase() == "warung"));
}

fn customer(number: u64, dice: &mut Dice) -> Customer {
    let phone = PhoneNumber::stored(format!("+62812{:08}", (number * 7_919) % 100_000_007));
    Customer {
        id: CustomerId::in_run(beginning(), number, &OsEntropy),
        name: format!("Budi {}", dice.below(5)),
        phone_as_given: phone.to_string(),
        phone,
        email: None,
        address: None,
        notes: None,
        zone: None,
        locale: Locale::Id,
        status: CustomerStatus::Active,
        credit_limit: None,
        high_debt_since: None,
        credit_reminded_at: None,
        deleted_at: None,
        anonymised_at: None,
        created_at: beginning(),
        updated_at: beginning(),
        revision: 1,
    }
}

/// Every second customer owes one of three amounts.
const DEBTS: &str = "INSERT INTO customer_balance (customer_id, account, subscription_id, currency, \
    amount_minor) SELECT id, 'receivable', id, 'IDR', 1000 * (1 + LENGTH(name) % 3) FROM customer \
    WHERE phone LIKE '%1' OR phone LIKE '%3' OR phone LIKE '%5'";

async fn customers_come_once_in_any_order_while_others_are_added(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let mut dice = Dice(11);
    let mut there = BTreeSet::new();
    let made: Vec<Customer> = (1..=40).map(|number| customer(number, &mut dice)).collect();
    there.extend(made.iter().map(|customer| customer.id));
    let mut tx = write(&store).await;
    assert_eq!(tx.customers_insert(&made).await.unwrap(), 40);
    tx.commit().await.unwrap();
    database.run(DEBTS).await.unwrap();
    let mut tx = write(&store).await;
    let (filter, mut number) = (CustomerFilter::default(), 40);
    for order in Order::<CustomerSort>::all() {
        for limit in [1, 4, 50] {
            let mut added = Vec::new();
            let seen = walked!(order, limit, |page| tx.customer_page(&filter, page), {
                number += 1;
                let customer = customer(number, &mut dice);
                if added.len() < 4 && tx.customer_insert(&customer).await.unwrap() {
                    added.push(customer.id);
                }
            });
            check(&there, &seen.iter().map(|customer| customer.id).collect::<Vec<_>>());
            there.extend(added);
            if order.key == CustomerSort::Number {
                let phones: Vec<_> = seen.iter().map(|c| Some(c.phone.to_string())).collect();
                check_sorted(order.direction, &phones);
            }
        }
    }
}

/// A router, two plans, two vendors and a batch for each pair of them, an hour after the other.
struct Sold {
    router: RouterId,
    plans: [PlanId; 2],
    vendors: [VendorId; 2],
}

impl Sold {
    async fn on(store: &Arc<dyn Store>) -> Self {
        let (router, plans) = (router("pos-1"), [plan(1), plan(2)]);
        let mut dice = Dice(3);
        let vendors = [vendor(1, &mut dice), vendor(2, &mut dice)];
        let mut tx = write(store).await;
        assert!(tx.router_insert(&router).await.unwrap());
        for (plan, vendor) in plans.iter().zip(&vendors) {
            assert!(tx.plan_insert(plan).await.unwrap());
            assert!(tx.vendor_insert(vendor).await.unwrap());
        }
        let plans = plans.map(|plan| plan.id);
        let sold = Self { router: router.id, plans, vendors: vendors.map(|vendor| vendor.id) };
        for (hour, (plan, vendor)) in (0..).zip([(0, 0), (0, 1), (1, 0), (1, 1)]) {
            let batch = sold.batch(plan, vendor, 10);
            issue_at(&mut *tx, hours(hour), &batch).await;
        }
        tx.commit().await.unwrap();
        sold
    }

    fn batch(&self, plan: usize, vendor: usize, count: u32) -> NewBatch {
        NewBatch {
            router: self.router,
            plan: self.plans[plan],
            vendor: Some(self.vendors[vendor]),
            count,
            shape: CodeShape { prefix: "".parse().unwrap(), random_chars: 9 },
            login_mode: LoginMode::Same,
            prices: None,
            sell_by: None,
        }
    }
}

async fn issue_at(tx: &mut dyn Tx, now: Timestamp, request: &NewBatch) {
    let caller = Caller::new(Actor::cli("clerk"));
    let zone = BusinessZone::named("Asia/Jakarta").unwrap();
    let context = Context { now, entropy: &OsEntropy, zone: &zone, caller: &caller };
    let issued = issue::batch(tx, context, request).await.unwrap();
    assert!(matches!(issued, Issued::Now(_)), "it is the first");
}

fn hours(hours: i64) -> Timestamp {
    beginning() + SignedDuration::from_hours(hours)
}

/// Three of ten vouchers of each batch were used, all of a batch at once.
const USED: &str = "UPDATE voucher SET state = 'active', first_login_at = \
    (SELECT b.created_at FROM voucher_batch b WHERE b.id = voucher.batch_id), \
    first_login_earliest = (SELECT b.created_at FROM voucher_batch b WHERE b.id = voucher.batch_id), \
    first_login_latest = (SELECT b.created_at FROM voucher_batch b WHERE b.id = voucher.batch_id), \
    first_login_evidence = 'session' WHERE number <= 3";

fn first_login(voucher: &Voucher) -> Option<Timestamp> {
    voucher.state.activation().map(|activation| activation.first_login.at)
}

async fn vouchers_without_a_first_login_come_last_in_both_directions(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let sold = Sold::on(&store).await;
    database.run(USED).await.unwrap();
    let mut tx = write(&store).await;
    let whole = VoucherFilter::default();
    let everything = tx.voucher_page(&whole, PageRequest::new(None, 200).unwrap()).await.unwrap();
    let there: BTreeSet<_> = everything.items.iter().map(|voucher| voucher.id).collect();
    assert_eq!(there.len(), 40);
    for order in Order::<VoucherSort>::all() {
        let once = PageRequest::sorted(order, None, 200).unwrap();
        let once = tx.voucher_page(&whole, once).await.unwrap();
        assert_eq!(once.next, None);
        let expected: Vec<_> = once.items.iter().map(|voucher| voucher.id).collect();
        if order.key == VoucherSort::FirstLogin {
            let begun: Vec<_> = once.items.iter().map(first_login).collect();
            check_sorted(order.direction, &begun);
            assert_eq!(begun.iter().flatten().count(), 12);
        }
        for limit in [1, 3, 4, 12, 13, 39, 40] {
            let seen = walked!(order, limit, |page| tx.voucher_page(&whole, page));
            let seen: Vec<_> = seen.iter().map(|voucher| voucher.id).collect();
            check(&there, &seen);
            assert_eq!(seen, expected, "{order} by {limit}");
        }
    }
    for order in Order::<VoucherSort>::all() {
        let whole_again = tx.voucher_page(&whole, PageRequest::new(None, 200).unwrap());
        let there = whole_again.await.unwrap().items.iter().map(|voucher| voucher.id).collect();
        let mut more = 3;
        let seen = walked!(order, 9, |page| tx.voucher_page(&whole, page), {
            if more > 0 {
                more -= 1;
                issue_at(&mut *tx, hours(9), &sold.batch(0, 0, 2)).await;
            }
        });
        check(&there, &seen.iter().map(|voucher| voucher.id).collect::<Vec<_>>());
    }
}

async fn vouchers_are_found_by_what_their_batches_have_in_common(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let Sold { router, plans, vendors } = Sold::on(&store).await;
    database.run(USED).await.unwrap();
    let mut tx = store.begin(Access::Read).await.unwrap();
    let all = BatchFilter::default;
    let cases = [
        (all(), 4),
        (BatchFilter { plan: Some(plans[0]), ..all() }, 2),
        (BatchFilter { vendor: Some(vendors[1]), ..all() }, 2),
        (BatchFilter { plan: Some(plans[0]), vendor: Some(vendors[1]), ..all() }, 1),
        (BatchFilter { router: Some(router), ..all() }, 4),
        (BatchFilter { router: Some(RouterId::new(beginning(), &OsEntropy)), ..all() }, 0),
        (BatchFilter { created_from: Some(hours(2)), ..all() }, 2),
        (BatchFilter { created_until: Some(hours(1)), ..all() }, 1),
        (BatchFilter { created_from: Some(hours(1)), created_until: Some(hours(3)), ..all() }, 2),
        (BatchFilter { cancelled: Some(true), ..all() }, 0),
        (BatchFilter { cancelled: Some(false), ..all() }, 4),
    ];
    for (batches, expected) in cases {
        for order in Order::<BatchSort>::all() {
            let found = walked!(order, 3, |page| tx.batch_page(&batches, page));
            assert_eq!(found.len(), expected, "{batches:?}");
        }
        let filter = VoucherFilter { batches: batches.clone(), ..VoucherFilter::default() };
        let used = VoucherFilter { state: Some("active"), ..filter.clone() };
        for order in Order::<VoucherSort>::all() {
            let found = walked!(order, 7, |page| tx.voucher_page(&filter, page));
            let found: BTreeSet<_> = found.iter().map(|voucher| voucher.id).collect();
            assert_eq!(found.len(), 10 * expected, "{batches:?}");
            let found = walked!(order, 2, |page| tx.voucher_page(&used, page));
            assert_eq!(found.len(), 3 * expected, "{batches:?}");
        }
    }
    let batch = tx.batch_page(&all(), PageRequest::default()).await.unwrap().items.remove(0);
    let filter = VoucherFilter { batch: Some(batch.id), ..VoucherFilter::default() };
    for order in Order::<VoucherSort>::all() {
        let found = walked!(order, 4, |page| tx.voucher_page(&filter, page));
        assert_eq!(found.len(), 10);
        assert!(found.iter().all(|voucher| voucher.batch == batch.id));
    }
}

async fn plans_are_found_by_kind_name_and_retirement(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    for number in 1..=6 {
        let retired_at = (number % 2 == 0).then(beginning);
        let plan = plan(number);
        assert!(tx.plan_insert(&plan).await.unwrap());
        let retired = mkbill_core::plan::Plan { retired_at, ..plan };
        assert!(tx.plan_replace(&retired).await.unwrap());
    }
    let text = |text: &str| Some(SearchText::parse("search", text).unwrap());
    let name = tx.plan_page(PlanFilter::default(), PageRequest::default()).await.unwrap();
    let name = name.items[0].name.as_str().to_uppercase();
    let all = PlanFilter::default;
    for (filter, expected) in [
        (all(), 6),
        (PlanFilter { on_sale: true, ..all() }, 3),
        (PlanFilter { retired: true, ..all() }, 3),
        (PlanFilter { kind: Some(PlanKind::Voucher), ..all() }, 6),
        (PlanFilter { kind: Some(PlanKind::Subscription), ..all() }, 0),
        (PlanFilter { text: text(&name), ..all() }, 1),
        (PlanFilter { text: text("%"), ..all() }, 0),
    ] {
        for order in Order::<PlanSort>::all() {
            let found = walked!(order, 2, |page| tx.plan_page(filter.clone(), page));
            assert_eq!(found.len(), expected, "{filter:?}");
        }
    }
}

async fn every_order_of_a_long_list_is_served_by_an_index(engine: Engine) {
    let (database, _store) = fresh(engine).await;
    let plans = plans_of(&database).await;
    assert!(plans.len() > 100, "only {} statements", plans.len());
    // Small tables, sums of debts, and the names of vouchers' logins, which are their codes.
    let small = ["FROM plan p", "FROM vendor ", "FROM staff ", "WITH debt"];
    let is_known = |text: &str| {
        let of_all_logins =
            text.contains("FROM login WHERE") && !text.contains("subscription_id IS NOT NULL");
        of_all_logins || small.iter().any(|table| text.contains(table))
    };
    for (text, plan) in plans.iter().filter(|(text, _)| !is_known(text)) {
        assert!(!sorts(plan), "{text}\n{plan}");
        let goes_on = text.contains(") > ($") || text.contains(") < ($");
        assert!(!goes_on || plan.contains("Index Cond"), "{text}\n{plan}");
    }
    database.run("DROP INDEX invoice_due_page").await.unwrap();
    let sorting = plans_of(&database).await.into_iter().filter(|(_, plan)| sorts(plan));
    let texts: Vec<String> = sorting.map(|(text, _)| text).collect();
    assert!(texts.iter().any(|text| text.contains("FROM invoice i")), "it would be seen");
}

/// Does it sort as a whole, and not only what is equal in the order of an index?
fn sorts(plan: &str) -> bool {
    plan.lines().any(|line| line.trim_start_matches([' ', '-', '>']) == "Sort")
}

/// How PostgreSQL reads lists, by their statements.
async fn plans_of(database: &TestDatabase) -> Vec<(String, String)> {
    match database.url() {
        DatabaseUrl::Postgres(address) => explain_lists(address).await,
        DatabaseUrl::Sqlite(_) => panic!("PostgreSQL alone explains"),
    }
}
