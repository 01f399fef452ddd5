//! Addresses of web servers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use super::error::Error;
use super::language::{Said, said};

/// No address is longer.
pub const URL_CHARS_MAX: usize = 2_000;

/// The address of something on a web server: `https` or `http`, a host, and no name or password in it.
/// What stands behind the host may open doors, so `Debug` and `Display` leave it out.
#[derive(Clone, PartialEq, Eq)]
pub struct WebUrl(Url);

/// Where a web server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebHost {
    /// A name, which has to be looked up.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl WebUrl {
    /// All of it, to be stored and to be shown to those who gave it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Is what is sent hidden from those between?
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Where the server is.
    pub fn host(&self) -> WebHost {
        match self.0.host() {
            Some(Host::Ipv4(address)) => WebHost::Address(address.into()),
            Some(Host::Ipv6(address)) => WebHost::Address(address.into()),
            Some(Host::Domain(name)) => WebHost::Name(name.to_owned()),
            // Neither scheme does without a host.
            None => WebHost::Name(String::new()),
        }
    }

    /// The port, or the one that goes without saying.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Host and port as a request names them: the port only if it does not go without saying.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }

    /// What a request asks the server for: path and query.
    pub fn target(&self) -> String {
        let query = self.0.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.0.path())
    }

    /// Scheme, host and port, and whether more stands behind them.
    pub fn shown(&self) -> String {
        let rest = if self.target() == "/" { "" } else { "/…" };
        format!("{}://{}{rest}", self.0.scheme(), self.authority())
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebUrl({})", self.shown())
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl FromStr for WebUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |problem: Said| Err(Error::invalid("url", problem));
        if text.chars().count() > URL_CHARS_MAX {
            return bad(said!(
                "use at most 2000 characters",
                "gunakan paling banyak 2000 karakter"
            ));
        }
        let Ok(url) = Url::parse(text.trim()) else {
            return bad(said!(
                "give a whole address, such as https://shop.example/hooks",
                "isi alamat lengkap, seperti https://shop.example/hooks"
            ));
        };
        if !matches!(url.scheme(), "https" | "http") {
            return bad(said!("use https", "gunakan https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad(said!(
                "leave out name and password: deliveries are signed",
                "jangan sertakan nama dan kata sandi: kiriman ditandatangani"
            ));
        }
        if url.fragment().is_some() {
            return bad(said!(
                "leave out what stands behind #: it is never sent",
                "jangan sertakan apa pun sesudah #: itu tidak pernah dikirim"
            ));
        }
        if url.host_str().is_none_or(str::is_empty) || url.port() == Some(0) {
            return bad(said!(
                "name a host, and a port that is not 0",
                "sebutkan host, dan port yang bukan 0"
            ));
        }
        Ok(Self(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> WebUrl {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_tells_where_to_connect_and_what_to_ask_for() {
        let url = url("HTTPS://Shop.Example/hooks/a b?key=1");
        assert_eq!(url.host(), WebHost::Name("shop.example".to_owned()));
        assert_eq!((url.port(), url.authority()), (443, "shop.example"));
        assert_eq!((url.target().as_str(), url.is_secure()), ("/hooks/a%20b?key=1", true));
    }

    #[test]
    fn an_address_of_the_machine_is_seen_in_every_spelling() {
        for text in [
            "http://127.0.0.1:81/",
            "http://127.1:81",
            "http://0x7f.1:81",
            "http://2130706433:81",
            "http://017700000001:81",
            "http://①②⑦.0.0.1:81",
        ] {
            assert_eq!(url(text).host(), WebHost::Address([127, 0, 0, 1].into()), "{text}");
            assert_eq!(url(text).authority(), "127.0.0.1:81");
        }
        let six = url("https://[::ffff:7f00:1]/");
        assert_eq!(six.host(), WebHost::Address("::ffff:127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for text in [
            "shop.example",
            "ftp://shop.example",
            "file:///etc/passwd",
            "https://",
            "https://u@shop.example",
            "https://u:p@shop.example",
            "https://shop.example/#top",
            "https://shop.example:0/",
            "https://shop.example:99999/",
            "https://a b/",
            "javascript:alert(1)",
            "",
            &format!("https://shop.example/{}", "x".repeat(2_000)),
        ] {
            assert!(text.parse::<WebUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_stands_behind_the_host_is_not_shown() {
        let url = url("https://shop.example:8443/hooks/s3cret?token=t0ken");
        let shown = format!("{url:?} {url}");
        assert_eq!(url.to_string(), "https://shop.example:8443/…");
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"));
        assert_eq!(
            "https://shop.example".parse::<WebUrl>().unwrap().to_string(),
            "https://shop.example"
        );
    }
}
