//! Secrets at rest: sealed by XChaCha20-Poly1305 under one master key.

use super::language::said;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::Sha256;

use super::entropy::Entropy;
use super::error::Error;

const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
const TOKEN_BYTES: usize = 16;

/// A sealed secret: nonce and ciphertext. Safe to store; `Debug` shows only its size.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Wraps stored bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// The key that seals every secret of the store, and makes tokens that nobody else can make.
#[derive(Clone)]
pub struct MasterKey {
    cipher: XChaCha20Poly1305,
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// A new random key and its base64 text, to be kept in a key file.
    pub fn generate(entropy: &dyn Entropy) -> (Self, SecretString) {
        let mut bytes = [0_u8; KEY_BYTES];
        entropy.fill(&mut bytes);
        (Self::from_bytes(bytes), SecretString::from(STANDARD.encode(bytes)))
    }

    /// Reads the base64 text of a 32-byte key.
    pub fn from_base64(text: &SecretString) -> Result<Self, Error> {
        let bytes = STANDARD.decode(text.expose_secret().trim()).ok();
        bytes
            .and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok())
            .map(Self::from_bytes)
            .ok_or_else(|| {
                Error::invalid(
                    "master_key",
                    said!("give 32 bytes as base64", "isi 32 byte dalam base64"),
                )
            })
    }

    fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        let mac = Hmac::new_from_slice(&bytes).expect("a key of any length will do");
        Self { cipher: XChaCha20Poly1305::new(&Key::from(bytes)), mac }
    }

    /// An unguessable text of 128 bits for one purpose, such as `invoice:<id>`: the same whenever it
    /// is asked for, so that it need not be stored.
    pub fn token(&self, purpose: &str) -> String {
        let mut mac = self.mac.clone();
        mac.update(b"token:");
        mac.update(purpose.as_bytes());
        URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..TOKEN_BYTES])
    }

    /// A key of 256 bits for one purpose, such as signing tokens of sessions: the same whenever it is
    /// asked for.
    pub fn subkey(&self, purpose: &str) -> SecretSlice<u8> {
        let mut mac = self.mac.clone();
        mac.update(b"subkey:");
        mac.update(purpose.as_bytes());
        SecretSlice::from(mac.finalize().into_bytes().to_vec())
    }

    /// Seals `secret` for one purpose, such as `router:<id>`; it opens only for the same purpose.
    pub fn seal(&self, secret: &SecretString, purpose: &str, entropy: &dyn Entropy) -> Sealed {
        self.seal_bytes(secret.expose_secret().as_bytes(), purpose, entropy)
    }

    /// As [`Self::seal`], of bytes that may hold a secret.
    pub fn seal_bytes(&self, bytes: &[u8], purpose: &str, entropy: &dyn Entropy) -> Sealed {
        let mut nonce = [0_u8; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: bytes, aad: purpose.as_bytes() };
        let text = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a secret is far shorter than the cipher's limit");
        Sealed([nonce.as_slice(), &text].concat())
    }

    /// Opens what [`Self::seal`] made for the same purpose.
    pub fn open(&self, sealed: &Sealed, purpose: &str) -> Result<SecretString, Error> {
        let plain = self.open_bytes(sealed, purpose)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| unreadable(purpose))
    }

    /// Opens what [`Self::seal_bytes`] made for the same purpose.
    pub fn open_bytes(&self, sealed: &Sealed, purpose: &str) -> Result<Vec<u8>, Error> {
        let unreadable = || unreadable(purpose);
        let (nonce, text) = sealed.0.split_first_chunk::<NONCE_BYTES>().ok_or_else(unreadable)?;
        let payload = Payload { msg: text, aad: purpose.as_bytes() };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| unreadable())
    }
}

fn unreadable(purpose: &str) -> Error {
    Error::broken(format!(
        "the secret of {purpose} cannot be opened: is this the master key it was stored with?"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;

    #[test]
    fn a_secret_opens_only_with_its_key_and_for_its_purpose() {
        let (key, text) = MasterKey::generate(&OsEntropy);
        let sealed = key.seal(&SecretString::from("hunter2"), "router:1", &OsEntropy);
        let again = MasterKey::from_base64(&text).unwrap();
        assert_eq!(again.open(&sealed, "router:1").unwrap().expose_secret(), "hunter2");
        assert!(key.open(&sealed, "router:2").is_err());
        let (other, _) = MasterKey::generate(&OsEntropy);
        assert!(other.open(&sealed, "router:1").is_err());
        assert!(key.open(&Sealed::from_bytes(vec![1, 2, 3]), "router:1").is_err());
        assert!(!format!("{sealed:?} {key:?}").contains("hunter2"));
    }

    #[test]
    fn a_token_is_the_same_for_its_purpose_and_key_only() {
        let (key, text) = MasterKey::generate(&OsEntropy);
        let again = MasterKey::from_base64(&text).unwrap();
        assert_eq!(key.token("invoice:1"), again.token("invoice:1"));
        assert_eq!(key.token("invoice:1").len(), 22);
        assert_ne!(key.token("invoice:1"), key.token("invoice:2"));
        let (other, _) = MasterKey::generate(&OsEntropy);
        assert_ne!(key.token("invoice:1"), other.token("invoice:1"));
    }

    #[test]
    fn a_master_key_is_thirty_two_bytes() {
        assert!(MasterKey::from_base64(&SecretString::from("c2hvcnQ=")).is_err());
        assert!(MasterKey::from_base64(&SecretString::from("not base64 !")).is_err());
    }
}
