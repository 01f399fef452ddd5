//! Dialling a router: a TCP connection, with TLS over it when asked for.
//!
//! TLS 1.2 and 1.3 are spoken, by rustls and ring. What a router needs for that:
//!
//! | the router | what to do |
//! |---|---|
//! | RouterOS 7 with an RSA or ECDSA certificate | `/ip service set api-ssl certificate=… tls-version=only-1.2` |
//! | RouterOS 6 with a certificate, DHE suites only | the same, and build with the feature `legacy-tls` |
//! | without a certificate: anonymous Diffie-Hellman | impossible, as anybody could answer: give it a certificate |
//! | TLS 1.0 or 1.1 only, CBC suites only, RSA key transport, groups or RSA keys below 2048 bits | impossible, as it is broken: upgrade RouterOS, or [`Security::Plain`] inside a tunnel over which it is reached |
//!
//! Certificates that routers sign themselves are trusted by [`Trust::Pin`]; [`presented`] reads what to
//! pin.

mod fingerprint;
#[cfg(feature = "legacy-tls")]
mod legacy;
mod tls;
mod tls_error;

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

pub use fingerprint::{Fingerprint, FingerprintError};
pub use tls::Trust;
pub use tls_error::TlsError;

use crate::{
    client::{Endpoint, Security},
    error::{ConnectError, Error},
};

/// A connection to a router, whatever it is made of.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The certificate that a router presented, for an operator to compare with what the router shows
/// and to pin from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    /// Of the certificate, as `/certificate print detail` shows it.
    pub certificate: Fingerprint,
    /// Of its public key, which stays when the certificate is renewed with the same key.
    pub public_key: Fingerprint,
}

/// Asks the router at `host` for its certificate, within `limit`, for trust on first use.
///
/// The router proves that it holds the key, nobody logs in, and nothing is trusted: whoever stands in
/// the middle could answer, so let a person compare.
///
/// # Errors
///
/// [`Error::Connect`] and [`Error::Tls`], as for a connection with [`Trust::AnyCertificate`].
pub async fn presented(host: &str, port: u16, limit: Duration) -> Result<Presented, Error> {
    let security = Security::Tls(Trust::AnyCertificate);
    let endpoint = Endpoint { host: host.to_owned(), port, security };
    within(limit, &endpoint, ask(&endpoint)).await
}

/// Connects within `limit`, handshake included.
pub(crate) async fn dial(endpoint: &Endpoint, limit: Duration) -> Result<Box<dyn Stream>, Error> {
    within(limit, endpoint, connect(endpoint)).await
}

async fn within<T>(
    limit: Duration,
    endpoint: &Endpoint,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let refused = |source| Error::Connect { address: endpoint.to_string(), source };
    match timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(refused(ConnectError::TimedOut(limit))),
    }
}

async fn connect(endpoint: &Endpoint) -> Result<Box<dyn Stream>, Error> {
    let stream = open(endpoint).await?;
    warn(endpoint);
    match endpoint.security {
        Security::Plain => Ok(Box::new(stream)),
        Security::Tls(trust) => Ok(Box::new(secure(endpoint, stream, trust).await?)),
    }
}

async fn ask(endpoint: &Endpoint) -> Result<Presented, Error> {
    let stream = secure(endpoint, open(endpoint).await?, Trust::AnyCertificate).await?;
    let (_, connection) = stream.get_ref();
    let leaf = connection.peer_certificates().and_then(<[_]>::first);
    let presented = leaf.and_then(|leaf| {
        Some(Presented { certificate: Fingerprint::of(leaf), public_key: tls::public_key(leaf)? })
    });
    presented.ok_or_else(|| Error::Tls {
        address: endpoint.to_string(),
        source: TlsError::Handshake(io::ErrorKind::InvalidData.into()),
    })
}

async fn secure(
    endpoint: &Endpoint,
    stream: TcpStream,
    trust: Trust,
) -> Result<TlsStream<TcpStream>, Error> {
    let secured = tls::secure(stream, &endpoint.host, trust).await;
    secured.map_err(|source| Error::Tls { address: endpoint.to_string(), source })
}

async fn open(endpoint: &Endpoint) -> Result<TcpStream, Error> {
    let opened = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await;
    let ready = opened.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    ready
        .map_err(|source| Error::Connect { address: endpoint.to_string(), source: explain(source) })
}

/// Says, once for every connection, what others on the way can do to it.
fn warn(endpoint: &Endpoint) {
    match endpoint.security {
        Security::Plain => tracing::warn!(
            router = %endpoint,
            "the connection is plain text: whoever is on the way reads the password"
        ),
        Security::Tls(Trust::AnyCertificate) => tracing::warn!(
            router = %endpoint,
            "any certificate is taken: whoever stands in the middle reads the password"
        ),
        Security::Tls(Trust::WebPki | Trust::Pin(_)) => {}
    }
}

#[cfg(not(feature = "legacy-tls"))]
pub(crate) use rustls::crypto::ring::default_provider as provider;

#[cfg(feature = "legacy-tls")]
pub(crate) use legacy::provider;

fn explain(error: io::Error) -> ConnectError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
            ConnectError::Closed(error)
        }
        _ => ConnectError::Failed(error),
    }
}
