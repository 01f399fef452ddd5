//! Logging in: with the password as it is (6.43 and later) or with an MD5 answer to a challenge
//! (before).

use std::fmt::Write as _;

use md5::{Digest, Md5};
use thiserror::Error;

use super::Sentence;

/// Which way of logging in is tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum LoginMode {
    /// The password as it is; a challenge is refused. Right for 6.43 and later.
    #[default]
    Modern,
    /// A challenge is asked for and answered; the password never crosses the wire. Right before
    /// 6.43.
    LegacyMd5,
    /// Modern first, the challenge when the router answers with one. The password has then crossed
    /// the wire, so choose this over TLS or over a network that you trust.
    Auto,
}

/// What to do after the router said `!done` to a login sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginStep {
    /// The router let us in.
    LoggedIn,
    /// This sentence must be answered too.
    Send(Sentence),
}

/// A `!done` that did not let us in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The router asked for an MD5 answer and the mode forbids one. `!done` with `=ret=` is no
    /// success.
    #[error("logging in with a plain password, which the router answered by a challenge")]
    PlainRefused,
    /// The challenge was no hexadecimal text of a length that makes sense.
    #[error("reading the login challenge")]
    Challenge,
}

const CHALLENGE_BYTES_MAX: usize = 64;

/// A login under way. Feed it the `=ret=` of every `!done`.
#[derive(Clone)]
pub struct Login<'a> {
    username: &'a str,
    password: &'a str,
    mode: LoginMode,
    answered: bool,
}

impl std::fmt::Debug for Login<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Login")
            .field("username", &self.username)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl<'a> Login<'a> {
    /// The login to attempt, and the first sentence to send.
    pub fn start(mode: LoginMode, username: &'a str, password: &'a str) -> (Self, Sentence) {
        let first = Sentence::command("/login");
        let first = match mode {
            LoginMode::Modern | LoginMode::Auto => {
                first.with("name", username).with("password", password)
            }
            LoginMode::LegacyMd5 => first,
        };
        (Self { username, password, mode, answered: false }, first)
    }

    /// Decides by the `=ret=` of a `!done`.
    ///
    /// # Errors
    ///
    /// [`LoginError`] when the router did not let us in and there is nothing more to send.
    pub fn done(&mut self, ret: Option<&[u8]>) -> Result<LoginStep, LoginError> {
        let Some(challenge) = ret else {
            return match (self.mode, self.answered) {
                (LoginMode::LegacyMd5, false) => Err(LoginError::Challenge),
                _ => Ok(LoginStep::LoggedIn),
            };
        };
        if self.mode == LoginMode::Modern || self.answered {
            return Err(LoginError::PlainRefused);
        }
        self.answered = true;
        let response =
            response(self.password.as_bytes(), challenge).ok_or(LoginError::Challenge)?;
        Ok(LoginStep::Send(
            Sentence::command("/login").with("name", self.username).with("response", response),
        ))
    }
}

/// The answer to a challenge: `00` and the MD5 of a zero byte, the password and the challenge
/// bytes, in hexadecimal.
///
/// `None` when the challenge is not hexadecimal, is empty or is longer than 64 bytes.
pub fn response(password: &[u8], challenge: &[u8]) -> Option<String> {
    let challenge = from_hex(challenge)?;
    let digest =
        Md5::new().chain_update([0]).chain_update(password).chain_update(challenge).finalize();
    Some(digest.iter().fold("00".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string never fails");
        text
    }))
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() || pairs.len() > CHALLENGE_BYTES_MAX {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_golden_challenge_has_its_answer() {
        for (password, challenge, expected) in [
            ("", "93b438ec9b80057c06dd9fe67d56aa9a", "00e134102a9d330dd7b1849fedfea3cb57"),
            ("", "856780b7411eefd3abadee2058c149a3", "005062f7a5ef124d34675bf3e81f56c556"),
            ("test", "259e0bc05acd6f46926dc2f809ed1bba", "00c7fd865183a43a772dde231f6d0bff13"),
            ("passTest", "abc123", "0021277bff9ac7caf06aa608e46616d47f"),
        ] {
            assert_eq!(
                response(password.as_bytes(), challenge.as_bytes()).as_deref(),
                Some(expected)
            );
        }
    }

    #[test]
    fn a_done_with_a_challenge_is_not_a_login() {
        let (mut login, first) = Login::start(LoginMode::Modern, "admin", "p");
        assert_eq!(first.attribute("password"), Some(&b"p"[..]));
        assert_eq!(login.done(Some(b"abc123")), Err(LoginError::PlainRefused));
    }

    #[test]
    fn auto_answers_one_challenge_and_no_more() {
        let (mut login, _) = Login::start(LoginMode::Auto, "admin", "passTest");
        let Ok(LoginStep::Send(second)) = login.done(Some(b"abc123")) else { panic!("no answer") };
        assert_eq!(second.attribute("response"), Some(&b"0021277bff9ac7caf06aa608e46616d47f"[..]));
        assert_eq!(second.attribute("password"), None);
        assert_eq!(login.clone().done(None), Ok(LoginStep::LoggedIn));
        assert_eq!(login.done(Some(b"abc123")), Err(LoginError::PlainRefused));
    }

    #[test]
    fn the_legacy_way_never_sends_the_password_and_needs_a_challenge() {
        let (mut login, first) = Login::start(LoginMode::LegacyMd5, "admin", "p");
        assert_eq!(first, Sentence::command("/login"));
        assert_eq!(login.done(None), Err(LoginError::Challenge));
    }

    #[test]
    fn a_challenge_that_makes_no_sense_is_refused() {
        let long = [b'a'; 130];
        for challenge in [&b""[..], b"abc", b"xyz123", &long] {
            let (mut login, _) = Login::start(LoginMode::Auto, "admin", "p");
            assert_eq!(login.done(Some(challenge)), Err(LoginError::Challenge));
        }
    }

    #[test]
    fn debug_never_shows_the_password() {
        let (login, first) = Login::start(LoginMode::Modern, "admin", "hunter2");
        assert!(!format!("{login:?}{first:?}").contains("hunter2"));
    }
}
