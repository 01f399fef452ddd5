//! Money of customers: plans they keep, what they owe, what they paid, what they hold.

use serde_json::{Value, json};

use super::support::{Answer, TestApp, but, plan};

pub(super) const PRICE: i64 = 150_000;
const REASON: [(&str, &str); 1] = [("x-reason", "salah ketik")];

pub(super) fn rupiah(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "IDR" })
}

/// A plan of a month for 150,000 rupiah.
fn monthly(name: &str) -> Value {
    json!({
        "name": name,
        "router_profile": "default",
        "cost": rupiah(0),
        "sell": rupiah(PRICE),
        "terms": { "service": "hotspot" },
    })
}

fn cash(customer: &str, minor: i64) -> Value {
    json!({ "customer": customer, "amount": rupiah(minor), "method": "cash" })
}

/// A server with the plan `home` and the customer of the id.
pub(super) async fn office() -> (TestApp, String) {
    let app = TestApp::new().await;
    let budi = furnished(&app).await;
    (app, budi)
}

/// Adds the plan `home` and a customer.
pub(super) async fn furnished(app: &TestApp) -> String {
    app.post("/api/v1/plans", &monthly("home")).await.ok(201);
    customer(app, "Budi", "0812-3456-7890").await
}

async fn customer(app: &TestApp, name: &str, phone: &str) -> String {
    let made = app.post("/api/v1/customers", &json!({ "name": name, "phone": phone })).await;
    text(&made.ok(201)["id"])
}

pub(super) async fn subscribe(app: &TestApp, customer: &str) -> Value {
    let wanted = json!({ "customer": customer, "plan": "home" });
    app.post("/api/v1/subscriptions", &wanted).await.ok(201)
}

pub(super) async fn pay(app: &TestApp, customer: &str, minor: i64) -> Value {
    app.post("/api/v1/payments", &cash(customer, minor)).await.ok(201)
}

async fn standing(app: &TestApp, customer: &str) -> Value {
    app.get(&format!("/api/v1/customers/{customer}/standing")).await.ok(200)["items"].clone()
}

async fn count(app: &TestApp, path: &str) -> usize {
    app.get(path).await.ok(200)["items"].as_array().unwrap().len()
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_subscription_is_billed_paid_and_leaves_the_rest_as_credit() {
    let (app, budi) = office().await;
    let made = subscribe(&app, &budi).await;
    assert_eq!((&made["state"], &made["plan"]), (&json!("active"), &json!("home")));
    let number = text(&made["open_invoices"][0]["number"]);
    assert_eq!(standing(&app, &budi).await[0]["balance"], rupiah(-PRICE));

    let paid = pay(&app, &budi, PRICE + 50_000).await;
    assert_eq!(paid["paid"][0]["invoice"]["number"], number);
    assert_eq!(paid["paid"][0]["invoice"]["status"], "paid");
    assert_eq!(paid["paid"][0]["amount"], rupiah(PRICE));
    assert_eq!(paid["credit"][0]["amount"], rupiah(50_000));

    let invoice = app.get(&format!("/api/v1/invoices/{number}")).await.ok(200);
    assert_eq!(invoice["lines"][0]["unit"], rupiah(PRICE));
    assert_eq!(invoice["allocations"][0]["payment_id"], paid["id"]);
    assert_eq!(invoice["outstanding"], rupiah(0));
    let stands = standing(&app, &budi).await;
    assert_eq!((&stands[0]["owed"], &stands[0]["balance"]), (&rupiah(0), &rupiah(50_000)));
}

#[tokio::test]
async fn a_previewed_payment_shows_what_it_would_pay_and_keeps_nothing() {
    let (app, budi) = office().await;
    subscribe(&app, &budi).await;
    let tried = app.post("/api/v1/payments?dry_run=true", &cash(&budi, PRICE)).await;
    assert_eq!(tried.ok(200)["paid"][0]["invoice"]["status"], "paid");
    assert_eq!(tried.header("location"), "");
    assert_eq!(count(&app, "/api/v1/payments").await, 0);
    assert_eq!(count(&app, "/api/v1/invoices?status=open").await, 1);
    assert_eq!(standing(&app, &budi).await[0]["balance"], rupiah(-PRICE));
}

#[tokio::test]
async fn the_same_payment_twice_is_taken_once_by_its_key_and_by_its_reference() {
    let (app, budi) = office().await;
    let key = [("idempotency-key", "till-7-0001")];
    let send = async |body: &Value, headers: &[(&str, &str)]| -> Answer {
        app.post_with("/api/v1/payments", body, headers).await
    };
    let first = send(&cash(&budi, 10_000), &key).await;
    let again = send(&cash(&budi, 10_000), &key).await;
    assert_eq!(again.ok(201)["id"], first.ok(201)["id"]);
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        ("", "true")
    );

    let transfer = but(cash(&budi, 20_000), "reference", json!("BCA-991"));
    let first = send(&transfer, &[]).await.ok(201);
    let again = send(&transfer, &[]).await;
    assert_eq!(again.ok(201)["id"], first["id"]);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = but(transfer, "amount", rupiah(30_000));
    send(&other, &[]).await.problem(409, "reference_taken");
    assert_eq!(standing(&app, &budi).await[0]["balance"], rupiah(30_000));
}

#[tokio::test]
async fn the_token_of_an_invoice_is_there_only_when_it_is_shown() {
    let (app, budi) = office().await;
    subscribe(&app, &budi).await;
    let list = app.get("/api/v1/invoices").await.ok(200);
    let path = format!("/api/v1/invoices/{}", text(&list["items"][0]["number"]));
    let shown = app.get(&path).await.ok(200);
    let token = secrecy::SecretString::from(text(&shown["token"]));
    assert_eq!(
        app.billing.invoice_by_token(&token).await.unwrap().invoice.number.as_str(),
        shown["number"]
    );
    assert_eq!(list["items"][0].get("token"), None);
    let void = app.post_with(&format!("{path}/void"), &json!(null), &REASON).await.ok(200);
    assert_eq!((&void["status"], void.get("token")), (&json!("void"), None));
}

#[tokio::test]
async fn a_subscription_stops_and_goes_on_but_not_twice() {
    let (app, budi) = office().await;
    let path = format!("/api/v1/subscriptions/{}", text(&subscribe(&app, &budi).await["id"]));
    let to = |act: &str| format!("{path}/{act}");
    let paused = app.post(&to("pause"), &json!({ "resume_on": "2026-03-20" })).await.ok(200);
    assert_eq!((&paused["state"], &paused["resume_on"]), (&json!("paused"), &json!("2026-03-20")));
    app.post(&to("pause"), &json!({})).await.problem(409, "subscription_state");
    assert_eq!(app.post(&to("resume"), &json!(null)).await.ok(200)["state"], "active");
    let cheaper = app.post(&to("discount"), &json!({ "basis_points": 1_000 })).await.ok(200);
    assert_eq!(cheaper["discount"]["basis_points"], 1_000);
    let ended = app.post(&to("cancel"), &json!({ "at": "now" })).await.ok(200);
    assert_eq!(ended["state"], "cancelled");
    app.post(&to("retry"), &json!(null)).await.problem(404, "not_found");
    assert_eq!(count(&app, "/api/v1/subscriptions?plan=home&state=cancelled").await, 1);
    assert_eq!(count(&app, "/api/v1/subscriptions?in_trouble=true").await, 0);
}

#[tokio::test]
async fn a_subscription_moves_to_another_plan_now_only_when_nothing_is_open() {
    let (app, budi) = office().await;
    app.post("/api/v1/plans", &but(monthly("faster"), "sell", rupiah(300_000))).await.ok(201);
    let path = format!("/api/v1/subscriptions/{}", text(&subscribe(&app, &budi).await["id"]));
    let change = format!("{path}/change-plan");
    let now = json!({ "plan": "faster", "at": "now" });
    app.post(&change, &now).await.problem(409, "invoice_open");
    pay(&app, &budi, PRICE).await;
    assert_eq!(app.post(&change, &now).await.ok(200)["plan"], "faster");
    let nowhere = json!({ "plan": "nope", "at": "next_period" });
    assert_eq!(
        app.post(&change, &nowhere).await.problem(422, "invalid")["errors"][0]["field"],
        "plan"
    );
}

#[tokio::test]
async fn credit_pays_for_periods_to_come() {
    let (app, budi) = office().await;
    let path = format!("/api/v1/subscriptions/{}", text(&subscribe(&app, &budi).await["id"]));
    pay(&app, &budi, 3 * PRICE).await;
    let ahead = app.post(&format!("{path}/prepay"), &json!(null)).await.ok(200);
    assert_eq!(ahead["next_period"], 3);
    assert_eq!(count(&app, "/api/v1/invoices?status=paid").await, 3);
}

#[tokio::test]
async fn an_invoice_by_hand_is_taxed_given_back_in_part_and_withdrawn_with_a_reason() {
    let (app, budi) = office().await;
    let ppn = json!({
        "name": "ppn", "since": "2025-01-01", "mode": "exclusive", "rate_basis_points": 1_200,
        "base_numerator": 11, "base_denominator": 12,
    });
    app.post("/api/v1/taxes", &ppn).await.ok(201);
    app.post("/api/v1/taxes", &ppn).await.problem(409, "conflict");
    assert_eq!(app.get("/api/v1/taxes").await.ok(200)["items"], json!([ppn]));
    let cable = json!({
        "customer": budi, "due_on": "2026-03-09", "tax": "ppn",
        "lines": [{ "text": "Kabel UTP", "quantity": 20, "unit": rupiah(5_000) }],
    });
    let answer = app.post("/api/v1/invoices", &cable).await;
    let issued = answer.ok(201);
    assert_eq!((&issued["tax"], &issued["total"]), (&rupiah(11_000), &rupiah(111_000)));
    let path = answer.header("location");

    let part = json!({ "amount": rupiah(11_100) });
    app.post(&format!("{path}/credit-note"), &part).await.problem(422, "reason_missing");
    let given = app.post_with(&format!("{path}/credit-note"), &part, &REASON).await.ok(200);
    assert_eq!(given["credit_notes"][0]["tax"], rupiah(1_100));
    assert_eq!(count(&app, &format!("/api/v1/credit-notes?customer={budi}")).await, 1);
    app.post(&format!("{path}/void"), &json!(null)).await.problem(422, "reason_missing");
    let untaxed = but(cable.clone(), "tax", json!("vat"));
    assert_eq!(
        app.post("/api/v1/invoices", &untaxed).await.problem(422, "invalid")["errors"][0]["field"],
        "tax"
    );
    let endless = but(cable, "lines", json!([]));
    app.post("/api/v1/invoices", &endless).await.problem(422, "invoice_lines");
}

#[tokio::test]
async fn an_invoice_is_withdrawn_once() {
    let (app, budi) = office().await;
    subscribe(&app, &budi).await;
    let list = app.get(&format!("/api/v1/invoices?customer={budi}&due_before=2027-01-01")).await;
    let path = format!("/api/v1/invoices/{}/void", text(&list.ok(200)["items"][0]["id"]));
    let void = app.post_with(&path, &json!(null), &REASON).await.ok(200);
    assert_eq!(void["void_reason"], "salah ketik");
    app.post_with(&path, &json!(null), &REASON).await.problem(409, "invoice_state");
}

#[tokio::test]
async fn money_of_nobody_waits_until_it_is_matched_and_can_be_taken_back() {
    let (app, budi) = office().await;
    let found = json!({
        "amount": rupiah(70_000), "received_on": "2026-03-01", "reference": "BCA-1",
        "parts": [
            { "method": "cash", "amount": rupiah(20_000) },
            { "method": "bank_transfer", "amount": rupiah(50_000), "reference": "slip 9" },
        ],
    });
    app.post("/api/v1/payments", &found).await.ok(201);
    assert_eq!(count(&app, "/api/v1/payments?in_suspense=true").await, 1);
    let matching = json!({ "customer": budi });
    let matched = app.post("/api/v1/payments/BCA-1/match", &matching).await.ok(200);
    assert_eq!(matched["credit"][0]["amount"], rupiah(70_000));
    app.post("/api/v1/payments/BCA-1/match", &matching).await.problem(409, "payment_matched");

    let number = text(&matched["number"]);
    let reverse = format!("/api/v1/payments/{number}/reverse");
    app.post(&reverse, &json!(null)).await.problem(422, "reason_missing");
    let back = app.post_with(&reverse, &json!(null), &REASON).await.ok(200);
    assert_eq!(back["reversal_reason"], "salah ketik");
    app.post_with(&reverse, &json!(null), &REASON).await.problem(409, "payment_reversed");
    let both = but(found, "method", json!("cash"));
    assert_eq!(
        app.post("/api/v1/payments", &both).await.problem(422, "invalid")["errors"][0]["field"],
        "method"
    );
}

#[tokio::test]
async fn credit_is_corrected_with_a_reason_and_moves_between_customers() {
    let (app, budi) = office().await;
    let sri = customer(&app, "Sri", "0812-1111-2222").await;
    let adjust = format!("/api/v1/customers/{budi}/credit/adjust");
    let gift = json!({ "amount": rupiah(40_000) });
    app.post(&adjust, &gift).await.problem(422, "reason_missing");
    let stands = app.post_with(&adjust, &gift, &REASON).await.ok(200);
    assert_eq!(stands["items"][0]["balance"], rupiah(40_000));

    let transfer = json!({
        "from": { "customer": budi }, "to": { "customer": sri }, "amount": rupiah(15_000),
    });
    let left = app.post("/api/v1/credit-transfers", &transfer).await.ok(200);
    assert_eq!(left["items"][0]["balance"], rupiah(25_000));
    assert_eq!(standing(&app, &sri).await[0]["balance"], rupiah(15_000));
    let more = but(transfer, "amount", rupiah(25_001));
    app.post("/api/v1/credit-transfers", &more).await.problem(422, "credit_overdrawn");

    let taken = json!({ "amount": rupiah(-30_000) });
    app.post_with(&adjust, &taken, &REASON).await.problem(422, "credit_overdrawn");
    let debt = but(taken, "allow_negative", json!(true));
    let stands = app.post_with(&adjust, &debt, &REASON).await.ok(200);
    assert_eq!(stands["items"][0]["balance"], rupiah(-5_000));
}

#[tokio::test]
async fn names_that_stand_for_nothing_are_problems_of_their_fields() {
    let (app, budi) = office().await;
    let nobody = uuid::Uuid::nil().to_string();
    let refused = async |path: &str, body: Value| -> Value {
        app.post(path, &body).await.problem(422, "invalid")["errors"][0]["field"].clone()
    };
    let kept = json!({ "customer": nobody, "plan": "home" });
    assert_eq!(refused("/api/v1/subscriptions", kept).await, "customer");
    assert_eq!(refused("/api/v1/payments", cash(&nobody, 1)).await, "customer");
    let first = but(cash(&budi, 1), "invoice", json!("INV-1"));
    assert_eq!(refused("/api/v1/payments", first).await, "invoice");
    for path in ["customers", "subscriptions"] {
        let ending = if path == "customers" { "/standing" } else { "" };
        app.get(&format!("/api/v1/{path}/{nobody}{ending}")).await.problem(404, "not_found");
    }
    app.get("/api/v1/invoices/INV-1").await.problem(404, "not_found");
    app.get("/api/v1/payments/RCP-1").await.problem(404, "not_found");
    app.get("/api/v1/invoices?status=lost").await.problem(422, "invalid");
}

#[tokio::test]
async fn a_plan_shows_its_terms_and_one_without_them_is_not_kept() {
    let (app, budi) = office().await;
    let shown = app.get("/api/v1/plans/home").await.ok(200);
    assert_eq!(
        (&shown["terms"]["cycle"], &shown["terms"]["lead_days"]),
        (&json!("monthly"), &json!(7))
    );
    app.post("/api/v1/plans", &plan("daily")).await.ok(201);
    assert_eq!(app.get("/api/v1/plans/daily").await.ok(200)["terms"], json!(null));
    let wanted = json!({ "customer": budi, "plan": "daily" });
    app.post("/api/v1/subscriptions", &wanted).await.problem(422, "plan_sells_vouchers");
    let limited = but(monthly("odd"), "validity_seconds", json!(60));
    app.post("/api/v1/plans", &limited).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_plan_changes_for_new_subscribers_and_is_retired_and_restored() {
    let (app, budi) = office().await;
    subscribe(&app, &budi).await;
    let patch = async |body: Value| {
        let request = app.request(axum::http::Method::PATCH, "/api/v1/plans/home");
        let request = request.header("content-type", "application/json");
        app.send(request.body(body.to_string().into()).unwrap()).await
    };
    let terms = json!({ "grace_days": 3, "overdue_profile": "isolir" });
    let changed = patch(json!({ "sell": rupiah(175_000), "terms": terms })).await.ok(200);
    assert_eq!(changed["sell"], rupiah(175_000));
    assert_eq!(changed["terms"]["grace_days"], 3);
    assert_eq!(changed["terms"]["overdue_profile"], "isolir");
    let cleared = patch(json!({ "terms": { "overdue_profile": null } })).await.ok(200);
    assert_eq!(cleared["terms"]["overdue_profile"], Value::Null);
    assert_eq!(cleared["sell"], rupiah(175_000), "what is not named stays");
    let steps =
        json!([{ "at_bytes": 1_000, "profile": "slow" }, { "at_bytes": 2_000, "profile": null }]);
    let ruled = patch(json!({ "terms": { "fair_use": steps } })).await.ok(200);
    assert_eq!(ruled["terms"]["fair_use"], steps);
    let wrong = json!({ "terms": { "fair_use": [{ "at_bytes": 2 }, { "at_bytes": 1 }] } });
    patch(wrong).await.problem(422, "invalid");
    let free = patch(json!({ "terms": { "fair_use": null } })).await.ok(200);
    assert_eq!(free["terms"]["fair_use"], Value::Null);
    patch(json!({ "sell": rupiah(-1) })).await.problem(422, "negative_price");
    let act = async |act: &str| {
        app.post(&format!("/api/v1/plans/{}/{act}", "home"), &json!({})).await.ok(200)
    };
    patch(json!({ "price": 1 })).await.problem(422, "malformed_body");
    let renewed = act("renew-terms").await;
    assert_eq!(renewed["subscriptions"], 1);
    let retired = act("retire").await;
    assert!(retired["retired_at"].is_string());
    let wanted = json!({ "customer": budi, "plan": "home" });
    app.post("/api/v1/subscriptions", &wanted).await.problem(409, "plan_retired");
    assert_eq!(count(&app, "/api/v1/plans").await, 1);
    assert_eq!(count(&app, "/api/v1/plans?on_sale=true").await, 0);
    let restored = act("restore").await;
    assert_eq!(restored["retired_at"], Value::Null);
}

#[tokio::test]
async fn a_tax_rule_that_has_not_begun_is_withdrawn() {
    let (app, _) = office().await;
    let rule = |since| json!({ "name": "ppn", "since": since, "mode": "exclusive", "rate_basis_points": 1_200 });
    app.post("/api/v1/taxes", &rule("2025-01-01")).await.ok(201);
    app.post("/api/v1/taxes", &rule("2099-01-01")).await.ok(201);
    let delete = async |path: &str| {
        app.send(app.request(axum::http::Method::DELETE, path).body(String::new().into()).unwrap())
            .await
    };
    let left = delete("/api/v1/taxes/ppn/2099-01-01").await.ok(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    delete("/api/v1/taxes/ppn/2099-01-01").await.problem(404, "not_found");
}

#[tokio::test]
async fn figures_of_subscribers_are_told_and_ranked() {
    let (app, budi) = office().await;
    subscribe(&app, &budi).await;
    pay(&app, &budi, PRICE).await;
    let figures = app.get("/api/v1/reports/subscribers?window=year").await.ok(200);
    assert_eq!((&figures["active"], &figures["per_active"]), (&json!(1), &rupiah(PRICE)));
    let top = app.get("/api/v1/reports/top-customers?by=subscriptions").await.ok(200);
    assert_eq!(top["items"][0], json!({ "customer_id": budi, "name": "Budi", "value": 1 }));
    app.get("/api/v1/reports/top-customers?limit=0").await.problem(422, "invalid");
    let figures = app.get("/api/v1/reports/subscriptions").await.ok(200);
    assert_eq!((&figures["active"], &figures["average_price"]), (&json!(1), &rupiah(PRICE)));
}
