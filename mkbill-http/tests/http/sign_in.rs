//! Signing in and out, roles that change, and tokens that are not ours.

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::permission::Role;
use mkbill_core::staff::StaffChange;
use serde_json::{Value, json};

use super::support::{Answer, PASSWORD, TestApp};

fn boss() -> Caller {
    Caller::new(Actor::cli("test"))
}

async fn try_sign_in(app: &TestApp, username: &str, password: &str) -> Answer {
    let body = json!({ "username": username, "password": password });
    app.anonymous(Method::POST, "/api/v1/auth/sign-in", &body).await
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let app = TestApp::new().await;
    app.signed_in("sri", Role::Operator).await;
    let wrong_password = try_sign_in(&app, "sri", "not this one").await;
    let nobody = try_sign_in(&app, "nobody", PASSWORD).await;
    let odd = try_sign_in(&app, "' OR 1=1 --", PASSWORD).await;
    let but_its_id = |answer: &Answer| {
        let mut problem = answer.problem(401, "sign_in_failed");
        problem["request_id"] = Value::Null;
        problem
    };
    for answer in [&wrong_password, &nobody, &odd] {
        assert_eq!(but_its_id(answer), but_its_id(&wrong_password));
    }
}

#[tokio::test]
async fn the_fourth_failure_slows_an_account_down_until_the_time_is_over() {
    let app = TestApp::new().await;
    app.signed_in("sri", Role::Operator).await;
    for _ in 0..3 {
        try_sign_in(&app, "sri", "wrong").await.problem(401, "sign_in_failed");
    }
    let slowed = try_sign_in(&app, "sri", PASSWORD).await;
    slowed.problem(429, "slowed_down");
    assert_eq!(slowed.header("retry-after"), "1");
    app.after(SignedDuration::from_secs(1)).await;
    try_sign_in(&app, "SRI", PASSWORD).await.ok(200);
    try_sign_in(&app, "sri", "wrong").await.problem(401, "sign_in_failed");
}

#[tokio::test]
async fn who_signs_out_everywhere_is_out_on_every_device_at_once() {
    let app = TestApp::new().await;
    let phone = app.signed_in("sri", Role::Operator).await;
    let laptop = app.sign_in("sri").await;
    app.as_who(&phone, Method::GET, "/api/v1/auth/me").await.ok(200);
    let out = app.as_who(&laptop, Method::POST, "/api/v1/auth/sign-out-everywhere").await.ok(200);
    assert_eq!(out["sessions"], 2);
    for token in [&phone, &laptop] {
        app.as_who(token, Method::GET, "/api/v1/auth/me").await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn somebody_sees_and_ends_their_own_sessions_only() {
    let app = TestApp::new().await;
    let own = app.signed_in("sri", Role::Operator).await;
    let other = app.signed_in("budi", Role::Operator).await;
    let listed = app.as_who(&own, Method::GET, "/api/v1/auth/sessions").await.ok(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let id = listed["items"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/auth/sessions/{id}");
    app.as_who(&other, Method::DELETE, &path).await.problem(404, "not_found");
    app.as_who(&own, Method::DELETE, &path).await.ok(200);
    app.as_who(&own, Method::GET, "/api/v1/auth/me").await.problem(401, "unauthenticated");
    app.as_who(&other, Method::GET, "/api/v1/auth/me").await.ok(200);
}

#[tokio::test]
async fn a_changed_role_holds_for_the_next_request_of_the_same_token() {
    let app = TestApp::new().await.with_catalogue().await;
    let token = app.signed_in("sri", Role::Admin).await;
    app.as_who(&token, Method::GET, "/api/v1/audit").await.ok(200);
    let operator = StaffChange { role: Some(Role::Operator), ..StaffChange::default() };
    app.billing.change_staff(&boss(), "sri", &operator).await.unwrap();
    app.as_who(&token, Method::GET, "/api/v1/audit").await.problem(403, "forbidden");
    app.as_who(&token, Method::GET, "/api/v1/plans").await.ok(200);
    let disabled = StaffChange { enabled: Some(false), ..StaffChange::default() };
    app.billing.change_staff(&boss(), "sri", &disabled).await.unwrap();
    app.as_who(&token, Method::GET, "/api/v1/plans").await.problem(401, "unauthenticated");
    try_sign_in(&app, "sri", PASSWORD).await.problem(403, "staff_disabled");
}

#[tokio::test]
async fn a_first_password_opens_nothing_but_the_change_of_it() {
    let app = TestApp::new().await;
    let body = json!({ "username": "sri", "name": "Sri", "role": "admin" });
    let made = app.post("/api/v1/staff", &body).await.ok(201);
    let first = made["password"].as_str().unwrap();
    let signed_in = try_sign_in(&app, "sri", first).await.ok(200);
    assert_eq!(signed_in["staff"]["must_change_password"], true);
    let token = signed_in["token"].as_str().unwrap();
    let refused = app.as_who(token, Method::GET, "/api/v1/plans").await;
    refused.problem(403, "password_change_required");
    let change = |present: &str, new: &str| json!({ "present": present, "new": new });
    let path = "/api/v1/auth/password";
    let send = async |body: Value| app.send_as(token, Method::POST, path, &body).await;
    send(change("wrong", PASSWORD)).await.problem(403, "wrong_password");
    send(change(first, first)).await.problem(422, "same_password");
    send(change(first, "short")).await.problem(422, "invalid");
    send(change(first, PASSWORD)).await.ok(200);
    app.as_who(token, Method::GET, "/api/v1/plans").await.ok(200);
    try_sign_in(&app, "sri", first).await.problem(401, "sign_in_failed");
}

#[tokio::test]
async fn a_session_is_over_after_thirty_days() {
    let app = TestApp::new().await;
    let token = app.signed_in("sri", Role::Operator).await;
    app.after(SignedDuration::from_hours(30 * 24 - 1)).await;
    app.as_who(&token, Method::GET, "/api/v1/auth/me").await.ok(200);
    app.after(SignedDuration::from_hours(1)).await;
    app.as_who(&token, Method::GET, "/api/v1/auth/me").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_key_is_refused_once_it_is_over() {
    let app = TestApp::new().await;
    let until = app.now() + SignedDuration::from_mins(5);
    let body = json!({ "name": "short", "scopes": ["plans.view"], "expires_at": until });
    let made = app.post("/api/v1/api-keys", &body).await.ok(201);
    let key = made["key"].as_str().unwrap();
    app.as_who(key, Method::GET, "/api/v1/plans").await.ok(200);
    app.after(SignedDuration::from_mins(5)).await;
    app.as_who(key, Method::GET, "/api/v1/plans").await.problem(401, "unauthenticated");
    let shown = app.get("/api/v1/api-keys/short").await.ok(200);
    assert!(shown["last_used_at"].is_string(), "{shown}");
    assert!(shown.get("key").is_none());
}

#[tokio::test]
async fn nobody_gives_a_key_what_they_may_not_do_themselves() {
    let app = TestApp::new().await;
    let body = json!({ "name": "maker", "scopes": ["api_keys.create", "plans.view"] });
    let made = app.post("/api/v1/api-keys", &body).await.ok(201);
    let key = made["key"].as_str().unwrap();
    let wish = |scopes: &[&str]| json!({ "name": "more", "scopes": scopes });
    let path = "/api/v1/api-keys";
    let more = app.send_as(key, Method::POST, path, &wish(&["*"])).await;
    more.problem(422, "scope_beyond_maker");
    let none = app.send_as(key, Method::POST, path, &wish(&[])).await;
    none.problem(422, "scope_missing");
    app.send_as(key, Method::POST, path, &wish(&["plans.view"])).await.ok(201);
}

/// A token as others would make it: the header and claims of a true one, changed, and any signature.
fn forged(token: &str, header: &Value, signature: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    format!("{}.{claims}.{signature}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[tokio::test]
async fn tokens_that_are_not_ours_open_nothing() {
    let app = TestApp::new().await;
    let token = app.signed_in("sri", Role::SuperAdmin).await;
    let other = TestApp::new().await.signed_in("sri", Role::SuperAdmin).await;
    let signature = token.rsplit('.').next().unwrap();
    let none = json!({ "alg": "none", "typ": "JWT" });
    let rsa = json!({ "alg": "RS256", "typ": "JWT" });
    let tampered = {
        let claims = json!({ "sub": uuid::Uuid::nil(), "sid": uuid::Uuid::nil(), "username": "x",
            "iat": 0, "exp": i64::MAX });
        let head = token.split('.').next().unwrap();
        format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
    };
    let forgeries = [
        forged(&token, &none, ""),
        forged(&token, &none, signature),
        forged(&token, &rsa, signature),
        tampered,
        other,
        token[..token.len() - 1].to_owned(),
        "..".to_owned(),
    ];
    for forgery in forgeries {
        let answer = app.as_who(&forgery, Method::GET, "/api/v1/auth/me").await;
        answer.problem(401, "unauthenticated");
    }
    app.as_who(&token, Method::GET, "/api/v1/auth/me").await.ok(200);
}

#[tokio::test]
async fn the_last_super_admin_stays() {
    let app = TestApp::new().await;
    let token = app.signed_in("sri", Role::SuperAdmin).await;
    let alone = app.as_who(&token, Method::DELETE, "/api/v1/staff/sri").await;
    alone.problem(409, "last_super_admin");
    let less = json!({ "role": "admin" });
    let less = app.send_as(&token, Method::PATCH, "/api/v1/staff/sri", &less).await;
    less.problem(409, "last_super_admin");
    app.signed_in("budi", Role::SuperAdmin).await;
    app.as_who(&token, Method::DELETE, "/api/v1/staff/sri").await.ok(200);
    app.as_who(&token, Method::GET, "/api/v1/auth/me").await.problem(401, "unauthenticated");
    app.get("/api/v1/staff/sri").await.problem(404, "not_found");
    let again = json!({ "username": "sri", "name": "Sri", "role": "operator" });
    app.post("/api/v1/staff", &again).await.problem(409, "conflict");
}

#[tokio::test]
async fn the_first_super_admin_is_set_up_once_with_the_token_of_the_link() {
    let app = TestApp::new().await;
    let set_up = async |token: &str| {
        let body =
            json!({ "token": token, "username": "sri", "name": "Sri", "password": PASSWORD });
        app.anonymous(Method::POST, "/api/v1/auth/setup", &body).await
    };
    let older = app.setup_token().await.unwrap();
    let token = app.setup_token().await.unwrap();
    set_up("guessed").await.problem(409, "setup_over");
    set_up(&older).await.problem(409, "setup_over");
    let made = set_up(&token).await.ok(200);
    assert_eq!(made["role"], "super_admin");
    assert_eq!(made["must_change_password"], false);
    set_up(&token).await.problem(409, "setup_over");
    assert!(app.setup_token().await.is_none());
    try_sign_in(&app, "sri", PASSWORD).await.ok(200);
}

#[tokio::test]
async fn signing_in_and_failing_to_are_in_the_trail_without_passwords() {
    let app = TestApp::new().await;
    let token = app.signed_in("sri", Role::Operator).await;
    try_sign_in(&app, "sri", "canary-of-a-wrong-password").await.problem(401, "sign_in_failed");
    app.as_who(&token, Method::POST, "/api/v1/auth/sign-out").await.ok(200);
    let trail = app.get("/api/v1/audit?limit=200").await.ok(200);
    let actions: Vec<_> =
        trail["items"].as_array().unwrap().iter().map(|row| &row["action"]).collect();
    for action in ["staff.add", "staff.sign_in", "staff.sign_in_failed", "staff.sign_out"] {
        assert!(actions.iter().any(|done| *done == action), "{action} is missing: {actions:?}");
    }
    let text = trail.to_string();
    for secret in [PASSWORD, "canary-of-a-wrong-password", "argon2id"] {
        assert!(!text.contains(secret), "{secret} is in the trail");
    }
}
