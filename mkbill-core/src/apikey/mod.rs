//! API keys: random, shown once, stored as a digest.

pub mod store;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::kernel::entropy::Entropy;
use crate::kernel::error::Error;
use crate::kernel::ids::ApiKeyId;

const MARK: &str = "mk_";
const RANDOM_BYTES: usize = 32;
const NAME_CHARS_MAX: usize = 60;

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Identity.
    pub id: ApiKeyId,
    /// The holder's name, written into the audit trail; unique.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is refused.
    pub revoked_at: Option<Timestamp>,
}

/// The digest a key is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A new secret key; the only time it can be read.
pub fn generate(entropy: &dyn Entropy) -> SecretString {
    let mut bytes = [0_u8; RANDOM_BYTES];
    entropy.fill(&mut bytes);
    SecretString::from(format!("{MARK}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The digest of a presented key. The key has 256 random bits, so a plain digest is enough.
pub fn digest(key: &SecretString) -> KeyDigest {
    KeyDigest(Sha256::digest(key.expose_secret().as_bytes()).into())
}

/// Checks a key's name.
pub fn checked_name(name: &str) -> Result<String, Error> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if plain && (1..=NAME_CHARS_MAX).contains(&name.len()) {
        Ok(name.to_owned())
    } else {
        Err(Error::invalid(
            "name",
            format!("use 1 to {NAME_CHARS_MAX} of a-z, A-Z, 0-9, -, _ and ."),
        ))
    }
}
