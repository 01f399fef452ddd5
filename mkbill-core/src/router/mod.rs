//! Routers: where they are, how they are reached, how they fare.

pub mod change;
pub mod health;
pub mod licence;
pub mod moment;
pub mod sample;
pub mod store;
pub mod traffic;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::RouterId;
use crate::kernel::language::said;
use crate::kernel::secret::Sealed;
use crate::kernel::wrong::Wrong;

use health::Vitals;
use moment::Moment;
use sample::Sampling;

const NAME_CHARS_MAX: usize = 60;
const HOST_CHARS_MAX: usize = 253;
const USERNAME_CHARS_MAX: usize = 100;

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
            Err(Error::invalid("name", Wrong::Visible { most: NAME_CHARS_MAX }))
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
    /// Its name in the books.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls(Trust::WebPki) => "tls",
            Self::Tls(Trust::Pin(_)) => "tls_pinned",
            Self::Tls(Trust::AnyCertificate) => "tls_any_certificate",
        }
    }

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
            return Err(Error::invalid(
                "host",
                said!(
                    "give a host name or an address, without a port",
                    "isi nama host atau alamat, tanpa port"
                ),
            ));
        }
        if port == 0 {
            return Err(Error::invalid("port", Wrong::Range { least: 1, most: 65535 }));
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
    /// When it was removed: nothing is done with it since, and its name may be another's.
    pub removed_at: Option<Timestamp>,
}

/// The name of an API user, if it may be one.
///
/// # Errors
///
/// [`Error::Invalid`] for an empty name, one of more than 100 characters or with such that do not show.
pub fn checked_username(name: String) -> Result<String, Error> {
    let fits = (1..=USERNAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        Ok(name)
    } else {
        Err(Error::invalid(
            "username",
            said!("give the name of the router's API user", "isi nama pengguna API router"),
        ))
    }
}

/// What still needs a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouterUse {
    /// Logins of subscriptions that ought to be on it.
    pub subscribers: u64,
    /// Logins of vouchers that ought to be on it.
    pub vouchers: u64,
    /// Logins that are over, of which it was not told yet.
    pub leaving: u64,
}

/// Why a router is not removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouterRefusal {
    /// Somebody is served by it.
    #[error(
        "router {name} still has logins of subscriptions ({}) and of vouchers ({}): give the \
         subscriptions logins on another router or cancel them, and cancel the vouchers or wait \
         until they are over",
        used.subscribers, used.vouchers
    )]
    InUse {
        /// Its name.
        name: RouterName,
        /// By how many.
        used: RouterUse,
    },
    /// Logins that are over may still let somebody in there.
    #[error(
        "router {name} was not told yet that {leaving} of its logins are over: wait for the worker, \
         or run `mkbill worker --once`; if the router is gone, it can be removed once a worker \
         could not reach it"
    )]
    Untold {
        /// Its name.
        name: RouterName,
        /// How many.
        leaving: u64,
    },
}

impl Refusal for RouterRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "router_in_use",
            Self::Untold { .. } => "router_untold",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::InUse { name, used } => format!(
                "router {name} masih punya login langganan ({}) dan voucher ({}): beri langganan itu login di router lain atau hentikan, dan batalkan vouchernya atau tunggu sampai berakhir",
                used.subscribers, used.vouchers
            ),
            Self::Untold { name, leaving } => format!(
                "router {name} belum diberi tahu bahwa {leaving} loginnya sudah berakhir: tunggu worker, atau jalankan `mkbill worker --once`; bila router sudah tidak ada, ia bisa dihapus setelah worker gagal menghubunginya"
            ),
        }
    }
}

impl Router {
    /// Whether it may be removed.
    ///
    /// # Errors
    ///
    /// A [`RouterRefusal`] while somebody is served by it, or while it can be reached and has not been
    /// told who is not served any more.
    pub fn may_be_removed(&self, used: RouterUse) -> Result<(), RouterRefusal> {
        if used.subscribers > 0 || used.vouchers > 0 {
            return Err(RouterRefusal::InUse { name: self.name.clone(), used });
        }
        if used.leaving > 0 && self.health.failures == 0 {
            let (name, leaving) = (self.name.clone(), used.leaving);
            return Err(RouterRefusal::Untold { name, leaving });
        }
        Ok(())
    }

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
