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
