//! What browsers see: pages for people, and pages from elsewhere that want to call.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request};
use mkbill_http::Manners;

use super::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_page_from_an_allowed_origin_may_call_and_no_other_one() {
    let shop = HeaderValue::from_static("https://shop.example");
    let manners = Manners { allowed_origins: vec![shop], ..Manners::default() };
    let app = TestApp::new().await.with_manners(&manners);
    let preflight = async |origin: &str| {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri("/api/v1/plans")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,idempotency-key");
        app.send(request.body(Body::empty()).unwrap()).await
    };
    let allowed = preflight("https://shop.example").await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://shop.example");
    assert!(allowed.header("access-control-allow-headers").contains("idempotency-key"));
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    for origin in ["https://evil.example", "null", "https://shop.example.evil.example"] {
        assert_eq!(preflight(origin).await.header("access-control-allow-origin"), "", "{origin}");
    }
    let request =
        app.request(Method::GET, "/api/v1/plans").header("origin", "https://shop.example");
    let answer = app.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
}

#[tokio::test]
async fn without_a_word_no_page_from_elsewhere_may_call() {
    let app = TestApp::new().await;
    let request =
        app.request(Method::GET, "/api/v1/plans").header("origin", "https://shop.example");
    let answer = app.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_trust_nothing_in_it() {
    let app = TestApp::new().await;
    for path in ["/ready", "/api/v1/plans", "/api/v1/nothing", "/docs/", "/setup"] {
        let answer = app.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("script-src 'unsafe-inline'"), "{path}: {policy}");
    }
}

async fn fill(app: &TestApp, form: &[(&str, &str)]) -> super::support::Answer {
    let encoded: Vec<_> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/setup")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(encoded.join("&")))
        .unwrap();
    app.send(request).await
}

#[tokio::test]
async fn the_link_of_the_server_leads_to_a_form_that_works_without_scripts() {
    let app = TestApp::new().await;
    let token = app.setup_token().await.unwrap();
    let page = app.get(&format!("/setup?token={token}")).await;
    assert!(page.text.contains(&format!("value=\"{token}\"")), "{}", page.text);
    assert!(page.text.contains("<html lang=\"en\">"), "{}", page.text);
    let asked = app.request(Method::GET, "/setup").header("accept-language", "id");
    let indonesian = app.send(asked.body(Body::empty()).unwrap()).await;
    assert!(indonesian.text.contains("Siapkan mkbill"), "{}", indonesian.text);
    let hostile = app.get("/setup?token=%22%3E%3Cscript%3E").await;
    assert!(!hostile.text.contains("<script"), "{}", hostile.text);
    let password = PASSWORD.replace(' ', "+");
    let filled = |token, username| {
        [("token", token), ("username", username), ("name", "Sri+%3Cb%3E"), ("password", &password)]
    };
    let refused = fill(&app, &filled(&token, "no")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("username: use 3 to 30"), "{}", refused.text);
    assert!(!refused.text.contains(PASSWORD), "{}", refused.text);
    let done = fill(&app, &filled(&token, "sri")).await;
    assert_eq!(done.status, 200, "{}", done.text);
    app.sign_in("sri").await;
    let again = fill(&app, &filled(&token, "budi")).await;
    assert!(again.text.contains("this link is over"), "{}", again.text);
}
