//! The books as people read them: statements, reports, closed months, and what the doctor sees.

use jiff::civil::{Date, date};
use mkbill_core::account::correct::Overdraw;
use mkbill_core::billing::{Adjustment, Billing, CancelAt};
use mkbill_core::invoice::Invoice;
use mkbill_core::invoice::tax::{TaxMode, TaxRule};
use mkbill_core::kernel::money::Money;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::ledger::Account;
use mkbill_core::ledger::store::EntryFilter;
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::plan::terms::Terms;
use mkbill_core::report::Days;
use mkbill_core::report::money::{CashBy, MonthRow, RevenueBy};
use mkbill_core::report::store::StatementRange;
use mkbill_core::testkit::{Engine, SeededEntropy};

use crate::shop::{Shop, because, charge, clerk, rupiah, terms};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_statement_tells_every_rupiah_with_the_balance_after_it,
    a_statement_of_some_days_opens_with_what_was_before,
    every_entry_is_listed_with_its_sides,
    closed_days_take_no_entry_until_they_are_opened,
    f28_months_sum_to_the_year_and_to_the_ledger,
    what_is_owed_is_told_by_its_age,
    the_doctor_sees_a_balance_under_the_wrong_subscription,
    what_is_over_is_refused_and_not_unknown,
    why_an_amount_and_a_service_are_as_they_are_can_be_told,
];

async fn a_statement_tells_every_rupiah_with_the_balance_after_it(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    let payment = shop.pay(customer, 150_000).await.payment.number;
    shop.moment();
    shop.billing.reverse_payment(&because("bounced"), payment.as_str()).await.unwrap();
    let statement = shop.billing.statement(customer, StatementRange::default()).await.unwrap();
    let lines: Vec<_> = statement
        .lines
        .iter()
        .map(|line| (line.cause.name(), line.change.minor(), line.balance.minor()))
        .collect();
    assert_eq!(
        lines,
        [
            ("invoice_issued", -100_000, -100_000),
            ("payment_received", 150_000, 50_000),
            ("allocated", 0, 50_000),
            ("released", 0, 50_000),
            ("payment_reversed", -150_000, -100_000),
        ]
    );
    assert_eq!(statement.lines[2].moved, rupiah(100_000));
    assert_eq!(statement.lines[4].memo.as_deref(), Some("bounced"));
    assert_eq!(statement.lines[4].payment.as_ref(), Some(&payment));
    assert_eq!((statement.opening, statement.next), (rupiah(0), None));
    assert_eq!(statement.closing, shop.standing(customer).await.balance);
}

async fn a_statement_of_some_days_opens_with_what_was_before(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.pay(customer, 10_000).await;
    shop.days(5).await;
    shop.pay(customer, 7_000).await;
    let from = Some(date(2026, 1, 11));
    let range = StatementRange { from, ..StatementRange::default() };
    let statement = shop.billing.statement(customer, range).await.unwrap();
    assert_eq!((statement.opening, statement.closing), (rupiah(10_000), rupiah(17_000)));
    assert_eq!(statement.lines.len(), 1);
    for _ in 0..210 {
        shop.pay(customer, 1).await;
    }
    let first = shop.billing.statement(customer, StatementRange::default()).await.unwrap();
    assert_eq!(first.lines.len(), 200);
    let after = first.next;
    let range = StatementRange { after, ..StatementRange::default() };
    let second = shop.billing.statement(customer, range).await.unwrap();
    assert_eq!((second.opening, second.lines.len()), (first.closing, 12));
    assert_eq!((second.closing, second.next), (rupiah(17_210), None));
}

async fn every_entry_is_listed_with_its_sides(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (customer, other) = (shop.customer(1).await, shop.customer(2).await);
    shop.subscribe(customer, terms(100_000)).await;
    let payment = shop.pay(customer, 150_000).await.payment.number;
    shop.days(1).await;
    shop.billing.reverse_payment(&because("bounced"), payment.as_str()).await.unwrap();
    shop.pay(other, 7_000).await;
    let list = async |filter: EntryFilter, limit| {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = PageRequest::new(after, limit).unwrap();
            let page = shop.billing.entries(filter, page).await.unwrap();
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                break all;
            }
        }
    };
    let all = list(EntryFilter::default(), 2).await;
    let causes: Vec<&str> = all.iter().map(|entry| entry.cause.name()).collect();
    let expected = [
        "payment_received",
        "payment_reversed",
        "released",
        "allocated",
        "payment_received",
        "invoice_issued",
    ];
    assert_eq!(causes, expected);
    assert_eq!(all[1].memo.as_deref(), Some("bounced"));
    assert_eq!(all[1].reverses, Some(all[4].cause));
    let sides: Vec<_> =
        all[5].postings().iter().map(|side| (side.account, side.amount.minor())).collect();
    let owed = (Account::Receivable, 100_000);
    assert_eq!(sides, [owed, (Account::SubscriptionRevenue, -100_000)]);
    let own = EntryFilter { customer: Some(other), ..EntryFilter::default() };
    assert_eq!(list(own, 200).await.len(), 1);
    let cash = EntryFilter { account: Some(Account::Cash), ..EntryFilter::default() };
    assert_eq!(list(cash, 200).await.len(), 3);
    let today = Some(shop.today());
    let late = EntryFilter { from: today, ..cash };
    assert_eq!(list(late, 200).await.len(), 2);
    let early = EntryFilter { to: Some(date(2026, 1, 10)), ..cash };
    assert_eq!(list(early, 200).await.len(), 1);
}

async fn closed_days_take_no_entry_until_they_are_opened(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.days(30).await;
    let lock = async |day| shop.billing.lock_books(&because("month end"), day).await;
    assert_eq!(
        shop.billing.lock_books(&clerk(), date(2026, 1, 31)).await.unwrap_err().code(),
        "reason_missing"
    );
    assert_eq!(lock(shop.today()).await.unwrap_err().code(), "books_day_not_over");
    assert_eq!(lock(date(2026, 1, 31)).await.unwrap(), Some(date(2026, 1, 31)));
    assert_eq!(lock(date(2026, 1, 30)).await.unwrap_err().code(), "books_closed_already");
    let late = NewPayment {
        received_on: Some(date(2026, 1, 31)),
        ..NewPayment::whole(customer, rupiah(5_000), Method::Cash)
    };
    assert_eq!(shop.try_pay(late.clone()).await.unwrap_err().code(), "books_closed");
    shop.pay(customer, 5_000).await;
    shop.moment();
    let open = shop.billing.unlock_books(&because("forgotten slip"), None).await;
    assert_eq!(open.unwrap(), None);
    shop.try_pay(late).await.unwrap();
    assert_eq!(shop.credit(customer).await, 10_000);
}

/// Half a year of customers who pay, do not pay, get something back and are taxed.
async fn half_a_year(shop: &Shop) {
    let ppn = TaxRule::new(date(2025, 1, 1), TaxMode::Exclusive, 1_200, (11, 12)).unwrap();
    shop.billing.add_tax_rule(&clerk(), "ppn".parse().unwrap(), ppn).await.unwrap();
    let dice = SeededEntropy::new(28);
    let roll = |most: u8| {
        let mut byte = [0];
        mkbill_core::kernel::entropy::Entropy::fill(&dice, &mut byte);
        i64::from(byte[0] % most)
    };
    let mut all = Vec::new();
    for number in 0..6 {
        let customer = shop.customer(number).await;
        let tax = Some("ppn".parse().unwrap()).filter(|_| number % 2 == 0);
        let terms = Terms { tax, grace_days: 10, ..terms(90_000 + i64::from(number) * 7_777) };
        all.push((customer, shop.subscribe(customer, terms).await));
    }
    for day in 0..170 {
        shop.days(1).await;
        let (customer, subscription) = all[usize::try_from(roll(6)).unwrap()];
        match roll(8) {
            0..=2 => drop(shop.pay(customer, 30_000 + roll(200) * 1_000).await),
            3 => {
                shop.moment();
                let bill = charge(10_000 + roll(50) * 100, shop.today());
                shop.billing.issue_invoice(&clerk(), customer, bill).await.unwrap();
            }
            4 => {
                shop.moment();
                let open = shop.invoices(customer).await.into_iter().rfind(Invoice::is_open);
                if let Some(bill) = open {
                    let done = shop.billing.void_invoice(&because("x"), bill.number.as_str()).await;
                    done.unwrap();
                }
            }
            5 => {
                shop.moment();
                let bill = shop.invoices(customer).await.remove(0);
                let number = bill.number.as_str();
                drop(shop.billing.credit_invoice(&because("outage"), number, rupiah(3_333)).await);
            }
            6 => {
                shop.moment();
                let adjustment = Adjustment {
                    subscription: Some(subscription),
                    amount: rupiah(1_000 + day),
                    overdraw: Overdraw::Never,
                };
                drop(shop.billing.adjust_credit(&because("gift"), customer, adjustment).await);
            }
            _ => {
                shop.moment();
                let payment = shop.pay(customer, 5_000).await.payment.number;
                shop.moment();
                let caller = because("bounced");
                shop.billing.reverse_payment(&caller, payment.as_str()).await.unwrap();
            }
        }
    }
}

async fn f28_months_sum_to_the_year_and_to_the_ledger(engine: Engine) {
    let shop = Shop::new(engine).await;
    half_a_year(&shop).await;
    let months = shop.billing.months(2026).await.unwrap();
    assert_eq!(months.len(), 12, "a quiet month is a month");
    let year = |of: fn(&MonthRow) -> Money| months.iter().map(|row| of(row).minor()).sum::<i64>();
    let booked = async |account| shop.booked(account).await;
    let funds = booked(Account::Cash).await;
    assert_eq!(year(|row| row.received) - year(|row| row.returned), funds);
    assert_eq!(year(|row| row.adjusted), booked(Account::Adjustments).await);
    let revenue = -booked(Account::SubscriptionRevenue).await - booked(Account::OtherRevenue).await;
    let tax = -booked(Account::TaxPayable).await;
    let charged = year(|row| row.invoiced) + year(|row| row.tax);
    assert!(year(|row| row.voided) > 0 && year(|row| row.credited) > 0 && year(|row| row.tax) > 0);
    assert_eq!(charged - year(|row| row.voided) - year(|row| row.credited), revenue + tax);
    let last = &months[11];
    assert_eq!(last.receivable.minor(), booked(Account::Receivable).await);
    assert_eq!(last.credit.minor(), -booked(Account::CustomerCredit).await);
    check_reports(&shop.billing, revenue, funds).await;
}

/// Days, months, plans and accounts are the same money.
async fn check_reports(billing: &Billing, revenue: i64, funds: i64) {
    let days = Days { from: date(2026, 1, 1), to: date(2026, 12, 31) };
    for by in RevenueBy::ALL {
        let rows = billing.revenue(days, *by).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.total.minor()).sum::<i64>(), revenue, "{by}");
    }
    for by in CashBy::ALL {
        let rows = billing.cash(days, *by).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.net.minor()).sum::<i64>(), funds, "{by}");
    }
    let trial = billing.trial_balance(None).await.unwrap();
    assert_eq!(trial.iter().map(|row| row.balance.minor()).sum::<i64>(), 0);
    let through = billing.trial_balance(Some(days.to)).await.unwrap();
    assert_eq!(trial, through);
}

async fn what_is_owed_is_told_by_its_age(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    for (amount, due) in [(1, 10), (20, 11), (300, 31)] {
        shop.moment();
        let bill = charge(amount, date(2026, 1, due));
        shop.billing.issue_invoice(&clerk(), customer, bill).await.unwrap();
    }
    let aged = async |day: Date| {
        let (rows, total) = shop.billing.ageing(day).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].total, total.total);
        [total.current, total.days_30, total.days_60, total.days_90, total.older].map(Money::minor)
    };
    assert_eq!(aged(date(2026, 1, 10)).await, [321, 0, 0, 0, 0], "due today is not overdue");
    assert_eq!(aged(date(2026, 1, 31)).await, [300, 21, 0, 0, 0]);
    assert_eq!(aged(date(2026, 2, 9)).await, [0, 321, 0, 0, 0], "thirty days after the 10th");
    assert_eq!(aged(date(2026, 2, 10)).await, [0, 320, 1, 0, 0]);
    assert_eq!(aged(date(2026, 6, 1)).await, [0, 0, 0, 0, 321]);
}

async fn the_doctor_sees_a_balance_under_the_wrong_subscription(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    shop.subscribe(customer, terms(100_000)).await;
    shop.pay(customer, 150_000).await;
    shop.check(&[customer]).await;
    let moved = "UPDATE customer_balance SET subscription_id = (SELECT id FROM subscription) \
        WHERE account = 'customer_credit'";
    shop.database.run(moved).await.unwrap();
    let doctor = shop.billing.doctor().await.unwrap();
    let ill: Vec<_> = doctor.findings.iter().filter(|found| !found.ok).map(|f| f.name).collect();
    assert_eq!(ill, ["balances"]);
}

async fn what_is_over_is_refused_and_not_unknown(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, terms(100_000)).await;
    shop.billing.cancel_subscription(&clerk(), subscription, CancelAt::Now).await.unwrap();
    let refused = shop.billing.bill_subscription(&clerk(), subscription).await.unwrap_err();
    assert_eq!(refused.code(), "subscription_state");
}

async fn why_an_amount_and_a_service_are_as_they_are_can_be_told(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let subscription = shop.subscribe(customer, terms(100_000)).await;
    let receipt = shop.pay(customer, 40_000).await.payment.number;
    shop.until_day(date(2026, 1, 20)).await;
    let why = shop.billing.explain_subscription(subscription).await.unwrap();
    assert!(why.verdict[0].contains("cut since 2026-01-18"), "{:?}", why.verdict);
    assert!(why.verdict[1].contains("Rp 60.000 left"), "{:?}", why.verdict);
    let codes: Vec<&str> = why.facts.iter().map(|fact| fact.code.as_str()).collect();
    assert_eq!(codes, ["subscription.add", "invoice_line", "allocated", "subscription.suspend"]);
    assert!(why.facts[2].text.contains(receipt.as_str()), "{:?}", why.facts[2]);
    let number = shop.invoices(customer).await[0].number.clone();
    let invoice = shop.billing.explain_invoice(number.as_str()).await.unwrap();
    assert!(invoice.verdict[0].contains("Rp 40.000 paid"), "{:?}", invoice.verdict);
    let all = shop.billing.explain_customer(customer).await.unwrap();
    assert!(all.verdict[0].contains("owes Rp 60.000"), "{:?}", all.verdict);
    let codes: Vec<&str> = all.facts.iter().map(|fact| fact.code.as_str()).collect();
    let told = ["subscription.add", "invoice_issued", "payment_received", "allocated"];
    assert_eq!(codes[..4], told, "{:?}", all.facts);
    let change: i64 = all.facts.iter().filter_map(|fact| fact.amount).map(Money::minor).sum();
    assert_eq!(change, -60_000 + 40_000, "what moved counts beside what changed");
}
