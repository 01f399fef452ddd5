//! Customers over HTTP.

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, but, send};

fn budi() -> Value {
    json!({
        "name": "Budi Santoso",
        "phone": "0812-3456-7890",
        "email": "Budi@Example.com",
        "notes": "pays late",
        "initial_balance": { "minor": 25_000, "currency": "IDR" },
        "tags": [{ "name": "vip", "colour": "#FF0000" }],
        "contacts": [{ "kind": "phone", "value": "021 5550123", "is_primary": true }],
    })
}

async fn upload(app: &TestApp, query: &str, kind: &str, csv: impl Into<Body>) -> Answer {
    let path = format!("/api/v1/customers/import{query}");
    let request = app.request(Method::POST, &path).header(header::CONTENT_TYPE, kind);
    app.send(request.body(csv.into()).unwrap()).await
}

#[tokio::test]
async fn a_customer_is_added_found_changed_and_deleted() {
    let app = TestApp::new().await;
    let answer = app.post("/api/v1/customers", &budi()).await;
    let added = answer.ok(201);
    let place = answer.header("location").to_owned();
    assert_eq!(app.get(&place).await.ok(200), added);
    assert_eq!((&added["phone"], &added["status"]), (&json!("+6281234567890"), &json!("active")));
    assert_eq!(added["balances"][0]["balance"]["minor"], 25_000);
    assert_eq!(added["tags"], json!([{ "name": "vip", "colour": "#ff0000" }]));
    for key in ["+6281234567890", "081234567890", "0812%203456%207890"] {
        let found = app.get(&format!("/api/v1/customers/{key}")).await.ok(200);
        assert_eq!(found["id"], added["id"], "{key}");
    }
    let twin = but(budi(), "phone", json!("+62 812 3456 7890"));
    app.post("/api/v1/customers", &twin).await.problem(409, "conflict");
    let change = json!({ "name": "Budi S.", "notes": null, "status": "blacklisted" });
    let changed = send(&app, Method::PATCH, &place, &change).await.ok(200);
    assert_eq!((&changed["name"], &changed["notes"]), (&json!("Budi S."), &Value::Null));
    assert_eq!((&changed["status"], &changed["email"]), (&json!("blacklisted"), &added["email"]));
    send(&app, Method::PATCH, &place, &json!({})).await.problem(422, "invalid");
    send(&app, Method::PATCH, &place, &json!({ "phnoe": "x" }))
        .await
        .problem(422, "malformed_body");
    send(&app, Method::DELETE, &place, &json!({})).await.ok(200);
    send(&app, Method::DELETE, &place, &json!({})).await.problem(409, "customer_deleted");
    app.get("/api/v1/customers/081234567890").await.problem(404, "not_found");
    app.post("/api/v1/customers", &budi()).await.ok(201);
}

#[tokio::test]
async fn a_dry_run_and_a_repeated_request_add_nothing_more() {
    let app = TestApp::new().await;
    app.post("/api/v1/customers?dry_run=true", &budi()).await.ok(200);
    let key = [("idempotency-key", "k-1")];
    let once = app.post_with("/api/v1/customers", &budi(), &key).await;
    let again = app.post_with("/api/v1/customers", &budi(), &key).await;
    assert_eq!(once.ok(201), again.ok(201));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let all = app.get("/api/v1/customers").await.ok(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_customers_are_refused_with_their_field() {
    let app = TestApp::new().await;
    let with = |field: &str, value: Value| but(budi(), field, value);
    for (body, field) in [
        (with("name", json!(" ")), "name"),
        (with("phone", json!("12")), "phone"),
        (with("email", json!("nobody")), "email"),
        (with("zone", json!("Mars/Base")), "zone"),
        (with("tags", json!([{ "name": "a,b" }])), "tags"),
        (with("tags", json!([{ "name": "a", "colour": "red" }])), "colour"),
        (with("credit_limit", json!({ "minor": -1, "currency": "IDR" })), "credit_limit"),
        (with("contacts", json!([{ "kind": "email", "value": "x" }])), "email"),
    ] {
        let problem = app.post("/api/v1/customers", &body).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    assert_eq!(app.get("/api/v1/customers").await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn lists_are_filtered_by_every_part_of_the_query() {
    let app = TestApp::new().await;
    app.post("/api/v1/customers", &budi()).await.ok(201);
    let ani = json!({ "name": "Ani 100%", "phone": "0812 0000 0002",
        "initial_balance": { "minor": -5_000, "currency": "IDR" } });
    app.post("/api/v1/customers", &ani).await.ok(201);
    for (query, expected) in [
        ("", vec!["Ani 100%", "Budi Santoso"]),
        ("?search=SANTOSO", vec!["Budi Santoso"]),
        ("?search=%25", vec!["Ani 100%"]),
        ("?search=_", vec![]),
        ("?tags=vip,other", vec!["Budi Santoso"]),
        ("?balance_max=-1", vec!["Ani 100%"]),
        ("?balance_min=1&balance_max=25000", vec!["Budi Santoso"]),
        ("?status=blacklisted", vec![]),
        ("?created_after=2026-03-03T00:00:00Z", vec![]),
        ("?limit=1", vec!["Ani 100%"]),
    ] {
        let page = app.get(&format!("/api/v1/customers{query}")).await.ok(200);
        let items = page["items"].as_array().unwrap();
        let names: Vec<&str> = items.iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{query}");
    }
    app.get("/api/v1/customers?status=gone").await.problem(400, "malformed_query");
    app.get("/api/v1/customers?colour=red").await.problem(400, "malformed_query");
}

#[tokio::test]
async fn contacts_and_tags_are_replaced_and_counted() {
    let app = TestApp::new().await;
    app.post("/api/v1/customers", &budi()).await.ok(201);
    let path = "/api/v1/customers/081234567890";
    let contacts = json!({ "contacts": [{ "kind": "whatsapp", "value": "0812 1111 2222" }] });
    let set = send(&app, Method::PUT, &format!("{path}/contacts"), &contacts).await.ok(200);
    assert_eq!(set["contacts"][0]["value"], "+6281211112222");
    assert_eq!(app.get(&format!("{path}/contacts")).await.ok(200), set);
    let one = json!({ "kind": "phone", "value": "0812 1111 2222", "is_primary": true });
    let other = but(one.clone(), "value", json!("0812 1111 3333"));
    let two = json!({ "contacts": [one, other] });
    let refused = send(&app, Method::PUT, &format!("{path}/contacts"), &two).await;
    assert_eq!(refused.problem(422, "invalid")["errors"][0]["field"], "contacts");
    let tags = json!({ "tags": [{ "name": "rt 05" }, { "name": "fibre" }] });
    let tagged = send(&app, Method::PUT, &format!("{path}/tags"), &tags).await.ok(200);
    assert_eq!(tagged["tags"][0], json!({ "name": "fibre", "colour": "#007bff" }));
    let gone = send(&app, Method::DELETE, &format!("{path}/tags/rt%2005"), &json!({})).await;
    assert_eq!(gone.ok(200)["tags"].as_array().unwrap().len(), 1);
    let counted = app.get("/api/v1/customers/tags").await.ok(200);
    let expected = json!([{ "name": "fibre", "colour": "#007bff", "customers": 1 }]);
    assert_eq!(counted["items"], expected);
}

#[tokio::test]
async fn an_anonymous_customer_is_nobody_and_keeps_the_books() {
    let app = TestApp::new().await;
    let id = app.post("/api/v1/customers", &budi()).await.ok(201)["id"].clone();
    let path = format!("/api/v1/customers/{}", id.as_str().unwrap());
    let anonymise = format!("{path}/anonymise");
    app.post(&anonymise, &json!({})).await.problem(409, "customer_not_settled");
    let pay_out = json!({ "amount": { "minor": -25_000, "currency": "IDR" } });
    let why = [("x-reason", "paid out")];
    app.post_with(&format!("{path}/credit/adjust"), &pay_out, &why).await.ok(200);
    let left = app.post(&anonymise, &json!({})).await.ok(200);
    assert_eq!((&left["name"], &left["email"]), (&json!("Anonymous Customer"), &Value::Null));
    assert_eq!(left["balances"][0]["balance"]["minor"], 0);
    let file = app.get(&format!("{path}/export")).await.ok(200);
    assert_eq!((&file["customer"], &file["contacts"]), (&left, &json!([])));
    assert_eq!(app.get("/api/v1/customers?sort=-debt").await.ok(200)["items"][0]["id"], id);
    app.get("/api/v1/customers?sort=colour").await.problem(422, "invalid");
    let activity = app.get(&format!("{path}/activity")).await;
    assert_eq!(activity.ok(200)["items"][0]["action"], "customer.anonymise");
    assert!(!activity.text.to_lowercase().contains("budi"), "{}", activity.text);
    let change = send(&app, Method::PATCH, &path, &json!({ "name": "Budi" })).await;
    change.problem(409, "customer_anonymised");
}

#[tokio::test]
async fn a_file_is_imported_and_every_bad_line_is_named() {
    let app = TestApp::new().await;
    let csv = "\u{feff}nama;nomor_hp;tags\nAni;0812 0000 0001;vip\n;0812 0000 0002;\nCi;12;\n";
    let tried = upload(&app, "?dry_run=true", "text/csv", csv).await.ok(200);
    assert_eq!((&tried["imported"], &tried["failed"]), (&json!(1), &json!(2)));
    assert_eq!(app.get("/api/v1/customers").await.ok(200)["items"], json!([]));
    let done = upload(&app, "", "text/csv; charset=utf-8", csv).await.ok(200);
    assert_eq!(done, tried);
    let errors = done["errors"].as_array().unwrap();
    let places: Vec<_> = errors.iter().map(|e| (e["line"].as_u64(), e["field"].as_str())).collect();
    assert_eq!(places, [(Some(3), Some("name")), (Some(4), Some("whatsapp"))]);
    let again = upload(&app, "", "text/csv", csv).await.ok(200);
    assert_eq!((&again["imported"], &again["failed"]), (&json!(0), &json!(3)));
    upload(&app, "", "application/json", csv).await.problem(415, "unsupported_media_type");
    upload(&app, "", "text/csv", "a\nb\n").await.problem(422, "invalid");
    let large = vec![b'x'; (1 << 20) + 1];
    upload(&app, "", "text/csv", large).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn an_export_holds_no_formula() {
    let app = TestApp::new().await;
    let formula = but(budi(), "name", json!("=HYPERLINK(\"http://x\")"));
    app.post("/api/v1/customers", &formula).await.ok(201);
    let answer = app.get("/api/v1/customers/export.csv").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let line = answer.text.lines().nth(1).unwrap();
    assert!(line.contains("\"'=HYPERLINK(\"\"http://x\"\")\",'+6281234567890,"), "{line}");
    assert!(line.contains(",active,25000,0,IDR,"), "{line}");
}

#[tokio::test]
async fn figures_and_doubles_are_told() {
    let app = TestApp::new().await;
    app.post("/api/v1/customers", &budi()).await.ok(201);
    let twin = json!({ "name": "budi santoso", "phone": "0812 0000 0002",
        "initial_balance": { "minor": -7_000, "currency": "IDR" } });
    app.post("/api/v1/customers", &twin).await.ok(201);
    let doubles = app.get("/api/v1/customers/duplicates").await.ok(200);
    assert_eq!(doubles["items"][0]["kind"], "name");
    assert_eq!(doubles["items"][0]["customer_ids"].as_array().unwrap().len(), 2);
    let figures = app.get("/api/v1/customers/statistics").await.ok(200);
    assert_eq!((&figures["total"], &figures["active"]), (&json!(2), &json!(2)));
    assert_eq!((&figures["debtors"], &figures["new"]["days_7"]), (&json!(1), &json!(2)));
    assert_eq!(figures["total_debt"]["minor"], 7_000);
    assert_eq!(figures["total_credit"]["minor"], 25_000);
}
