//! Who may call what: every operation of the document, by everybody.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request};
use mkbill_core::apikey::NewApiKey;
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::permission::{Permission, Permissions, Role};
use mkbill_core::staff::NewStaff;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::support::{PASSWORD, TestApp, batch};

/// One operation of the document, with something in place of path variables.
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    needs: String,
    /// What it needs for what is others', if it is for what is one's own.
    others: Option<String>,
}

fn operations() -> Vec<Operation> {
    operations_with("x")
}

/// Every operation of the document, with this in place of path variables.
pub(crate) fn operations_with(name: &str) -> Vec<Operation> {
    let document: Value = serde_json::from_str(&mkbill_http::openapi_json()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let filled: Vec<_> =
            path.split('/').map(|part| if part.starts_with('{') { name } else { part }).collect();
        for (method, operation) in item.as_object().unwrap() {
            let needs = operation["x-permission"].as_str();
            let needs = needs.unwrap_or_else(|| panic!("{method} {path} says nothing"));
            let (needs, others) = match needs.split_once('|') {
                Some((needs, others)) => (needs, Some(others)),
                None => (needs, None),
            };
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: filled.join("/"),
                needs: needs.to_owned(),
                others: others.map(str::to_owned),
            });
        }
    }
    operations
}

/// What the door said to an empty request: the code of its refusal, or that it let somebody in.
async fn door(app: &TestApp, operation: &Operation, proof: Option<&str>) -> String {
    let mut request = Request::builder().method(operation.method.clone()).uri(&operation.path);
    if let Some(proof) = proof {
        request = request.header("authorization", format!("Bearer {proof}"));
    }
    let (status, body) = app.head(request.body(Body::empty()).unwrap()).await;
    match status.as_u16() {
        401 | 403 => {
            let text = axum::body::to_bytes(body, 1 << 16).await.unwrap();
            let problem: Value = serde_json::from_slice(&text).unwrap();
            problem["code"].as_str().unwrap().to_owned()
        }
        status => {
            assert!(status < 500, "{} {}: {status}", operation.method, operation.path);
            "in".to_owned()
        }
    }
}

async fn key(app: &TestApp, name: &str, scopes: Permissions) -> String {
    let request = NewApiKey { name: name.to_owned(), scopes, expires_at: None };
    let caller = Caller::new(Actor::cli("test"));
    let (_, key) = app.billing.create_api_key(&caller, &request).await.unwrap();
    key.expose_secret().to_owned()
}

fn all_but(permission: Permission) -> Permissions {
    Permissions::of(Permission::ALL.iter().copied().filter(|other| *other != permission))
}

/// Keys that may do this and nothing else, and everything else but this.
async fn keys(app: &TestApp) -> BTreeMap<&'static str, (String, String)> {
    let mut keys = BTreeMap::new();
    for permission in Permission::ALL {
        let name = permission.name();
        let with = key(app, &format!("with-{name}"), Permissions::of([*permission])).await;
        let without = key(app, &format!("without-{name}"), all_but(*permission)).await;
        keys.insert(name, (with, without));
    }
    keys
}

#[tokio::test]
async fn every_operation_lets_in_whom_it_declares_and_nobody_else() {
    let app = TestApp::new().await;
    let keys = keys(&app).await;
    let mut tokens = BTreeMap::new();
    for role in Role::ALL {
        tokens.insert(*role, app.signed_in(role.name(), *role).await);
    }
    let operations = operations();
    assert!(operations.len() > 150, "only {} operations", operations.len());
    for operation in &operations {
        let named = format!("{} {} ({})", operation.method, operation.path, operation.needs);
        let anonymous = door(&app, operation, None).await;
        match operation.needs.as_str() {
            "none" => assert_ne!(anonymous, "unauthenticated", "{named}"),
            "signed_in" => {
                assert_eq!(anonymous, "unauthenticated", "{named}");
                let proof = app.key.expose_secret();
                assert_eq!(door(&app, operation, Some(proof)).await, "staff_only", "{named}");
                for role in Role::ALL {
                    // A session of its own: some of these end it.
                    let token = app.sign_in(role.name()).await;
                    assert_eq!(door(&app, operation, Some(&token)).await, "in", "{named}");
                }
                for (role, token) in &mut tokens {
                    *token = app.sign_in(role.name()).await;
                }
            }
            "own" => {
                assert_eq!(anonymous, "unauthenticated", "{named}");
                assert!(operation.others.is_some(), "{named}");
                for token in tokens.values() {
                    assert_eq!(door(&app, operation, Some(token)).await, "in", "{named}");
                }
                for (with, without) in keys.values() {
                    assert_eq!(door(&app, operation, Some(with)).await, "in", "{named}");
                    assert_eq!(door(&app, operation, Some(without)).await, "in", "{named}");
                }
            }
            needs => {
                assert_eq!(anonymous, "unauthenticated", "{named}");
                let permission: Permission = needs.parse().unwrap();
                for (role, token) in &tokens {
                    let may = role.permissions().hold(permission);
                    let expected = if may { "in" } else { "forbidden" };
                    let said = door(&app, operation, Some(token)).await;
                    assert_eq!(said, expected, "{named} by {role}");
                }
                let (with, without) = &keys[needs];
                assert_eq!(door(&app, operation, Some(with)).await, "in", "{named}");
                assert_eq!(door(&app, operation, Some(without)).await, "forbidden", "{named}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_others_own_takes_the_permission_that_the_operation_declares() {
    let app = TestApp::new().await.with_catalogue().await.with_absent_router().await;
    let keys = keys(&app).await;
    let prefer = [("prefer", "respond-async")];
    let about_others: Vec<_> =
        operations().into_iter().filter(|operation| operation.needs == "own").collect();
    assert_eq!(about_others.len(), 4, "each of them is tried here");
    for operation in about_others {
        let made = app.post_with("/api/v1/voucher-batches", &batch(1), &prefer).await.ok(202);
        let path = operation.path.replace("/x", &format!("/{}", made["id"].as_str().unwrap()));
        let lists = path == operation.path;
        let operation = Operation { path, ..operation };
        let (with, without) = &keys[operation.others.as_deref().unwrap()];
        let named = format!("{} {}", operation.method, operation.path);
        let expected = if lists { "in" } else { "forbidden" };
        assert_eq!(door(&app, &operation, Some(without)).await, expected, "{named}");
        let seen = async |proof: &str| {
            let answer = app.as_who(proof, Method::GET, "/api/v1/operations").await.ok(200);
            answer["items"].as_array().unwrap().len()
        };
        if lists {
            assert_eq!((seen(without).await, seen(with).await), (0, 1), "{named}");
        }
        assert_eq!(door(&app, &operation, Some(with)).await, "in", "{named}");
    }
    let first = app.as_who(&newcomer(&app).await, Method::GET, "/api/v1/operations").await;
    first.problem(403, "password_change_required");
}

/// The token of somebody who has to choose a password before anything else.
async fn newcomer(app: &TestApp) -> String {
    let caller = Caller::new(Actor::cli("test"));
    let (username, role) = ("newcomer".parse().unwrap(), Role::SuperAdmin);
    let request = NewStaff { username, name: "Newcomer".to_owned(), role };
    app.billing.add_staff(&caller, &request, Some(&PASSWORD.into())).await.unwrap();
    app.sign_in("newcomer").await
}

#[test]
fn the_list_of_what_anybody_may_ask_is_short_and_written_down() {
    let open: Vec<String> = operations()
        .into_iter()
        .filter(|operation| operation.needs == "none")
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    assert_eq!(
        open,
        ["POST /api/v1/auth/setup", "POST /api/v1/auth/sign-in", "GET /live", "GET /ready"]
    );
}

#[test]
fn every_permission_opens_something() {
    let operations = operations();
    for permission in Permission::ALL {
        // It is asked for beside another one, when credit would go below zero.
        let used = *permission == Permission::BalancesOverdraw
            || operations.iter().any(|operation| {
                let others = operation.others.as_deref();
                [Some(operation.needs.as_str()), others].contains(&Some(permission.name()))
            });
        assert!(used, "nothing needs {permission}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_does() {
    let document: Value = serde_json::from_str(&mkbill_http::openapi_json()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "two operations are called {name}");
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{name}");
            assert!(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "{name}");
        }
    }
}
