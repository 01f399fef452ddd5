//! Routers: added without being asked, checked on demand, with advice when that fails.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};

use super::support::{Answer, ROUTER_PASSWORD, TestApp, batch, but, router};

const ROUTERS: &str = "/api/v1/routers";

#[tokio::test]
async fn a_router_tells_its_version_and_never_its_password() {
    let (app, _simulator) = TestApp::new().await.with_router().await;
    let facts = app.post(&format!("{ROUTERS}/rt-05/check"), &json!(null)).await.ok(200);
    assert!(facts["routeros_version"].as_str().unwrap().starts_with("7.18"), "{facts}");
    assert!(facts["pppoe_profiles"].to_string().contains("default-encryption"), "{facts}");
    app.work().await;
    let shown = app.get(&format!("{ROUTERS}/rt-05")).await;
    assert!(shown.ok(200)["observed_at"].is_string());
    let everywhere =
        [shown.text, app.get(ROUTERS).await.text, app.get("/api/v1/audit").await.text].concat();
    assert!(!everywhere.contains(ROUTER_PASSWORD) && !everywhere.contains("\"password\""));
}

#[tokio::test]
async fn a_check_says_what_our_account_lacks_and_what_it_has_too_much() {
    let (app, simulator) = TestApp::new().await.with_router().await;
    let verdicts = async || {
        let check = app.post(&format!("{ROUTERS}/rt-05/check"), &json!(null)).await.ok(200);
        let access = check["access"].as_array().unwrap().clone();
        access.iter().map(|one| one["verdict"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(verdicts().await, ["advice"; 5], "plain, full, open, nothing to pin, for anybody");
    let run = |path: &str, words: &[&str]| {
        simulator.router(|router| router.run(path, words).map(drop)).unwrap();
    };
    run("/user/group/add", &["name=least", "policy=api,read,write,sensitive"]);
    run("/user/set", &["numbers=mkbill", "group=least"]);
    run("/ip/service/set", &["numbers=api", "disabled=yes"]);
    run("/ip/service/set", &["numbers=api-ssl", "certificate=mkbill"]);
    run(
        "/ip/firewall/filter/add",
        &["chain=input", "protocol=tcp", "dst-port=8729", "src-address=192.0.2.10"],
    );
    assert_eq!(verdicts().await[1..], ["good"; 4]);
    run("/user/group/set", &["numbers=least", "policy=api,read,write"]);
    assert_eq!(verdicts().await[1], "missing");
}

#[tokio::test]
async fn a_wrong_router_password_is_said_to_be_wrong() {
    let app = TestApp::new().await;
    let simulator = app.simulator().start().await.unwrap();
    let wrong = but(router("rt-05", simulator.addr()), "password", json!("battery staple"));
    app.post(ROUTERS, &wrong).await.ok(201);
    let answer = app.post(&format!("{ROUTERS}/rt-05/check"), &json!(null)).await;
    let problem = answer.problem(424, "router_unreachable");
    assert!(problem["detail"].as_str().unwrap().contains("password"), "{problem}");
    assert!(!answer.text.contains("battery staple"));
    assert_ne!(answer.header("retry-after"), "");
}

#[tokio::test]
async fn a_closed_port_is_said_to_be_closed() {
    let app = TestApp::new().await.with_absent_router().await;
    let answer = app.post(&format!("{ROUTERS}/rt-05/check"), &json!(null)).await;
    let problem = answer.problem(424, "router_unreachable");
    assert!(problem["detail"].as_str().unwrap().contains("127.0.0.1:9"), "{problem}");
}

#[tokio::test]
async fn a_wrong_certificate_shows_the_one_that_was_presented() {
    let app = TestApp::new().await;
    let simulator = app.simulator().tls().start().await.unwrap();
    let mut presented = String::new();
    for byte in simulator.tls_fingerprint().unwrap() {
        write!(presented, "{byte:02x}").unwrap();
    }
    let pinned = |name: &str, pin: &str| {
        let body = router(name, simulator.tls_addr().unwrap());
        but(but(body, "security", json!("tls_pinned")), "certificate_pin", json!(pin))
    };
    app.post(ROUTERS, &pinned("rt-05", &"0".repeat(64))).await.ok(201);
    let answer = app.post(&format!("{ROUTERS}/rt-05/check"), &json!(null)).await;
    let problem = answer.problem(424, "router_unreachable");
    let detail = problem["detail"].as_str().unwrap().to_lowercase().replace(':', "");
    assert!(detail.contains(&presented), "{detail}");
    app.post(ROUTERS, &pinned("rt-06", &presented)).await.ok(201);
    app.post(&format!("{ROUTERS}/rt-06/check"), &json!(null)).await.ok(200);
}

#[tokio::test]
async fn a_pin_is_taken_in_every_form_that_a_fingerprint_has() {
    let app = TestApp::new().await;
    let (hex, base64) = ("0".repeat(64), format!("{}=", "A".repeat(43)));
    let pins = [
        format!("sha256:{hex}"),
        format!("SPKI-SHA256:{hex}"),
        format!("spki-sha256:{base64}"),
        format!("sha256//{base64}"),
    ];
    for (number, pin) in pins.iter().enumerate() {
        let body = router(&format!("rt-{number}"), ([127, 0, 0, 1], 9).into());
        let body = but(but(body, "security", json!("tls_pinned")), "certificate_pin", json!(pin));
        let made = app.post(ROUTERS, &body).await.ok(201);
        assert_eq!(made["certificate_pin"], json!(pin));
    }
}

async fn send(app: &TestApp, method: Method, path: &str, body: &Value) -> Answer {
    let request = app.request(method, path).header(header::CONTENT_TYPE, "application/json");
    app.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn a_router_is_changed_and_looked_at_with_what_holds_now() {
    let (app, simulator) = TestApp::new().await.with_router().await;
    app.work().await;
    let path = format!("{ROUTERS}/rt-05");
    let change = async |body: Value| send(&app, Method::PATCH, &path, &body).await;
    let set = ["numbers=mkbill", "password=battery staple"];
    simulator.router(|router| router.run("/user/set", &set).map(drop)).unwrap();
    let changed = change(json!({ "password": "battery staple" })).await;
    assert_eq!(changed.ok(200)["removed_at"], Value::Null);
    assert!(!changed.text.contains("battery"));
    app.work().await;
    assert_eq!(app.get(&path).await.ok(200)["failures"], 0);
    for (body, field) in [
        (json!({ "host": "two words" }), "host"),
        (json!({ "username": "" }), "username"),
        (json!({ "certificate_pin": "sha256:00" }), "certificate_pin"),
        (json!({ "security": "tls_pinned" }), "certificate_pin"),
        (json!({ "security": "tls_pinned", "certificate_pin": "x" }), "certificate_pin"),
        (json!({ "name": "" }), "name"),
    ] {
        assert_eq!(
            change(body.clone()).await.problem(422, "invalid")["errors"][0]["field"],
            field,
            "{body}"
        );
    }
    change(json!({ "colour": "red" })).await.problem(422, "malformed_body");
    app.post(ROUTERS, &router("rt-06", simulator.addr())).await.ok(201);
    let taken = change(json!({ "name": "rt-06" })).await.problem(409, "conflict");
    assert!(taken["detail"].as_str().unwrap().contains("rt-06"));
    let tls = change(json!({ "security": "tls", "port": 8729, "name": "rt-07" })).await.ok(200);
    assert_eq!((&tls["security"], &tls["name"]), (&json!("tls"), &json!("rt-07")));
    app.get(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_router_is_removed_when_nobody_needs_it_and_its_name_is_free() {
    let app = TestApp::new().await.with_catalogue().await.with_absent_router().await;
    let path = format!("{ROUTERS}/rt-05");
    let remove = async |query: &str| {
        send(&app, Method::DELETE, &format!("{path}{query}"), &json!(null)).await
    };
    let made = app.post("/api/v1/voucher-batches", &batch(2)).await.ok(201);
    let refused = remove("").await.problem(409, "router_in_use");
    assert!(refused["detail"].as_str().unwrap().contains("of vouchers (2)"), "{refused}");
    let number = made["number"].as_str().unwrap();
    let cancel = format!("/api/v1/voucher-batches/{number}/cancel");
    app.post(&cancel, &json!(null)).await.ok(200);
    remove("").await.problem(409, "router_untold");
    app.work().await;
    assert!(remove("?dry_run=true").await.ok(200)["removed_at"].is_string());
    let gone = remove("").await.ok(200);
    remove("").await.problem(404, "not_found");
    assert_eq!(app.get(ROUTERS).await.ok(200)["items"], json!([]));
    let id = gone["id"].as_str().unwrap();
    assert_eq!(app.get(&format!("{ROUTERS}/{id}")).await.ok(200)["name"], "rt-05");
    let outages = app.get(&format!("/api/v1/outages?router={id}")).await.ok(200);
    assert_eq!(outages["items"][0]["ended_at"], gone["removed_at"]);
    let again = router("rt-05", ([127, 0, 0, 1], 9).into());
    assert_ne!(app.post(ROUTERS, &again).await.ok(201)["id"], gone["id"]);
}

#[tokio::test]
async fn a_router_name_is_taken_once() {
    let app = TestApp::new().await.with_absent_router().await;
    let again = router("rt-05", ([127, 0, 0, 1], 9).into());
    app.post(ROUTERS, &again).await.problem(409, "conflict");
}
