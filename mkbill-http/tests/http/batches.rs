//! Batches: made once, shown, exported, withdrawn.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::support::{TestApp, batch, plan};

const BATCHES: &str = "/api/v1/voucher-batches";

async fn shop() -> TestApp {
    TestApp::new().await.with_catalogue().await.with_absent_router().await
}

async fn count(app: &TestApp, path: &str) -> usize {
    app.get(path).await.ok(200)["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_new_batch_says_where_it_is_and_that_it_is_not_pushed() {
    let app = shop().await;
    let answer = app.post(BATCHES, &batch(25)).await;
    let made = answer.ok(201);
    assert_eq!(answer.header("location"), format!("{BATCHES}/BATCH-20260302-001"));
    assert_eq!(made["tally"]["pending_push"], 25);
    assert!(made["warning"].as_str().unwrap().contains("25 of 25"), "{made}");
    let shown = app.get(answer.header("location")).await.ok(200);
    assert_eq!(shown, made);
    let by_id = app.get(&format!("{BATCHES}/{}", made["id"].as_str().unwrap())).await.ok(200);
    assert_eq!(by_id, made);
    assert_eq!(count(&app, "/api/v1/vouchers?batch=BATCH-20260302-001").await, 25);
}

#[tokio::test]
async fn the_same_request_twice_makes_one_batch() {
    let app = shop().await;
    let key = [("idempotency-key", "till-7")];
    let first = app.post_with(BATCHES, &batch(5), &key).await;
    let second = app.post_with(BATCHES, &batch(5), &key).await;
    assert_eq!(first.ok(201)["id"], second.ok(201)["id"]);
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(count(&app, BATCHES).await, 1);
}

#[tokio::test]
async fn a_key_with_another_input_is_refused() {
    let app = shop().await;
    let key = [("idempotency-key", "till-7")];
    app.post_with(BATCHES, &batch(5), &key).await.ok(201);
    let other = app.post_with(BATCHES, &batch(6), &key).await;
    other.problem(422, "idempotency_key_reused");
    app.post_with("/api/v1/plans", &plan("other"), &key)
        .await
        .problem(422, "idempotency_key_reused");
    assert_eq!(count(&app, BATCHES).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_equal_requests_at_once_make_one_batch() {
    let app = shop().await;
    let (body, key) = (batch(20), [("idempotency-key", "storm")]);
    let answers = join_all((0..50).map(|_| app.post_with(BATCHES, &body, &key))).await;
    let ids: Vec<Value> = answers.iter().map(|answer| answer.ok(201)["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let fresh = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty());
    assert_eq!(fresh.count(), 1);
    assert_eq!(count(&app, BATCHES).await, 1);
    assert_eq!(count(&app, "/api/v1/vouchers?limit=200").await, 20);
}

#[tokio::test]
async fn a_dry_run_answers_as_if_and_keeps_nothing() {
    let app = shop().await;
    let tried = app.post(&format!("{BATCHES}?dry_run=true"), &batch(5)).await;
    assert_eq!(tried.ok(200)["tally"]["pending_push"], 5);
    assert_eq!(tried.header("location"), "");
    app.post("/api/v1/plans?dry_run=true", &plan("other")).await.ok(200);
    assert_eq!(count(&app, BATCHES).await, 0);
    assert_eq!(count(&app, "/api/v1/vouchers").await, 0);
    assert_eq!(count(&app, "/api/v1/plans").await, 1);
    let trail = app.get("/api/v1/audit").await.ok(200);
    assert!(!trail.to_string().contains("voucher_batch.create"), "{trail}");
    app.post("/api/v1/plans?dry_run=true", &json!({})).await.problem(422, "malformed_body");
}

#[tokio::test]
async fn codes_that_do_not_work_yet_are_exported_only_on_demand() {
    let app = shop().await;
    app.post(BATCHES, &batch(5)).await.ok(201);
    let path = format!("{BATCHES}/BATCH-20260302-001/export");
    let refused = app.get(&path).await.problem(409, "batch_not_pushed");
    assert!(refused["detail"].as_str().unwrap().contains("5 of 5"), "{refused}");
    let csv = app.get(&format!("{path}?unpushed=include")).await;
    assert_eq!(csv.status, 200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert_eq!(csv.text.lines().count(), 6, "{}", csv.text);
    assert!(csv.text.starts_with("number,code,password,"), "{}", csv.text);
}

#[tokio::test]
async fn a_cancelled_batch_is_withdrawn_once() {
    let app = shop().await;
    app.post(BATCHES, &batch(5)).await.ok(201);
    let path = format!("{BATCHES}/BATCH-20260302-001/cancel");
    let reason = [("x-reason", "salah cetak, é")];
    let cancelled = app.post_with(&path, &json!(null), &reason).await.ok(200);
    assert_eq!(cancelled["tally"]["cancelled"], 5);
    app.post(&path, &json!(null)).await.problem(409, "batch_cancelled");
    let id = cancelled["id"].as_str().unwrap();
    let trail = app.get(&format!("/api/v1/audit?subject={id}")).await.ok(200);
    assert_eq!(trail["items"][0]["action"], "voucher_batch.cancel");
    assert_eq!(trail["items"][0]["reason"], "salah cetak, é");
    assert_eq!(trail["items"][0]["actor"], "api_key:tests");
}

#[tokio::test]
async fn things_that_are_not_there_are_not_found() {
    let app = shop().await;
    for path in
        ["voucher-batches/BATCH-1", "vouchers/NOPE", "plans/nope", "vendors/NOPE", "routers/x"]
    {
        app.get(&format!("/api/v1/{path}")).await.problem(404, "not_found");
    }
    app.post(&format!("{BATCHES}/BATCH-1/retry"), &json!(null)).await.problem(404, "not_found");
}
