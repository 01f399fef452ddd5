//! What deliveries are signed with, so that a receiver knows who sent them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::kernel::entropy::Entropy;
use crate::kernel::error::Error;
use crate::kernel::language::said;

const MARK: &str = "whsec_";
const VERSION: &str = "v1";
const RANDOM_BYTES: usize = 32;
const BYTES_MIN: usize = 24;
const BYTES_MAX: usize = 64;

/// A secret that a receiver shares with us: `whsec_` and 24 to 64 bytes as base64.
#[derive(Clone)]
pub struct WebhookSecret(SecretString);

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

impl WebhookSecret {
    /// A new one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0_u8; RANDOM_BYTES];
        entropy.fill(&mut bytes);
        Self(SecretString::from(format!("{MARK}{}", STANDARD.encode(bytes))))
    }

    /// Reads the text of one.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what is none, without saying what it was.
    pub fn parse(text: SecretString) -> Result<Self, Error> {
        let secret = Self(text);
        secret.key().map(|_| secret)
    }

    /// Its text, for the receiver.
    pub fn text(&self) -> &SecretString {
        &self.0
    }

    fn key(&self) -> Result<Vec<u8>, Error> {
        let bytes = self.0.expose_secret().strip_prefix(MARK);
        let bytes = bytes.and_then(|text| STANDARD.decode(text).ok());
        bytes.filter(|bytes| (BYTES_MIN..=BYTES_MAX).contains(&bytes.len())).ok_or_else(|| {
            Error::invalid(
                "secret",
                said!(
                    "use {MARK} and 24 to 64 bytes as base64",
                    "gunakan {MARK} dan 24 sampai 64 byte dalam base64"
                ),
            )
        })
    }

    /// The signature of a message: its id, the second of this attempt and its body.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a secret that is none.
    pub fn sign(&self, id: &str, second: i64, body: &[u8]) -> Result<String, Error> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key()?).expect("a key of any length");
        mac.update(format!("{id}.{second}.").as_bytes());
        mac.update(body);
        Ok(format!("{VERSION},{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;

    #[test]
    fn the_published_example_is_signed_as_published() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    /// As the guide to webhooks has it, for receivers.
    fn is_genuine(
        secret: &str,
        id: &str,
        timestamp: &str,
        signatures: &str,
        body: &[u8],
    ) -> Option<()> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        let mut given =
            signatures.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
        given.find_map(|one| mac.clone().verify_slice(&one).ok())
    }

    #[test]
    fn what_is_signed_is_genuine_for_a_receiver_that_follows_the_guide() {
        let (old, new) = (WebhookSecret::generate(&OsEntropy), WebhookSecret::generate(&OsEntropy));
        let both = [&new, &old].map(|secret| secret.sign("msg_1", 7, b"{}").unwrap()).join(" ");
        let checked = |secret: &WebhookSecret, body: &[u8]| {
            is_genuine(secret.text().expose_secret(), "msg_1", "7", &both, body)
        };
        assert!(checked(&old, b"{}").is_some() && checked(&new, b"{}").is_some());
        let stranger = WebhookSecret::generate(&OsEntropy);
        assert!(checked(&old, b"{ }").is_none() && checked(&stranger, b"{}").is_none());
    }

    #[test]
    fn a_secret_is_long_enough_and_shown_to_nobody() {
        let secret = WebhookSecret::generate(&OsEntropy);
        assert_eq!(secret.key().unwrap().len(), RANDOM_BYTES);
        assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
        for text in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%"]
        {
            assert!(WebhookSecret::parse(text.into()).is_err(), "{text}");
        }
        let long = format!("{MARK}{}", STANDARD.encode([0; BYTES_MAX + 1]));
        assert!(WebhookSecret::parse(long.into()).is_err());
    }
}
