//! A server on a throw-away database, and clients for it.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use mkbill_core::adapter::outbound::GuardedHttp;
use mkbill_core::apikey::NewApiKey;
use mkbill_core::billing::{Billing, BillingBuilder};
use mkbill_core::kernel::caller::{Actor, Caller, Origin};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::permission::Role;
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::kernel::time::Clock as _;
use mkbill_core::sql::StatementHook;
use mkbill_core::staff::NewStaff;
use mkbill_core::staff::store::Sessions;
use mkbill_core::testkit::{Engine, ManualClock, TestDatabase};
use mkbill_core::worker::{TickReport, Worker};
use mkbill_http::Manners;
use mkbill_routeros::provisioning::RouterOsController;
use mkbill_routeros::sim::{Simulator, SimulatorBuilder, TimeSource};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use super::canaries::{hide, search_answer, watch_the_log};

/// The password of all staff in these tests.
pub(crate) const PASSWORD: &str = "a good pass phrase";
pub(crate) const ROUTER_PASSWORD: &str = "correct horse";

/// A server, its engine and its clock.
pub(crate) struct TestApp {
    pub(crate) billing: Billing,
    pub(crate) key: SecretString,
    app: Router,
    clock: Arc<ManualClock>,
    pub(crate) database: TestDatabase,
    master_key: MasterKey,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, which must be a problem of this status and code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        problem
    }

    /// The answer, which must be a success of this status.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with_hook(None).await
    }

    pub(crate) async fn with_hook(hook: Option<Arc<dyn StatementHook>>) -> Self {
        Self::with(Engine::Sqlite, hook, |builder, clock| builder.clock(clock)).await
    }

    /// A server on this engine.
    pub(crate) async fn on(engine: Engine) -> Self {
        Self::with(engine, None, |builder, clock| builder.clock(clock)).await
    }

    /// A server whose clock clients may move.
    pub(crate) async fn on_test_clock() -> Self {
        Self::with(Engine::Sqlite, None, BillingBuilder::test_clock).await
    }

    async fn with(
        engine: Engine,
        hook: Option<Arc<dyn StatementHook>>,
        timed: impl FnOnce(BillingBuilder, Arc<ManualClock>) -> BillingBuilder,
    ) -> Self {
        let database = TestDatabase::new(engine).await;
        let clock = Arc::new(ManualClock::at("2026-03-02T03:00:00Z".parse().unwrap()));
        let (master_key, _) = MasterKey::generate(&OsEntropy);
        let billing = timed(Billing::builder(), Arc::clone(&clock))
            .store(database.store(hook).await)
            .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
            .outbound(Arc::new(GuardedHttp::default().allowing("127.0.0.0/8".parse().unwrap())))
            .master_key(master_key.clone())
            .build()
            .unwrap();
        let caller = Caller::new(Actor::cli("test"));
        let (_, key) =
            billing.create_api_key(&caller, &NewApiKey::for_everything("tests")).await.unwrap();
        hide(key.expose_secret());
        watch_the_log();
        let app = mkbill_http::router(billing.clone(), &Manners::default());
        Self { billing, key, app, clock, database, master_key }
    }

    /// Another process on the same database, which listens on a port of its own until the test ends.
    pub(crate) async fn another_server(&self) -> SocketAddr {
        let billing = Billing::builder()
            .clock(self.clock.clone())
            .store(self.database.store(None).await)
            .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
            .master_key(self.master_key.clone())
            .build()
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = mkbill_http::router(billing, &Manners::default());
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    /// The same server, with other manners.
    pub(crate) fn with_manners(self, manners: &Manners) -> Self {
        Self { app: mkbill_http::router(self.billing.clone(), manners), ..self }
    }

    /// A request as a client would send it, with its key.
    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let key = format!("Bearer {}", self.key.expose_secret());
        Request::builder().method(method).uri(path).header(header::AUTHORIZATION, key)
    }

    /// Sends it a millisecond after the one before, so that the order of requests shows.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.clock.advance(SignedDuration::from_millis(1));
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        search_answer(&text);
        Answer { status: head.status, headers: head.headers, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, body, &[]).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.request(Method::POST, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// The status of an answer and its body, which may never end.
    pub(crate) async fn head(&self, request: Request<Body>) -> (StatusCode, Body) {
        self.clock.advance(SignedDuration::from_millis(1));
        let response = self.app.clone().oneshot(request).await.unwrap();
        (response.status(), response.into_body())
    }

    /// Adds somebody who has chosen [`PASSWORD`] and signs them in; answers their token.
    pub(crate) async fn signed_in(&self, username: &str, role: Role) -> String {
        let caller = Caller::new(Actor::cli("test"));
        let request =
            NewStaff { username: username.parse().unwrap(), name: username.to_owned(), role };
        let first = SecretString::from("the first password");
        self.billing.add_staff(&caller, &request, Some(&first)).await.unwrap();
        let begun = self.billing.sign_in(Origin::default(), username, &first).await.unwrap();
        let own = (begun.staff.id, begun.session.id);
        let new = SecretString::from(PASSWORD);
        self.billing.change_own_password(&caller, own, &first, &new).await.unwrap();
        self.billing.sign_out(&caller, begun.staff.id, Sessions::All).await.unwrap();
        self.sign_in(username).await
    }

    /// Signs in somebody whose password is [`PASSWORD`]; answers their token.
    pub(crate) async fn sign_in(&self, username: &str) -> String {
        let body = json!({ "username": username, "password": PASSWORD });
        let answer = self.anonymous(Method::POST, "/api/v1/auth/sign-in", &body).await.ok(200);
        answer["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn setup_token(&self) -> Option<String> {
        let token = self.billing.setup_token().await.unwrap();
        token.map(|token| token.expose_secret().to_owned())
    }

    /// A request of somebody who is not known.
    pub(crate) async fn anonymous(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A request without a body of whoever holds this key or token.
    pub(crate) async fn as_who(&self, proof: &str, method: Method, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {proof}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// A request of whoever holds this key or token.
    pub(crate) async fn send_as(
        &self,
        proof: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header(header::AUTHORIZATION, format!("Bearer {proof}"))
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Adds the plan `daily` (24 h, 5,000 rupiah) and the vendor `WARUNG-01`.
    pub(crate) async fn with_catalogue(self) -> Self {
        self.post("/api/v1/plans", &plan("daily")).await.ok(201);
        let vendor = json!({ "code": "WARUNG-01", "name": "Warung Bu Sri" });
        self.post("/api/v1/vendors", &vendor).await.ok(201);
        self
    }

    /// Adds the router `rt-05`, which is not there.
    pub(crate) async fn with_absent_router(self) -> Self {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        self.post("/api/v1/routers", &router("rt-05", nowhere)).await.ok(201);
        self
    }

    /// Adds the router `rt-05`, simulated, which shares the clock of the engine.
    pub(crate) async fn with_router(self) -> (Self, Simulator) {
        let simulator = self.simulator().start().await.unwrap();
        self.post("/api/v1/routers", &router("rt-05", simulator.addr())).await.ok(201);
        (self, simulator)
    }

    pub(crate) fn simulator(&self) -> SimulatorBuilder {
        let clock = Arc::clone(&self.clock);
        let time = TimeSource::Following(Arc::new(move || clock.now()));
        Simulator::builder().username("mkbill").password(ROUTER_PASSWORD).clock(time)
    }

    /// Moves the clock and does all work that is due.
    pub(crate) async fn after(&self, span: SignedDuration) -> TickReport {
        self.clock.advance(span);
        self.work().await
    }

    pub(crate) async fn work(&self) -> TickReport {
        Worker::new(self.billing.clone()).tick().await.unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A plan of 24 hours for 5,000 rupiah that costs 3,000.
pub(crate) fn plan(name: &str) -> Value {
    json!({
        "name": name,
        "router_profile": "default",
        "cost": { "minor": 3_000, "currency": "IDR" },
        "sell": { "minor": 5_000, "currency": "IDR" },
        "validity_seconds": 86_400,
    })
}

pub(crate) fn router(name: &str, address: SocketAddr) -> Value {
    json!({
        "name": name,
        "host": address.ip().to_string(),
        "port": address.port(),
        "security": "plain",
        "username": "mkbill",
        "password": ROUTER_PASSWORD,
    })
}

/// A batch of `count` vouchers of `daily` on `rt-05`.
pub(crate) fn batch(count: u32) -> Value {
    json!({ "router": "rt-05", "plan": "daily", "count": count })
}

/// `body` with one field replaced.
pub(crate) fn but(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// Sends a body by any method.
pub(crate) async fn send(app: &TestApp, method: Method, path: &str, body: &Value) -> Answer {
    let request = app.request(method, path).header(header::CONTENT_TYPE, "application/json");
    app.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// Sends a request over TCP, on a connection of its own.
pub(crate) async fn over_tcp(address: SocketAddr, request: Request<Body>) -> Answer {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut text = format!("{} {} HTTP/1.1\r\nhost: {address}\r\n", head.method, head.uri);
    for (name, value) in &head.headers {
        writeln!(text, "{name}: {}\r", value.to_str().unwrap()).unwrap();
    }
    write!(text, "connection: close\r\ncontent-length: {}\r\n\r\n", body.len()).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[text.as_bytes(), &body].concat()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let pair = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
    };
    Answer { status, headers: lines.map(pair).collect(), text: text.to_owned() }
}
