//! Webhooks over HTTP.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::post;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::support::{TestApp, send};

const HOOKS: &str = "/api/v1/webhooks";

/// What a receiver has heard: heads and bodies.
type Heard = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A receiver that answers with a status; its address and what it heard.
async fn receiver(status: StatusCode) -> (String, Heard) {
    let heard = Heard::default();
    let hear = move |State(heard): State<Heard>, headers: HeaderMap, body: String| async move {
        heard.lock().unwrap_or_else(PoisonError::into_inner).push((headers, body));
        (status, "noted")
    };
    let app = Router::new().route("/hooks", post(hear)).with_state(heard.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, heard)
}

async fn added(app: &TestApp, url: &str, events: Value) -> Value {
    app.post(HOOKS, &json!({ "url": url, "events": events })).await.ok(201)
}

fn place(webhook: &Value) -> String {
    format!("{HOOKS}/{}", webhook["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_webhook_is_added_shown_changed_and_removed() {
    let app = TestApp::new().await;
    let body = json!({ "url": "https://shop.example/hooks", "events": ["payment.*"] });
    let tried = app.post(&format!("{HOOKS}?dry_run=true"), &body).await.ok(200);
    assert_eq!(tried["secret"], Value::Null);
    let keyed = [("idempotency-key", "shop")];
    let answer = app.post_with(HOOKS, &body, &keyed).await;
    let made = answer.ok(201);
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(answer.header("location"), place(&made));
    let again = app.post_with(HOOKS, &body, &keyed).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.ok(201), made, "the first answer again");
    let shown = app.get(&place(&made)).await.ok(200);
    assert_eq!(shown.get("secret"), None);
    assert_eq!((&shown["enabled"], &shown["disabled_because"]), (&true.into(), &Value::Null));
    let change = json!({ "events": null, "description": "the shop", "enabled": false });
    let changed = send(&app, Method::PATCH, &place(&made), &change).await.ok(200);
    assert_eq!((&changed["events"], &changed["description"]), (&json!([]), &json!("the shop")));
    assert_eq!(changed["disabled_because"], "person");
    let test = app.post(&format!("{}/test", place(&made)), &json!({})).await;
    test.problem(409, "webhook_disabled");
    let listed = app.get(HOOKS).await.ok(200);
    assert_eq!(listed["items"], json!([changed]));
    let removed = send(&app, Method::DELETE, &place(&made), &json!(null)).await;
    assert_eq!(removed.status.as_u16(), 204);
    app.get(&place(&made)).await.problem(404, "not_found");
}

#[tokio::test]
async fn bad_webhooks_are_refused_with_their_field_or_code() {
    let app = TestApp::new().await;
    let cases = [
        (json!({ "url": "shop.example" }), "invalid", "url"),
        (json!({ "url": "https://u:p@shop.example/" }), "invalid", "url"),
        (json!({ "url": "https://shop.example/", "events": ["*"] }), "invalid", "events"),
        (json!({ "url": "https://10.0.0.7/" }), "webhook_address", ""),
        (json!({ "url": "https://[::1]/" }), "webhook_address", ""),
        (json!({ "url": "http://1.1.1.1/" }), "webhook_address", ""),
        (
            json!({ "url": "https://shop.example/", "description": "x".repeat(201) }),
            "invalid",
            "description",
        ),
    ];
    for (body, code, field) in cases {
        let problem = app.post(HOOKS, &body).await.problem(422, code);
        assert_eq!(problem["errors"][0]["field"].as_str().unwrap_or_default(), field, "{problem}");
    }
    app.post(HOOKS, &json!({ "url": "https://shop.example/", "secret": "x" }))
        .await
        .problem(422, "malformed_body");
    let made = added(&app, "https://shop.example/", json!([])).await;
    let rotate = format!("{}/rotate", place(&made));
    app.post(&rotate, &json!({ "overlap_seconds": 604_801 })).await.problem(422, "invalid");
}

#[tokio::test]
async fn deliveries_are_listed_with_their_attempts_and_sent_again() {
    let app = TestApp::new().await;
    let (url, heard) = receiver(StatusCode::IM_A_TEAPOT).await;
    let made = added(&app, &url, json!(["vendor.add"])).await;
    let vendor = json!({ "code": "V-1", "name": "Warung Bu Sri" });
    app.post("/api/v1/vendors", &vendor).await.ok(201);
    app.work().await;
    let path = format!("{}/deliveries", place(&made));
    let listed = app.get(&format!("{path}?state=pending&limit=1")).await.ok(200);
    let delivery = &listed["items"][0];
    assert_eq!((&delivery["kind"], &delivery["attempts"]), (&json!("vendor.add"), &json!(1)));
    assert_eq!(listed["next_cursor"], Value::Null);
    let one = format!("{path}/{}", delivery["id"].as_str().unwrap());
    let log = app.get(&one).await.ok(200)["log"].clone();
    assert_eq!((&log[0]["status"], &log[0]["answer"]), (&json!(418), &json!("noted")));
    assert_eq!((&log[0]["error"], log.as_array().unwrap().len()), (&Value::Null, 1));
    let (headers, body) = heard.lock().unwrap()[0].clone();
    assert!(headers["webhook-signature"].to_str().unwrap().starts_with("v1,"));
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["type"], "vendor.add");
    for _ in 0..90 {
        app.after(SignedDuration::from_hours(1)).await;
    }
    assert_eq!(app.get(&one).await.ok(200)["state"], "failed");
    let resend = format!("{}/resend", place(&made));
    let since = json!({ "failed_since": "2026-01-01T00:00:00Z" });
    let tried = app.post(&format!("{resend}?dry_run=true"), &since).await.ok(200);
    let sent = app.post(&resend, &since).await.ok(200);
    assert_eq!((&tried["deliveries"], &sent["deliveries"]), (&json!(1), &json!(1)));
    let again = app.post(&format!("{one}/resend"), &json!({})).await.ok(200);
    assert_eq!(again["state"], "pending");
    app.get(&format!("{path}?state=lost")).await.problem(400, "malformed_query");
    let nobody = "01890000-0000-7000-8000-000000000000";
    app.get(&format!("{path}/{nobody}")).await.problem(404, "not_found");
    app.get(&format!("{HOOKS}/{nobody}/deliveries")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_webhook_is_tried_out_and_its_secret_replaced() {
    let app = TestApp::new().await;
    let (url, heard) = receiver(StatusCode::NO_CONTENT).await;
    let made = added(&app, &url, json!(["payment.*"])).await;
    let answer = app.post(&format!("{}/test", place(&made)), &json!({})).await;
    let delivery = answer.ok(201);
    let at = format!("{}/deliveries/{}", place(&made), delivery["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), at);
    let rotate = format!("{}/rotate", place(&made));
    let rotated = app.post(&rotate, &json!({})).await.ok(200);
    assert_ne!(rotated["secret"], made["secret"]);
    assert!(rotated["old_secret_until"].is_string());
    app.work().await;
    assert_eq!(app.get(&at).await.ok(200)["state"], "succeeded");
    let (headers, body) = heard.lock().unwrap()[0].clone();
    assert_eq!(headers["webhook-signature"].to_str().unwrap().split(' ').count(), 2);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["type"], "webhook.ping");
}
