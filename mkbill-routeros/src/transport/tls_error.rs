//! What to tell the operator when no trusted TLS connection came about.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError, OtherError, PeerIncompatible, PeerMisbehaved};

use super::Fingerprint;

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
    /// No cipher suite is shared. This is what a router without a certificate looks like, as it
    /// offers anonymous Diffie-Hellman only; and an old one that knows nothing newer than CBC.
    #[error(
        "the router shares no cipher suite: without a certificate it offers anonymous connections \
         only, so give it one \
         (`/certificate`, then `/ip service set api-ssl certificate=…`); \
         if it has one, set `tls-version=only-1.2` there or upgrade RouterOS{LEGACY_HINT}"
    )]
    NoSharedSuite,
    /// The router speaks TLS 1.0 or 1.1 only.
    #[error(
        "the router offers TLS 1.0 or 1.1 only, which nobody should trust with a password: \
         set `/ip service set api-ssl tls-version=only-1.2` or upgrade RouterOS, \
         or use the plain API inside a tunnel"
    )]
    OldVersion(#[source] Box<rustls::Error>),
    /// The Diffie-Hellman group of the router is unknown or too small.
    #[error(
        "the router insists on a Diffie-Hellman group that is unknown or below 2048 bits: \
         upgrade RouterOS, or use the plain API inside a tunnel"
    )]
    WeakGroup(#[source] Box<rustls::Error>),
    /// No known authority signed the certificate: most routers sign their own.
    #[error(
        "the router presented certificate {presented}, which no known authority vouches for, \
         as is usual when routers sign their own: \
         compare it with `/certificate print detail` on the router, and pin it if it is the same"
    )]
    Unknown {
        /// The fingerprint of the certificate that was presented.
        presented: Fingerprint,
        /// What is wrong with it.
        source: Box<rustls::Error>,
    },
    /// The certificate has expired, or begins in the future.
    #[error(
        "the router presented certificate {presented}, which is not valid today: \
         renew it on the router, or correct the clock of this machine"
    )]
    NotValidNow {
        /// The fingerprint of the certificate that was presented.
        presented: Fingerprint,
        /// When it is valid.
        source: Box<rustls::Error>,
    },
    /// The certificate is for another host.
    #[error(
        "the router presented certificate {presented}, which is for another host: \
         connect by the name it is for, or make one for this name"
    )]
    WrongHost {
        /// The fingerprint of the certificate that was presented.
        presented: Fingerprint,
        /// For which names it is.
        source: Box<rustls::Error>,
    },
    /// The certificate has another flaw.
    #[error("the router presented certificate {presented}, which cannot be trusted")]
    Untrusted {
        /// The fingerprint of the certificate that was presented.
        presented: Fingerprint,
        /// What is wrong with it.
        source: Box<rustls::Error>,
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

/// What is left to try when the old DHE suites were not offered.
#[cfg(not(feature = "legacy-tls"))]
const LEGACY_HINT: &str =
    ", or build with the feature `legacy-tls` for the DHE suites of RouterOS 6";
#[cfg(feature = "legacy-tls")]
const LEGACY_HINT: &str = ", or use the plain API inside a tunnel";

/// A certificate that was not trusted, on its way through the TLS library.
#[derive(Debug, thiserror::Error)]
#[error("certificate {presented} is not trusted")]
pub(super) struct Distrusted {
    pub presented: Fingerprint,
    /// What the authorities say; `None` when it is not the pinned one.
    pub source: Option<rustls::Error>,
}

pub(super) fn explain(error: io::Error) -> TlsError {
    let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
    else {
        return TlsError::Handshake(error);
    };
    match cause {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            match inner.downcast_ref() {
                Some(distrusted) => distrust(distrusted),
                None => TlsError::Handshake(error),
            }
        }
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        )
        | rustls::Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite) => {
            TlsError::NoSharedSuite
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            TlsError::OldVersion(Box::new(cause.clone()))
        }
        rustls::Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedKxGroup) => {
            TlsError::WeakGroup(Box::new(cause.clone()))
        }
        rustls::Error::InvalidMessage(_) => TlsError::NotTls(error),
        _ => TlsError::Handshake(error),
    }
}

fn distrust(Distrusted { presented, source }: &Distrusted) -> TlsError {
    let presented = *presented;
    let Some(source) = source.clone().map(Box::new) else {
        return TlsError::PinMismatch { presented };
    };
    let rustls::Error::InvalidCertificate(flaw) = &*source else {
        return TlsError::Untrusted { presented, source };
    };
    match flaw {
        CertificateError::UnknownIssuer => TlsError::Unknown { presented, source },
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            TlsError::NotValidNow { presented, source }
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsError::WrongHost { presented, source }
        }
        _ => TlsError::Untrusted { presented, source },
    }
}
