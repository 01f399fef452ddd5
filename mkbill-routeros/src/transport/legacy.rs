//! The DHE suites of RouterOS 6 for TLS 1.2: AES-GCM with keys of classic Diffie-Hellman.
//!
//! They come last, after everything that ring offers, so a router takes them only when it knows
//! nothing better. What stays impossible, because nobody should do it: TLS 1.0 and 1.1, CBC suites,
//! RSA key transport, groups below 2048 bits, and the anonymous suites of a router without a
//! certificate.

mod groups;

use std::sync::LazyLock;

use crypto_bigint::{
    BoxedUint, Odd,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use rustls::{
    CipherSuite, CipherSuiteCommon, Error, NamedGroup, PeerMisbehaved, ProtocolVersion,
    SupportedCipherSuite, Tls12CipherSuite,
    crypto::{
        ActiveKeyExchange, CryptoProvider, GetRandomFailed, KeyExchangeAlgorithm, SharedSecret,
        SupportedKxGroup,
        ring::{self, cipher_suite},
    },
    ffdhe_groups::FfdheGroup,
};
use zeroize::Zeroizing;

use groups::GROUPS;

/// Twice the strength of the largest group and more (RFC 7919 §5.2 asks for 325 bits with 4096).
const SECRET_BYTES: usize = 48;

/// What ring offers, and after that the DHE suites.
pub(crate) fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.extend(SUITES.iter().map(SupportedCipherSuite::Tls12));
    provider.kx_groups.extend(GROUPS.iter().map(|group| group as &dyn SupportedKxGroup));
    provider
}

static SUITES: LazyLock<Vec<Tls12CipherSuite>> = LazyLock::new(|| {
    let pairs = [
        (
            CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        ),
        (
            CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ),
    ];
    pairs.into_iter().filter_map(|(suite, model)| with_dhe(suite, model)).collect()
});

/// The suite that differs from `model` in the key exchange only.
fn with_dhe(suite: CipherSuite, model: SupportedCipherSuite) -> Option<Tls12CipherSuite> {
    let SupportedCipherSuite::Tls12(model) = model else {
        return None;
    };
    Some(Tls12CipherSuite {
        common: CipherSuiteCommon {
            suite,
            hash_provider: model.common.hash_provider,
            confidentiality_limit: model.common.confidentiality_limit,
        },
        prf_provider: model.prf_provider,
        kx: KeyExchangeAlgorithm::DHE,
        sign: model.sign,
        aead_alg: model.aead_alg,
    })
}

/// A group of numbers modulo a prime.
#[derive(Debug, Clone, Copy)]
struct Group {
    name: NamedGroup,
    ffdhe: FfdheGroup<'static>,
    /// Of the subgroup in which keys must lie; `None` where the prime is safe, so that there are no
    /// small subgroups.
    order: Option<&'static [u8]>,
}

impl Group {
    fn bits(&self) -> u32 {
        u32::try_from(self.ffdhe.p.len() * 8).expect("the primes have at most 4096 bits")
    }

    fn number(&self, bytes: &[u8]) -> Option<BoxedUint> {
        BoxedUint::from_be_slice(bytes, self.bits()).ok()
    }

    fn prime(&self) -> Odd<BoxedUint> {
        let prime = self.number(self.ffdhe.p).and_then(|p| Odd::new(p).into_option());
        prime.expect("the primes of the RFCs are odd")
    }

    /// `base` to the power of `exponent`, in a time that tells nothing of either.
    fn power(&self, base: &BoxedUint, exponent: &BoxedUint) -> BoxedUint {
        let params = BoxedMontyParams::new(self.prime());
        BoxedMontyForm::new(base.clone(), &params).pow(exponent).retrieve()
    }

    fn public_key(&self, secret: &BoxedUint) -> BoxedUint {
        let generator = self.number(self.ffdhe.g).expect("generators are below their primes");
        self.power(&generator, secret)
    }

    /// Whether a key of the router lies between 1 and p − 1, both excluded, and in the subgroup
    /// (NIST SP 800-56A §5.6.2.3.1).
    fn takes(&self, key: &BoxedUint) -> bool {
        let one = BoxedUint::one_with_precision(self.bits());
        let last = self.prime().get().wrapping_sub(&one);
        let is_in_subgroup = self.order.is_none_or(|order| {
            let order = BoxedUint::from_be_slice_vartime(order);
            self.power(key, &order) == one
        });
        *key > one && *key < last && is_in_subgroup
    }
}

impl SupportedKxGroup for Group {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        let random = ring::default_provider().secure_random;
        random.fill(&mut *bytes).map_err(|GetRandomFailed| Error::FailedToGetRandomBytes)?;
        Ok(Box::new(KeyExchange::new(*self, &*bytes)))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        Some(self.ffdhe)
    }

    fn name(&self) -> NamedGroup {
        self.name
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_2
    }
}

struct KeyExchange {
    group: Group,
    secret: Zeroizing<BoxedUint>,
    public_key: Box<[u8]>,
}

impl KeyExchange {
    fn new(group: Group, secret: &[u8]) -> Self {
        let secret = Zeroizing::new(BoxedUint::from_be_slice_vartime(secret));
        let public_key = group.public_key(&secret).to_be_bytes();
        Self { group, secret, public_key }
    }
}

impl ActiveKeyExchange for KeyExchange {
    fn complete(self: Box<Self>, key: &[u8]) -> Result<SharedSecret, Error> {
        let key = self.group.number(key).filter(|key| self.group.takes(key));
        let key = key.ok_or(PeerMisbehaved::InvalidKeyShare)?;
        let shared = Zeroizing::new(self.group.power(&key, &self.secret));
        let bytes = Zeroizing::new(shared.to_be_bytes());
        Ok(SharedSecret::from(&**bytes))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        Some(self.group.ffdhe)
    }

    fn pub_key(&self) -> &[u8] {
        &self.public_key
    }

    fn group(&self) -> NamedGroup {
        self.group.name
    }
}

#[cfg(test)]
mod tests;
