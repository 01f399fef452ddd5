//! The books: statements, reports about money, closed days, and why things are as they are.

use serde_json::{Value, json};

use super::money::{PRICE, furnished, office, pay, rupiah, subscribe, text};
use super::support::TestApp;

const REASON: [(&str, &str); 1] = [("x-reason", "bulan ditutup")];

/// What the rows of a report say under a name.
async fn row(app: &TestApp, path: &str, head: &str, name: &str) -> Value {
    let report = app.get(&format!("/api/v1/reports/{path}")).await.ok(200);
    let rows = report["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row[head] == name);
    row.unwrap_or_else(|| panic!("no {name} in {report}")).clone()
}

/// A customer who was billed once and paid 50,000 rupiah too much.
async fn paid_too_much() -> (TestApp, String) {
    let (app, budi) = office().await;
    subscribe(&app, &budi).await;
    pay(&app, &budi, PRICE + 50_000).await;
    (app, budi)
}

#[tokio::test]
async fn a_statement_tells_each_entry_with_the_balance_after_it() {
    let (app, budi) = paid_too_much().await;
    let path = format!("/api/v1/customers/{budi}/statement");
    let told = app.get(&path).await.ok(200);
    let lines = told["lines"].as_array().unwrap();
    assert_eq!(told["opening"], rupiah(0));
    assert_eq!(
        (&lines[0]["cause"], &lines[0]["change"]),
        (&json!("invoice_issued"), &rupiah(-PRICE))
    );
    assert_eq!(lines[0]["balance"], rupiah(-PRICE));
    assert_eq!((&told["closing"], &told["next_after"]), (&rupiah(50_000), &json!(null)));

    let first = text(&lines[0]["entry_id"]);
    let rest = app.get(&format!("{path}?after={first}")).await.ok(200);
    assert_eq!(rest["opening"], rupiah(-PRICE));
    assert_eq!(rest["lines"].as_array().unwrap().len(), lines.len() - 1);
    let later = app.get(&format!("{path}?from=2026-03-03")).await.ok(200);
    assert_eq!((&later["opening"], &later["lines"]), (&rupiah(50_000), &json!([])));
}

#[tokio::test]
async fn reports_about_money_agree_with_each_other() {
    let (app, budi) = paid_too_much().await;
    let cash = row(&app, "cash?by=method", "group", "cash").await;
    assert_eq!((&cash["received"], &cash["net"]), (&rupiah(200_000), &rupiah(200_000)));
    let month = row(&app, "months", "month", "2026-03").await;
    assert_eq!((&month["invoiced"], &month["received"]), (&rupiah(PRICE), &rupiah(200_000)));
    assert_eq!((&month["credit"], &month["receivable"]), (&rupiah(50_000), &rupiah(0)));
    let earned = row(&app, "revenue?by=month", "group", "2026-03").await;
    assert_eq!(earned["subscriptions"], rupiah(PRICE));
    let plan = app.get("/api/v1/reports/revenue?by=plan").await.ok(200);
    assert_eq!(plan["rows"][0]["total"], rupiah(PRICE));

    let trial = app.get("/api/v1/reports/trial-balance").await.ok(200);
    let balances = trial["rows"].as_array().unwrap().iter();
    let sum: i64 = balances.map(|row| row["balance"]["minor"].as_i64().unwrap()).sum();
    assert_eq!((trial["rows"].as_array().unwrap().len(), sum), (4, 0), "{trial}");

    let ageing = app.get("/api/v1/reports/ageing").await.ok(200);
    assert_eq!((&ageing["rows"], &ageing["total"]["total"]), (&json!([]), &rupiah(0)));
    let number = text(&app.get("/api/v1/invoices").await.ok(200)["items"][0]["number"]);
    let payment = text(&app.get("/api/v1/payments").await.ok(200)["items"][0]["number"]);
    app.post_with(&format!("/api/v1/payments/{payment}/reverse"), &json!(null), &REASON)
        .await
        .ok(200);
    let ageing = app.get("/api/v1/reports/ageing?on=2026-05-10").await.ok(200);
    assert_eq!(ageing["rows"][0]["customer_id"], budi);
    assert_eq!(ageing["rows"][0]["total"], rupiah(PRICE), "{number}: {ageing}");
    assert_eq!(ageing["rows"][0]["current"], rupiah(0));
}

#[tokio::test]
async fn days_are_closed_once_they_are_over_and_opened_with_a_reason() {
    let app = TestApp::new().await;
    let lock = async |day: &str, headers: &[(&str, &str)]| {
        app.post_with("/api/v1/books/lock", &json!({ "through": day }), headers).await
    };
    lock("2026-03-01", &[]).await.problem(422, "reason_missing");
    lock("2026-03-02", &REASON).await.problem(422, "books_day_not_over");
    assert_eq!(app.get("/api/v1/books").await.ok(200)["locked_through"], json!(null));
    lock("2026-03-01", &REASON).await.ok(200);
    assert_eq!(app.get("/api/v1/books").await.ok(200)["locked_through"], "2026-03-01");
    lock("2026-02-01", &REASON).await.problem(409, "books_closed_already");
    let unlock = async |body: Value| app.post_with("/api/v1/books/unlock", &body, &REASON).await;
    assert_eq!(
        unlock(json!({ "through": "2026-01-31" })).await.ok(200)["locked_through"],
        "2026-01-31"
    );
    assert_eq!(unlock(json!({ "through": null })).await.ok(200)["locked_through"], json!(null));
    unlock(json!({ "through": null })).await.problem(409, "books_not_closed");
}

#[tokio::test]
async fn why_things_are_as_they_are_is_told_in_sentences() {
    let (app, budi) = paid_too_much().await;
    let invoice = app.get("/api/v1/invoices").await.ok(200)["items"][0].clone();
    let ask = async |path: String| app.get(&format!("/api/v1/{path}/explanation")).await.ok(200);
    let told = ask(format!("invoices/{}", text(&invoice["number"]))).await;
    assert!(text(&told["verdict"][0]).contains("was paid at"), "{told}");
    let codes: Vec<_> =
        told["facts"].as_array().unwrap().iter().map(|fact| &fact["code"]).collect();
    assert!(
        codes.contains(&&json!("invoice_line")) && codes.contains(&&json!("allocated")),
        "{told}"
    );
    let told = ask(format!("customers/{budi}")).await;
    assert!(text(&told["verdict"][0]).starts_with("owes Rp 0, has Rp 50.000 of credit"), "{told}");
    let told = ask(format!("subscriptions/{}", text(&invoice["subscription_id"]))).await;
    assert!(text(&told["verdict"][0]).contains("served since"), "{told}");
    let nobody = uuid::Uuid::nil();
    app.get(&format!("/api/v1/logins/{nobody}/explanation")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_report_that_cannot_be_made_says_why() {
    let app = TestApp::new().await;
    app.get("/api/v1/reports/cash?by=weather").await.problem(400, "malformed_query");
    app.get("/api/v1/reports/months?year=-32000").await.problem(422, "invalid");
    app.get("/api/v1/reports/ageing?on=2026-02-30").await.problem(400, "malformed_query");
    let nobody = uuid::Uuid::nil();
    app.get(&format!("/api/v1/customers/{nobody}/statement")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_real_clock_is_shown_and_not_moved() {
    let app = TestApp::new().await;
    let clock = app.get("/api/v1/clock").await.ok(200);
    assert_eq!((&clock["mode"], &clock["today"]), (&json!("system"), &json!("2026-03-02")));
    let to = json!({ "to": "2026-03-03" });
    app.post("/api/v1/clock/advance", &to).await.problem(409, "no_test_clock");
}

#[tokio::test]
async fn a_test_clock_is_moved_through_what_falls_due() {
    let app = TestApp::on_test_clock().await;
    let advance = async |to: &str| app.post("/api/v1/clock/advance", &json!({ "to": to })).await;
    assert_eq!(app.get("/api/v1/clock").await.ok(200)["mode"], "test");
    let budi = furnished(&app).await;
    subscribe(&app, &budi).await;
    pay(&app, &budi, PRICE).await;
    let moved = advance("2026-04-01").await.ok(200);
    assert_eq!((&moved["issued"], &moved["suspended"]), (&json!(1), &json!(0)));
    assert_eq!(moved["now"], "2026-03-31T17:00:00Z");
    let moved = advance("2026-04-03T00:00:00Z").await.ok(200);
    assert_eq!((&moved["issued"], &moved["suspended"]), (&json!(0), &json!(1)));
    advance("2026-04-01").await.problem(409, "clock_past");
    advance("tomorrow").await.problem(422, "invalid");
}

#[tokio::test]
async fn entries_are_listed_with_their_sides() {
    let (app, budi) = paid_too_much().await;
    let all = app.get("/api/v1/books/entries?account=cash").await.ok(200);
    let entry = &all["items"][0];
    assert_eq!(
        (&entry["cause"], &entry["customer_id"]),
        (&json!("payment_received"), &json!(budi))
    );
    assert_eq!(entry["postings"][0]["account"], "cash");
    assert_eq!(entry["postings"][0]["amount"], rupiah(PRICE + 50_000));
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    app.get("/api/v1/books/entries?account=purse").await.problem(422, "invalid");
}
