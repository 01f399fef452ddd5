//! Alerts and their rules over HTTP.

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::json;

use super::support::{TestApp, send};

#[tokio::test]
async fn rules_of_alerts_are_listed_set_and_removed() {
    let app = TestApp::new().await;
    let rules = app.get("/api/v1/alert-rules").await.ok(200);
    let first = &rules["items"][0];
    assert_eq!(
        (&first["name"], &first["terms"]["enabled"]),
        (&json!("billing-stuck"), &json!(true))
    );
    let path = "/api/v1/alert-rules/slow";
    let put = async |path: &str, rule| send(&app, Method::PUT, path, &rule).await;
    let rule = json!({
        "condition": "latency", "threshold": 900, "lasting_seconds": 60, "severity": "info",
        "cool_down_seconds": 600, "router": null, "enabled": true,
        "escalation": [{ "after_seconds": 0, "tell": "operator" }],
    });
    let set = put(path, rule.clone()).await.ok(200);
    assert_eq!((&set["name"], &set["terms"]), (&json!("slow"), &rule));
    let nowhere =
        json!({ "condition": "latency", "threshold": 1, "severity": "info", "router": "x" });
    assert_eq!(put(path, nowhere).await.problem(422, "invalid")["errors"][0]["field"], "router");
    let zero = json!({ "condition": "latency", "threshold": 0, "severity": "info" });
    assert_eq!(put(path, zero).await.problem(422, "invalid")["errors"][0]["field"], "threshold");
    put("/api/v1/alert-rules/So%20slow", rule).await.problem(422, "invalid");
    let removed = send(&app, Method::DELETE, path, &json!(null)).await;
    assert_eq!(removed.status.as_u16(), 204);
    send(&app, Method::DELETE, path, &json!(null)).await.problem(404, "not_found");
}

#[tokio::test]
async fn an_alert_is_listed_acknowledged_with_a_reason_and_over_when_the_router_is_back() {
    let (app, simulator) = TestApp::new().await.with_router().await;
    app.work().await;
    simulator.unplug().await.unwrap();
    for _ in 0..3 {
        app.after(SignedDuration::from_mins(1)).await;
    }
    let open = app.get("/api/v1/alerts?state=open&router=rt-05").await.ok(200);
    let alert = &open["items"][0];
    assert_eq!((&alert["rule"], &alert["severity"]), (&json!("router-down"), &json!("critical")));
    let path = format!("/api/v1/alerts/{}/acknowledge", alert["id"].as_str().unwrap());
    let request = app.request(Method::POST, &path).header("x-reason", "I drive there");
    let taken = app.send(request.body("".into()).unwrap()).await.ok(200);
    assert_eq!((&taken["state"], &taken["told"]), (&json!("acknowledged"), &json!(1)));
    assert_eq!(taken["acknowledged_because"], "I drive there");
    simulator.plug_in().await.unwrap();
    app.after(SignedDuration::from_mins(15)).await;
    let over = app.get("/api/v1/alerts?state=resolved").await.ok(200);
    assert_eq!(over["items"][0]["id"], alert["id"]);
    app.post(&path, &json!({})).await.problem(422, "alert_over");
    app.get("/api/v1/alerts?state=loud").await.problem(400, "malformed_query");
    let nobody = "/api/v1/alerts/01890000-0000-7000-8000-000000000000/acknowledge";
    app.post(nobody, &json!({})).await.problem(404, "not_found");
}
