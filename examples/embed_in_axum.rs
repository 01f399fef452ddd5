//! The REST interface inside another axum application, which has its own sign-in.
//!
//! `cargo run -p mkbill-examples --bin embed_in_axum`

use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::permission::Role;
use mkbill_core::staff::principal::Principal;
use mkbill_core::{Actor, Billing, DatabaseUrl, MasterKey, Store, open};
use mkbill_http::{Identity, Manners};
use mkbill_routeros::provisioning::RouterOsController;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = open(&DatabaseUrl::Sqlite(folder.path().join("mkbill.db")), None).await?;
    store.migrate().await?;

    // The shop has pages of its own; everything below /billing is mkbill, for whom the shop knows.
    let shop = Router::new()
        .route("/", get(|| async { "the shop" }))
        .nest("/billing", billing(store)?.layer(from_fn(known_to_the_shop)));

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, shop).await });

    let vendor = r#"{ "code": "WARUNG-01", "name": "Warung Bu Sri" }"#;
    for (who, method, path, body) in [
        ("nobody", "GET", "/", ""),
        ("nobody", "GET", "/billing/api/v1/vendors", ""),
        ("till", "GET", "/billing/api/v1/vendors", ""),
        ("till", "POST", "/billing/api/v1/vendors", vendor),
        ("boss", "POST", "/billing/api/v1/vendors", vendor),
    ] {
        let mut connection = TcpStream::connect(address).await?;
        let status = ask(&mut connection, who, method, path, body).await?;
        println!("{who}: {method} {path}: {status}");
    }
    server.abort();
    Ok(())
}

/// The interface on an engine, without a sign-in of its own.
fn billing(store: Arc<dyn Store>) -> Result<Router, Box<dyn Error>> {
    let (master_key, _) = MasterKey::generate(&OsEntropy);
    let billing = Billing::builder()
        .store(store)
        .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
        .master_key(master_key)
        .build()?;
    let manners = Manners { identity: Identity::Outside, ..Manners::default() };
    Ok(mkbill_http::router(billing, &manners))
}

/// The shop's own sign-in, here by a header: a till is an operator, the boss may do everything.
async fn known_to_the_shop(mut request: Request, next: Next) -> Response {
    let who = request.headers().get("x-shop-user").and_then(|who| who.to_str().ok());
    let role = match who {
        Some("till") => Some(Role::Operator),
        Some("boss") => Some(Role::SuperAdmin),
        _ => None,
    };
    if let (Some(who), Some(role)) = (who, role) {
        let actor = Actor::staff(who);
        let principal = Principal::Other { actor, permissions: role.permissions() };
        request.extensions_mut().insert(principal);
    }
    next.run(request).await
}

/// Sends one request and answers the status.
async fn ask(
    connection: &mut TcpStream,
    who: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Result<String, Box<dyn Error>> {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-shop-user: {who}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    let status = answer.lines().next().and_then(|line| line.split(' ').nth(1));
    Ok(status.ok_or("no answer")?.to_owned())
}
