//! Why a request failed, in the language of the one who asks, with every field that is wrong.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};

use super::support::{Answer, TestApp, but, plan};

fn wrong_plan() -> Value {
    but(plan("daily"), "name", json!(""))
}

async fn asked_in(app: &TestApp, languages: Option<&str>) -> Answer {
    let headers: Vec<_> = languages.map(|value| ("accept-language", value)).into_iter().collect();
    app.post_with("/api/v1/plans", &wrong_plan(), &headers).await
}

/// Fields and what is wrong with them.
fn errors(problem: &Value) -> BTreeMap<String, String> {
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    errors.iter().map(|error| (text(error, "field"), text(error, "detail"))).collect()
}

fn fields(answer: &Answer, status: u16, code: &str) -> Vec<String> {
    errors(&answer.problem(status, code)).into_keys().collect()
}

#[tokio::test]
async fn a_problem_is_told_in_the_language_that_is_liked_best() {
    let app = TestApp::new().await;
    let english = "use 1 to 100 visible characters";
    let indonesian = "gunakan 1 sampai 100 karakter yang terlihat";
    for (asked, language, detail, title) in [
        (Some("id"), "id", indonesian, "Isi Tidak Dapat Diproses"),
        (Some("id-ID,id;q=0.9,en;q=0.8"), "id", indonesian, "Isi Tidak Dapat Diproses"),
        (Some("fr;q=1, id;q=0.5"), "id", indonesian, "Isi Tidak Dapat Diproses"),
        (Some("en"), "en", english, "Unprocessable Entity"),
        (Some("fr"), "en", english, "Unprocessable Entity"),
        (None, "en", english, "Unprocessable Entity"),
    ] {
        let answer = asked_in(&app, asked).await;
        let problem = answer.problem(422, "invalid");
        assert_eq!(problem["detail"], detail, "{asked:?}");
        assert_eq!(problem["title"], title, "{asked:?}");
        assert_eq!(errors(&problem)["name"], detail, "{asked:?}");
        assert_eq!(answer.header("content-language"), language, "{asked:?}");
        let varies = answer.headers.get_all("vary").iter();
        assert!(varies.into_iter().any(|value| value == "accept-language"), "{asked:?}");
    }
}

#[tokio::test]
async fn refusals_missing_things_and_strangers_are_told_in_indonesian_too() {
    let app = TestApp::new().await;
    let id = ("accept-language", "id");
    let dear = but(plan("daily"), "cost", json!({ "minor": 9_000_000, "currency": "IDR" }));
    let refused = app.post_with("/api/v1/plans", &dear, &[id]).await;
    let detail = refused.problem(422, "sell_below_cost")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("di bawah harga modal Rp 9.000.000"), "{detail}");
    let missing = app.post_with("/api/v1/plans/none/retire", &json!({}), &[id]).await;
    assert_eq!(missing.problem(404, "not_found")["detail"], "tidak ada paket `none`");
    let unread = app.post_with("/api/v1/plans", &json!([]), &[id]).await;
    assert_eq!(unread.header("content-language"), "id");
}

#[tokio::test]
async fn a_problem_bears_the_id_of_its_answer_and_a_type_that_leads_somewhere() {
    let app = TestApp::new().await;
    let answer = asked_in(&app, None).await;
    let problem = answer.problem(422, "invalid");
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    assert_eq!(problem["type"], "/docs/problems#invalid");
    let own = [("x-request-id", "till-7")];
    let answer = app.post_with("/api/v1/plans", &wrong_plan(), &own).await;
    assert_eq!(answer.problem(422, "invalid")["request_id"], "till-7");
    let page = app.get("/docs/problems").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("id=\"invalid\""), "{}", page.text);
}

#[tokio::test]
async fn a_repeated_request_is_refused_again_byte_for_byte_in_the_first_language() {
    let app = TestApp::new().await;
    let key = ("idempotency-key", "plan-1");
    let ask = async |language| {
        let headers = [key, ("accept-language", language)];
        app.post_with("/api/v1/plans", &wrong_plan(), &headers).await
    };
    let (first, again) = (ask("id").await, ask("en").await);
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("content-language"), "id");
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_names_the_path_of_its_field() {
    let app = TestApp::new().await;
    let post = async |path: &'static str, body: Value| app.post(path, &body).await;
    let with = |field: &str, value: Value| but(plan("daily"), field, value);
    for (body, field, word) in [
        (with("cost", json!({ "minor": "dear", "currency": "IDR" })), "cost.minor", "whole number"),
        (with("cost", json!({ "currency": "IDR" })), "cost.minor", "missing"),
        (with("terms", json!({ "cycle": "hourly" })), "terms.cycle", "`weekly`"),
        (with("terms", json!({ "cicle": "weekly" })), "terms.cicle", "no such field"),
        (with("validity", json!(60)), "validity", "`validity_seconds`"),
        (with("uptime_quota_seconds", json!(-1)), "uptime_quota_seconds", "from 0 to"),
        (with("name", json!(5)), "name", "a text"),
    ] {
        let problem = post("/api/v1/plans", body).await.problem(422, "malformed_body");
        let errors = errors(&problem);
        assert_eq!(errors.keys().collect::<Vec<_>>(), [field], "{problem}");
        assert!(errors[field].contains(word), "{problem}");
    }
    let query = app.get("/api/v1/plans?limit=many").await;
    assert_eq!(fields(&query, 400, "malformed_query"), ["limit"]);
    let query = app.get("/api/v1/plans?offset=1").await;
    assert_eq!(fields(&query, 400, "malformed_query"), ["offset"]);
    let path = app.get("/api/v1/subscriptions/seven").await;
    assert_eq!(path.problem(400, "malformed_path")["errors"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_body_is_told_at_once() {
    let app = TestApp::new().await;
    let rupees = json!({ "minor": 1, "currency": "rp" });
    let customer = json!({
        "name": "", "phone": "12", "email": "nowhere", "zone": "Bandung", "credit_limit": rupees,
    });
    let answer = app.post("/api/v1/customers", &customer).await;
    assert_eq!(fields(&answer, 422, "invalid"), ["credit_limit", "email", "name", "phone", "zone"]);
    let odd = but(wrong_plan(), "cost", rupees.clone());
    let answer = app.post("/api/v1/plans", &odd).await;
    assert_eq!(fields(&answer, 422, "invalid"), ["cost", "name"]);
    let batch = json!({ "router": "none", "plan": "none", "count": 0, "prefix": "a b" });
    let answer = app.post("/api/v1/voucher-batches", &batch).await;
    assert_eq!(fields(&answer, 422, "invalid"), ["count", "plan", "prefix", "router"]);
    let payment = json!({ "amount": rupees, "invoice": "none", "reference": "" });
    let answer = app.post("/api/v1/payments", &payment).await;
    assert_eq!(fields(&answer, 422, "invalid"), ["amount", "invoice", "method", "reference"]);
    let subscription = json!({
        "customer": uuid::Uuid::nil(), "plan": "none", "zone": "Bandung",
        "discount": { "basis_points": 20_000 },
    });
    let answer = app.post("/api/v1/subscriptions", &subscription).await;
    assert_eq!(fields(&answer, 422, "invalid"), ["discount", "plan", "zone"]);
}

#[tokio::test]
async fn no_problem_tells_what_may_be_a_secret_or_how_things_are_made_inside() {
    let app = TestApp::new().await;
    let secret = 918_273_645;
    let mut answers = Vec::new();
    for (path, body) in [
        ("/api/v1/auth/sign-in", json!({ "username": "sri", "password": secret })),
        ("/api/v1/auth/sign-in", json!({ "username": "sri", "password": [secret] })),
        (
            "/api/v1/routers",
            json!({ "name": "a", "host": "b", "username": "c", "password": secret }),
        ),
        ("/api/v1/plans", json!(secret)),
        ("/api/v1/plans", json!({ "name": secret })),
    ] {
        for language in ["en", "id"] {
            let language = [("accept-language", language)];
            answers.push(app.post_with(path, &body, &language).await);
        }
    }
    answers.push(app.anonymous(Method::GET, "/api/v1/plans", &json!({})).await);
    for answer in answers {
        assert!(answer.status.is_client_error(), "{}", answer.text);
        for word in ["918273645", "SELECT", "INSERT", "struct ", "src/", "panicked"] {
            assert!(!answer.text.contains(word), "{word}: {}", answer.text);
        }
    }
}
