//! Requests that cannot be understood, and what every answer carries.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use super::support::{TestApp, but, plan};

#[tokio::test]
async fn an_unknown_path_is_a_problem() {
    TestApp::new().await.get("/api/v1/nothing").await.problem(404, "unknown_path");
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let app = TestApp::new().await;
    let request = app.request(Method::DELETE, "/api/v1/plans").body(Body::empty()).unwrap();
    let answer = app.send(request).await;
    answer.problem(405, "method_not_allowed");
    assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
}

#[tokio::test]
async fn bodies_that_are_no_json_are_problems() {
    let app = TestApp::new().await;
    let send = async |kind: &str, body: &'static str| {
        let request = app.request(Method::POST, "/api/v1/plans").header("content-type", kind);
        app.send(request.body(Body::from(body)).unwrap()).await
    };
    send("application/json", "{").await.problem(400, "malformed_body");
    send("application/json", "{}").await.problem(422, "malformed_body");
    send("text/plain", "{}").await.problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_body_above_a_mebibyte_is_a_problem() {
    let app = TestApp::new().await;
    let huge = but(plan("daily"), "name", "x".repeat(1 << 20).into());
    app.post("/api/v1/plans", &huge).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn a_field_that_nobody_knows_is_refused_rather_than_ignored() {
    let app = TestApp::new().await;
    let misspelt = but(plan("daily"), "validity", json!(86_400));
    let problem = app.post("/api/v1/plans", &misspelt).await.problem(422, "malformed_body");
    assert!(problem["detail"].as_str().unwrap().contains("validity_seconds"), "{problem}");
    let problem = app.post("/api/v1/plans?dryrun=true", &plan("daily")).await;
    problem.problem(400, "malformed_query");
    assert_eq!(app.get("/api/v1/plans").await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn cursors_and_limits_out_of_bounds_are_problems() {
    let app = TestApp::new().await;
    let wrong = ["limit=0", "limit=201", "cursor=%25%25"];
    for query in wrong {
        app.get(&format!("/api/v1/plans?{query}")).await.problem(422, "invalid");
    }
    app.get("/api/v1/plans?limit=many").await.problem(400, "malformed_query");
    app.get("/api/v1/vouchers?state=lost").await.problem(422, "invalid");
}

#[tokio::test]
async fn a_bad_idempotency_key_or_reason_is_a_problem() {
    let app = TestApp::new().await;
    let long = "x".repeat(600);
    for header in [("idempotency-key", "two words"), ("x-reason", long.as_str())] {
        app.post_with("/api/v1/plans", &plan("daily"), &[header]).await.problem(422, "invalid");
    }
}

#[tokio::test]
async fn every_answer_carries_an_id_and_forbids_sniffing_and_caching() {
    let app = TestApp::new().await;
    for path in ["/api/v1/plans", "/api/v1/nothing", "/ready"] {
        let answer = app.get(path).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let app = TestApp::new().await;
    for name in ["a", "b", "c"] {
        app.post("/api/v1/plans", &plan(name)).await.ok(201);
    }
    let first = app.get("/api/v1/plans?limit=2").await.ok(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("/api/v1/plans?limit=2&cursor={cursor}")).await.ok(200);
    let names = [&first["items"][0], &first["items"][1], &second["items"][0]];
    assert_eq!(names.map(|plan| plan["name"].as_str().unwrap()), ["a", "b", "c"]);
    assert_eq!(second["next_cursor"], json!(null));
}
