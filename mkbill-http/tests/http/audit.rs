//! The audit trail as clients read it: filtered, exported, proven; without secrets.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, header};
use mkbill_core::kernel::network::Networks;
use mkbill_http::Manners;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::logins::{village, wanted};
use super::support::{TestApp, plan, send};

const AUDIT: &str = "/api/v1/audit";

async fn rows(app: &TestApp, query: &str) -> Vec<Value> {
    let page = app.get(&format!("{AUDIT}?{query}")).await.ok(200);
    page["items"].as_array().unwrap().clone()
}

/// Adds a plan as somebody at `peer` would.
async fn add_from(app: &TestApp, name: &str, peer: &str, headers: &[(&str, &str)]) {
    let mut request = app.request(Method::POST, "/api/v1/plans");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let mut request = request.body(Body::from(plan(name).to_string())).unwrap();
    let peer: SocketAddr = peer.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    app.send(request).await.ok(201);
}

#[tokio::test]
async fn a_record_says_from_where_and_a_proxy_is_believed_only_if_it_is_trusted() {
    let trusted_proxies: Networks = "10.0.0.0/8".parse().unwrap();
    let app = TestApp::new().await.with_manners(&Manners { trusted_proxies, ..Manners::default() });
    let forwarded = ("x-forwarded-for", "203.0.113.5, 198.51.100.9");
    add_from(&app, "a", "192.0.2.7:4711", &[forwarded, ("user-agent", "curl/8.1")]).await;
    add_from(&app, "b", "10.0.0.1:4711", &[forwarded]).await;
    app.post("/api/v1/plans", &plan("c")).await.ok(201);
    let rows = rows(&app, "action=plan.add&sort=created").await;
    let of = |field: &str| rows.iter().map(|row| row[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("address"), [json!("192.0.2.7"), json!("198.51.100.9"), Value::Null]);
    assert_eq!(of("agent"), [json!("curl/8.1"), Value::Null, Value::Null]);
    let found = app.get(&format!("{AUDIT}?address=198.51.100.9")).await.ok(200);
    assert_eq!(found["items"][0]["after"]["name"], "b");
}

#[tokio::test]
async fn rows_are_filtered_and_paged_in_both_orders() {
    let app = TestApp::new().await.with_catalogue().await;
    let why = [("x-reason", "Price of MARCH")];
    app.post_with("/api/v1/plans", &plan("weekly"), &why).await.ok(201);
    let key = rows(&app, "action=api_key.*").await;
    assert_eq!(key.len(), 1);
    assert_eq!(rows(&app, "q=march").await[0]["after"]["name"], "weekly");
    assert_eq!(rows(&app, "subject_kind=vendor").await.len(), 1);
    assert_eq!(rows(&app, "actor=api_key:tests&action=plan.*").await.len(), 2);
    assert_eq!(rows(&app, "from=2026-03-02T03:00:00.003Z").await.len(), 1);
    assert_eq!(rows(&app, "to=2026-03-02T03:00:00.001Z").await.len(), 1);
    let mut positions = Vec::new();
    let mut query = "sort=created&limit=3".to_owned();
    loop {
        let page = app.get(&format!("{AUDIT}?{query}")).await.ok(200);
        let items = page["items"].as_array().unwrap();
        positions.extend(items.iter().map(|row| row["position"].as_i64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("sort=created&limit=3&cursor={cursor}");
    }
    assert_eq!(positions, (1..=4).collect::<Vec<_>>());
    for (query, field) in [
        ("action=Plan", "action"),
        ("q=", "q"),
        ("from=2026-03-02T03:00:00Z&to=2026-03-02T03:00:00Z", "from"),
    ] {
        let answer = app.get(&format!("{AUDIT}?{query}")).await;
        assert_eq!(answer.problem(422, "invalid")["errors"][0]["field"], field, "{query}");
    }
    app.get(&format!("{AUDIT}?address=here")).await.problem(400, "malformed_query");
}

#[tokio::test]
async fn the_trail_is_exported_whole_as_csv_and_as_lines_of_json() {
    let app = TestApp::new().await;
    for number in 0..230 {
        let plan = plan(&format!("plan {number}"));
        app.post_with("/api/v1/plans", &plan, &[("x-reason", "=cmd, \"x\"")]).await.ok(201);
    }
    let csv = app.get(&format!("{AUDIT}/export?action=plan.*")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.text.lines().collect();
    assert_eq!(lines.len(), 231, "one heading");
    assert!(lines[0].starts_with("position,id,at,actor,"), "{}", lines[0]);
    assert!(
        lines[1].starts_with("2,") && lines[1].contains(",\"'=cmd, \"\"x\"\"\","),
        "{}",
        lines[1]
    );
    let json = app.get(&format!("{AUDIT}/export?format=jsonl")).await;
    let objects: Vec<Value> =
        json.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 231);
    let listed = rows(&app, "sort=created&limit=2").await;
    assert_eq!(objects[..2], listed[..], "a line says what the list says");
}

#[tokio::test]
async fn a_chain_is_proven_and_a_forged_row_is_named() {
    let app = TestApp::new().await.with_catalogue().await;
    let path = format!("{AUDIT}/verification");
    let whole = app.get(&path).await.ok(200);
    assert_eq!((&whole["holds"], &whole["records"]), (&json!(true), &json!(3)));
    let head = whole["head"].as_str().unwrap().to_owned();
    app.post("/api/v1/plans", &plan("weekly")).await.ok(201);
    let later = app.get(&format!("{path}?expect={head}")).await.ok(200);
    assert_eq!((&later["holds"], &later["records"]), (&json!(true), &json!(4)));
    let other = format!("3:{}", "0".repeat(64));
    let strange = app.get(&format!("{path}?expect={other}")).await.ok(200);
    assert_eq!((&strange["broken_at"], &strange["flaw"]), (&json!(3), &json!("unexpected")));
    app.database.run("DROP TRIGGER audit_only_grows_update").await.unwrap();
    app.database.run("UPDATE audit SET actor = 'cli:x' WHERE position = 2").await.unwrap();
    let forged = app.get(&path).await.ok(200);
    assert_eq!(
        (&forged["holds"], &forged["broken_at"], &forged["flaw"]),
        (&json!(false), &json!(2), &json!("altered"))
    );
    app.get(&format!("{path}?expect=3")).await.problem(422, "invalid");
}

#[tokio::test]
async fn no_secret_ever_enters_the_trail() {
    let (app, _simulator, budi) = village().await;
    let secrets = ["canary-router", "canary-login", "canary-reset"];
    let change = json!({ "password": secrets[0] });
    send(&app, Method::PATCH, "/api/v1/routers/rt-05", &change).await.ok(200);
    let login = json!({ "router": "rt-05", "name": "budi", "password": secrets[1] });
    let made = app.post("/api/v1/subscriptions", &wanted(&budi, &login)).await.ok(201);
    let path = format!("/api/v1/logins/{}", made["login"]["id"].as_str().unwrap());
    let reset = json!({ "password": secrets[2] });
    app.post(&format!("{path}/reset-password"), &reset).await.ok(200);
    let by_chance = app.post(&format!("{path}/reset-password"), &json!({})).await.ok(200);
    send(&app, Method::PATCH, &path, &json!({ "caller_id": "02:00:00:00:00:01" })).await.ok(200);
    app.post("/api/v1/plans", &plan("daily")).await.ok(201);
    let batch = json!({ "router": "rt-05", "plan": "daily", "count": 3, "login_mode": "separate" });
    let batch = app.post("/api/v1/voucher-batches", &batch).await.ok(201);
    let number = batch["number"].as_str().unwrap();
    let vouchers = app.get(&format!("/api/v1/vouchers?batch={number}")).await.ok(200);
    let vouchers = vouchers["items"].as_array().unwrap();
    let passwords: Vec<&str> =
        vouchers.iter().map(|voucher| voucher["password"].as_str().unwrap()).collect();
    for act in ["disable", "enable", "cancel"] {
        let code = vouchers[0]["code"].as_str().unwrap();
        app.post(&format!("/api/v1/vouchers/{code}/{act}"), &json!(null)).await.ok(200);
    }
    send(&app, Method::DELETE, &path, &json!(null)).await.ok(200);
    let trail = app.get(&format!("{AUDIT}/export?format=jsonl")).await.text;
    assert!(trail.lines().count() > 12 && trail.contains("login.reset_password"), "{trail}");
    let drawn = by_chance["password"].as_str().unwrap();
    let all = secrets.iter().chain(&passwords).copied();
    for secret in all.chain([drawn, app.key.expose_secret(), "correct horse", "modem-9"]) {
        assert!(!trail.contains(secret), "{secret}");
    }
}
