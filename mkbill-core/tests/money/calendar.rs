//! Calendars: every anchor day, every zone, and a month that nobody skips.

use std::process::Command;

use jiff::civil::{Date, date};
use mkbill_core::invoice::Invoice;
use mkbill_core::kernel::time::{BusinessZone, Clock as _};
use mkbill_core::notice::NoticeKind;
use mkbill_core::plan::terms::{LateRenewal, Terms};
use mkbill_core::testkit::Engine;
use mkbill_core::worker::Worker;

use crate::shop::{Parts, Shop, charge, clerk, terms};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    f26_every_anchor_day_is_billed_for_48_months_without_gap_or_overlap,
    f27_neither_the_zone_of_the_host_nor_that_of_the_business_changes_an_invoice,
    a_second_run_finds_nothing_to_do,
    reminders_go_out_three_days_and_one_day_before_and_never_twice,
    a_bad_subscription_stops_only_itself,
    an_invoice_by_hand_is_reminded_of_and_its_debt_is_seen,
    an_invoice_that_cannot_be_read_is_left_alone,
];

/// Names the zone in which a process prints its invoices and ends; see [`print_invoices`].
pub(crate) const PRINT: &str = "MKBILL_PRINT_INVOICES_IN";
const ZONES: [&str; 4] = ["UTC", "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"];
const MONTHS: usize = 48;

async fn f26_every_anchor_day_is_billed_for_48_months_without_gap_or_overlap(engine: Engine) {
    let shop = Shop::new(engine).await;
    let worker = Worker::new(shop.billing.clone());
    let plan = shop.plan("home", terms(1_000)).await;
    let mut anchors = Vec::new();
    shop.until_day(date(2026, 1, 31)).await;
    for day in 0..31 {
        let customer = shop.customer(day).await;
        shop.pay(customer, 1_000 * 60).await;
        anchors.push((shop.subscribe_to(customer, plan).await, shop.today()));
        shop.days(1).await;
    }
    let end: Date = date(2030, 3, 31);
    let end = shop.billing.zone().start_of(end).unwrap();
    worker.advance_to(end).await.unwrap();
    for (subscription, anchor) in anchors {
        let periods = shop.billing.subscription(subscription).await.unwrap().periods;
        assert!(periods.len() > MONTHS);
        for (number, row) in (0_i32..).zip(&periods[..MONTHS]) {
            let month = date(anchor.year(), anchor.month(), 1);
            let month = month.checked_add(jiff::Span::new().months(number)).unwrap();
            let expected =
                date(month.year(), month.month(), anchor.day().min(month.days_in_month()));
            assert_eq!(row.period.start, expected, "anchor {anchor}, period {number}");
            assert_eq!(row.granted_days, row.period.days());
        }
        assert!(periods.windows(2).all(|pair| pair[0].period.end == pair[1].period.start));
    }
}

/// What is printed of an invoice, in one line.
fn line(invoice: &Invoice) -> String {
    let period = invoice.period.map(|period| (period.number, period.days.start, period.days.end));
    format!(
        "{} {:?} {} {} {} {}",
        invoice.number,
        period,
        invoice.issued_on,
        invoice.due_on,
        invoice.total,
        invoice.status()
    )
}

/// Bills four months in a business zone from half past midnight on the 31st on, and answers what
/// stands on the invoices.
async fn invoices_in(zone: &'static str, engine: Engine) -> String {
    let shop = Shop::with(engine, Parts { zone, ..Parts::standard() }).await;
    let own = BusinessZone::named(zone).unwrap();
    let opening = own.start_of(date(2026, 1, 31)).unwrap();
    shop.clock.advance(opening.duration_since(shop.clock.now()) + HALF_AN_HOUR);
    let customer = shop.customer(1).await;
    let terms = Terms { late_renewal: LateRenewal::FromDue, grace_days: 3, ..terms(100_000) };
    shop.subscribe(customer, terms).await;
    shop.pay(customer, 250_000).await;
    let worker = Worker::new(shop.billing.clone());
    worker.advance_to(own.start_of(date(2026, 6, 1)).unwrap()).await.unwrap();
    let lines: Vec<String> = shop.invoices(customer).await.iter().map(line).collect();
    lines.join("\n")
}

const HALF_AN_HOUR: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// Prints the invoices of a business zone in a process whose own zone is another one.
pub(crate) fn print_invoices(zone: &str) {
    let zone = ZONES.into_iter().find(|known| *known == zone).expect("a zone of the table");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    println!("{}", runtime.unwrap().block_on(invoices_in(zone, Engine::Sqlite)));
}

async fn f27_neither_the_zone_of_the_host_nor_that_of_the_business_changes_an_invoice(
    engine: Engine,
) {
    let expected = invoices_in("Asia/Jakarta", engine).await;
    assert_eq!(expected.lines().count(), 5, "{expected}");
    for business in ZONES {
        assert_eq!(invoices_in(business, engine).await, expected, "{business}");
        if engine == Engine::Postgres {
            continue;
        }
        for host in ZONES {
            let program = std::env::current_exe().unwrap();
            let output = Command::new(program).env("TZ", host).env(PRINT, business).output();
            let printed = String::from_utf8(output.unwrap().stdout).unwrap();
            assert_eq!(printed.trim_end(), expected, "host {host}, business {business}");
        }
    }
}

async fn a_second_run_finds_nothing_to_do(engine: Engine) {
    let shop = Shop::new(engine).await;
    for number in 0..5 {
        let customer = shop.customer(number).await;
        shop.subscribe(customer, terms(100_000)).await;
        shop.pay(customer, 100_000).await;
    }
    shop.clock.advance(jiff::SignedDuration::from_hours(24 * 24));
    let first = shop.tick().await;
    assert_eq!((first.customers, first.issued), (5, 5));
    assert_eq!(shop.tick().await, mkbill_core::billing::BillingRun::default());
}

async fn reminders_go_out_three_days_and_one_day_before_and_never_twice(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    for _ in 0..7 {
        shop.days(1).await;
        shop.tick().await;
    }
    let told = shop.told(customer, NoticeKind::InvoiceReminder).await;
    let days: Vec<Date> = told.iter().map(|at| shop.billing.zone().date(*at)).collect();
    assert_eq!(days, [date(2026, 1, 14), date(2026, 1, 16)]);
    let issued = shop.told(customer, NoticeKind::InvoiceIssued).await;
    assert_eq!(issued.len(), 1);
}

async fn a_bad_subscription_stops_only_itself(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (good, bad) = (shop.customer(1).await, shop.customer(2).await);
    let sound = shop.subscribe(good, terms(100_000)).await;
    let broken = shop.subscribe(bad, terms(100_000)).await;
    shop.pay(good, 100_000).await;
    shop.pay(bad, 100_000).await;
    shop.database
        .run("UPDATE subscription SET tax = 'ppn', next_number = 2147483647, anchor_number = 2147483647 WHERE customer_id IN (SELECT id FROM customer WHERE name = 'customer 2')")
        .await
        .unwrap();
    shop.clock.advance(jiff::SignedDuration::from_hours(24 * 24));
    let run = shop.tick().await;
    assert_eq!(run.issued, 1);
    assert_eq!(run.failed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [broken]);
    assert_eq!(shop.subscription(sound).await.trouble, None);
    assert!(shop.subscription(broken).await.trouble.is_some());
    assert_eq!(shop.tick().await.customers, 0, "it waits for a person");
}

async fn an_invoice_by_hand_is_reminded_of_and_its_debt_is_seen(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (owing, paying) = (shop.customer(1).await, shop.customer(2).await);
    for customer in [owing, paying] {
        shop.moment();
        let invoice = charge(600_000, date(2026, 1, 20));
        shop.billing.issue_invoice(&clerk(), customer, invoice).await.unwrap();
    }
    shop.until_day(date(2026, 1, 18)).await;
    shop.pay(paying, 600_000).await;
    shop.until_day(date(2026, 1, 20)).await;
    let days = async |customer| {
        let told = shop.told(customer, NoticeKind::InvoiceReminder).await;
        told.iter().map(|at| shop.billing.zone().date(*at)).collect::<Vec<_>>()
    };
    let reminded = [date(2026, 1, 13), date(2026, 1, 17), date(2026, 1, 19)];
    assert_eq!(days(owing).await, reminded);
    assert_eq!(days(paying).await, reminded[..2]);
    assert!(shop.told(owing, NoticeKind::HighDebt).await.is_empty());
    shop.until_day(date(2026, 1, 21)).await;
    assert_eq!(shop.told(owing, NoticeKind::HighDebt).await.len(), 1, "it is overdue now");
    assert_eq!(shop.tick().await, mkbill_core::billing::BillingRun::default());
    shop.days(30).await;
    assert_eq!(days(owing).await, reminded);
}

async fn an_invoice_that_cannot_be_read_is_left_alone(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (good, bad) = (shop.customer(1).await, shop.customer(2).await);
    for customer in [good, bad] {
        shop.moment();
        let invoice = charge(60_000, date(2026, 1, 20));
        shop.billing.issue_invoice(&clerk(), customer, invoice).await.unwrap();
    }
    shop.database
        .run("UPDATE invoice SET currency = 'xx' WHERE customer_id IN (SELECT id FROM customer WHERE name = 'customer 2')")
        .await
        .unwrap();
    shop.until_day(date(2026, 1, 13)).await;
    assert_eq!(shop.told(good, NoticeKind::InvoiceReminder).await.len(), 1);
    assert_eq!(shop.tick().await.customers, 0, "it is not tried for ever");
}
