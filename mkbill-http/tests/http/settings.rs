//! The settings of the business over HTTP.

use axum::body::Body;
use axum::http::Method;
use mkbill_core::kernel::permission::Role;
use mkbill_core::signal::Topic;
use serde_json::{Value, json};

use super::support::{Answer, TestApp, send};

const SETTINGS: &str = "/api/v1/settings";

async fn change(app: &TestApp, body: &Value) -> Answer {
    send(app, Method::PATCH, SETTINGS, body).await
}

async fn change_with(app: &TestApp, body: &Value, header: (&str, &str)) -> Answer {
    let request = app.request(Method::PATCH, SETTINGS).header(header.0, header.1);
    let request = request.header("content-type", "application/json");
    app.send(request.body(Body::from(body.to_string())).unwrap()).await
}

fn rupiah(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "IDR" })
}

#[tokio::test]
async fn a_new_business_has_decided_nothing_and_sees_what_holds() {
    let app = TestApp::new().await;
    let shown = app.get(SETTINGS).await.ok(200);
    let nothing = json!({
        "name": null, "address": null, "phone": null, "email": null, "language": null,
        "sign_in_slow_down": null, "high_debt": null, "changed_at": null,
        "in_force": { "sign_in_slow_down": true, "high_debt": rupiah(500_000) },
    });
    assert_eq!(shown, nothing);
}

#[tokio::test]
async fn what_is_absent_stays_and_null_takes_a_decision_back() {
    let app = TestApp::new().await;
    let decided = json!({
        "name": " RT Net ", "address": "Jl. Melati 5\nBandung", "phone": "022 555-0123",
        "email": "Halo@RTNet.example", "language": "id", "sign_in_slow_down": false,
        "high_debt": rupiah(750_000),
    });
    let changed = change(&app, &decided).await.ok(200);
    assert_eq!(changed["name"], "RT Net");
    assert_eq!(changed["phone"], "+62225550123");
    assert_eq!(changed["email"], "halo@rtnet.example");
    assert_eq!(changed["in_force"]["high_debt"], rupiah(750_000));
    assert_eq!(changed["in_force"]["sign_in_slow_down"], false);
    assert_eq!(app.get(SETTINGS).await.ok(200), changed);
    let back = json!({ "phone": null, "high_debt": null, "sign_in_slow_down": null });
    let back = change(&app, &back).await.ok(200);
    assert_eq!((&back["phone"], &back["high_debt"]), (&Value::Null, &Value::Null));
    assert_eq!(back["in_force"]["high_debt"], rupiah(500_000));
    assert_eq!(back["in_force"]["sign_in_slow_down"], true);
    assert_eq!((&back["name"], &back["language"]), (&"RT Net".into(), &"id".into()));
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_change_is_told_at_once() {
    let app = TestApp::new().await;
    let wrong = json!({
        "name": " ", "address": "", "phone": "12", "email": "nowhere",
        "high_debt": { "minor": 1, "currency": "USD" },
    });
    let problem = change(&app, &wrong).await.problem(422, "invalid");
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["phone", "name", "address", "email", "high_debt"]);
    let nothing = change(&app, &json!({})).await.problem(422, "invalid");
    assert_eq!(nothing["detail"], "name at least one setting to be changed");
    change(&app, &json!({ "nama": "RT Net" })).await.problem(422, "malformed_body");
    change(&app, &json!({ "language": "fr" })).await.problem(422, "malformed_body");
    change(&app, &json!({ "high_debt": rupiah(-1) })).await.problem(422, "invalid");
    assert_eq!(app.get(SETTINGS).await.ok(200)["changed_at"], Value::Null);
}

#[tokio::test]
async fn a_change_takes_a_condition_a_key_and_a_dry_run() {
    let app = TestApp::new().await;
    let tag = app.get(SETTINGS).await.header("etag").to_owned();
    let tried = format!("{SETTINGS}?dry_run=true");
    let tried = send(&app, Method::PATCH, &tried, &json!({ "name": "Warnet" })).await;
    assert_eq!((&tried.ok(200)["name"], tried.header("etag")), (&"Warnet".into(), ""));
    assert_eq!(app.get(SETTINGS).await.header("etag"), tag);
    let first = change_with(&app, &json!({ "name": "RT Net" }), ("if-match", &tag)).await;
    first.ok(200);
    assert_eq!(app.get(SETTINGS).await.header("etag"), first.header("etag"));
    let stale = change_with(&app, &json!({ "name": "Warnet" }), ("if-match", &tag)).await;
    stale.problem(412, "precondition_failed");
    let keyed = ("idempotency-key", "name");
    change_with(&app, &json!({ "name": "Warnet" }), keyed).await.ok(200);
    change(&app, &json!({ "name": "RT Net" })).await.ok(200);
    change_with(&app, &json!({ "name": "Warnet" }), keyed).await.ok(200);
    assert_eq!(app.get(SETTINGS).await.ok(200)["name"], "RT Net", "it was done before");
    let reused = change_with(&app, &json!({ "name": "Other" }), keyed).await;
    assert_eq!(reused.json()["code"], "idempotency_key_reused");
    let trail = app.get("/api/v1/audit?action=settings.change").await.ok(200);
    let last = &trail["items"][0];
    assert_eq!(last["before"]["name"], "Warnet");
    assert_eq!(last["after"]["name"], "RT Net");
    let events = app.get("/api/v1/events").await.ok(200);
    let kinds = events["items"].as_array().unwrap().iter().map(|event| &event["kind"]);
    assert_eq!(kinds.filter(|kind| *kind == "settings.change").count(), 3);
}

#[tokio::test]
async fn admins_look_and_super_admins_decide() {
    let app = TestApp::new().await;
    let body = json!({ "name": "RT Net" });
    for (role, looks, decides) in
        [(Role::Operator, 403, 403), (Role::Admin, 200, 403), (Role::SuperAdmin, 200, 200)]
    {
        let token = app.signed_in(role.name(), role).await;
        let shown = app.as_who(&token, Method::GET, SETTINGS).await;
        assert_eq!(shown.status.as_u16(), looks, "{role}");
        let changed = app.send_as(&token, Method::PATCH, SETTINGS, &body).await;
        assert_eq!(changed.status.as_u16(), decides, "{role}");
    }
}

#[tokio::test]
async fn whoever_asks_for_no_language_is_answered_in_that_of_the_business() {
    let app = TestApp::new().await;
    let ask = async |language: Option<&str>| {
        let headers: Vec<_> =
            language.map(|value| ("accept-language", value)).into_iter().collect();
        let answer = app.post_with("/api/v1/plans/none/retire", &json!({}), &headers).await;
        answer.problem(404, "not_found")["detail"].as_str().unwrap().to_owned()
    };
    let (english, indonesian) = ("there is no plan `none`", "tidak ada paket `none`");
    assert_eq!(ask(None).await, english);
    change(&app, &json!({ "language": "id" })).await.ok(200);
    assert_eq!(ask(None).await, indonesian);
    assert_eq!(ask(Some("fr")).await, indonesian, "we do not speak it");
    assert_eq!(ask(Some("*")).await, indonesian, "any is welcome");
    assert_eq!(ask(Some("en")).await, english);
    let stranger = app.anonymous(Method::GET, "/api/v1/plans", &json!(null)).await;
    assert_eq!(stranger.header("content-language"), "id");
    change(&app, &json!({ "language": null })).await.ok(200);
    assert_eq!(ask(None).await, english);
}

#[tokio::test]
async fn the_file_of_a_customer_says_who_keeps_it() {
    let app = TestApp::new().await;
    let budi = json!({ "name": "Budi", "phone": "081234567890" });
    let budi = app.post("/api/v1/customers", &budi).await.ok(201);
    let who = json!({ "name": "RT Net", "email": "halo@rtnet.example" });
    change(&app, &who).await.ok(200);
    let file = format!("/api/v1/customers/{}/export", budi["id"].as_str().unwrap());
    let kept_by = app.get(&file).await.ok(200)["kept_by"].clone();
    assert_eq!(kept_by["name"], "RT Net");
    assert_eq!(kept_by["email"], "halo@rtnet.example");
    assert_eq!(kept_by["phone"], Value::Null);
}

#[tokio::test]
async fn while_the_database_names_no_language_it_is_the_one_it_named_last() {
    let app = TestApp::new().await;
    change(&app, &json!({ "language": "id" })).await.ok(200);
    let ask = async || app.anonymous(Method::GET, "/api/v1/plans", &json!(null)).await;
    assert_eq!(ask().await.header("content-language"), "id");
    app.database.run("ALTER TABLE settings RENAME TO lost").await.unwrap();
    // What was kept is believed no longer, and cannot be read again.
    app.billing.signal().tell(Topic::Settings);
    assert_eq!(ask().await.header("content-language"), "id");
    app.get(SETTINGS).await.problem(500, "broken");
    app.database.run("ALTER TABLE lost RENAME TO settings").await.unwrap();
    app.database.run("UPDATE settings SET language = 'en'").await.unwrap();
    assert_eq!(ask().await.header("content-language"), "en");
}
