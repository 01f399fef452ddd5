//! The life of vouchers, seen from outside.

use jiff::SignedDuration;
use mkbill_routeros::sim::Customer;
use serde_json::{Value, json};

use super::support::{TestApp, batch};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

async fn codes(app: &TestApp) -> Vec<String> {
    let page = app.get("/api/v1/vouchers").await.ok(200);
    let items = page["items"].as_array().unwrap().iter();
    items.map(|voucher| voucher["code"].as_str().unwrap().to_owned()).collect()
}

async fn act(app: &TestApp, code: &str, what: &str, body: Value) -> super::support::Answer {
    app.post(&format!("/api/v1/vouchers/{code}/{what}"), &body).await
}

#[tokio::test]
async fn a_voucher_is_pushed_used_extended_and_ended() {
    let (app, simulator) = TestApp::new().await.with_catalogue().await.with_router().await;
    app.post("/api/v1/voucher-batches", &batch(3)).await.ok(201);
    app.work().await;
    let codes = codes(&app).await;
    let code = codes[0].as_str();
    assert_eq!(app.get(&format!("/api/v1/vouchers/{code}")).await.ok(200)["state"], "available");
    act(&app, code, "extend", json!({ "validity_seconds": 60 }))
        .await
        .problem(409, "voucher_state");

    let mut crowd = simulator.crowd([Customer::with_code(code)]);
    let came = app.now();
    crowd.arrive(1);
    assert_eq!(app.after(MINUTE).await.passes[0].first_logins, 1);
    let active = app.get(&format!("/api/v1/vouchers/{code}")).await.ok(200);
    assert_eq!((&active["state"], &active["first_login"]["at"]), (&json!("active"), &json!(came)));

    let longer = act(&app, code, "extend", json!({ "validity_seconds": 3_600 })).await.ok(200);
    let end = came + SignedDuration::from_hours(25);
    assert_eq!(longer["expires_at"], json!(end));
    act(&app, code, "extend", json!({})).await.problem(422, "bad_extension");

    app.after(SignedDuration::from_hours(25)).await;
    let ended = app.get(&format!("/api/v1/vouchers/{code}")).await.ok(200);
    assert_eq!((&ended["state"], &ended["ended_at"]), (&json!("expired"), &json!(end)));
    assert_eq!(crowd.online(), 0);

    let sales =
        app.get("/api/v1/reports/sales?from=2026-03-01&to=2026-03-04&by=batch").await.ok(200);
    assert_eq!(sales["total"]["revenue"], json!({ "minor": 5_000, "currency": "IDR" }));
    assert_eq!(sales["rows"][0]["group"], "BATCH-20260302-001");
}

#[tokio::test]
async fn a_voucher_is_closed_opened_recoded_and_withdrawn() {
    let (app, _simulator) = TestApp::new().await.with_catalogue().await.with_router().await;
    app.post("/api/v1/voucher-batches", &batch(1)).await.ok(201);
    app.work().await;
    let code = codes(&app).await.remove(0);
    assert_eq!(act(&app, &code, "disable", json!(null)).await.ok(200)["state"], "disabled");
    act(&app, &code, "disable", json!(null)).await.problem(409, "voucher_state");
    assert_eq!(act(&app, &code, "enable", json!(null)).await.ok(200)["state"], "available");
    let recoded = act(&app, &code, "regenerate", json!(null)).await.ok(200);
    assert_ne!(recoded["code"], json!(code));
    let code = recoded["code"].as_str().unwrap();
    assert_eq!(act(&app, code, "cancel", json!(null)).await.ok(200)["state"], "cancelled");
    act(&app, code, "enable", json!(null)).await.problem(409, "voucher_state");
}

#[tokio::test]
async fn a_report_backwards_in_time_is_refused() {
    let app = TestApp::new().await;
    let answer = app.get("/api/v1/reports/sales?from=2026-03-02&to=2026-03-01").await;
    assert_eq!(answer.problem(422, "invalid")["errors"][0]["field"], "from");
    app.get("/api/v1/reports/sales?from=yesterday").await.problem(400, "malformed_query");
}
