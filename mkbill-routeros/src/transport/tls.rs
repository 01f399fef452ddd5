//! TLS to a router: whom to trust, and what to tell the operator when trust fails.

use std::{error::Error, io, sync::Arc};

use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, OtherError,
    RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::Fingerprint;

/// By what a router's certificate is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// A known authority signed it for the configured host, as on the web.
    WebPki,
    /// It, or its public key, has this fingerprint. Right for certificates that routers make
    /// themselves.
    Pin(Fingerprint),
    /// Whatever is presented. Keeps listeners out, but not those who stand in the middle.
    AnyCertificate,
}

/// Why no TLS connection could be made, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate is not the pinned one.
    #[error(
        "the router presented certificate {presented}, which is not the pinned one: \
         compare it with `/certificate print detail` on the router, and pin it only if it is the same"
    )]
    PinMismatch {
        /// The fingerprint of the certificate that was presented.
        presented: Fingerprint,
    },
    /// No cipher suite is shared. This is what a router without a certificate looks like.
    #[error(
        "the router shares no cipher suite: without a certificate it offers anonymous connections \
         only, so give it one \
         (`/certificate`, then `/ip service set api-ssl certificate=…`)"
    )]
    NoSharedSuite,
    /// The certificate is not signed by a known authority, has expired, or names another host.
    #[error(
        "the router presented certificate {presented}, which no known authority vouches for: \
         compare it with `/certificate print detail` on the router, and pin it if it is the same"
    )]
    Untrusted {
        /// The fingerprint of the certificate that was presented.
        presented: Fingerprint,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// What answers is not TLS.
    #[error(
        "what answers there is not TLS: `api-ssl` usually listens on 8729, the plain `api` on 8728"
    )]
    NotTls(#[source] io::Error),
    /// Anything else.
    #[error("the handshake failed")]
    Handshake(#[source] io::Error),
    /// The host is neither a name nor an address.
    #[error("the host is neither a name nor an address")]
    HostName,
    /// The system's own list of authorities cannot be used.
    #[error("the system's list of certificate authorities cannot be used")]
    Authorities(#[source] Box<dyn Error + Send + Sync>),
}

/// Makes the TLS connection over an open socket.
pub(super) async fn secure(
    stream: TcpStream,
    host: &str,
    trust: Trust,
) -> Result<TlsStream<TcpStream>, TlsError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::HostName)?;
    let config = client_config(trust).await?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(explain)
}

async fn client_config(trust: Trust) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let judge = match trust {
        Trust::WebPki => Judge::Authorities(authorities(Arc::clone(&provider)).await?),
        Trust::Pin(fingerprint) => Judge::Pin(fingerprint),
        Trust::AnyCertificate => Judge::Anything,
    };
    let verifier = Arc::new(Verifier { judge, provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3");
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Reads the system's list, which lies in many files, away from the tasks that must not block.
async fn authorities(provider: Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    let unusable = |error: Box<dyn Error + Send + Sync>| TlsError::Authorities(error);
    let roots = tokio::task::spawn_blocking(system_roots).await;
    let roots = Arc::new(roots.map_err(|error| unusable(error.into()))?);
    let builder = WebPkiServerVerifier::builder_with_provider(roots, provider);
    builder.build().map_err(|error| unusable(error.into()))
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

#[derive(Debug)]
enum Judge {
    Authorities(Arc<WebPkiServerVerifier>),
    Pin(Fingerprint),
    Anything,
}

/// Whatever judges the certificate, the handshake signature is checked, so whoever presents a
/// certificate must hold its key.
#[derive(Debug)]
struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
}

/// A certificate that was not trusted, on its way through the TLS library.
#[derive(Debug, thiserror::Error)]
#[error("certificate {presented} is not trusted")]
struct Distrusted {
    presented: Fingerprint,
    /// What the authorities say; `None` when it is not the pinned one.
    source: Option<rustls::Error>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let presented = Fingerprint::of(end_entity);
        let verdict = match &self.judge {
            Judge::Anything => Ok(()),
            Judge::Pin(pin) if *pin == presented || Some(*pin) == public_key(end_entity) => Ok(()),
            Judge::Pin(_) => Err(None),
            Judge::Authorities(known) => known
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map_or_else(|error| Err(Some(error)), |_| Ok(())),
        };
        match verdict {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(source) => {
                let distrusted = OtherError(Arc::new(Distrusted { presented, source }));
                Err(CertificateError::Other(distrusted).into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn public_key(certificate: &CertificateDer<'_>) -> Option<Fingerprint> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    Some(Fingerprint::of(&parsed.subject_public_key_info()))
}

fn explain(error: io::Error) -> TlsError {
    let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
    else {
        return TlsError::Handshake(error);
    };
    if let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) = cause
        && let Some(Distrusted { presented, source }) = inner.downcast_ref()
    {
        let presented = *presented;
        return match source {
            Some(source) => TlsError::Untrusted { presented, source: source.clone() },
            None => TlsError::PinMismatch { presented },
        };
    }
    match cause {
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        ) => TlsError::NoSharedSuite,
        rustls::Error::InvalidMessage(_) => TlsError::NotTls(error),
        _ => TlsError::Handshake(error),
    }
}
