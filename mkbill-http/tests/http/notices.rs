//! Notices over HTTP.

use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::NoticeId;
use mkbill_core::notice::{Notice, NoticeKind};
use mkbill_core::store::Access;
use serde_json::json;

use crate::support::TestApp;

async fn told(app: &TestApp, kind: NoticeKind, cause: &str) {
    let notice = Notice {
        id: NoticeId::new(app.now(), &OsEntropy),
        kind,
        customer: None,
        subject: uuid::Uuid::from_u128(7),
        subject_kind: "invoice",
        facts: json!({ "amount_minor": 150_000 }),
        cause: cause.to_owned(),
        not_before: app.now(),
        created_at: app.now(),
    };
    let store = app.database.store(None).await;
    let mut tx = store.begin(Access::Write).await.unwrap();
    assert_eq!(tx.notices_push(&[notice]).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn notices_are_listed_newest_first_and_by_kind() {
    let app = TestApp::new().await;
    told(&app, NoticeKind::InvoiceIssued, "a").await;
    app.get("/api/v1/notices").await.ok(200);
    told(&app, NoticeKind::HighDebt, "b").await;
    let all = app.get("/api/v1/notices").await.ok(200);
    assert_eq!(
        (&all["items"][0]["kind"], &all["items"][1]["kind"]),
        (&json!("high_debt"), &json!("invoice_issued"))
    );
    let issued = app.get("/api/v1/notices?kind=invoice_issued").await.ok(200);
    assert_eq!(issued["items"].as_array().unwrap().len(), 1);
    let notice = &issued["items"][0];
    assert_eq!(
        (&notice["cause"], &notice["facts"]["amount_minor"]),
        (&json!("a"), &json!(150_000))
    );
    let nobody = app.get(&format!("/api/v1/notices?customer={}", uuid::Uuid::nil())).await.ok(200);
    assert_eq!(nobody["items"], json!([]));
}

#[tokio::test]
async fn a_kind_that_there_is_not_is_refused_with_those_there_are() {
    let app = TestApp::new().await;
    let problem = app.get("/api/v1/notices?kind=gossip").await.problem(422, "invalid");
    assert!(problem["detail"].as_str().unwrap().contains("invoice_issued"), "{problem}");
}
