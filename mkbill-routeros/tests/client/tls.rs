//! TLS: whom the client trusts, and what it tells the operator when it does not.

use std::sync::Arc;

use mkbill_routeros::{
    client::{Client, Security},
    error::{Error, ErrorKind},
    transport::{Fingerprint, Presented, Trust, presented},
};
use rcgen::{CertifiedKey, KeyPair, PublicKeyData, generate_simple_self_signed};
use tokio::io::AsyncWriteExt;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
        sign,
    },
};

use crate::{
    log,
    support::{self, LONG, Peer, ScriptedRouter, story},
};

struct Secured {
    router: ScriptedRouter,
    leaf: Fingerprint,
    key: Fingerprint,
}

impl Secured {
    fn start() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["router.lan".to_owned()]).expect("a certificate");
        let leaf = Fingerprint::of(cert.der());
        let key = Fingerprint::of_key(&signing_key.subject_public_key_info());
        let acceptor = acceptor(cert.der().clone(), &signing_key);
        let router = ScriptedRouter::start_tls(acceptor, |mut peer: Peer, _| async move {
            peer.accept_login().await;
            peer.until_closed().await;
        });
        Self { router, leaf, key }
    }

    async fn connect(&self, trust: Trust) -> Result<Client, Error> {
        connect(&self.router, trust).await
    }
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key fits the certificate");
    TlsAcceptor::from(Arc::new(config))
}

async fn connect(router: &ScriptedRouter, trust: Trust) -> Result<Client, Error> {
    let mut config = router.config();
    config.endpoint.security = Security::Tls(trust);
    Client::connect(&config).await
}

#[tokio::test]
async fn the_pin_may_be_of_the_certificate_or_of_its_key() {
    let secured = Secured::start();
    secured.connect(Trust::Pin(secured.leaf)).await.unwrap();
    secured.connect(Trust::Pin(secured.key)).await.unwrap();
    let same_digest = secured.key.to_string().replace("spki-", "").parse().unwrap();
    secured.connect(Trust::Pin(same_digest)).await.unwrap();
    let key_pin_of_leaf = format!("spki-{}", secured.leaf).parse().unwrap();
    secured.connect(Trust::Pin(key_pin_of_leaf)).await.unwrap_err();
}

#[tokio::test]
async fn a_wrong_pin_is_refused_and_the_presented_fingerprint_is_shown() {
    let secured = Secured::start();
    let error = secured.connect(Trust::Pin(Fingerprint::of(b"another"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(!error.is_retryable());
    let story = story(&error);
    assert!(story.contains(&secured.leaf.to_string()), "{story}");
}

#[tokio::test]
async fn a_certificate_of_the_routers_own_making_is_not_trusted_as_on_the_web() {
    let secured = Secured::start();
    let error = secured.connect(Trust::WebPki).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(story(&error).contains(&secured.leaf.to_string()), "{}", story(&error));
}

#[tokio::test]
async fn the_presented_fingerprints_are_read_without_a_login_and_can_be_pinned() {
    let secured = Secured::start();
    let endpoint = secured.router.config().endpoint;
    let seen = presented(&endpoint.host, endpoint.port, LONG).await.unwrap();
    assert_eq!(seen, Presented { certificate: secured.leaf, public_key: secured.key });
    secured.connect(Trust::Pin(seen.certificate)).await.unwrap();
    secured.connect(Trust::Pin(seen.public_key)).await.unwrap();
}

#[tokio::test]
async fn every_connection_that_others_can_read_warns_once_and_no_other_does() {
    let (log, _guard) = log::captured();
    let secured = Secured::start();
    let plain = ScriptedRouter::start(support::serve);
    secured.connect(Trust::Pin(secured.leaf)).await.unwrap();
    assert_eq!(log.lines_with("WARN"), Vec::<String>::new());
    for _ in 0..2 {
        secured.connect(Trust::AnyCertificate).await.unwrap();
    }
    assert_eq!(log.lines_with("any certificate is taken").len(), 2);
    Client::connect(&plain.config()).await.unwrap();
    assert_eq!(log.lines_with("plain text").len(), 1);
    assert_eq!(log.lines_with("hunter2"), Vec::<String>::new());
}

#[tokio::test]
async fn any_certificate_is_taken_when_that_was_asked_for() {
    Secured::start().connect(Trust::AnyCertificate).await.unwrap();
}

/// A router whose key is not that of the certificate that it shows.
#[tokio::test]
async fn a_copied_certificate_without_its_key_is_refused_even_when_pinned() {
    let owner = generate_simple_self_signed(["router.lan".to_owned()]).unwrap();
    let thief = KeyPair::generate().unwrap();
    let certificate = owner.cert.der().clone();
    let provider = ring::default_provider();
    let key = PrivateKeyDer::try_from(thief.serialize_der()).unwrap();
    let signing = provider.key_provider.load_private_key(key).unwrap();
    let stolen = sign::CertifiedKey::new(vec![certificate.clone()], signing);
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(sign::SingleCertAndKey::from(stolen)));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let router = ScriptedRouter::start_tls(acceptor, |peer: Peer, _| peer.until_closed());
    for trust in [Trust::Pin(Fingerprint::of(&certificate)), Trust::AnyCertificate] {
        let error = connect(&router, trust).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{}", story(&error));
    }
}

#[tokio::test]
async fn a_plain_service_behind_the_port_is_told_as_such() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.reply(&["!fatal", "not logged in"]).await;
        peer.until_closed().await;
    });
    let error = connect(&router, Trust::AnyCertificate).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(story(&error).contains("not TLS"), "{}", story(&error));
}

/// What the client says of a router that answers its hello with these bytes.
async fn answered_with(bytes: &'static [u8]) -> Error {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let router = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        stream.write_all(bytes).await.expect("the client reads");
        stream
    });
    let mut config = support::config(address);
    config.endpoint.security = Security::Tls(Trust::AnyCertificate);
    let error = Client::connect(&config).await.expect_err("this is no handshake");
    drop(router.await.expect("the router plays its part"));
    assert_eq!(error.kind(), ErrorKind::Tls);
    error
}

#[tokio::test]
async fn a_router_without_a_certificate_is_told_as_such() {
    const HANDSHAKE_FAILURE: &[u8] = &[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];
    let error = answered_with(HANDSHAKE_FAILURE).await;
    assert!(story(&error).contains("/ip service set api-ssl certificate"), "{}", story(&error));
}

#[tokio::test]
async fn a_router_with_old_tls_only_is_told_as_such() {
    const PROTOCOL_VERSION: &[u8] = &[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46];
    /// A server hello of TLS 1.0 with `TLS_RSA_WITH_AES_128_CBC_SHA`.
    const HELLO_OF_TLS_1_0: &[u8] = &[
        0x16, 0x03, 0x01, 0x00, 0x2A, 0x02, 0x00, 0x00, 0x26, 0x03, 0x01, 1, 2, 3, 4, 5, 6, 7, 8,
        9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        32, 0x00, 0x00, 0x2F, 0x00,
    ];
    for answer in [PROTOCOL_VERSION, HELLO_OF_TLS_1_0] {
        let error = answered_with(answer).await;
        assert!(story(&error).contains("TLS 1.0 or 1.1 only"), "{}", story(&error));
    }
}
