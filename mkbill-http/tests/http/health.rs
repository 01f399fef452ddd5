//! How the server is, and what it counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::support::{TestApp, batch};
use super::trouble::{GONE, Trouble};

#[tokio::test]
async fn a_server_with_nothing_wrong_is_ok_in_every_part() {
    let app = TestApp::new().await;
    let health = app.get("/health").await.json();
    for part in ["database", "routers", "outbox"] {
        assert_eq!(health[part]["status"], "ok", "{health}");
        assert!(health[part]["latency_ms"].is_u64(), "{health}");
    }
    assert_eq!(health["routers"]["away"], 0);
    assert_eq!(health["outbox"]["dead"], 0);
    assert!(health["database"]["connections_idle"].as_u64().unwrap() >= 1, "{health}");
    for room in ["disk", "memory"] {
        if cfg!(target_os = "linux") {
            assert!(health[room]["used_percent"].as_u64().unwrap() <= 100, "{health}");
        }
    }
}

#[tokio::test]
async fn a_router_that_is_away_degrades_the_server() {
    let app = TestApp::new().await.with_absent_router().await;
    app.work().await;
    let answer = app.get("/health").await;
    let health = answer.json();
    assert_eq!(health["routers"]["status"], "degraded", "{health}");
    assert_eq!(
        (&health["routers"]["reachable"], &health["routers"]["away"]),
        (&json!(0), &json!(1))
    );
    assert_ne!(health["status"], "ok");
}

#[tokio::test]
async fn a_database_that_is_gone_makes_the_server_unhealthy() {
    let trouble = Arc::new(Trouble::default());
    let app = TestApp::with_hook(Some(Arc::clone(&trouble) as _)).await;
    app.get("/ready").await.ok(200);
    let mut statements = 0;
    let health = loop {
        trouble.switch_after(GONE, statements);
        let answer = app.get("/health").await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        // Until the key is found nothing else is looked at.
        match answer.json() {
            health if health.get("database").is_some() => break health,
            _ => statements += 1,
        }
    };
    assert_eq!(
        (&health["status"], &health["database"]["status"]),
        (&json!("unhealthy"), &json!("unhealthy"))
    );
    assert_eq!(health["database"].get("connections_idle"), None);
}

#[tokio::test]
async fn a_schema_that_is_not_current_is_not_ready() {
    let app = TestApp::new().await;
    app.database.run("DELETE FROM _sqlx_migrations WHERE version = 1").await.unwrap();
    let problem = app.get("/ready").await.problem(503, "unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("mkbill migrate"), "{problem}");
    app.get("/live").await.ok(200);
}

/// Every sample by its name and labels as they are written.
struct Samples(BTreeMap<String, f64>);

impl Samples {
    /// Reads the text as Prometheus does: kinds before their samples, names together, values as
    /// numbers, nothing twice.
    fn read(text: &str) -> Self {
        let (mut samples, mut kinds, mut last) = (BTreeMap::new(), BTreeMap::new(), String::new());
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kinds.insert(name.to_owned(), kind.to_owned()), None, "{line}");
                name.clone_into(&mut last);
                continue;
            }
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(sample.starts_with(&last), "{line} stands below {last}");
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
            assert_eq!(samples.insert(sample.to_owned(), value), None, "{line} stands twice");
        }
        Self(samples)
    }

    #[track_caller]
    fn of(&self, sample: &str) -> f64 {
        let found = self.0.get(sample);
        *found.unwrap_or_else(|| panic!("no {sample} in {:#?}", self.0.keys()))
    }
}

/// Counts belong to the process, so other tests may add to them; what the database counts does not.
#[tokio::test]
async fn what_happened_is_told_to_prometheus() {
    let (app, _router) = TestApp::new().await.with_catalogue().await.with_router().await;
    app.work().await;
    app.post("/api/v1/voucher-batches", &batch(3)).await.ok(201);
    app.work().await;
    for code in ["A", "B"] {
        app.get(&format!("/api/v1/vouchers/{code}?canary={code}")).await.problem(404, "not_found");
    }
    let customer = json!({ "name": "Bu Sri", "phone": "0812-3456-7890" });
    let customer = app.post("/api/v1/customers", &customer).await.ok(201);
    let payment = json!({
        "customer": customer["id"],
        "amount": { "minor": 60_000, "currency": "IDR" },
        "method": "cash",
    });
    app.post("/api/v1/payments", &payment).await.ok(201);
    let answer = app.get("/metrics").await;
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    let samples = Samples::read(&answer.text);
    let route = "route=\"/api/v1/vouchers/{voucher}\"";
    let labels = format!("method=\"GET\",{route},status_code=\"404\"");
    assert!(samples.of(&format!("http_requests_total{{{labels}}}")) >= 2.0);
    assert!(samples.of(&format!("http_request_duration_seconds_count{{{labels}}}")) >= 2.0);
    let all = format!("http_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}}");
    let some = format!("http_request_duration_seconds_bucket{{{labels},le=\"0.005\"}}");
    assert!(samples.of(&all) >= 2.0 && samples.of(&all) >= samples.of(&some));
    assert!(samples.of("http_requests_active") >= 1.0);
    let labels = "query_type=\"select\",table=\"voucher\"";
    assert!(samples.of(&format!("database_query_duration_seconds_count{{{labels}}}")) >= 2.0);
    assert!(samples.of("mikrotik_api_latency_seconds_count{method=\"observe\"}") >= 1.0);
    let labels = "payment_method=\"cash\",status=\"recorded\"";
    assert!(samples.of(&format!("payment_transactions_total{{{labels}}}")) >= 1.0);
    assert!(samples.of("payment_amount_rupiah_sum{payment_method=\"cash\"}") >= 60_000.0);
    assert!(samples.of("database_size_bytes") > 10_000.0);
    assert!(samples.of("database_connections_idle") >= 1.0);
    let exact = |sample: &str| samples.of(sample).to_string();
    assert_eq!(exact("database_up"), "1");
    assert_eq!(exact("mikrotik_connection_status{router=\"rt-05\"}"), "1");
    assert_eq!(exact("vouchers_total{status=\"available\"}"), "3");
    assert!(!answer.text.contains("canary") && !answer.text.contains("/vouchers/A"));
}

#[tokio::test]
async fn scrapes_share_what_the_database_counts() {
    let app = TestApp::new().await.with_catalogue().await.with_absent_router().await;
    let told = async || app.get("/metrics").await.text.contains("vouchers_total");
    assert!(!told().await, "there are none yet");
    app.post("/api/v1/voucher-batches", &batch(3)).await.ok(201);
    assert!(!told().await, "it was counted a moment ago");
}

#[tokio::test]
async fn an_address_that_no_route_takes_has_no_label_of_its_own() {
    let app = TestApp::new().await;
    app.get("/api/v1/there/is/no/such/thing").await.problem(404, "unknown_path");
    let text = app.get("/metrics").await.text;
    assert!(!text.contains("no/such"), "{text}");
    assert!(text.contains("route=\"unmatched\",status_code=\"404\""), "{text}");
}
