//! Clients that do not wait.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, header};
use jiff::SignedDuration;
use mkbill_core::kernel::permission::Role;
use mkbill_core::testkit::engines;
use serde_json::{Value, json};

use super::support::{Answer, TestApp, batch, over_tcp};

const BATCHES: &str = "/api/v1/voucher-batches";
const OPERATIONS: &str = "/api/v1/operations";
const ASYNC: (&str, &str) = ("prefer", "respond-async, wait=10");
const SECOND: SignedDuration = SignedDuration::from_secs(1);

async fn shop() -> TestApp {
    TestApp::new().await.with_catalogue().await.with_absent_router().await
}

/// What was asked for, without waiting.
async fn asked(app: &TestApp, path: &str, body: &Value) -> (String, Value) {
    let answer = app.post_with(path, body, &[ASYNC]).await;
    let operation = answer.ok(202);
    let place = format!("{OPERATIONS}/{}", operation["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), place);
    assert_eq!(answer.header("preference-applied"), "respond-async");
    assert_ne!(answer.header("retry-after"), "");
    (place, operation)
}

#[tokio::test]
async fn a_batch_is_accepted_looked_at_and_found_on_the_router() {
    let (app, _router) = TestApp::new().await.with_catalogue().await.with_router().await;
    let (place, operation) = asked(&app, BATCHES, &batch(25)).await;
    let shape = |operation: &Value| {
        let field = |name: &str| operation[name].clone();
        (field("state"), field("progress"), field("result"), field("problem"))
    };
    let waiting = (json!("waiting"), Value::Null, Value::Null, Value::Null);
    assert_eq!(shape(&operation), waiting);
    assert_eq!(
        (&operation["kind"], &operation["asked_by"]),
        (&json!("create_batch"), &json!("api_key:tests"))
    );
    let shown = app.get(&place).await;
    assert_eq!(shown.ok(200), operation);
    assert_ne!(shown.header("retry-after"), "");
    app.work().await;
    app.after(SECOND).await;
    let over = app.get(&place).await;
    assert_eq!(over.header("retry-after"), "");
    let over = over.ok(200);
    let link = format!("{BATCHES}/BATCH-20260302-001");
    assert_eq!(
        (&over["state"], &over["result"]["subject"]["link"]),
        (&json!("succeeded"), &json!(link))
    );
    assert_eq!(over["progress"], json!({ "done": 25, "blocked": 0, "total": 25 }));
    assert!(over["started_at"].is_string() && over["ended_at"].is_string());
    let made = app.get(&link).await.ok(200);
    assert_eq!(
        (&made["id"], &made["tally"]["available"]),
        (&over["result"]["subject"]["id"], &json!(25))
    );
    app.post(&format!("{place}/cancel"), &json!({})).await.problem(409, "operation_over");
}

#[tokio::test]
async fn a_repeated_key_gets_the_same_202_again_however_it_is_asked() {
    let app = shop().await;
    let key = ("idempotency-key", "till-7");
    let first = app.post_with(BATCHES, &batch(5), &[key, ASYNC]).await;
    first.ok(202);
    app.work().await;
    for headers in [&[key, ASYNC][..], &[key]] {
        let again = app.post_with(BATCHES, &batch(5), headers).await;
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!((again.status, &again.text), (first.status, &first.text));
        for name in ["location", "preference-applied", "retry-after"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
    }
    let other = app.post_with(BATCHES, &batch(6), &[key, ASYNC]).await;
    other.problem(422, "idempotency_key_reused");
    assert_eq!(app.get(BATCHES).await.ok(200)["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_at_once_and_what_is_only_tried_is_answered_directly() {
    let app = shop().await;
    let none = app.post_with(BATCHES, &batch(0), &[ASYNC]).await;
    none.problem(422, "invalid");
    let tried = app.post_with(&format!("{BATCHES}?dry_run=true"), &batch(5), &[ASYNC]).await;
    assert_eq!(tried.ok(200)["tally"]["pending_push"], 5);
    assert_eq!(tried.header("preference-applied"), "");
    let vendor = json!({ "code": "W-2", "name": "x" });
    let short = app.post_with("/api/v1/vendors", &vendor, &[ASYNC]).await;
    short.ok(201);
    assert_eq!(short.header("preference-applied"), "", "nothing long is done there");
    let seen = app.post_with(BATCHES, &batch(5), &[ASYNC, ("if-match", "\"1\"")]).await;
    seen.problem(412, "precondition_unsupported");
    assert_eq!(app.get(OPERATIONS).await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn why_it_failed_is_told_as_a_direct_answer_would_in_the_readers_language() {
    let app = shop().await;
    let late = json!({ "router": "rt-05", "plan": "daily", "count": 1, "sell_by": "2026-01-01" });
    let id = ("accept-language", "id");
    let direct = app.post_with(BATCHES, &late, &[id]).await.problem(422, "sell_by_over");
    let (place, _) = asked(&app, BATCHES, &late).await;
    app.work().await;
    let read = async |language| {
        let request = app.request(Method::GET, &place).header("accept-language", language);
        app.send(request.body(Body::empty()).unwrap()).await.ok(200)
    };
    let failed = read("id").await;
    assert_eq!(failed["state"], "failed");
    for name in ["code", "status", "type", "title", "detail"] {
        assert_eq!(failed["problem"][name], direct[name], "{name}");
    }
    let english = read("en").await["problem"]["detail"].as_str().unwrap().to_owned();
    assert!(english.contains("already over"), "{english}");
}

#[tokio::test]
async fn files_and_routers_are_taken_on_too() {
    let app = shop().await;
    let csv = |path: &str, text: &'static str| {
        let request = app.request(Method::POST, path).header(ASYNC.0, ASYNC.1);
        request.header(header::CONTENT_TYPE, "text/csv").body(Body::from(text)).unwrap()
    };
    let customers = csv("/api/v1/customers/import", "name,whatsapp\nBudi,081200000001\nSiti,12\n");
    let customers = app.send(customers).await;
    customers.ok(202);
    app.work().await;
    let logins = "whatsapp,plan,router,login\n081200000001,none,rt-05,budi\n";
    let logins = app.send(csv("/api/v1/logins/import", logins)).await;
    logins.ok(202);
    let (router, _) = asked(&app, "/api/v1/routers/rt-05/apply", &json!({})).await;
    app.send(csv("/api/v1/logins/import", "nonsense")).await.problem(422, "invalid");
    app.work().await;
    let lines = async |answer: &Answer| {
        let over = app.get(answer.header("location")).await.ok(200);
        assert_eq!(over["state"], "succeeded", "{over}");
        over["result"]["lines"].clone()
    };
    let lines_of_customers = lines(&customers).await;
    assert_eq!(
        (&lines_of_customers["imported"], &lines_of_customers["errors"][0]["line"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(lines(&logins).await["errors"][0]["field"], "plan");
    let running = app.get(&router).await.ok(200);
    assert_eq!(
        (&running["state"], &running["result"]["subject"]["name"]),
        (&json!("running"), &json!("rt-05"))
    );
    let cancelled = app.post(&format!("{router}/cancel"), &json!({})).await.ok(200);
    assert_eq!(
        (&cancelled["state"], &cancelled["cancelled_by"]),
        (&json!("cancelled"), &json!("api_key:tests"))
    );
}

#[tokio::test]
async fn the_list_is_filtered_and_shows_staff_their_own() {
    let app = shop().await;
    let sri = app.signed_in("sri", Role::Operator).await;
    let request = Request::builder().method(Method::POST).uri(BATCHES).header(ASYNC.0, ASYNC.1);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {sri}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let own = app.send(request.body(Body::from(batch(1).to_string())).unwrap()).await.ok(202);
    assert_eq!(own["asked_by"], "staff:sri");
    let (others, _) = asked(&app, "/api/v1/routers/rt-05/apply", &json!({})).await;
    let kinds = |list: &Value| -> Vec<Value> {
        list["items"].as_array().unwrap().iter().map(|item| item["kind"].clone()).collect()
    };
    let all = app.get(OPERATIONS).await.ok(200);
    assert_eq!(kinds(&all), ["apply_router", "create_batch"]);
    let page = app.get(&format!("{OPERATIONS}?limit=1")).await.ok(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("{OPERATIONS}?cursor={cursor}")).await.ok(200);
    assert_eq!(
        (kinds(&page), kinds(&rest)),
        (vec![json!("apply_router")], vec![json!("create_batch")])
    );
    let some = app.get(&format!("{OPERATIONS}?kind=apply_router&state=waiting")).await.ok(200);
    assert_eq!(kinds(&some), ["apply_router"]);
    assert!(kinds(&app.get(&format!("{OPERATIONS}?state=failed")).await.ok(200)).is_empty());
    app.get(&format!("{OPERATIONS}?state=lost")).await.problem(400, "malformed_query");
    let seen = app.as_who(&sri, Method::GET, OPERATIONS).await.ok(200);
    assert_eq!(kinds(&seen), ["create_batch"]);
    app.as_who(&sri, Method::GET, &others).await.problem(403, "forbidden");
    let cancel = format!("{OPERATIONS}/{}/cancel", own["id"].as_str().unwrap());
    let cancelled = app.as_who(&sri, Method::POST, &cancel).await.ok(200);
    assert_eq!(cancelled["cancelled_by"], "staff:sri");
    app.as_who(&sri, Method::POST, &format!("{others}/cancel")).await.problem(403, "forbidden");
    let nobody = format!("{OPERATIONS}/01890000-0000-7000-8000-000000000000");
    app.get(&nobody).await.problem(404, "not_found");
}

#[tokio::test]
async fn more_than_twenty_at_once_are_too_many_and_the_key_is_free_again() {
    let app = shop().await;
    let mut places = Vec::new();
    for _ in 0..20 {
        places.push(asked(&app, BATCHES, &batch(1)).await.0);
    }
    let key = ("idempotency-key", "one-more");
    let crowded = app.post_with(BATCHES, &batch(1), &[ASYNC, key]).await;
    crowded.problem(429, "operations_crowded");
    assert_ne!(crowded.header("retry-after"), "");
    app.post(&format!("{}/cancel", places[0]), &json!({})).await.ok(200);
    app.post_with(BATCHES, &batch(1), &[ASYNC, key]).await.ok(202);
}

/// The states that a stream told of, in their order, and its last operation.
fn told(stream: &str) -> (Vec<String>, Value) {
    let field = |message: &str, name: &str| {
        let line = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::to_owned)
    };
    let messages = stream.split("\n\n").filter(|message| message.contains("event: "));
    let states = messages.clone().filter_map(|message| field(message, "event"));
    let last = field(messages.clone().last().unwrap(), "data").unwrap();
    (states.collect(), serde_json::from_str(&last).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_another_server_follows_until_the_end() {
    for engine in engines() {
        let app = TestApp::on(engine).await.with_catalogue().await;
        let (app, _router) = app.with_router().await;
        let (place, _) = asked(&app, BATCHES, &batch(5)).await;
        let elsewhere = app.another_server().await;
        let path = format!("{place}/events");
        let request = app.request(Method::GET, &path).body(Body::empty()).unwrap();
        let following = tokio::spawn(over_tcp(elsewhere, request));
        let over = loop {
            app.after(SECOND).await;
            let seen = app.get(&place).await.ok(200);
            if seen["ended_at"].is_string() {
                break seen;
            }
        };
        let stream = following.await.unwrap();
        assert_eq!(stream.header("content-type"), "text/event-stream");
        let (states, last) = told(&stream.text);
        assert_eq!(last, over, "{}", engine.name());
        let known: BTreeSet<&str> = ["waiting", "running", "succeeded"].into();
        assert!(states.iter().all(|state| known.contains(state.as_str())), "{states:?}");
        assert_eq!(states.iter().filter(|state| *state == "succeeded").count(), 1);
    }
}
