//! Routers: added without being asked, checked on demand, with advice when that fails.

use std::fmt::Write as _;

use serde_json::json;

use super::support::{ROUTER_PASSWORD, TestApp, but, router};

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
    let problem = answer.problem(503, "unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("password"), "{problem}");
    assert!(!answer.text.contains("battery staple"));
    assert_ne!(answer.header("retry-after"), "");
}

#[tokio::test]
async fn a_closed_port_is_said_to_be_closed() {
    let app = TestApp::new().await.with_absent_router().await;
    let answer = app.post(&format!("{ROUTERS}/rt-05/check"), &json!(null)).await;
    let problem = answer.problem(503, "unavailable");
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
    let problem = answer.problem(503, "unavailable");
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

#[tokio::test]
async fn a_router_name_is_taken_once() {
    let app = TestApp::new().await.with_absent_router().await;
    let again = router("rt-05", ([127, 0, 0, 1], 9).into());
    app.post(ROUTERS, &again).await.problem(409, "conflict");
}
