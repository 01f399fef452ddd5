//! API keys: random, shown once, stored as a digest.

pub mod store;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::kernel::entropy::Entropy;
use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::ApiKeyId;
use crate::kernel::language::said;
use crate::kernel::permission::Permissions;

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
    /// What it is for.
    pub scopes: Permissions,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good; for ever if absent.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is refused.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Is it good at `now`?
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The holder's name: 1 to 60 letters, digits, dots, dashes and underscores; unique.
    pub name: String,
    /// What it is for; no more than its maker may do.
    pub scopes: Permissions,
    /// Until when it is good; for ever if absent.
    pub expires_at: Option<Timestamp>,
}

impl NewApiKey {
    /// A key that may do everything, for ever.
    pub fn for_everything(name: &str) -> Self {
        Self { name: name.to_owned(), scopes: Permissions::ALL, expires_at: None }
    }
}

/// Why no key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyRefusal {
    /// A key that may do nothing.
    #[error("a key needs at least one scope")]
    NoScope,
    /// A key that may do more than its maker.
    #[error("nobody can give a key what they may not do themselves")]
    BeyondMaker,
    /// A key that is over already.
    #[error("the key would be over already: give an instant in the future")]
    Over,
}

impl Refusal for ApiKeyRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoScope => "scope_missing",
            Self::BeyondMaker => "scope_beyond_maker",
            Self::Over => "expiry_past",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::NoScope => "kunci memerlukan paling sedikit satu cakupan izin".to_owned(),
            Self::BeyondMaker => {
                "tidak ada yang bisa memberi kunci izin yang tidak ia miliki sendiri".to_owned()
            }
            Self::Over => "kunci sudah langsung kedaluwarsa: beri waktu di masa depan".to_owned(),
        }
    }
}

/// The digest a key is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// Does a text look like a key, and not like the token of a session?
pub fn is_marked(presented: &str) -> bool {
    presented.starts_with(MARK)
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
            said!(
                "use 1 to {NAME_CHARS_MAX} of a-z, A-Z, 0-9, -, _ and .",
                "gunakan 1 sampai {NAME_CHARS_MAX} karakter dari a-z, A-Z, 0-9, -, _ dan ."
            ),
        ))
    }
}
