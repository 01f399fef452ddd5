//! Whoever repeats a request with its key gets the first answer again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::{Method, Request, header};
use jiff::SignedDuration;
use mkbill_core::apikey::NewApiKey;
use mkbill_core::kernel::caller::{Actor, Caller, Fingerprint};
use mkbill_core::kernel::language::Said;
use mkbill_core::plan::{Limits, NewPlan, Prices};
use mkbill_core::request::answer::{ANSWER_KEPT, ANSWER_LEASE, AnswerClaim, KeyedRequest};
use mkbill_core::sql::StatementHook;
use mkbill_core::store::StoreError;
use mkbill_core::testkit::{Engine, engines};
use mkbill_core::{Currency, Money};
use serde_json::{Value, json};

use super::support::{Answer, TestApp, but, over_tcp, plan};

const PLANS: &str = "/api/v1/plans";

fn keyed(app: &TestApp, method: Method, path: &str, key: &str, body: &Value) -> Request<Body> {
    let request = app.request(method, path).header("idempotency-key", key);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(body.to_string())).unwrap()
}

async fn send(app: &TestApp, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    app.send(keyed(app, method, path, key, body)).await
}

async fn plans(app: &TestApp) -> usize {
    app.get(PLANS).await.ok(200)["items"].as_array().unwrap().len()
}

/// Everything of an answer that belongs to it.
fn whole(answer: &Answer) -> (u16, &str, &str, &str, &str) {
    let header = |name| answer.header(name);
    let (kind, place, tag) = (header("content-type"), header("location"), header("etag"));
    (answer.status.as_u16(), kind, place, tag, &answer.text)
}

#[tokio::test]
async fn the_first_answer_comes_again_whatever_has_happened_since() {
    let app = TestApp::new().await;
    let first = send(&app, Method::POST, PLANS, "order-7", &plan("daily")).await;
    first.ok(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let cheaper = json!({ "sell": { "minor": 4_000, "currency": "IDR" } });
    let changed = send(&app, Method::PATCH, "/api/v1/plans/daily", "change-1", &cheaper).await;
    changed.ok(200);
    let dearer = json!({ "sell": { "minor": 9_000, "currency": "IDR" } });
    send(&app, Method::PATCH, "/api/v1/plans/daily", "change-2", &dearer).await.ok(200);
    let elsewhere = app.another_server().await;
    for (method, path, key, body, answer) in [
        (Method::POST, PLANS, "order-7", plan("daily"), &first),
        (Method::PATCH, "/api/v1/plans/daily", "change-1", cheaper, &changed),
    ] {
        let again = send(&app, method.clone(), path, key, &body).await;
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(whole(&again), whole(answer));
        let request = keyed(&app, method, path, key, &body);
        let restarted = over_tcp(elsewhere, request).await;
        assert_eq!(restarted.header("idempotency-replayed"), "true");
        assert_eq!(whole(&restarted), whole(answer));
    }
    let shown = app.get("/api/v1/plans/daily").await.ok(200);
    assert_eq!((plans(&app).await, &shown["sell"]["minor"]), (1, &json!(9_000)));
}

#[tokio::test]
async fn a_key_with_another_input_is_refused_and_belongs_to_its_actor() {
    let app = TestApp::new().await;
    send(&app, Method::POST, PLANS, "k", &plan("daily")).await.ok(201);
    let reused = |answer: Answer| answer.problem(422, "idempotency_key_reused");
    reused(send(&app, Method::POST, PLANS, "k", &plan("weekly")).await);
    reused(send(&app, Method::POST, "/api/v1/vendors", "k", &plan("daily")).await);
    reused(send(&app, Method::PATCH, "/api/v1/plans/daily", "k", &plan("daily")).await);
    send(&app, Method::POST, PLANS, &"k".repeat(255), &plan("weekly")).await.ok(201);
    let long = send(&app, Method::POST, PLANS, &"k".repeat(256), &plan("monthly")).await;
    long.problem(422, "invalid");
    let caller = Caller::new(Actor::cli("test"));
    let (_, other) =
        app.billing.create_api_key(&caller, &NewApiKey::for_everything("other")).await.unwrap();
    let mut request = keyed(&app, Method::POST, PLANS, "k", &plan("monthly"));
    let bearer = format!("Bearer {}", secrecy::ExposeSecret::expose_secret(&other));
    request.headers_mut().insert(header::AUTHORIZATION, bearer.parse().unwrap());
    app.send(request).await.ok(201);
}

#[tokio::test]
async fn a_refusal_is_an_answer_too_and_a_dry_run_is_none() {
    let app = TestApp::new().await;
    let bad = but(plan("daily"), "sell", json!({ "minor": 1, "currency": "IDR" }));
    for replayed in ["", "true"] {
        let answer = send(&app, Method::POST, PLANS, "bad", &bad).await;
        answer.problem(422, "sell_below_cost");
        assert_eq!(answer.header("idempotency-replayed"), replayed);
    }
    for spelt in ["dry_run=true", "dry%5Frun=true", "dry%5frun=%74rue"] {
        let tried = format!("{PLANS}?{spelt}");
        let answer = send(&app, Method::POST, &tried, "good", &plan("daily")).await;
        answer.ok(200);
        assert_eq!(answer.header("idempotency-replayed"), "", "it shows what would be now");
    }
    send(&app, Method::POST, PLANS, "good", &plan("daily")).await.ok(201);
}

#[tokio::test]
async fn after_seven_days_the_key_still_prevents_a_second_effect() {
    let app = TestApp::new().await;
    send(&app, Method::POST, PLANS, "k", &plan("daily")).await.ok(201);
    app.after(ANSWER_KEPT).await;
    let again = send(&app, Method::POST, PLANS, "k", &plan("daily")).await;
    assert!(again.status.is_success(), "{}", again.text);
    assert_eq!(plans(&app).await, 1);
    app.after(ANSWER_KEPT).await;
    let other = send(&app, Method::POST, PLANS, "k", &plan("weekly")).await;
    other.problem(422, "idempotency_key_reused");
    let own = send(&app, Method::POST, PLANS, "k", &plan("daily")).await;
    assert!(own.status.is_success(), "the refusal of another input is not its answer");
}

/// The request `POST /api/v1/plans` with this body, as the server knows it.
fn known(key: &str, body: &Value) -> KeyedRequest {
    let target = ("POST", PLANS, None::<&str>);
    let body = Fingerprint::of_bytes(body.to_string().as_bytes());
    let input = Fingerprint::of("http", &[&target, &body]);
    KeyedRequest { actor: Actor::api_key("tests"), key: key.parse().unwrap(), input }
}

#[tokio::test]
async fn who_comes_while_the_first_is_worked_on_waits_for_its_answer_and_not_for_ever() {
    let app = TestApp::new().await;
    let claim = app.billing.claim_answer(&known("k", &plan("daily"))).await.unwrap();
    let AnswerClaim::Ours(lease) = claim else { panic!("{claim:?}") };
    let answer = send(&app, Method::POST, PLANS, "k", &plan("daily")).await;
    answer.problem(409, "idempotency_in_flight");
    assert_ne!(answer.header("retry-after"), "");
    let daily = plan("daily");
    let waiting = send(&app, Method::POST, PLANS, "k", &daily);
    let let_go = async {
        tokio::task::yield_now().await;
        app.billing.let_go_answer(&lease).await.unwrap();
    };
    let (answer, ()) = tokio::join!(waiting, let_go);
    answer.ok(201);
    let again = send(&app, Method::POST, PLANS, "k", &plan("daily")).await;
    assert_eq!(whole(&again), whole(&answer));
}

#[tokio::test]
async fn a_server_that_died_after_the_effect_leaves_the_request_to_the_next_who_does_nothing_twice()
{
    let app = TestApp::new().await;
    let body = plan("daily");
    let claim = app.billing.claim_answer(&known("k", &body)).await.unwrap();
    assert!(matches!(claim, AnswerClaim::Ours(_)));
    let caller = Caller::new(Actor::api_key("tests")).with_key("k".parse().unwrap());
    let rupiah = |minor| Money::new(minor, Currency::IDR);
    let made = NewPlan {
        name: "daily".parse().unwrap(),
        router_profile: "default".to_owned(),
        prices: Prices::new(rupiah(3_000), rupiah(5_000)).unwrap(),
        limits: Limits { validity: Some(SignedDuration::from_hours(24)), ..Limits::default() },
        terms: None,
    };
    app.billing.add_plan(&caller, made).await.unwrap();
    app.after(ANSWER_LEASE).await;
    let answer = send(&app, Method::POST, PLANS, "k", &body).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    assert_eq!(plans(&app).await, 1);
    let again = send(&app, Method::POST, PLANS, "k", &body).await;
    assert_eq!(whole(&again), whole(&answer));
}

/// Lets no statement through once it is switched on.
#[derive(Debug, Default)]
struct Trouble(AtomicBool);

impl StatementHook for Trouble {
    fn before(&self) -> Result<(), StoreError> {
        let source = "by the switch".into();
        let away = || StoreError::Unavailable {
            advice: Said::fixed("check that it runs", "pastikan ia berjalan"),
            source,
        };
        if self.0.load(Ordering::SeqCst) { Err(away()) } else { Ok(()) }
    }

    fn after(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn what_failed_on_our_side_is_done_anew() {
    let trouble = Arc::new(Trouble::default());
    let app = TestApp::with_hook(Some(Arc::clone(&trouble) as _)).await;
    trouble.0.store(true, Ordering::SeqCst);
    send(&app, Method::POST, PLANS, "k", &plan("daily")).await.problem(503, "unavailable");
    trouble.0.store(false, Ordering::SeqCst);
    let nowhere = json!({ "router": "nowhere", "plan": "x", "count": 1 });
    send(&app, Method::POST, "/api/v1/voucher-batches", "n", &nowhere)
        .await
        .problem(422, "invalid");
    let answer = send(&app, Method::POST, PLANS, "k", &plan("daily")).await;
    answer.ok(201);
    assert_eq!(answer.header("idempotency-replayed"), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_on_two_servers_have_one_effect_and_one_answer() {
    for engine in engines() {
        let app = TestApp::on(engine).await;
        let first = app.another_server().await;
        // Of two processes only where two may write.
        let second = if engine == Engine::Postgres { app.another_server().await } else { first };
        let mut clients = tokio::task::JoinSet::new();
        for number in 0..50 {
            let request = keyed(&app, Method::POST, PLANS, "order-7", &plan("daily"));
            clients.spawn(over_tcp(if number % 2 == 0 { first } else { second }, request));
        }
        let answers = clients.join_all().await;
        answers[0].ok(201);
        assert!(answers.iter().all(|answer| whole(answer) == whole(&answers[0])));
        let firsts =
            answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty());
        assert_eq!((firsts.count(), plans(&app).await), (1, 1), "{}", engine.name());
    }
}
