//! Logins of subscribers: made, counted, changed and taken over by clients.

use axum::body::Body;
use axum::http::{Method, header};
use jiff::SignedDuration;
use mkbill_routeros::sim::{Dial, Service, Simulator};
use serde_json::{Value, json};

use super::money::furnished;
use super::support::{Answer, TestApp, send};

const SECRETS: &str = "/ppp/secret";

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A provider whose router takes calls, a PPPoE plan `dial`, and a customer.
pub(super) async fn village() -> (TestApp, Simulator, String) {
    village_on(TestApp::new().await).await
}

/// The same, on a server that is there already.
pub(super) async fn village_on(app: TestApp) -> (TestApp, Simulator, String) {
    let (app, simulator) = app.with_router().await;
    simulator.router(|router| {
        let pool = ["name=homes", "ranges=10.30.0.2-10.30.0.250"];
        router.run("/ip/pool/add", &pool).map(drop).unwrap();
        let profile = ["name=pppoe-10m", "remote-address=homes", "rate-limit=5M/10M"];
        router.run("/ppp/profile/add", &profile).map(drop).unwrap();
        let old = ["name=lama", "password=modem-9", "profile=pppoe-10m"];
        router.run("/ppp/secret/add", &old).map(drop).unwrap();
    });
    app.work().await;
    let budi = furnished(&app).await;
    let dial = json!({
        "name": "dial",
        "router_profile": "pppoe-10m",
        "cost": { "minor": 0, "currency": "IDR" },
        "sell": { "minor": 150_000, "currency": "IDR" },
        "terms": { "service": "pppoe" },
    });
    app.post("/api/v1/plans", &dial).await.ok(201);
    (app, simulator, budi)
}

pub(super) fn wanted(customer: &str, login: &Value) -> Value {
    json!({ "customer": customer, "plan": "dial", "login": login })
}

#[tokio::test]
async fn a_login_is_counted_pushed_changed_and_removed() {
    let (app, simulator, budi) = village().await;
    let shown = |name: &str, field: &str| simulator.router(|r| r.value(SECRETS, name, field));
    let rule = send(&app, Method::PUT, "/api/v1/login-numberings/rt05", &json!({})).await.ok(200);
    assert_eq!((rule["digits"].as_u64(), rule["last"].as_i64()), (Some(4), Some(0)));
    let line = json!({ "caller_id": "02-00-00-00-00-01", "remote_address": "10.30.0.9" });
    let login = json!({ "router": "rt-05", "prefix": "rt05", "line": line });
    let made = app.post("/api/v1/subscriptions", &wanted(&budi, &login)).await.ok(201);
    let path = format!("/api/v1/logins/{}", text(&made["login"]["id"]));
    assert_eq!(
        (&made["login"]["name"], &made["login"]["sync"]),
        (&json!("rt05-0001"), &json!("pending"))
    );
    app.work().await;
    let applied = app.get(&path).await.ok(200);
    assert_eq!(
        (&applied["sync"], &applied["line"]["caller_id"]),
        (&json!("applied"), &json!("02:00:00:00:00:01"))
    );
    let reset = app.post(&format!("{path}/reset-password"), &json!({})).await.ok(200);
    assert_ne!(reset["password"], applied["password"]);
    send(&app, Method::PATCH, &path, &json!({ "remote_address": null })).await.ok(200);
    app.post(&format!("{path}/disable"), &json!(null)).await.ok(200);
    app.work().await;
    assert_eq!(shown("rt05-0001", "disabled").as_deref(), Some("true"));
    app.post(&format!("{path}/enable"), &json!(null)).await.ok(200);
    app.work().await;
    assert_eq!(shown("rt05-0001", "password").unwrap(), text(&reset["password"]));
    assert_eq!(shown("rt05-0001", "remote-address"), None);
    let taken = json!({ "overridden": true });
    assert_eq!(app.post(&format!("{path}/override"), &taken).await.ok(200)["overridden"], true);
    let list = app.get("/api/v1/logins?router=rt-05&kind=pppoe&name=rt05-0001").await.ok(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let gone = send(&app, Method::DELETE, &path, &json!(null)).await.ok(200);
    assert_eq!(gone["presence"], "absent");
    app.work().await;
    assert_eq!(shown("rt05-0001", "name"), None);
    app.post(&format!("{path}/disable"), &json!(null)).await.problem(409, "login_over");
    let unset = send(&app, Method::DELETE, "/api/v1/login-numberings/rt05", &json!(null)).await;
    assert_eq!(unset.status.as_u16(), 204);
    assert_eq!(app.get("/api/v1/login-numberings").await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn a_bad_login_is_refused_with_its_field() {
    let (app, _simulator, budi) = village().await;
    for (login, field) in [
        (json!({ "router": "rt-05" }), "name"),
        (json!({ "router": "rt-05", "name": "a", "prefix": "b" }), "name"),
        (json!({ "router": "nowhere", "name": "a" }), "router"),
        (json!({ "router": "rt-05", "name": "a b" }), "login_name"),
        (
            json!({ "router": "rt-05", "name": "a", "line": { "remote_address": "x" } }),
            "remote_address",
        ),
        (json!({ "router": "rt-05", "name": "a", "adopt": true, "password": "x" }), "adopt"),
    ] {
        let answer = app.post("/api/v1/subscriptions", &wanted(&budi, &login)).await;
        assert_eq!(answer.problem(422, "invalid")["errors"][0]["field"], field, "{login}");
    }
    let unknown = json!({ "router": "rt-05", "prefix": "none" });
    let answer = app.post("/api/v1/subscriptions", &wanted(&budi, &unknown)).await;
    answer.problem(422, "numbering_unknown");
    let stranger = json!({ "router": "rt-05", "name": "lama" });
    let answer = app.post("/api/v1/subscriptions", &wanted(&budi, &stranger)).await;
    assert!(answer.problem(409, "conflict")["detail"].to_string().contains("adopt"));
    let digits =
        send(&app, Method::PUT, "/api/v1/login-numberings/a", &json!({ "digits": 11 })).await;
    assert_eq!(digits.problem(422, "invalid")["errors"][0]["field"], "digits");
    app.get("/api/v1/logins?sync=sideways").await.problem(422, "invalid");
}

#[tokio::test]
async fn what_stands_on_the_router_is_seen_and_taken_over() {
    let (app, simulator, budi) = village().await;
    let strangers = app.get("/api/v1/routers/rt-05/strangers").await.ok(200);
    assert_eq!(
        (&strangers["items"][0]["name"], &strangers["items"][0]["marked"]),
        (&json!("lama"), &json!(false))
    );
    let profiles = "/api/v1/routers/rt-05/profiles?matching=*PPPOE*";
    let profiles = app.get(profiles).await.ok(200);
    assert_eq!(profiles["items"].as_array().unwrap().len(), 1, "{profiles}");
    assert_eq!(profiles["items"][0]["rate_limit"], "5M/10M");
    let items = json!({ "items": [
        wanted(&budi, &json!({ "router": "rt-05", "name": "lama", "adopt": true })),
        wanted(&budi, &json!({ "router": "rt-05", "name": "lama" })),
        wanted("00000000-0000-0000-0000-000000000001", &json!({ "router": "rt-05", "name": "x" })),
    ] });
    let bulk = app.post("/api/v1/subscriptions/bulk", &items).await.ok(200);
    assert_eq!((bulk["made"].as_u64(), bulk["failed"].as_u64()), (Some(1), Some(2)));
    assert_eq!(bulk["items"][2]["problem"]["errors"][0]["field"], "customer");
    app.work().await;
    let comment = simulator.router(|router| router.value(SECRETS, "lama", "comment")).unwrap();
    assert!(comment.starts_with("PPPOE_SYSTEM|"), "{comment}");
    app.after(SignedDuration::from_secs(30)).await;
    assert_eq!(app.get("/api/v1/routers/rt-05/strangers").await.ok(200)["items"], json!([]));
    let subscription = text(&bulk["items"][0]["subscription"]["id"]);
    let moved = json!({ "router": "rt-05", "name": "baru" });
    let path = format!("/api/v1/subscriptions/{subscription}/login");
    assert_eq!(app.post(&path, &moved).await.ok(200)["name"], "baru");
}

#[tokio::test]
async fn who_is_online_what_was_used_and_how_a_router_fares_is_shown() {
    let (app, simulator, budi) = village().await;
    let login = json!({ "router": "rt-05", "name": "budi", "password": "rahasia-1" });
    let made = app.post("/api/v1/subscriptions", &wanted(&budi, &login)).await.ok(201);
    app.work().await;
    let dial = Dial {
        name: "budi".to_owned(),
        password: "rahasia-1".to_owned(),
        caller_id: "02:00:00:00:00:01".to_owned(),
        service: Service::Pppoe,
    };
    simulator.router(|router| {
        router.ppp_connect(&dial).map(drop).unwrap();
        router.ppp_move_bytes("budi", 1_000, 9_000);
    });
    app.after(SignedDuration::from_secs(30)).await;
    let online = app.get("/api/v1/sessions?open=true&router=rt-05").await.ok(200);
    let session = &online["items"][0];
    assert_eq!((&session["name"], &session["bytes_out"]), (&json!("budi"), &json!(9_000)));
    let path = format!("/api/v1/logins/{}/usage", text(&made["login"]["id"]));
    assert_eq!(app.get(&path).await.ok(200)["items"][0]["bytes_in"], 1_000);
    let router = app.get("/api/v1/routers/rt-05").await.ok(200);
    assert_eq!(router["vitals"]["clock_ahead_seconds"], 0);
    let edit = ["numbers=budi", "profile=default", "password=x"];
    simulator.router(|router| router.run("/ppp/secret/set", &edit).map(drop)).unwrap();
    let plan = app.post("/api/v1/routers/rt-05/plan", &json!(null)).await.ok(200);
    assert_eq!(plan["changes"][0]["act"], "restore", "{plan}");
    assert_eq!(plan["changes"][0]["steps"], json!(["set password, profile", "end session"]));
    assert!(!plan.to_string().contains("rahasia-1"));
    app.post("/api/v1/routers/rt-05/apply", &json!(null)).await.ok(200);
    app.work().await;
    let drift = app.get("/api/v1/routers/rt-05/drift").await.ok(200);
    assert_eq!(drift["items"][0]["fields"], json!(["password", "profile"]));
    assert_eq!(app.get("/api/v1/outages?router=rt-05").await.ok(200)["items"], json!([]));
    app.get("/api/v1/outages?router=nowhere").await.problem(422, "invalid");
}

async fn upload(app: &TestApp, query: &str, kind: &str, csv: &str) -> Answer {
    let path = format!("/api/v1/logins/import{query}");
    let request = app.request(Method::POST, &path).header(header::CONTENT_TYPE, kind);
    let request = request.header("idempotency-key", format!("{}{query}", csv.len()));
    app.send(request.body(Body::from(csv.to_owned())).unwrap()).await
}

#[tokio::test]
async fn a_file_of_logins_is_imported_and_exported() {
    let (app, _simulator, budi) = village().await;
    let customer = app.get(&format!("/api/v1/customers/{budi}")).await.ok(200);
    let phone = text(&customer["phone"]);
    let csv = format!(
        "\u{feff}whatsapp;paket;router;login;password;remote-address\n\
         {phone};dial;rt-05;budi;=rahasia;10.30.0.9\n{phone};dial;rt-05;toko;;x\n"
    );
    let tried = upload(&app, "?dry_run=true", "text/csv", &csv).await.ok(200);
    assert_eq!((&tried["imported"], &tried["failed"]), (&json!(1), &json!(1)));
    assert_eq!(tried["errors"][0]["field"], "remote_address");
    let made = upload(&app, "", "text/csv; charset=utf-8", &csv).await;
    assert_eq!(made.ok(200), tried);
    let again = upload(&app, "", "text/csv", &csv).await;
    assert_eq!((again.ok(200), again.header("idempotency-replayed")), (tried, "true"));
    let shown = app.get("/api/v1/logins/export?router=rt-05&kind=pppoe").await;
    assert_eq!(shown.header("content-type"), "text/csv; charset=utf-8");
    assert!(shown.text.contains("rt-05,budi,,pppoe,,,10.30.0.9,"), "{}", shown.text);
    let whole = app.get("/api/v1/logins/export?include_passwords=true").await.text;
    assert!(whole.contains("rt-05,budi,'=rahasia,pppoe,"), "{whole}");
    let known = upload(&app, "", "text/csv", &whole).await.ok(200);
    assert_eq!((&known["imported"], &known["failed"]), (&json!(0), &json!(0)));
    let existing = &known["existing"][0];
    assert_eq!((&existing["line"], &existing["field"]), (&json!(2), &json!("login")));
    let twice = wanted(&budi, &json!({ "router": "rt-05", "name": "budi" }));
    app.post("/api/v1/subscriptions", &twice).await.problem(409, "login_exists");
    upload(&app, "", "application/json", "{}").await.problem(415, "unsupported_media_type");
    upload(&app, "", "text/csv", "whatsapp\n").await.problem(422, "invalid");
    app.get("/api/v1/logins/export?router=nowhere").await.problem(422, "invalid");
}

#[tokio::test]
async fn a_wished_profile_is_made_on_the_router_and_forgotten() {
    let (app, simulator, _) = village().await;
    let path = "/api/v1/routers/rt-05/profile-wishes/pppoe/home-20m";
    let wish = json!({ "rate_limit": "10000k/20M", "remote_address": "homes" });
    let made = send(&app, Method::PUT, path, &wish).await.ok(200);
    assert_eq!((&made["rate_limit"], &made["sync"]), (&json!("10M/20M"), &json!("pending")));
    app.work().await;
    let speed = simulator.router(|r| r.value("/ppp/profile", "home-20m", "rate-limit"));
    assert_eq!(speed.as_deref(), Some("10M/20M"));
    let wishes = app.get("/api/v1/routers/rt-05/profile-wishes").await.ok(200);
    assert_eq!(wishes["items"][0]["sync"], "applied");
    let bad = send(&app, Method::PUT, path, &json!({ "rate_limit": "fast" })).await;
    assert_eq!(bad.problem(422, "invalid")["errors"][0]["field"], "rate_limit");
    let kind = "/api/v1/routers/rt-05/profile-wishes/dsl/x";
    assert_eq!(
        send(&app, Method::PUT, kind, &wish).await.problem(422, "invalid")["errors"][0]["field"],
        "kind"
    );
    let gone = send(&app, Method::DELETE, path, &json!(null)).await;
    assert_eq!(gone.status.as_u16(), 204);
    send(&app, Method::DELETE, path, &json!(null)).await.problem(404, "not_found");
}
