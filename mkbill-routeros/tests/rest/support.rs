//! Routers to talk to, and HTTP without a library.

use std::net::SocketAddr;

use mkbill_routeros::{
    client::{ClientConfig, Credentials, Endpoint, Security},
    rest::{RestClient, RestConfig},
    sim::{RouterOs, Simulator, SimulatorBuilder},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) const PASSWORD: &str = "hunter2";

pub(crate) async fn started(builder: SimulatorBuilder) -> Simulator {
    builder.password(PASSWORD).rest().start().await.expect("loopback has free ports")
}

pub(crate) async fn playing(routeros: RouterOs) -> Simulator {
    started(Simulator::builder().routeros(routeros)).await
}

pub(crate) fn endpoint(address: SocketAddr, security: Security) -> Endpoint {
    Endpoint { host: address.ip().to_string(), port: address.port(), security }
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new("admin", PASSWORD)
}

pub(crate) fn api_config(simulator: &Simulator) -> ClientConfig {
    ClientConfig::new(endpoint(simulator.addr(), Security::Plain), credentials())
}

pub(crate) fn rest_config(address: SocketAddr) -> RestConfig {
    RestConfig::new(endpoint(address, Security::Plain), credentials())
}

pub(crate) fn rest_address(simulator: &Simulator) -> SocketAddr {
    simulator.rest_addr().expect("REST was asked for")
}

pub(crate) fn rest(simulator: &Simulator) -> RestClient {
    RestClient::new(rest_config(rest_address(simulator)))
}

/// What came back: status and body.
pub(crate) type Reply = (u16, String);

/// Sends one request of one's own making, as `admin`.
pub(crate) async fn ask(simulator: &Simulator, method: &str, path: &str, body: &str) -> Reply {
    // admin:hunter2
    let authorization = "Authorization: Basic YWRtaW46aHVudGVyMg==\r\n";
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    ask_with(rest_address(simulator), method, path, &format!("{authorization}{kind}"), body).await
}

/// As [`ask`], with chosen headers.
pub(crate) async fn ask_with(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Reply {
    let mut stream = TcpStream::connect(address).await.expect("the port is open");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: router\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("the router reads");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("the router answers in UTF-8");
    parsed(&reply)
}

/// Status and body of a whole answer; `(0, "")` when the connection was cut before it.
pub(crate) fn parsed(reply: &str) -> Reply {
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_default(), body.to_owned())
}

/// Every message of an error and its causes.
pub(crate) fn story(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
