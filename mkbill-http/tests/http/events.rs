//! What happens, as clients follow it.

use axum::body::Body;
use axum::http::{Method, header};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::money::{furnished, office, pay, subscribe};
use super::support::TestApp;

/// A stream of events that is being followed.
struct Follow {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Follow {
    async fn of(app: &TestApp, path: &str, last: Option<&str>) -> Self {
        let mut request = app.request(Method::GET, path);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let router = mkbill_http::router(app.billing.clone(), &mkbill_http::Manners::default());
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next message: its id, its kind and its data.
    async fn next(&mut self) -> (String, String, Value) {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = message.lines();
                    lines
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                        .map(str::to_owned)
                };
                let read = field("id").zip(field("event")).zip(field("data"));
                let rest = rest.to_owned();
                self.text = rest;
                if let Some(((id, kind), data)) = read {
                    return (id, kind, serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let chunk = self.body.next().await.unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            kinds.push(self.next().await.1);
        }
        kinds
    }
}

#[tokio::test]
async fn what_clients_do_is_heard_in_its_order_by_those_who_follow() {
    let app = TestApp::new().await;
    let mut follow = Follow::of(&app, "/api/v1/events/stream", None).await;
    let budi = furnished(&app).await;
    assert_eq!(follow.kinds(2).await, ["plan.add", "customer.add"]);
    subscribe(&app, &budi).await;
    pay(&app, &budi, 150_000).await;
    let mut kinds = Vec::new();
    while kinds.last().is_none_or(|kind: &String| kind != "payment.record") {
        kinds.extend(follow.kinds(1).await);
    }
    assert!(kinds.contains(&"invoice.issue".to_owned()), "{kinds:?}");
    let listed = app.get("/api/v1/events?after=3&limit=200").await.ok(200);
    let listed: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(json!(listed[..kinds.len()]), json!(kinds));
}

#[tokio::test]
async fn a_client_that_comes_back_goes_on_where_it_was() {
    let (app, budi) = office().await;
    let mut follow = Follow::of(&app, "/api/v1/events/stream?after=0", None).await;
    let (first, ..) = follow.next().await;
    drop(follow);
    pay(&app, &budi, 5_000).await;
    let path = "/api/v1/events/stream?after=999999";
    let mut again = Follow::of(&app, path, Some(&first)).await;
    assert_eq!(again.next().await.0.parse::<i64>().unwrap(), first.parse::<i64>().unwrap() + 1);
    let mut payments = Follow::of(&app, "/api/v1/events/stream?after=0&topics=payment", None).await;
    let (_, kind, data) = payments.next().await;
    assert_eq!((kind.as_str(), &data["subject_kind"]), ("payment.record", &json!("payment")));
}

#[tokio::test]
async fn a_position_that_is_none_is_refused() {
    let (app, _) = office().await;
    app.get("/api/v1/events?limit=201").await.problem(422, "invalid");
    app.get("/api/v1/events?after=soon").await.problem(400, "malformed_query");
    let request = app.request(Method::GET, "/api/v1/events/stream").header("Last-Event-ID", "x");
    let answer = app.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem(422, "invalid")["errors"][0]["field"], "Last-Event-ID");
}
