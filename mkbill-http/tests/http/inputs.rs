//! Inputs that a rule forbids: each has its own clear answer.

use serde_json::{Value, json};

use super::support::{TestApp, batch, but, plan};

fn rupiah(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "IDR" })
}

async fn shop() -> TestApp {
    TestApp::new().await.with_catalogue().await.with_absent_router().await
}

#[tokio::test]
async fn bad_batches_are_refused_with_their_field_or_code() {
    let app = shop().await;
    let with = |field: &str, value: Value| but(batch(10), field, value);
    let cases = [
        (with("count", json!(0)), "invalid", "count", "1 to 10000"),
        (with("count", json!(10_001)), "invalid", "count", "1 to 10000"),
        (with("prefix", json!("rt 5")), "invalid", "prefix", "A-Z"),
        (with("prefix", json!("ABCDEFGHIJK")), "invalid", "prefix", "10"),
        (with("random_chars", json!(3)), "invalid", "random_chars", "4"),
        (with("vendor", json!("NOBODY")), "invalid", "vendor", "NOBODY"),
        (with("plan", json!("weekly")), "invalid", "plan", "weekly"),
        (with("router", json!("rt-06")), "invalid", "router", "rt-06"),
        (with("sell", rupiah(2_999)), "sell_below_cost", "", "3.000"),
        (with("sell_by", json!("2026-03-01")), "sell_by_over", "", "2026-03-01"),
    ];
    for (body, code, field, hint) in cases {
        let problem = app.post("/api/v1/voucher-batches", &body).await.problem(422, code);
        assert_eq!(problem["errors"][0]["field"].as_str().unwrap_or_default(), field, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(hint), "{problem}");
    }
    let batches = app.get("/api/v1/voucher-batches").await.ok(200);
    assert_eq!(batches["items"], json!([]));
}

#[tokio::test]
async fn a_code_space_that_is_too_small_says_how_many_characters_would_do() {
    let app = shop().await;
    let narrow = but(batch(10_000), "random_chars", json!(4));
    let answer = app.post("/api/v1/voucher-batches", &narrow).await;
    let problem = answer.problem(422, "code_space_too_small");
    assert!(problem["detail"].as_str().unwrap().contains("characters"), "{problem}");
}

#[tokio::test]
async fn a_plan_on_a_profile_the_router_lacks_is_refused_with_the_profiles_there_are() {
    let (app, _simulator) = TestApp::new().await.with_catalogue().await.with_router().await;
    let unknown = but(plan("express"), "router_profile", json!("express-10M"));
    app.post("/api/v1/plans", &unknown).await.ok(201);
    app.work().await;
    let body = but(batch(10), "plan", json!("express"));
    let answer = app.post("/api/v1/voucher-batches", &body).await;
    let detail = answer.problem(422, "router_profile_missing")["detail"].to_string();
    assert!(detail.contains("express-10M") && detail.contains("default"), "{detail}");
}

#[tokio::test]
async fn bad_plans_are_refused() {
    let app = TestApp::new().await;
    let with = |field: &str, value: Value| but(plan("daily"), field, value);
    let cases = [
        (with("sell", rupiah(2_999)), "sell_below_cost"),
        (with("cost", rupiah(-1)), "negative_price"),
        (with("sell", json!({ "minor": 9_000, "currency": "USD" })), "mixed_currencies"),
        (with("sell", json!({ "minor": 9_000, "currency": "rupiah" })), "invalid"),
        (with("validity_seconds", json!(0)), "invalid"),
        (with("validity_seconds", json!(u64::MAX)), "invalid"),
        (with("data_quota_bytes", json!(0)), "invalid"),
        (with("name", json!(" daily")), "invalid"),
        (with("router_profile", json!("")), "invalid"),
    ];
    for (body, code) in cases {
        app.post("/api/v1/plans", &body).await.problem(422, code);
    }
    app.post("/api/v1/plans", &plan("daily")).await.ok(201);
    app.post("/api/v1/plans", &plan("daily")).await.problem(409, "conflict");
}

#[tokio::test]
async fn money_is_whole_minor_units() {
    let app = TestApp::new().await;
    let fraction = but(plan("daily"), "sell", json!({ "minor": 5_000.5, "currency": "IDR" }));
    app.post("/api/v1/plans", &fraction).await.problem(422, "malformed_body");
}

#[tokio::test]
async fn bad_vendors_and_routers_are_refused() {
    let app = TestApp::new().await;
    let vendor = json!({ "code": "warung 1", "name": "Warung" });
    app.post("/api/v1/vendors", &vendor).await.problem(422, "invalid");
    let router = json!({
        "name": "rt-05", "host": "192.168.88.1", "security": "tls_pinned",
        "username": "mkbill", "password": "x",
    });
    let pinless = app.post("/api/v1/routers", &router).await.problem(422, "invalid");
    assert_eq!(pinless["errors"][0]["field"], "certificate_pin");
    let nonsense = but(router.clone(), "certificate_pin", json!("abc"));
    let problem = app.post("/api/v1/routers", &nonsense).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "certificate_pin");
    let told = problem["detail"].as_str().unwrap();
    for form in ["sha256:", "spki-sha256:", "sha256//"] {
        assert!(told.contains(form), "{told}");
    }
    let url = but(but(router, "security", json!("tls")), "host", json!("http://192.168.88.1/"));
    let problem = app.post("/api/v1/routers", &url).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "host");
}
