//! Who may come in.

use axum::body::Body;
use axum::http::{Method, Request};
use mkbill_core::kernel::caller::{Actor, Caller};
use serde_json::Value;

use super::support::TestApp;

/// Every method and path of the document, with something in place of path variables.
fn operations() -> Vec<(Method, String)> {
    let document: Value = serde_json::from_str(&mkbill_http::openapi_json()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut operations = Vec::new();
    for (path, item) in paths {
        let path: Vec<_> =
            path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        for method in item.as_object().unwrap().keys() {
            let method = method.to_uppercase().parse().unwrap();
            operations.push((method, path.join("/")));
        }
    }
    operations
}

fn bare(method: Method, path: &str, key: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(key) = key {
        request = request.header("authorization", key);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn every_operation_of_the_document_but_health_needs_a_key() {
    let app = TestApp::new().await;
    let operations = operations();
    assert!(operations.len() > 20, "only {} operations", operations.len());
    for (method, path) in operations {
        let answer = app.send(bare(method.clone(), &path, None)).await;
        if ["/live", "/ready"].contains(&path.as_str()) {
            assert_eq!(answer.status, 200, "{method} {path}");
        } else {
            answer.problem(401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn paths_that_are_not_there_need_a_key_too() {
    let app = TestApp::new().await;
    for path in ["/", "/api/v1/secrets", "/metrics"] {
        app.send(bare(Method::GET, path, None)).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn only_a_known_key_in_the_right_scheme_opens() {
    let app = TestApp::new().await;
    let long = format!("Bearer {}", "x".repeat(10_000));
    for wrong in ["Bearer mk_nonsense", "Bearer ", "Basic bWs6bWs=", "mk_nonsense", &long] {
        let request = bare(Method::GET, "/api/v1/plans", Some(wrong));
        app.send(request).await.problem(401, "unauthenticated");
    }
    app.get("/api/v1/plans").await.ok(200);
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let app = TestApp::new().await;
    app.get("/api/v1/plans").await.ok(200);
    let caller = Caller::new(Actor::cli("test"));
    app.billing.revoke_api_key(&caller, "tests").await.unwrap();
    app.get("/api/v1/plans").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_document_and_its_page_are_open_and_work_offline() {
    let app = TestApp::new().await;
    let document = app.send(bare(Method::GET, "/openapi.json", None)).await;
    assert_eq!(document.text, mkbill_http::openapi_json());
    let page = app.send(bare(Method::GET, "/docs/", None)).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("https://"), "the page loads from elsewhere");
    let script = app.send(bare(Method::GET, "/docs/swagger-ui-bundle.js", None)).await;
    assert_eq!(script.status, 200);
}

#[test]
fn the_committed_document_is_the_one_of_the_routes() {
    let committed = include_str!("../../openapi.json");
    let same = committed == mkbill_http::openapi_json();
    assert!(same, "openapi.json is old: run `cargo xtask openapi` and commit it");
}
