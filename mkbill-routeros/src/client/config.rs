//! How to reach one router and how much to ask of it at once.

use std::{fmt, time::Duration};

use secrecy::SecretString;

use crate::{
    proto::{LoginMode, SessionLimits},
    transport::Trust,
};

/// Everything needed to connect to one router.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Who we are to it.
    pub credentials: Credentials,
    /// Which way of logging in is tried.
    pub login_mode: LoginMode,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// What one connection may hold, and how many commands are under way at once.
    pub limits: SessionLimits,
    /// What one subscription may hold for a reader who is late.
    pub backlog: Backlog,
    /// When a silent connection is asked whether it still lives; never when `None`.
    pub keepalive: Option<Keepalive>,
}

impl ClientConfig {
    /// A configuration with the usual timeouts and limits, for a router of 6.43 or later.
    pub fn new(endpoint: Endpoint, credentials: Credentials) -> Self {
        Self {
            endpoint,
            credentials,
            login_mode: LoginMode::default(),
            timeouts: Timeouts::default(),
            limits: SessionLimits::default(),
            backlog: Backlog::default(),
            keepalive: Some(Keepalive::default()),
        }
    }
}

/// What one subscription holds for a reader who is late. A row beyond either cap ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// In rows; counts as at least 1.
    pub rows_max: usize,
    /// In bytes.
    pub bytes_max: usize,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { rows_max: 1024, bytes_max: 4 << 20 }
    }
}

/// Asking a router that says nothing whether it is still there.
///
/// The API has no ping, so `/system/identity/print` is run. Nothing is asked while commands are
/// under way: those have deadlines of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// How long nothing may come before the router is asked.
    pub idle: Duration,
    /// How long it may then take to say anything, before the connection is closed. Routers were
    /// seen to stall for more than 30 s.
    pub patience: Duration,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30), patience: Duration::from_mins(1) }
    }
}

/// The API service of one router. Shown as `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// Usually 8728 plain and 8729 over TLS.
    pub port: u16,
    /// Plain or TLS. There is no fall-back from one to the other.
    pub security: Security,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

/// Whether others can read and change what is said. There is no default: plain text is chosen by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Everything in the clear, the password included: only inside a network or tunnel that you
    /// trust. Each connection warns in the log.
    Plain,
    /// TLS, with this trust.
    Tls(Trust),
}

/// A router user. The password is never shown.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password; may be empty.
    pub password: SecretString,
}

impl Credentials {
    /// Credentials from plain texts.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self { username: username.into(), password: SecretString::from(password.into()) }
    }
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the login as a whole.
    pub login: Duration,
    /// For a command to be sent, and then again for its answer, unless it brings its own.
    pub command: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            login: Duration::from_secs(10),
            command: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_host_is_shown_in_brackets() {
        let endpoint =
            |host: &str| Endpoint { host: host.to_owned(), port: 8728, security: Security::Plain };
        assert_eq!(endpoint("fd00::1").to_string(), "[fd00::1]:8728");
        assert_eq!(endpoint("router.lan").to_string(), "router.lan:8728");
    }

    #[test]
    fn debug_never_shows_the_password() {
        assert!(!format!("{:?}", Credentials::new("admin", "hunter2")).contains("hunter2"));
    }
}
