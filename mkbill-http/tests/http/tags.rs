//! Who saw an older state changes nothing.

use axum::body::Body;
use axum::http::{Method, Request, header};
use futures_util::future::join_all;
use mkbill_core::testkit::engines;
use serde_json::{Value, json};

use super::money::{furnished, pay, subscribe, text};
use super::support::{Answer, TestApp, batch, plan, send};

/// A thing, and a change of it.
struct Case {
    shown: String,
    method: Method,
    change: String,
    body: fn(usize) -> Value,
    /// May it be changed so again and again?
    lasts: bool,
}

fn case(shown: &str, method: Method, change: &str, lasts: bool, body: fn(usize) -> Value) -> Case {
    Case { shown: shown.to_owned(), method, change: format!("{shown}{change}"), body, lasts }
}

impl Case {
    fn request(&self, app: &TestApp, tag: &str, turn: usize) -> Request<Body> {
        let request = app.request(self.method.clone(), &self.change).header("if-match", tag);
        let request = request.header("x-reason", "to see who wins");
        let request = request.header(header::CONTENT_TYPE, "application/json");
        request.body(Body::from((self.body)(turn).to_string())).unwrap()
    }

    async fn change(&self, app: &TestApp, tag: &str, turn: usize) -> Answer {
        app.send(self.request(app, tag, turn)).await
    }
}

fn revision(tag: &str) -> &str {
    tag.trim_matches('"').split('-').next().unwrap()
}

/// A business that has one of each kind, and changes of them all.
async fn cases(app: &TestApp) -> Vec<Case> {
    let budi = furnished(app).await;
    app.post("/api/v1/plans", &plan("daily")).await.ok(201);
    let subscribed = subscribe(app, &budi).await;
    let subscription = format!("/api/v1/subscriptions/{}", text(&subscribed["id"]));
    let invoices = app.get(&format!("/api/v1/invoices?customer={budi}")).await.ok(200);
    let invoice = format!("/api/v1/invoices/{}", text(&invoices["items"][0]["id"]));
    let paid = pay(app, &budi, 1_000).await;
    let payment = format!("/api/v1/payments/{}", text(&paid["id"]));
    app.post("/api/v1/voucher-batches", &batch(1)).await.ok(201);
    let vouchers = app.get("/api/v1/vouchers").await.ok(200);
    let voucher = format!("/api/v1/vouchers/{}", text(&vouchers["items"][0]["id"]));
    let wanted = json!({ "router": "rt-05", "name": "budi" });
    let login = app.post(&format!("{subscription}/login"), &wanted).await.ok(200);
    let login = format!("/api/v1/logins/{}", text(&login["id"]));
    let customer = format!("/api/v1/customers/{budi}");
    let nothing = |_| Value::Null;
    vec![
        case(&customer, Method::PATCH, "", true, |turn| json!({ "notes": format!("{turn}") })),
        case(&customer, Method::PUT, "/tags", true, |_| json!({ "tags": [{ "name": "vip" }] })),
        case(&customer, Method::PUT, "/contacts", true, |_| json!({ "contacts": [] })),
        case(
            "/api/v1/plans/daily",
            Method::PATCH,
            "",
            true,
            |turn| json!({ "sell": { "minor": 6_000 + turn, "currency": "IDR" } }),
        ),
        case(
            &invoice,
            Method::POST,
            "/credit-note",
            true,
            |_| json!({ "amount": { "minor": 1, "currency": "IDR" } }),
        ),
        case(
            "/api/v1/settings",
            Method::PATCH,
            "",
            true,
            |turn| json!({ "name": format!("RT Net {turn}") }),
        ),
        case(&login, Method::POST, "/disable", true, nothing),
        case(
            &login,
            Method::PATCH,
            "",
            true,
            |turn| json!({ "caller_id": format!("02:00:00:00:00:0{turn}") }),
        ),
        case(&subscription, Method::POST, "/pause", false, |_| json!({})),
        case(&payment, Method::POST, "/reverse", false, nothing),
        case(&voucher, Method::POST, "/disable", false, nothing),
        case(&voucher, Method::POST, "/cancel", false, nothing),
        case(&login, Method::DELETE, "", false, nothing),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_tag_changes_nothing_and_of_two_with_the_same_one_wins() {
    for engine in engines() {
        let app = TestApp::on(engine).await.with_absent_router().await;
        for case in cases(&app).await {
            let name = format!("{} {} on {}", case.method, case.change, engine.name());
            let before = app.get(&case.shown).await;
            let tag = before.header("etag").to_owned();
            assert!(revision(&tag).parse::<i64>().is_ok(), "{name}: {tag}");
            for stale in ["\"9999-abc\"", "\"abc\"", &format!("W/{tag}")] {
                case.change(&app, stale, 1).await.problem(412, "precondition_failed");
            }
            let same = app.get(&case.shown).await;
            assert_eq!((same.header("etag"), &same.text), (tag.as_str(), &before.text), "{name}");
            let all = join_all((2..6).map(|turn| case.change(&app, &tag, turn))).await;
            let (won, lost): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|answer| answer.status.is_success());
            assert_eq!(won.len(), 1, "{name}: {lost:?}");
            for answer in lost {
                answer.problem(412, "precondition_failed");
            }
            let after = app.get(&case.shown).await;
            let now = after.header("etag");
            assert_ne!(revision(now), revision(&tag), "{name}");
            let told = won[0].header("etag");
            assert!(told.is_empty() || revision(told) == revision(now), "{name}: {told} {now}");
            if case.lasts {
                let answer = case.change(&app, "*", 7).await;
                assert!(answer.status.is_success(), "{name}: {}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_compared_is_refused_and_not_ignored() {
    let app = TestApp::new().await.with_catalogue().await.with_absent_router().await;
    let budi = furnished(&app).await;
    let refused = async |method: Method, path: &str, body: Value, tag: &str| {
        let request = app.request(method, path).header("if-match", tag);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let answer = app.send(request.body(Body::from(body.to_string())).unwrap()).await;
        answer.problem(412, "precondition_unsupported");
    };
    let router = app.get("/api/v1/routers/rt-05").await;
    let tag = router.header("etag").to_owned();
    assert!(tag.len() > 10 && !tag.contains('-'), "{tag}");
    for tag in [tag.as_str(), "*"] {
        let wish = json!({ "name": "rt-06" });
        refused(Method::PATCH, "/api/v1/routers/rt-05", wish, tag).await;
        refused(Method::DELETE, "/api/v1/routers/rt-05", Value::Null, tag).await;
        refused(Method::POST, "/api/v1/plans", plan("weekly"), tag).await;
        let renew = ["/api/v1/plans", "home", "renew-terms"].join("/");
        refused(Method::POST, &renew, Value::Null, tag).await;
        let customer = json!({ "name": "Ani", "phone": "0812-0000-0001" });
        refused(Method::POST, "/api/v1/customers", customer, tag).await;
        let wanted = json!({ "customer": budi, "plan": "home" });
        refused(Method::POST, "/api/v1/subscriptions", wanted, tag).await;
        refused(Method::POST, "/api/v1/voucher-batches", batch(2), tag).await;
    }
    assert_eq!(app.get("/api/v1/routers/rt-05").await.text, router.text);
    let rows = app.get("/api/v1/audit?from=2026-03-02T03:00:00.006Z").await.ok(200);
    assert_eq!(rows["items"], json!([]), "nothing was written");
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let app = TestApp::new().await.with_catalogue().await;
    for path in ["/api/v1/plans/daily", "/api/v1/vendors/WARUNG-01"] {
        let first = app.get(path).await;
        let tag = first.header("etag").to_owned();
        let asked = |tag: &str| {
            let request = app.request(Method::GET, path).header("if-none-match", tag);
            request.body(Body::empty()).unwrap()
        };
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let answer = app.send(asked(&known)).await;
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (304, ""), "{path}");
            assert_eq!(answer.header("etag"), tag);
        }
        let answer = app.send(asked("\"x\"")).await;
        assert_eq!((answer.status.as_u16(), answer.text), (200, first.text));
    }
    let dearer = json!({ "sell": { "minor": 7_000, "currency": "IDR" } });
    let tried = "/api/v1/plans/daily?dry_run=true";
    let tried = send(&app, Method::PATCH, tried, &dearer).await;
    tried.ok(200);
    assert_eq!(tried.header("etag"), "", "what was only tried has no tag");
    let done = send(&app, Method::PATCH, "/api/v1/plans/daily", &dearer).await;
    assert_eq!(done.header("etag"), app.get("/api/v1/plans/daily").await.header("etag"));
    let malformed = app.request(Method::PATCH, "/api/v1/plans/daily").header("if-match", "7");
    let malformed = malformed.header(header::CONTENT_TYPE, "application/json");
    let malformed = malformed.body(Body::from(dearer.to_string())).unwrap();
    app.send(malformed).await.problem(400, "malformed_header");
}
