//! Every list of the document, in every order it declares.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::http::{Method, Request};
use jiff::SignedDuration;
use mkbill_core::kernel::permission::Role;
use mkbill_core::testkit::engines;
use mkbill_routeros::sim::{Dial, Service, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::logins::{village_on, wanted};
use super::money::{pay, rupiah, subscribe, text};
use super::support::{Answer, TestApp, batch, plan, router};

/// A list of the document.
struct List {
    path: String,
    orders: Vec<String>,
    default: String,
}

fn named<'a>(parameters: &'a [Value], name: &str) -> Option<&'a Value> {
    parameters.iter().find(|parameter| parameter["name"] == name)
}

/// All operations that answer pages.
fn lists() -> Vec<List> {
    let document: Value = serde_json::from_str(&mkbill_http::openapi_json()).unwrap();
    let none = Vec::new();
    let mut lists = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().unwrap_or(&none);
        if named(parameters, "cursor").is_none() {
            continue;
        }
        let sort = named(parameters, "sort").unwrap_or_else(|| panic!("{path} has no order"));
        let names = sort["schema"]["enum"].as_array().unwrap_or_else(|| panic!("{path}: {sort}"));
        lists.push(List {
            path: path.clone(),
            orders: names.iter().map(text).collect(),
            default: text(&sort["schema"]["default"]),
        });
    }
    lists
}

/// A provider of whom every list has something to tell.
struct Provider {
    app: TestApp,
    customer: String,
    webhook: String,
    /// Of `ani`, who signed in three times.
    token: String,
    _simulator: Simulator,
}

impl Provider {
    async fn on(app: TestApp) -> Self {
        let (app, simulator, customer) = village_on(app).await;
        sell(&app).await;
        bill(&app, &customer).await;
        go_online(&app, &simulator).await;
        for name in ["cici", "budi"] {
            app.signed_in(name, Role::Operator).await;
        }
        let mut token = app.signed_in("ani", Role::Operator).await;
        for _ in 0..2 {
            token = app.sign_in("ani").await;
        }
        let webhook = tell(&app).await;
        for number in [9, 10, 11] {
            let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
            app.post("/api/v1/routers", &router(&format!("rt-{number}"), nowhere)).await.ok(201);
        }
        for _ in 0..4 {
            app.after(SignedDuration::from_mins(1)).await;
        }
        Self { app, customer, webhook, token, _simulator: simulator }
    }

    /// Asks for a list.
    async fn list(&self, path: &str, query: &str) -> Answer {
        self.list_in("en", path, query).await
    }

    /// Asks for a list, in a language.
    async fn list_in(&self, language: &str, path: &str, query: &str) -> Answer {
        let path = path
            .replace("{customer}", &self.customer)
            .replace("{webhook}", &self.webhook)
            .replace("{staff}", "ani");
        let path = format!("{path}?{query}");
        let key = self.app.key.expose_secret();
        let proof = if path.starts_with("/api/v1/auth/") { &self.token } else { key };
        let request = Request::get(path)
            .header("authorization", format!("Bearer {proof}"))
            .header("accept-language", language);
        self.app.send(request.body(Body::empty()).unwrap()).await
    }

    /// The whole of a list in an order, by pages of `limit`.
    async fn walk(&self, list: &List, order: &str, limit: usize) -> Vec<String> {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let query = format!("sort={order}&limit={limit}{cursor}");
            let page = self.list(&list.path, &query).await.ok(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            ids.extend(items.iter().map(|item| text(&item["id"])));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return ids,
            }
        }
    }
}

async fn sell(app: &TestApp) {
    for name in ["daily", "weekly", "Yearly"] {
        app.post("/api/v1/plans", &plan(name)).await.ok(201);
    }
    for code in ["W-2", "W-1", "W-3"] {
        app.post("/api/v1/vendors", &json!({ "code": code, "name": "Warung" })).await.ok(201);
        app.post("/api/v1/voucher-batches", &batch(2)).await.ok(201);
    }
}

/// Customers of one name with invoices, payments and credit notes, some of equal amounts.
async fn bill(app: &TestApp, customer: &str) {
    for number in 1..=3 {
        let new = json!({ "name": "Ani", "phone": format!("0813-0000-000{number}") });
        let ani = text(&app.post("/api/v1/customers", &new).await.ok(201)["id"]);
        let kept = text(&subscribe(app, &ani).await["id"]);
        pay(app, &ani, 50_000 * number).await;
        if number == 1 {
            let path = format!("/api/v1/subscriptions/{kept}/cancel");
            app.post(&path, &json!({ "at": "period_end" })).await.ok(200);
        }
        let cable = json!({
            "customer": customer, "due_on": "2026-03-20",
            "lines": [{ "text": "Kabel", "quantity": 1, "unit": rupiah(5_000) }],
        });
        let path = app.post("/api/v1/invoices", &cable).await.header("location").to_owned();
        let part = json!({ "amount": rupiah(1_000) });
        let why = [("x-reason", "salah ketik")];
        app.post_with(&format!("{path}/credit-note"), &part, &why).await.ok(200);
    }
    for notes in ["one", "two", "three"] {
        let path = format!("/api/v1/customers/{customer}");
        super::support::send(app, Method::PATCH, &path, &json!({ "notes": notes })).await.ok(200);
    }
}

/// Three subscribers who dial in; each time the router is to be brought in step.
async fn go_online(app: &TestApp, simulator: &Simulator) {
    let names = ["c", "a", "b"];
    for (number, name) in names.iter().enumerate() {
        let new = json!({ "name": name, "phone": format!("0814-0000-000{number}") });
        let customer = text(&app.post("/api/v1/customers", &new).await.ok(201)["id"]);
        let login = json!({ "router": "rt-05", "name": name, "password": "rahasia-1" });
        app.post("/api/v1/subscriptions", &wanted(&customer, &login)).await.ok(201);
        let later = [("prefer", "respond-async")];
        app.post_with("/api/v1/routers/rt-05/apply", &json!({}), &later).await.ok(202);
    }
    app.work().await;
    for name in names {
        let dial = Dial {
            name: name.to_owned(),
            password: "rahasia-1".to_owned(),
            caller_id: String::new(),
            service: Service::Pppoe,
        };
        simulator.router(|router| router.ppp_connect(&dial).map(drop)).unwrap();
    }
    app.after(SignedDuration::from_secs(30)).await;
}

/// A webhook that nobody hears, with three deliveries.
async fn tell(app: &TestApp) -> String {
    let new = json!({ "url": "http://127.0.0.1:9/hooks", "events": ["payment.*"] });
    let webhook = text(&app.post("/api/v1/webhooks", &new).await.ok(201)["id"]);
    for _ in 0..3 {
        let test = app.post(&format!("/api/v1/webhooks/{webhook}/test"), &json!({})).await;
        assert!(test.status.is_success(), "{}", test.text);
    }
    webhook
}

#[test]
fn every_list_declares_its_orders_and_begins_with_one_of_them() {
    let lists = lists();
    assert!(lists.len() > 20, "only {} lists", lists.len());
    for List { path, orders, default } in lists {
        assert!(orders.contains(&default), "{path}: {default}");
        for order in &orders {
            let turned = order.strip_prefix('-').map_or_else(|| format!("-{order}"), str::to_owned);
            assert!(orders.contains(&turned), "{path}: {order} cannot be turned around");
        }
    }
}

#[tokio::test]
async fn every_list_is_walked_in_every_order_without_gap_or_repeat() {
    for engine in engines() {
        let provider = Provider::on(TestApp::on(engine).await).await;
        for list in lists() {
            let default = provider.list(&list.path, "limit=200").await.ok(200);
            let default: Vec<String> =
                default["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect();
            assert!(default.len() > 2, "{} has only {} items", list.path, default.len());
            let there: BTreeSet<&String> = default.iter().collect();
            for order in &list.orders {
                let whole = provider.walk(&list, order, 200).await;
                let what = format!("{engine:?}: {} in order {order}", list.path);
                assert_eq!(whole.iter().collect::<BTreeSet<_>>(), there, "{what}");
                assert_eq!(whole.len(), there.len(), "{what}");
                for limit in [1, 2] {
                    assert_eq!(provider.walk(&list, order, limit).await, whole, "{what}");
                }
                if *order == list.default {
                    assert_eq!(whole, default, "{what}");
                }
            }
            let mut made = provider.walk(&list, "created", 200).await;
            made.reverse();
            assert_eq!(provider.walk(&list, "-created", 200).await, made, "{}", list.path);
        }
    }
}

#[tokio::test]
async fn an_unknown_order_is_refused_with_those_that_are_known_in_both_languages() {
    let provider = Provider::on(TestApp::new().await).await;
    for list in lists() {
        for nonsense in ["colour", "", "created,name", "-", "created%20desc", "%00"] {
            let query = format!("sort={nonsense}");
            for (language, begins) in [("en", "use one of"), ("id", "gunakan salah satu dari")] {
                let answer = provider.list_in(language, &list.path, &query).await;
                let wrong = answer.problem(422, "invalid")["errors"][0].clone();
                let detail = format!("{begins} {}", list.orders.join(", "));
                assert_eq!(wrong, json!({ "field": "sort", "detail": detail }), "{}", list.path);
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_and_order_alone() {
    let provider = Provider::on(TestApp::new().await).await;
    let cursor = async |list: &List, order: &str| {
        let page = provider.list(&list.path, &format!("sort={order}&limit=1")).await.ok(200);
        text(&page["next_cursor"])
    };
    let refused = |answer: Answer| {
        let problem = answer.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "cursor", "{problem}");
    };
    let plans = lists().into_iter().find(|list| list.path == "/api/v1/plans").unwrap();
    let foreign = cursor(&plans, "created").await;
    for list in lists() {
        for order in &list.orders {
            let own = cursor(&list, order).await;
            for other in list.orders.iter().filter(|other| *other != order) {
                let query = format!("sort={other}&cursor={own}");
                refused(provider.list(&list.path, &query).await);
            }
            if list.path != plans.path {
                let query = format!("sort={order}&cursor={foreign}");
                refused(provider.list(&list.path, &query).await);
            }
            // With bytes behind it, in front of it, and without its last ones.
            let short = &own[..own.len() - 2];
            for broken in [&format!("{own}AAAA"), &format!("AAAA{own}"), short] {
                let query = format!("sort={order}&cursor={broken}");
                let status = provider.list(&list.path, &query).await.status.as_u16();
                assert!(status == 200 || status == 422, "{} {order}: {status}", list.path);
            }
        }
    }
}

#[tokio::test]
async fn filters_and_orders_go_together() {
    let provider = Provider::on(TestApp::new().await).await;
    let count = async |path: &str, query: &str| {
        let page = provider.list(&format!("/api/v1/{path}"), query).await.ok(200);
        page["items"].as_array().unwrap().len()
    };
    for (path, query, expected) in [
        ("vouchers", "plan=daily&router=rt-05&sort=-code", 6),
        ("vouchers", "plan=weekly&sort=first_login", 0),
        ("vouchers", "created_from=2026-03-02T00:00:00Z&state=pending_push&sort=code", 0),
        ("vouchers", "created_until=2026-03-02T00:00:00Z", 0),
        ("voucher-batches", "plan=daily&cancelled=false&sort=-number", 3),
        ("voucher-batches", "vendor=W-1", 0),
        ("plans", "kind=voucher&sort=-name", 3),
        ("plans", "kind=subscription&on_sale=true&sort=price", 2),
        ("plans", "search=YEAR&retired=false", 1),
        ("plans", "retired=true", 0),
        ("vendors", "search=warung&sort=-code", 3),
        ("vendors", "search=w-1", 1),
        ("logins", "search=A&sort=name", 1),
        ("subscriptions", "router=rt-05&sort=due", 3),
        ("subscriptions", "due_from=2026-01-01&due_to=2027-01-01&sort=-due", 6),
        ("invoices", "due_from=2026-03-20&due_to=2026-03-20&sort=open", 3),
        ("payments", "method=cash&sort=-amount", 3),
        ("payments", "method=other", 0),
        ("customers", "search=ani&sort=-debt", 3),
    ] {
        assert_eq!(count(path, query).await, expected, "{path}?{query}");
    }
    for (path, query, field) in [
        ("vouchers", "plan=nope", "plan"),
        ("vouchers", "vendor=nope", "vendor"),
        ("vouchers", "router=nope", "router"),
        ("plans", "search=", "search"),
        ("logins", "search=%00", "search"),
    ] {
        let answer = provider.list(&format!("/api/v1/{path}"), query).await;
        let problem = answer.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{path}?{query}");
    }
}
