//! Routers: where they are, how they are reached, how they fare.

pub mod health;
pub mod licence;
pub mod moment;
pub mod sample;
pub mod store;
pub mod traffic;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::Error;
use crate::kernel::ids::RouterId;
use crate::kernel::secret::Sealed;

use health::Vitals;
use moment::Moment;
use sample::Sampling;

const NAME_CHARS_MAX: usize = 60;
const HOST_CHARS_MAX: usize = 253;

/// The operator's name for a router: 1 to 60 characters without blanks at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouterName(String);

impl RouterName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RouterName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let length = text.chars().count();
        let clean = text.trim() == text && !text.chars().any(char::is_control);
        if clean && (1..=NAME_CHARS_MAX).contains(&length) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid("name", format!("use 1 to {NAME_CHARS_MAX} visible characters")))
        }
    }
}

impl fmt::Display for RouterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a TLS connection believes of the router's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// A public certificate authority vouches for it.
    WebPki,
    /// Exactly this one: the fingerprint of the certificate or of its public key, in a form that
    /// the controller of routers reads.
    Pin(String),
    /// Anything: protects from listening, not from impostors.
    AnyCertificate,
}

/// How the connection to a router is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkSecurity {
    /// Not at all; the password crosses the network readable.
    Plain,
    /// The `api-ssl` service.
    Tls(Trust),
}

impl LinkSecurity {
    /// The port RouterOS listens on by default for this kind of connection.
    pub const fn default_port(&self) -> u16 {
        match self {
            Self::Plain => 8728,
            Self::Tls(_) => 8729,
        }
    }
}

/// Where a router is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterAddress {
    /// Host name or address.
    pub host: String,
    /// TCP port of the API service.
    pub port: u16,
}

impl RouterAddress {
    /// Checks the host; the port is any but 0.
    pub fn new(host: &str, port: u16) -> Result<Self, Error> {
        let fits = (1..=HOST_CHARS_MAX).contains(&host.len());
        let plain = host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:%[]".contains(c));
        if !(fits && plain) {
            return Err(Error::invalid("host", "give a host name or an address, without a port"));
        }
        if port == 0 {
            return Err(Error::invalid("port", "use 1 to 65535"));
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for RouterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A router of the business.
#[derive(Debug, Clone)]
pub struct Router {
    /// Identity.
    pub id: RouterId,
    /// The operator's name for it; unique.
    pub name: RouterName,
    /// Where.
    pub address: RouterAddress,
    /// How protected.
    pub security: LinkSecurity,
    /// The API user.
    pub username: String,
    /// The API user's password, sealed for `router:<id>`.
    pub password: Sealed,
    /// What is known of its health.
    pub health: RouterHealth,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Router {
    /// The purpose for which a router's password is sealed.
    pub fn secret_purpose(id: RouterId) -> String {
        format!("router:{id}")
    }
}

/// What the engine last learnt of a router.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RouterHealth {
    /// RouterOS version, such as `7.18.2 (stable)`.
    pub version: Option<String>,
    /// Last complete observation.
    pub observed_at: Option<Timestamp>,
    /// System uptime at that observation, to notice reboots.
    pub uptime: Option<SignedDuration>,
    /// Consecutive failed passes; 0 while all is well.
    pub failures: u32,
    /// Why the last pass failed, for people.
    pub last_error: Option<String>,
    /// What it said of its machine at that observation.
    pub vitals: Vitals,
    /// When somebody asked last that it be looked at.
    pub look_asked_at: Option<Timestamp>,
    /// How far the next sample of its vitals is.
    pub sampling: Sampling,
}

impl RouterHealth {
    /// When it was last observed, on its own time and on ours.
    pub fn observed(&self) -> Option<Moment> {
        let (at, uptime) = self.observed_at.zip(self.uptime)?;
        Some(Moment { at, uptime })
    }
}

/// A router to be added.
#[derive(Debug, Clone)]
pub struct NewRouter {
    /// The operator's name for it.
    pub name: RouterName,
    /// Where.
    pub address: RouterAddress,
    /// How protected.
    pub security: LinkSecurity,
    /// The API user.
    pub username: String,
    /// The API user's password.
    pub password: secrecy::SecretString,
}
