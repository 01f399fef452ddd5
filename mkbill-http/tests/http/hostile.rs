//! What nobody sends by mistake: every operation gets it, and answers with a problem of its own making.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request};
use mkbill_core::testkit::engines;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::access::{Operation, operations_with};
use super::support::TestApp;

/// In the place of every path variable.
const NAMES: [&str; 7] = [
    "'%20OR%201=1%20--",
    "x;DROP%20TABLE%20customer",
    "..%2F..%2Fetc%2Fpasswd",
    "%00",
    "%F0%9F%92%A9",
    "%E2%80%AE",
    "-1",
];

/// As the query.
const QUERIES: [&str; 6] = [
    "limit=1'%20OR%20'1'='1",
    "cursor=%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00",
    "sort=id;DROP%20TABLE%20staff",
    "limit=99999999999999999999",
    "dry_run=true&dry_run=false",
    "%FF%FE",
];

/// As the body.
fn bodies() -> Vec<Vec<u8>> {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(100_000));
    let mut bodies: Vec<Vec<u8>> = [
        "null",
        "[]",
        "\"text\"",
        "-0",
        "{\"__proto__\":{}}",
        "{\"id\":{\"$ne\":null}}",
        "{\"amount\":{\"minor\":9223372036854775807,\"currency\":\"IDR\"}}",
        "{\"name\":\"\\u0000\\ud83d\"}",
        "{\"name\":1,\"name\":2}",
        "NaN",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.extend([deep.into_bytes(), long.into_bytes(), vec![0xff, 0xfe, 0x00, 0xc3, 0x28]]);
    bodies
}

fn is_stream(operation: &Operation) -> bool {
    operation.path.ends_with("/stream") || operation.path.ends_with("/events/")
}

async fn answers_well(app: &TestApp, request: Request<Body>, what: &str) {
    let answer = app.send(request).await;
    let status = answer.status.as_u16();
    assert!(status < 500, "{what}: {}", answer.text);
    if status >= 400 {
        assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
        assert!(answer.json()["code"].is_string(), "{what}: {}", answer.text);
    }
}

#[tokio::test]
async fn no_name_in_a_path_brings_a_server_down_or_tells_of_its_inside() {
    let app = TestApp::new().await;
    for name in NAMES {
        for operation in operations_with(name) {
            if is_stream(&operation) || !operation.path.contains(name) {
                continue;
            }
            let what = format!("{} {}", operation.method, operation.path);
            let request = app.request(operation.method, &operation.path);
            answers_well(&app, request.body(Body::empty()).unwrap(), &what).await;
        }
    }
}

#[tokio::test]
async fn no_query_brings_a_server_down_or_tells_of_its_inside() {
    let app = TestApp::new().await;
    for operation in operations_with("x") {
        if is_stream(&operation) {
            continue;
        }
        for query in QUERIES {
            let path = format!("{}?{query}", operation.path);
            let what = format!("{} {path}", operation.method);
            let request = app.request(operation.method.clone(), &path);
            answers_well(&app, request.body(Body::empty()).unwrap(), &what).await;
        }
    }
}

/// Every query parameter of the document that is a date or an instant: its operation's path and its name.
fn dates() -> Vec<(String, String, &'static str)> {
    let document: Value = serde_json::from_str(&mkbill_http::openapi_json()).unwrap();
    let mut dates = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
            let value = match parameter["schema"]["format"].as_str() {
                Some("date") => "-009998-01-02",
                Some("date-time") => "-009998-01-02T03:04:05Z",
                _ => continue,
            };
            let name = parameter["name"].as_str().unwrap().to_owned();
            dates.push((path.replace(['{', '}'], "x"), name, value));
        }
    }
    dates
}

#[tokio::test]
async fn no_date_before_our_era_brings_a_server_down() {
    for engine in engines() {
        let app = TestApp::on(engine).await;
        let dates = dates();
        assert!(dates.len() > 20, "only {} dates", dates.len());
        for (path, name, value) in dates {
            let what = format!("{path}?{name}={value}");
            answers_well(&app, app.request(Method::GET, &what).body(Body::empty()).unwrap(), &what)
                .await;
        }
    }
}

#[tokio::test]
async fn no_body_brings_a_server_down_or_tells_of_its_inside() {
    let app = TestApp::new().await;
    let bodies = bodies();
    for operation in operations_with("x") {
        if operation.method == Method::GET {
            continue;
        }
        for body in &bodies {
            let what = format!("{} {}", operation.method, operation.path);
            let request = app.request(operation.method.clone(), &operation.path);
            let request = request.header("content-type", "application/json");
            answers_well(&app, request.body(Body::from(body.clone())).unwrap(), &what).await;
        }
    }
}

#[tokio::test]
async fn no_header_is_handed_on_as_it_came() {
    let app = TestApp::new().await;
    let ids = ["x".repeat(5_000), "a b".to_owned(), "<script>".to_owned()];
    for id in ids {
        let request = app.request(Method::GET, "/api/v1/plans").header("x-request-id", &id);
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{id:.20}");
    }
    let own = app.request(Method::GET, "/api/v1/plans").header("x-request-id", "order-7_a.b");
    let answer = app.send(own.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("x-request-id"), "order-7_a.b");
    let raw = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    for name in ["x-reason", "idempotency-key", "if-match", "accept-language", "user-agent"] {
        let request = app.request(Method::POST, "/api/v1/vendors").header(name, &raw);
        answers_well(&app, request.body(Body::empty()).unwrap(), name).await;
    }
}

#[tokio::test]
async fn a_key_in_the_wrong_place_is_not_taken() {
    let app = TestApp::new().await;
    let key = app.key.expose_secret();
    for path in [format!("/api/v1/plans?api_key={key}"), format!("/api/v1/plans?token={key}")] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        app.send(request).await.problem(401, "unauthenticated");
    }
    let cookie = Request::builder().uri("/api/v1/plans").header("cookie", format!("token={key}"));
    app.send(cookie.body(Body::empty()).unwrap()).await.problem(401, "unauthenticated");
}
