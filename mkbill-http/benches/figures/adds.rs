//! The way not taken: one command after the other.

use mkbill_routeros::client::{Client, ClientConfig, Credentials, Endpoint, Security};
use mkbill_routeros::command::hotspot::NewUser;

use crate::router::{PASSWORD, RouterProcess, USERNAME};

/// A connection to the router for adding users one at a time.
pub(crate) async fn connect(device: &RouterProcess) -> Client {
    let (host, port) = (device.address().ip().to_string(), device.address().port());
    let endpoint = Endpoint { host, port, security: Security::Plain };
    let config = ClientConfig::new(endpoint, Credentials::new(USERNAME, PASSWORD));
    Client::connect(&config).await.expect("the router lets us in")
}

/// Adds users `PREFIX-1` to `PREFIX-COUNT`, each after the answer for the one before.
pub(crate) async fn one_at_a_time(client: &Client, prefix: &str, count: u32) {
    for number in 1..=count {
        let added = client.run(user(format!("{prefix}-{number}")).add()).await;
        assert!(added.is_ok_and(|answer| answer.ret.is_some()), "the router adds every user");
    }
}

fn user(name: String) -> NewUser {
    NewUser {
        password: name.as_str().into(),
        name,
        profile: "default".to_owned(),
        server: None,
        limit_uptime: None,
        limit_bytes_total: None,
        comment: "one at a time".to_owned(),
    }
}
