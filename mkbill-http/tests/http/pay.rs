//! The page behind the link of an invoice.

use axum::body::Body;
use axum::http::Method;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::money::{PRICE, furnished, office, pay, rupiah, subscribe, text};
use super::support::{Answer, TestApp};

/// What a page may weigh with all it brings, before it is compressed.
const PAGE_BYTES_MAX: usize = 60_000;

/// The link of a subscriber's invoice, without the server's own address.
async fn link(app: &TestApp, subscription: &Value) -> String {
    let number = text(&subscription["open_invoices"][0]["number"]);
    let invoice = app.get(&format!("/api/v1/invoices/{number}")).await.ok(200);
    format!("/pay/{}", text(&invoice["token"]))
}

/// As somebody who has nothing but the link.
async fn open(app: &TestApp, path: &str) -> Answer {
    app.anonymous(Method::GET, path, &Value::Null).await
}

#[tokio::test]
async fn whoever_has_the_link_sees_what_is_owed_and_for_what() {
    let (app, budi) = office().await;
    let link = link(&app, &subscribe(&app, &budi).await).await;
    let page = open(&app, &link).await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    for part in ["Budi", "Rp 150.000", "Not paid yet", "INV-", "To be paid"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(page.text.len() < PAGE_BYTES_MAX, "{}", page.text.len());
    for foreign in ["http://", "https://", "<script", "src="] {
        assert!(!page.text.contains(foreign), "{foreign}: {}", page.text);
    }
}

#[tokio::test]
async fn the_page_speaks_the_language_of_its_link_or_of_the_browser() {
    let (app, budi) = office().await;
    let link = link(&app, &subscribe(&app, &budi).await).await;
    let browser = app.request(Method::GET, &link).header("accept-language", "id-ID,id;q=0.9");
    let page = app.send(browser.body(Body::empty()).unwrap()).await;
    assert!(page.text.contains("<html lang=\"id\">"), "{}", page.text);
    assert!(page.text.contains("Belum dibayar"), "{}", page.text);
    let english = open(&app, &format!("{link}?lang=en")).await;
    assert!(english.text.contains("Not paid yet"), "{}", english.text);
    let indonesian = open(&app, &format!("{link}?lang=id")).await;
    assert!(indonesian.text.contains("Jatuh tempo"), "{}", indonesian.text);
}

#[tokio::test]
async fn a_paid_invoice_has_a_receipt() {
    let (app, budi) = office().await;
    let link = link(&app, &subscribe(&app, &budi).await).await;
    pay(&app, &budi, 100_000).await;
    let page = open(&app, &link).await;
    for part in ["Paid in part", "Rp 100.000", "<p class=\"owed\">Rp 50.000</p>"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    pay(&app, &budi, PRICE - 100_000).await;
    let page = open(&app, &link).await;
    assert!(page.text.contains("nothing is left to pay"), "{}", page.text);
    assert!(!page.text.contains("To be paid"), "{}", page.text);
    let receipt = open(&app, &format!("{link}/receipt")).await;
    for part in ["RCP-", "Rp 100.000", "Rp 50.000", "Budi"] {
        assert!(receipt.text.contains(part), "{part}: {}", receipt.text);
    }
}

#[tokio::test]
async fn a_withdrawn_invoice_asks_for_nothing() {
    let (app, budi) = office().await;
    let made = subscribe(&app, &budi).await;
    let link = link(&app, &made).await;
    let number = text(&made["open_invoices"][0]["number"]);
    let path = format!("/api/v1/invoices/{number}/void");
    app.post_with(&path, &json!({}), &[("x-reason", "salah ketik")]).await.ok(200);
    let page = open(&app, &link).await;
    assert!(page.text.contains("Please pay nothing on it"), "{}", page.text);
}

#[tokio::test]
async fn a_link_that_opens_nothing_is_answered_by_a_page() {
    let app = TestApp::new().await;
    for path in ["/pay/x", "/pay/x/receipt", "/pay/%22%3E%3Cscript%3E", "/pay/..%2f..%2fetc"] {
        let page = open(&app, path).await;
        assert_eq!(page.status.as_u16(), 404, "{path}");
        assert!(page.text.contains("This link opens no invoice"), "{path}: {}", page.text);
        assert!(!page.text.contains("<script"), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn what_people_typed_is_text_on_the_page() {
    let app = TestApp::new().await;
    furnished(&app).await;
    let strange = json!({ "name": "<img src=x onerror=alert(1)>", "phone": "0812-3456-7891" });
    let customer = text(&app.post("/api/v1/customers", &strange).await.ok(201)["id"]);
    let business = json!({ "name": "Warnet \"<b>\"", "phone": "0811-2222-333" });
    let change = app.send(
        app.request(Method::PATCH, "/api/v1/settings")
            .header("content-type", "application/json")
            .body(Body::from(business.to_string()))
            .unwrap(),
    );
    change.await.ok(200);
    let link = link(&app, &subscribe(&app, &customer).await).await;
    let page = open(&app, &link).await;
    assert!(!page.text.contains("<img") && !page.text.contains("<b>"), "{}", page.text);
    assert!(page.text.contains("&#60;img src=x"), "{}", page.text);
    assert!(page.text.contains("tel:+628112222333"), "{}", page.text);
}

#[tokio::test]
async fn several_of_one_thing_are_counted() {
    let (app, budi) = office().await;
    let today = app.now().to_zoned(TimeZone::UTC).date();
    let body = json!({
        "customer": budi,
        "due_on": today.tomorrow().unwrap().to_string(),
        "lines": [{ "text": "Kabel", "quantity": 3, "unit": rupiah(5_000) }],
    });
    let made = app.post("/api/v1/invoices", &body).await;
    let number = text(&made.ok(201)["number"]);
    let invoice = app.get(&format!("/api/v1/invoices/{number}")).await.ok(200);
    let page = open(&app, &format!("/pay/{}", text(&invoice["token"]))).await;
    assert!(page.text.contains("Kabel × 3"), "{}", page.text);
}
