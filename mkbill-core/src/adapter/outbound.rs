//! Web servers elsewhere over HTTP/1.1, with a guard: every connection goes to an address that was
//! looked at and permitted, without looking its name up again.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::kernel::network::Networks;
use crate::kernel::web::{WebHost, WebUrl};
use crate::outbound::{
    Outbound, OutboundAnswer, OutboundFault, OutboundMethod, OutboundRequest, check, permits,
};

/// How long one connection may take to come about.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How many addresses of one name are tried.
const ADDRESSES_MAX: usize = 4;
/// What the head of an answer may be.
const HEAD_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;
/// No text of a fault is longer.
const WHY_CHARS_MAX: usize = 300;

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolver: Send + Sync + fmt::Debug {
    /// All addresses of `host`.
    ///
    /// # Errors
    ///
    /// Why there are none.
    async fn look_up(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The machine's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn look_up(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|place| place.ip()).collect())
    }
}

/// By whom the certificates of servers have to be signed.
#[derive(Debug, Clone)]
enum Authorities {
    /// Those that the machine knows.
    OfTheMachine,
    /// These, as DER.
    Given(Vec<Vec<u8>>),
}

/// Asks web servers elsewhere. Built without a word it reaches public addresses by https, and nothing
/// else.
#[derive(Debug)]
pub struct GuardedHttp {
    allowed: Networks,
    connect_time_max: Duration,
    time_max: Duration,
    resolver: Arc<dyn Resolver>,
    authorities: Authorities,
    tls: OnceCell<Arc<ClientConfig>>,
}

impl Default for GuardedHttp {
    fn default() -> Self {
        Self {
            allowed: Networks::none(),
            connect_time_max: CONNECT_TIME_MAX,
            time_max: Duration::MAX,
            resolver: Arc::new(SystemResolver),
            authorities: Authorities::OfTheMachine,
            tls: OnceCell::new(),
        }
    }
}

impl GuardedHttp {
    /// The same, which also reaches private addresses in these networks, with or without TLS.
    #[must_use]
    pub fn allowing(self, networks: Networks) -> Self {
        Self { allowed: networks, ..self }
    }

    /// The same, which waits no longer than this for a connection, and than that for a whole answer,
    /// whatever a request would allow.
    #[must_use]
    pub fn within(self, connect: Duration, whole: Duration) -> Self {
        Self { connect_time_max: connect, time_max: whole, ..self }
    }

    /// The same with another resolver.
    #[must_use]
    pub fn resolving_by(self, resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, ..self }
    }

    /// The same, which trusts these authorities (certificates as DER) and no others.
    #[must_use]
    pub fn trusting(self, authorities: Vec<Vec<u8>>) -> Self {
        Self { authorities: Authorities::Given(authorities), ..self }
    }

    /// The addresses of a host that may be connected to, and how.
    async fn permitted(&self, url: &WebUrl) -> Result<Vec<Permitted>, OutboundFault> {
        check(url, &self.allowed)?;
        let addresses = match url.host() {
            WebHost::Address(address) => vec![address],
            WebHost::Name(host) => self.look_up(&host).await?,
        };
        let judged = addresses.into_iter().map(|address| {
            permits(address, url.is_secure(), &self.allowed)?;
            Ok(Permitted(SocketAddr::new(address, url.port())))
        });
        let (good, bad): (Vec<_>, Vec<_>) = judged.partition(Result::is_ok);
        let good: Vec<Permitted> = good.into_iter().flatten().take(ADDRESSES_MAX).collect();
        match bad.into_iter().find_map(Result::err) {
            Some(fault) if good.is_empty() => Err(fault),
            _ => Ok(good),
        }
    }

    async fn look_up(&self, host: &str) -> Result<Vec<IpAddr>, OutboundFault> {
        let unknown = |why: String| OutboundFault::Unknown { host: host.to_owned(), why };
        let found = self.resolver.look_up(host).await;
        let found = found.map_err(|error| unknown(brief(&error)))?;
        if found.is_empty() {
            return Err(unknown("it has no address".to_owned()));
        }
        Ok(found)
    }

    async fn connect(&self, addresses: Vec<Permitted>) -> Result<TcpStream, OutboundFault> {
        let mut last = "the name has no address".to_owned();
        for Permitted(address) in addresses {
            match timeout(self.connect_time_max, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = format!("{address}: {}", brief(&error)),
                Err(_) => last = format!("{address} did not answer in time"),
            }
        }
        Err(OutboundFault::Unreachable(last))
    }

    async fn tls(&self) -> Result<Arc<ClientConfig>, OutboundFault> {
        let made = self.tls.get_or_try_init(|| async {
            let authorities = self.authorities.clone();
            let roots = tokio::task::spawn_blocking(move || roots(authorities)).await;
            let roots = roots.map_err(|error| OutboundFault::Untrusted(brief(&error)))?;
            if roots.is_empty() {
                let why = "this machine knows no authorities: install its CA certificates";
                return Err(OutboundFault::Untrusted(why.to_owned()));
            }
            Ok(Arc::new(config(roots)))
        });
        made.await.map(Arc::clone)
    }

    async fn ask(&self, request: OutboundRequest) -> Result<OutboundAnswer, OutboundFault> {
        let addresses = self.permitted(&request.url).await?;
        let stream = self.connect(addresses).await?;
        if !request.url.is_secure() {
            return exchange(stream, request).await;
        }
        let name = match request.url.host() {
            WebHost::Address(address) => Ok(ServerName::from(address)),
            WebHost::Name(host) => ServerName::try_from(host),
        };
        let name = name.map_err(|error| OutboundFault::Untrusted(brief(&error)))?;
        let secured = TlsConnector::from(self.tls().await?).connect(name, stream).await;
        exchange(secured.map_err(|error| OutboundFault::Untrusted(brief(&error)))?, request).await
    }
}

/// An address that may be connected to. Made by the guard only.
struct Permitted(SocketAddr);

#[async_trait]
impl Outbound for GuardedHttp {
    fn private_networks(&self) -> &Networks {
        &self.allowed
    }

    async fn send(&self, request: OutboundRequest) -> Result<OutboundAnswer, OutboundFault> {
        let time_max = request.time_max.min(self.time_max);
        timeout(time_max, self.ask(request))
            .await
            .unwrap_or(Err(OutboundFault::TimedOut("the server is too slow")))
    }
}

/// Reads the machine's list, which lies in many files.
fn roots(authorities: Authorities) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let certificates = match authorities {
        Authorities::OfTheMachine => rustls_native_certs::load_native_certs().certs,
        Authorities::Given(given) => given.into_iter().map(CertificateDer::from).collect(),
    };
    roots.add_parsable_certificates(certificates);
    roots
}

fn config(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// One request and its answer over a connection that ends with it.
async fn exchange<S>(stream: S, request: OutboundRequest) -> Result<OutboundAnswer, OutboundFault>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let bytes_max = request.answer_bytes_max;
    let asked = asked(request)?;
    let mut builder = http1::Builder::new();
    builder.max_headers(HEADERS_MAX).max_header_size(HEAD_BYTES_MAX);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Ends with this function, whether it comes to its end or is given up.
    let mut moving = JoinSet::new();
    moving.spawn(connection);
    let answer = sender.send_request(asked).await.map_err(broken)?;
    read(answer, bytes_max).await
}

fn asked(request: OutboundRequest) -> Result<Request<Full<Bytes>>, OutboundFault> {
    let method = match request.method {
        OutboundMethod::Get => Method::GET,
        OutboundMethod::Post => Method::POST,
    };
    let head = Request::builder()
        .method(method)
        .uri(request.url.target())
        .header(header::HOST, request.url.authority())
        .header(header::CONNECTION, "close");
    let head = request.headers.iter().fold(head, |head, (name, value)| head.header(*name, value));
    let asked = head.body(Full::new(Bytes::from(request.body)));
    asked.map_err(|error| OutboundFault::Broken(brief(&error)))
}

async fn read(
    answer: Response<Incoming>,
    bytes_max: usize,
) -> Result<OutboundAnswer, OutboundFault> {
    let (head, mut rest) = answer.into_parts();
    let retry_after = head.headers.get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (mut body, mut is_cut) = (Vec::new(), false);
    while let Some(frame) = rest.frame().await {
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        let room = bytes_max - body.len();
        is_cut = data.len() > room;
        body.extend_from_slice(&data[..data.len().min(room)]);
        if is_cut {
            break;
        }
    }
    Ok(OutboundAnswer { status: head.status.as_u16(), retry_after, body, is_cut })
}

#[expect(clippy::needless_pass_by_value, reason = "errors are handed over by value")]
fn broken(error: hyper::Error) -> OutboundFault {
    OutboundFault::Broken(brief(&error))
}

/// An error and its causes, not longer than people read.
fn brief(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.chars().take(WHY_CHARS_MAX).collect()
}
