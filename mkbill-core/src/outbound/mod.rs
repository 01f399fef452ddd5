//! The port to web servers elsewhere, whose addresses people gave us.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;

use crate::kernel::language::Said;
use crate::kernel::network::{Networks, is_public};
use crate::kernel::web::{WebHost, WebUrl};

/// How something is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboundMethod {
    /// Reads.
    Get,
    /// Tells.
    Post,
}

/// One request. Its headers and its body may open doors, so `Debug` leaves them out.
#[derive(Clone)]
pub struct OutboundRequest {
    /// Where to.
    pub url: WebUrl,
    /// How.
    pub method: OutboundMethod,
    /// Headers beside those that the connection needs.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Vec<u8>,
    /// Everything has to be over within this time: looking up, connecting, asking and reading.
    pub time_max: Duration,
    /// How much of the answer is read.
    pub answer_bytes_max: usize,
}

impl fmt::Debug for OutboundRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundRequest")
            .field("url", &self.url)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// What a server answered, whatever it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundAnswer {
    /// The HTTP status. One that leads elsewhere is answered as it is: nobody goes there.
    pub status: u16,
    /// `Retry-After` as it was sent.
    pub retry_after: Option<String>,
    /// The body, as far as it was wanted.
    pub body: Vec<u8>,
    /// Was there more of it?
    pub is_cut: bool,
}

/// Why there is no answer. The texts name hosts and addresses, never what stands behind them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundFault {
    /// Sent in the clear it could be read and changed on its way.
    #[error("only https leads into the internet: use https")]
    Insecure,
    /// It leads to an address that is not public.
    #[error("{address} is no public address, and not in a private network that may be reached")]
    Private {
        /// The address.
        address: IpAddr,
    },
    /// Its name leads nowhere.
    #[error("`{host}` cannot be found: {why}")]
    Unknown {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// Nobody could be connected to.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The server did not prove who it is.
    #[error("TLS failed: {0}")]
    Untrusted(String),
    /// It took too long.
    #[error("no whole answer in time: {0}")]
    TimedOut(&'static str),
    /// The connection was lost, or what came was no HTTP.
    #[error("no answer: {0}")]
    Broken(String),
}

impl OutboundFault {
    /// Why, in every language; what resolver and network said stays in their own words.
    pub fn said(&self) -> Said {
        let indonesian = match self {
            Self::Insecure => "internet hanya dicapai lewat https: gunakan https".to_owned(),
            Self::Private { address } => {
                format!(
                    "{address} bukan alamat publik, dan tidak di jaringan pribadi yang boleh dicapai"
                )
            }
            Self::Unknown { host, why } => format!("`{host}` tidak ditemukan: {why}"),
            Self::Unreachable(why) => format!("tidak ada sambungan: {why}"),
            Self::Untrusted(why) => format!("TLS gagal: {why}"),
            Self::TimedOut(why) => format!("tidak ada jawaban lengkap pada waktunya: {why}"),
            Self::Broken(why) => format!("tidak ada jawaban: {why}"),
        };
        Said::new(self.to_string(), indonesian)
    }
}

/// Reaches web servers elsewhere. It connects only to addresses that [`permits`] permits, to exactly the
/// one that was looked at, and goes nowhere else whatever the server answers.
#[async_trait]
pub trait Outbound: Send + Sync + fmt::Debug {
    /// The networks with private addresses that may be reached.
    fn private_networks(&self) -> &Networks;

    /// Asks a server.
    ///
    /// # Errors
    ///
    /// An [`OutboundFault`] if there is no whole answer; what a server answers is no error.
    async fn send(&self, request: OutboundRequest) -> Result<OutboundAnswer, OutboundFault>;
}

/// May an address be connected to? A public one only in a way that others cannot read; a private one if
/// it lies in a network that may be reached.
///
/// # Errors
///
/// Why not.
pub fn permits(address: IpAddr, is_secure: bool, allowed: &Networks) -> Result<(), OutboundFault> {
    if allowed.contain(address) {
        return Ok(());
    }
    match (is_public(address), is_secure) {
        (true, true) => Ok(()),
        (true, false) => Err(OutboundFault::Insecure),
        (false, _) => Err(OutboundFault::Private { address }),
    }
}

/// What can be said of an address of the web before its name is looked up.
///
/// # Errors
///
/// Why nothing is ever sent there.
pub fn check(url: &WebUrl, allowed: &Networks) -> Result<(), OutboundFault> {
    match url.host() {
        WebHost::Address(address) => permits(address, url.is_secure(), allowed),
        WebHost::Name(_) if url.is_secure() || !allowed.is_empty() => Ok(()),
        WebHost::Name(_) => Err(OutboundFault::Insecure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str, allowed: &str) -> Result<(), OutboundFault> {
        check(&url.parse().unwrap(), &allowed.parse().unwrap())
    }

    #[test]
    fn the_internet_is_reached_by_https_only() {
        assert_eq!(checked("https://shop.example/", ""), Ok(()));
        assert_eq!(checked("https://1.1.1.1/", ""), Ok(()));
        assert_eq!(checked("http://shop.example/", ""), Err(OutboundFault::Insecure));
        assert_eq!(checked("http://1.1.1.1/", "10.0.0.0/8"), Err(OutboundFault::Insecure));
        assert_eq!(checked("http://lan.example/", "10.0.0.0/8"), Ok(()), "it may lie there");
    }

    #[test]
    fn a_private_address_is_reached_where_it_is_allowed_only() {
        let address = "10.0.0.7".parse().unwrap();
        assert_eq!(checked("https://10.0.0.7/", ""), Err(OutboundFault::Private { address }));
        assert_eq!(checked("http://10.0.0.7/", "10.0.0.0/8"), Ok(()));
        assert_eq!(checked("https://10.0.0.7/", "10.0.0.0/8"), Ok(()));
        assert!(checked("https://[::ffff:a00:7]/", "").is_err());
        assert!(checked("http://192.168.0.1/", "10.0.0.0/8").is_err());
    }

    #[test]
    fn neither_headers_nor_bodies_are_shown() {
        let request = OutboundRequest {
            url: "https://shop.example/s3cret".parse().unwrap(),
            method: OutboundMethod::Post,
            headers: vec![("authorization", "s3cret".to_owned())],
            body: b"s3cret".to_vec(),
            time_max: Duration::from_secs(1),
            answer_bytes_max: 1,
        };
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
