//! Passwords: argon2id, never kept or compared in the open.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::kernel::entropy::Entropy;
use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::wrong::Wrong;

use super::Username;

const CHARS_MIN: usize = 8;
const CHARS_MAX: usize = 200;
const SALT_BYTES: usize = 16;
const GENERATED_BYTES: usize = 12;

/// A hash of nobody's password: who is not there is refused after the same work as who is.
const OF_NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bWtiaWxsLW5vYm9keS1zYWx0$4PqYgXQBXbUEM4jF1lZpbGqcV9oCyCiP6ZqSxTO2fWk";

/// A stored hash, in PHC text form.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash(String);

impl Hash {
    /// Wraps a stored text.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a password is compared with when there is nobody of that name.
    pub fn of_nobody() -> Self {
        Self(OF_NOBODY.to_owned())
    }

    /// Is this the password? Takes some twenty milliseconds of one processor: not for the runtime's
    /// own threads.
    pub fn is_of(&self, password: &SecretString) -> bool {
        PasswordHash::new(&self.0).is_ok_and(|hash| {
            Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
        })
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash(..)")
    }
}

/// Checks a password that somebody chose: 8 to 200 characters, and not their own username.
///
/// # Errors
///
/// [`Error::Invalid`].
pub fn checked(password: &SecretString, username: &Username) -> Result<(), Error> {
    let text = password.expose_secret();
    if !(CHARS_MIN..=CHARS_MAX).contains(&text.chars().count()) {
        return Err(Error::invalid(
            "password",
            Wrong::Length { least: CHARS_MIN, most: CHARS_MAX },
        ));
    }
    if text.eq_ignore_ascii_case(username.as_str()) {
        return Err(Error::invalid(
            "password",
            said!(
                "it is the username: choose something else",
                "itu nama pengguna: pilih kata sandi yang lain"
            ),
        ));
    }
    Ok(())
}

/// Hashes a password. As slow as [`Hash::is_of`].
///
/// # Errors
///
/// [`Error::Broken`] if the hash cannot be made.
pub fn hash(password: &SecretString, entropy: &dyn Entropy) -> Result<Hash, Error> {
    let mut salt = [0_u8; SALT_BYTES];
    entropy.fill(&mut salt);
    let made = Argon2::default()
        .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
        .map_err(|error| Error::broken(format!("a password could not be hashed: {error}")))?;
    Ok(Hash(made.to_string()))
}

/// A random password of 96 bits, to be handed over once and changed at the first sign-in.
pub fn generate(entropy: &dyn Entropy) -> SecretString {
    let mut bytes = [0_u8; GENERATED_BYTES];
    entropy.fill(&mut bytes);
    SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;

    #[test]
    fn a_password_is_known_again_and_no_other_one_is() {
        let right = SecretString::from("correct horse");
        let kept = hash(&right, &OsEntropy).unwrap();
        assert!(kept.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.as_str());
        assert!(kept.is_of(&right));
        assert!(!kept.is_of(&SecretString::from("correct horse ")));
        assert!(!format!("{kept:?}").contains("argon2id"));
    }

    #[test]
    fn nobody_has_a_password_and_a_damaged_hash_is_of_none() {
        assert!(PasswordHash::new(OF_NOBODY).is_ok());
        assert!(!Hash::of_nobody().is_of(&SecretString::from("")));
        assert!(!Hash::stored("$argon2id$".to_owned()).is_of(&SecretString::from("")));
    }

    #[test]
    fn a_chosen_password_is_long_and_not_the_username() {
        let name: Username = "warung-sri".parse().unwrap();
        let check = |text: &str| checked(&SecretString::from(text), &name).is_ok();
        assert!(check("12345678") && check(&"é".repeat(200)));
        for bad in ["", "1234567", "Warung-Sri", &"x".repeat(201)] {
            assert!(!check(bad), "{bad:?}");
        }
    }
}
