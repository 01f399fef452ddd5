//! Tokens of sessions: JWT, signed with HS256 by a key that follows from the master key. A token only
//! names a session; whether that holds, and what its holder may do, the engine says at each request.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use mkbill_core::billing::{Reader, SignedIn};
use mkbill_core::kernel::ids::StaffSessionId;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const PURPOSE: &str = "tokens of staff sessions";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// Whose.
    sub: Uuid,
    /// Which session.
    sid: Uuid,
    /// For people who look into it; nothing is decided by it.
    username: String,
    iat: i64,
    exp: i64,
}

/// Makes and reads tokens.
pub(crate) struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    rules: Validation,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(..)")
    }
}

impl Tokens {
    pub(crate) fn new(reader: &Reader) -> Self {
        let key = reader.subkey(PURPOSE);
        // One that the application around us has chosen knows HS256 as well.
        PROVIDER.install_default().ok();
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_required_spec_claims(&["sub", "exp"]);
        // The engine's clock decides, not the machine's, by what it knows of the session.
        rules.validate_exp = false;
        Self {
            signing: EncodingKey::from_secret(key.expose_secret()),
            reading: DecodingKey::from_secret(key.expose_secret()),
            rules,
        }
    }

    /// A token for a session.
    pub(crate) fn issue(&self, signed_in: &SignedIn) -> Result<SecretString> {
        let claims = Claims {
            sub: signed_in.staff.id.uuid(),
            sid: signed_in.session.id.uuid(),
            username: signed_in.staff.username.to_string(),
            iat: signed_in.session.created_at.as_second(),
            exp: signed_in.session.expires_at.as_second(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing).map(SecretString::from)
    }

    /// The session that a token names, if the token is ours.
    pub(crate) fn session(&self, token: &str) -> Option<StaffSessionId> {
        let read = decode::<Claims>(token, &self.reading, &self.rules).ok()?;
        Some(StaffSessionId::from_uuid(read.claims.sid))
    }
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs256::new(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(*algorithm, key.try_get_as_bytes()?)?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(hmac::Key);

impl Hs256 {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self> {
        match algorithm {
            Algorithm::HS256 => Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key))),
            _ => Err(ErrorKind::InvalidAlgorithm.into()),
        }
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, SignatureError> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), SignatureError> {
        hmac::verify(&self.0, message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
