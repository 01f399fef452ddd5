//! SHA-256 fingerprints, by which a router with a certificate of its own making is recognised.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use thiserror::Error;

const DIGEST_BYTES: usize = 32;
const KEY_PREFIX: &str = "spki-sha256:";

/// The SHA-256 of a certificate (what a router shows as `fingerprint`) or of its public key.
///
/// | text | of what |
/// |---|---|
/// | `sha256:` and 64 hexadecimal digits, or the digits alone | the certificate or its public key |
/// | `spki-sha256:` and 64 hexadecimal digits or Base64 | the public key only |
/// | `sha256//` and Base64, as curl takes it | the public key only |
///
/// Digits may have colons between them. The public key is the `SubjectPublicKeyInfo` in DER (RFC
/// 7469 §2.4): its fingerprint outlives a certificate that is renewed with the same key. Written as
/// `sha256:` or `spki-sha256:` and lower-case digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    digest: [u8; DIGEST_BYTES],
    subject: Subject,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    CertificateOrKey,
    Key,
}

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "reading a fingerprint: `sha256:` and 64 hexadecimal digits are needed, `spki-sha256:` and \
     digits or Base64, or `sha256//` and Base64"
)]
pub struct FingerprintError;

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of(der: &[u8]) -> Self {
        Self { digest: Sha256::digest(der).into(), subject: Subject::CertificateOrKey }
    }

    /// The fingerprint of a public key, given as `SubjectPublicKeyInfo` in DER.
    pub fn of_key(public_key: &[u8]) -> Self {
        Self { digest: Sha256::digest(public_key).into(), subject: Subject::Key }
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether a router that presented these is the one that was meant.
    pub(super) fn is_of(&self, certificate: &Self, key: Option<&Self>) -> bool {
        let is_of_key = key.is_some_and(|key| key.digest == self.digest);
        match self.subject {
            Subject::Key => is_of_key,
            Subject::CertificateOrKey => is_of_key || certificate.digest == self.digest,
        }
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let text = text.trim();
        if let Some(base64) = text.strip_prefix("sha256//") {
            return Ok(Self { digest: from_base64(base64)?, subject: Subject::Key });
        }
        if let Some(digest) = after(text, KEY_PREFIX) {
            let digest = from_hex(digest).or_else(|_| from_base64(digest))?;
            return Ok(Self { digest, subject: Subject::Key });
        }
        let digits = after(text, "sha256:").unwrap_or(text);
        Ok(Self { digest: from_hex(digits)?, subject: Subject::CertificateOrKey })
    }
}

/// What follows `prefix`, in whatever case that is written.
fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

fn from_hex(text: &str) -> Result<[u8; DIGEST_BYTES], FingerprintError> {
    let digits = text.replace(':', "");
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let mut digest = [0; DIGEST_BYTES];
    if pairs.len() != digest.len() || !rest.is_empty() {
        return Err(FingerprintError);
    }
    for (byte, pair) in digest.iter_mut().zip(pairs) {
        let pair = std::str::from_utf8(pair).map_err(|_| FingerprintError)?;
        if pair.starts_with('+') {
            return Err(FingerprintError);
        }
        *byte = u8::from_str_radix(pair, 16).map_err(|_| FingerprintError)?;
    }
    Ok(digest)
}

fn from_base64(text: &str) -> Result<[u8; DIGEST_BYTES], FingerprintError> {
    let digest = STANDARD.decode(text).map_err(|_| FingerprintError)?;
    digest.try_into().map_err(|_| FingerprintError)
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.subject {
            Subject::CertificateOrKey => "sha256:",
            Subject::Key => KEY_PREFIX,
        })?;
        self.digest.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_in_every_usual_form() {
        let expected = Fingerprint::of(b"certificate");
        let plain = expected.to_string().replace("sha256:", "");
        let colons: Vec<&str> =
            plain.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
        let colons = colons.join(":").to_uppercase();
        for text in [
            plain.clone(),
            colons.clone(),
            format!("sha256:{plain}"),
            format!(" SHA256:{colons}\n"),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        let short = "ab".repeat(31);
        let signed = "+a".repeat(32);
        for text in
            ["", "sha256:", &short, &signed, &"zz".repeat(32), &"é".repeat(32), &"ab".repeat(33)]
        {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }

    #[test]
    fn the_fingerprint_of_a_key_says_so_and_is_read_in_hex_and_base64() {
        let expected = Fingerprint::of_key(b"key");
        let hex = expected.to_string();
        assert!(hex.starts_with("spki-sha256:"), "{hex}");
        let base64 = STANDARD.encode(expected.as_bytes());
        for text in [
            hex.clone(),
            hex.to_uppercase(),
            format!("spki-sha256:{base64}"),
            format!("sha256//{base64}"),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in [base64.clone(), format!("sha256:{base64}"), "spki-sha256:aGk=".to_owned()] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }

    #[test]
    fn a_fingerprint_of_a_key_is_never_taken_for_that_of_a_certificate() {
        let certificate = Fingerprint::of(b"certificate");
        let same_bytes = Fingerprint { subject: Subject::Key, ..certificate };
        let key = Fingerprint::of_key(b"key");
        assert!(certificate.is_of(&certificate, Some(&key)));
        assert!(!same_bytes.is_of(&certificate, Some(&key)));
        assert!(key.is_of(&certificate, Some(&key)) && !key.is_of(&certificate, None));
        assert!(Fingerprint::of(b"key").is_of(&certificate, Some(&key)));
    }
}
