//! Every example runs to its end and prints what it promises.

use std::process::Command;

fn printed(program: &str) -> Vec<String> {
    let output = Command::new(program).output().expect("cargo built it");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} ended with {}: {errors}", output.status);
    let text = String::from_utf8(output.stdout).expect("examples print text");
    text.lines().map(str::to_owned).collect()
}

const CSV_HEADING: &str = "  number,code,password,state,plan,price_sell,currency,validity_hours,\
    uptime_quota_seconds,data_quota_bytes,batch,vendor,first_login_at,expires_at";

#[test]
fn quickstart_sells_a_voucher_and_books_it() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_quickstart")),
        [
            "BATCH-20260301-001: 20 vouchers wait",
            "BATCH-20260301-001: 20 can be sold",
            "first logins found: 1, voucher active",
            "a day later: voucher expired",
            "Harian 24 jam: 1 sold for Rp 5.000, Rp 2.000 of it profit",
        ]
    );
}

#[test]
fn voucher_batch_makes_each_order_once() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_voucher_batch")),
        [
            "dry run:  BATCH-20260301-001, kept: false",
            "with key: BATCH-20260301-001, made before: false",
            "with key: BATCH-20260301-001, made before: true",
            "same key, other order: idempotency_key_reused",
            "refused:  the selling price Rp 2.500 is below the cost price Rp 3.000: raise it or \
             lower the cost",
            "BATCH-20260301-001: 50 x Harian for Warung Bu Sri: cost Rp 150.000, sells for \
             Rp 250.000",
            "  50 of 50 vouchers of BATCH-20260301-001 are not on the router yet: wait for the \
             push, or ask for unpushed ones too",
            CSV_HEADING,
            "  and 50 lines",
            "BATCH-20260301-002: 10 x Mingguan for Kios Pak Budi: cost Rp 140.000, sells for \
             Rp 200.000",
            "  10 of 10 vouchers of BATCH-20260301-002 are not on the router yet: wait for the \
             push, or ask for unpushed ones too",
            CSV_HEADING,
            "  and 10 lines",
        ]
    );
}

#[test]
fn fake_router_serves_the_bare_client() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_fake_router")),
        [
            "RouterOS 7.18.2",
            "alice: added",
            "bob: added",
            "carol: running /ip/hotspot/user/add: the router said: input does not match any value \
             of profile",
            "alice: online for 20m, 1200000000 bytes down",
            "alice: used 20m",
            "bob: used 0s",
            "users left: 1",
            "unplugged: command failed: true",
        ]
    );
}

#[test]
fn carry_over_spends_the_same_money_by_three_rules() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_carry_over")),
        [
            "a whole period",
            "  Rp 60.000 would pay Rp 60.000 of Rp 100.000 and serve until never",
            "  INV-20260110-0001: Rp 60.000 of Rp 100.000 paid, partially_paid",
            "  owes Rp 40.000, a balance of -Rp 40.000",
            "  pending, served until never",
            "  Rp 150.000 more, and a month",
            "  INV-20260110-0001: Rp 100.000 of Rp 100.000 paid, paid",
            "  INV-20260226-0001: Rp 100.000 of Rp 100.000 paid, paid",
            "  owes Rp 0, a balance of Rp 10.000",
            "  active, served until 2026-04-05",
            "days in proportion",
            "  Rp 60.000 would pay Rp 60.000 of Rp 100.000 and serve until 2026-01-28",
            "  INV-20260110-0001: Rp 60.000 of Rp 100.000 paid, partially_paid",
            "  owes Rp 40.000, a balance of -Rp 40.000",
            "  overdue, served until 2026-01-28",
            "  Rp 150.000 more, and a month",
            "  INV-20260110-0001: Rp 100.000 of Rp 100.000 paid, paid",
            "  INV-20260211-0001: Rp 100.000 of Rp 100.000 paid, paid",
            "  owes Rp 0, a balance of Rp 10.000",
            "  active, served until 2026-03-18",
            "all or nothing",
            "  Rp 60.000 would pay nothing and serve until never",
            "  INV-20260110-0001: Rp 0 of Rp 100.000 paid, open",
            "  owes Rp 100.000, a balance of -Rp 40.000",
            "  pending, served until never",
            "  Rp 150.000 more, and a month",
            "  INV-20260110-0001: Rp 100.000 of Rp 100.000 paid, paid",
            "  INV-20260226-0001: Rp 100.000 of Rp 100.000 paid, paid",
            "  owes Rp 0, a balance of Rp 10.000",
            "  active, served until 2026-04-05",
        ]
    );
}

#[test]
fn month_end_agrees_with_itself_and_closes_the_month() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_month_end")),
        [
            "cut for not paying: 2",
            "bank: Rp 50.000 came in",
            "cash: Rp 111.000 came in",
            "Rumah 10M: Rp 300.000 earned before tax",
            "2026-01: Rp 300.000 invoiced, Rp 33.000 tax on it",
            "2 customers owe Rp 172.000, Rp 172.000 of it up to 30 days late",
            "  bank                     Rp 50.000",
            "  cash                    Rp 111.000",
            "  customer_credit               Rp 0",
            "  receivable              Rp 172.000",
            "  subscription_revenue   -Rp 300.000",
            "  tax_payable             -Rp 33.000",
            "2026-01-10 invoice_issued: -Rp 111.000, then -Rp 111.000",
            "2026-01-10 payment_received: Rp 50.000, then -Rp 61.000",
            "2026-01-10 allocated: Rp 0, then -Rp 61.000",
            "owes Rp 111.000, has Rp 0 of credit: a balance of -Rp 111.000",
            "invoice INV-20260110-0003 of Rp 111.000 is due on 2026-01-17: Rp 0 paid, \
             Rp 111.000 left",
            "refused: the books are closed through 2026-01-31, and 2026-01-31 is not after it: use a \
             later day",
        ]
    );
}

#[test]
fn an_application_around_the_interface_says_who_somebody_is() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_embed_in_axum")),
        [
            "nobody: GET /: 200",
            "nobody: GET /billing/api/v1/vendors: 401",
            "till: GET /billing/api/v1/vendors: 200",
            "till: POST /billing/api/v1/vendors: 403",
            "boss: POST /billing/api/v1/vendors: 201",
        ]
    );
}
