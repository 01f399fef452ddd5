//! The API over TLS, with the certificate that the simulator made for itself.

use std::sync::Arc;

use mkbill_routeros::{proto::Sentence, sim::Simulator};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::support::{Raw, started};

fn trusting(certificate: &[u8]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.to_vec().into()).expect("the certificate is readable");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn the_api_answers_over_tls_with_the_certificate_it_shows() {
    let simulator = started(Simulator::builder().tls()).await;
    let certificate = simulator.tls_certificate().unwrap();
    let fingerprint: [u8; 32] = Sha256::digest(certificate).into();
    assert_eq!(simulator.tls_fingerprint(), Some(fingerprint));

    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(simulator.tls_addr().unwrap()).await.unwrap();
    let mut stream = trusting(certificate).connect(name, stream).await.unwrap();
    let mut bytes = Vec::new();
    Sentence::command("/login").with("name", "admin").with("password", "pw").encode(&mut bytes);
    stream.write_all(&bytes).await.unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"\x05!done\x00");
}

#[tokio::test]
async fn a_disabled_service_over_tls_is_closed_and_the_plain_one_stays_open() {
    let simulator = started(Simulator::builder().tls()).await;
    let disable = [".id=api-ssl"];
    simulator.router(|router| router.run("/ip/service/disable", &disable).unwrap());
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(simulator.tls_addr().unwrap()).await.unwrap();
    let certificate = simulator.tls_certificate().unwrap();
    let mut stream = trusting(certificate).connect(name, stream).await.unwrap();
    assert_eq!(stream.read(&mut [0; 7]).await.unwrap(), 0);
    Raw::logged_in(&simulator).await;
}

#[tokio::test]
async fn every_simulator_has_a_certificate_of_its_own() {
    let one = started(Simulator::builder().tls()).await;
    let other = started(Simulator::builder().tls()).await;
    assert_ne!(one.tls_fingerprint(), other.tls_fingerprint());
    let plain = started(Simulator::builder()).await;
    assert_eq!((plain.tls_addr(), plain.tls_fingerprint()), (None, None));
}
