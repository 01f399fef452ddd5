//! TLS to a router: whom to trust.

use std::{error::Error, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Fingerprint, provider,
    tls_error::{Distrusted, TlsError, explain},
};

/// By what a router's certificate is trusted. Whoever presents it must prove to hold its key, in
/// every mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// An authority that the system knows signed it for the configured host, and it is valid today,
    /// as on the web.
    WebPki,
    /// It, or its public key, has this fingerprint, whatever its names and dates. Right for
    /// certificates that routers make themselves; [`presented`](super::presented) reads it.
    Pin(Fingerprint),
    /// Whatever is presented: insecure. Keeps listeners out, but not those who stand in the middle;
    /// each connection warns in the log.
    AnyCertificate,
}

/// Makes the TLS connection over an open socket.
pub(super) async fn secure(
    stream: TcpStream,
    host: &str,
    trust: Trust,
) -> Result<TlsStream<TcpStream>, TlsError> {
    let judge = match trust {
        Trust::WebPki => Judge::Authorities(authorities(known_roots().await?)?),
        Trust::Pin(fingerprint) => Judge::Pin(fingerprint),
        Trust::AnyCertificate => Judge::Anything,
    };
    shake_hands(stream, host, judge).await
}

async fn shake_hands(
    stream: TcpStream,
    host: &str,
    judge: Judge,
) -> Result<TlsStream<TcpStream>, TlsError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::HostName)?;
    let config = Arc::new(client_config(judge));
    TlsConnector::from(config).connect(name, stream).await.map_err(explain)
}

fn client_config(judge: Judge) -> ClientConfig {
    let provider = Arc::new(provider());
    let verifier = Arc::new(Verifier { judge, provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3");
    builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
}

fn authorities(roots: RootCertStore) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    let provider = Arc::new(provider());
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    builder.build().map_err(|error| TlsError::Authorities(error.into()))
}

/// Reads the system's list, which lies in many files, away from the tasks that must not block.
async fn known_roots() -> Result<RootCertStore, TlsError> {
    let roots = tokio::task::spawn_blocking(system_roots).await;
    roots.map_err(|error| TlsError::Authorities(Box::<dyn Error + Send + Sync>::from(error)))
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
            Judge::Pin(pin) if pin.is_of(&presented, public_key(end_entity).as_ref()) => Ok(()),
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

/// The fingerprint of the public key in a certificate; `None` when that cannot be read.
pub(super) fn public_key(certificate: &CertificateDer<'_>) -> Option<Fingerprint> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    Some(Fingerprint::of_key(&parsed.subject_public_key_info()))
}

#[cfg(test)]
mod tests;
