use std::net::{Ipv4Addr, SocketAddr};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const HOST: &str = "router.example";

/// An authority that the client knows, and what a router got from it.
struct World {
    authority: CertifiedIssuer<'static, KeyPair>,
    known: RootCertStore,
}

impl World {
    fn of(authority: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, authority);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = CertifiedIssuer::self_signed(params, key).unwrap();
        let mut known = RootCertStore::empty();
        known.add(authority.der().clone()).unwrap();
        Self { authority, known }
    }

    /// Connects to a router for `HOST` whose certificate `shape` describes.
    async fn connect(&self, shape: impl FnOnce(&mut CertificateParams)) -> Result<(), TlsError> {
        let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        shape(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let address = serve(certificate.der().clone(), &key).await;
        let stream = TcpStream::connect(address).await.unwrap();
        let judge = Judge::Authorities(authorities(self.known.clone()).unwrap());
        shake_hands(stream, HOST, judge).await.map(drop)
    }
}

async fn serve(certificate: CertificateDer<'static>, key: &KeyPair) -> SocketAddr {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // What the client thinks of it is what the test looks at.
        let _ = TlsAcceptor::from(Arc::new(config)).accept(stream).await;
    });
    address
}

#[tokio::test]
async fn a_certificate_of_a_known_authority_for_this_host_is_trusted() {
    World::of("known").connect(|_| ()).await.unwrap();
}

#[tokio::test]
async fn an_expired_or_future_certificate_is_refused_although_a_known_authority_signed_it() {
    let world = World::of("known");
    let expired = world.connect(|params| params.not_after = date_time_ymd(2001, 1, 1)).await;
    let future = world.connect(|params| params.not_before = date_time_ymd(3000, 1, 1)).await;
    for refused in [expired, future] {
        assert!(matches!(refused, Err(TlsError::NotValidNow { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_although_a_known_authority_signed_it() {
    let elsewhere = |params: &mut CertificateParams| {
        *params = CertificateParams::new(vec!["other.example".to_owned()]).unwrap();
    };
    let refused = World::of("known").connect(elsewhere).await;
    assert!(matches!(refused, Err(TlsError::WrongHost { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_with_its_fingerprint() {
    let (mut world, stranger) = (World::of("known"), World::of("stranger"));
    world.authority = stranger.authority;
    let refused = world.connect(|_| ()).await;
    assert!(matches!(refused, Err(TlsError::Unknown { .. })), "{refused:?}");
}
