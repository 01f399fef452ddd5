//! Logins of subscriptions: hotspot users and secrets that stay as long as their subscription.

use std::fmt;
use std::str::FromStr;

use crate::kernel::context::Context;
use crate::kernel::entropy::{CLEAR_SYMBOLS, Entropy, pick};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, LoginId, RouterId, SubscriptionId};
use crate::kernel::language::said;

use super::comment::PppoeMark;
use super::line::Line;
use super::{Care, Login, LoginKind, LoginSpec, Owner, Presence, SyncState, Usage};

/// The longest name and the longest password of a subscriber's login.
pub const LOGIN_CHARS_MAX: usize = 64;
/// Random symbols of a password that nobody chose: 31¹², more than 59 bits.
const PASSWORD_CHARS: usize = 12;

/// What routers keep as it is and people can type: ASCII that shows, no blanks.
fn is_typeable(text: &str) -> bool {
    (1..=LOGIN_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What a subscriber types as name: 1 to 64 visible ASCII characters without blanks. It does not
/// begin with `*`, as a router takes that for a handle.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoginName(String);

impl LoginName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LoginName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if is_typeable(text) && !text.starts_with('*') {
            return Ok(Self(text.to_owned()));
        }
        let problem = said!(
            "use 1 to {LOGIN_CHARS_MAX} visible ASCII characters without blanks, the first not `*`",
            "gunakan 1 sampai {LOGIN_CHARS_MAX} karakter ASCII yang terlihat tanpa spasi, yang pertama bukan `*`"
        );
        Err(Error::invalid("login_name", problem))
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a subscriber types as password: 1 to 64 visible ASCII characters without blanks. Its `Debug`
/// form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginPassword(String);

impl LoginPassword {
    /// A password by chance, from symbols that are not mixed up.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(pick(entropy, CLEAR_SYMBOLS, PASSWORD_CHARS).into_iter().map(char::from).collect())
    }

    /// The password's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LoginPassword {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if is_typeable(text) {
            return Ok(Self(text.to_owned()));
        }
        let problem = said!(
            "use 1 to {LOGIN_CHARS_MAX} visible ASCII characters without blanks",
            "gunakan 1 sampai {LOGIN_CHARS_MAX} karakter ASCII yang terlihat tanpa spasi"
        );
        Err(Error::invalid("login_password", problem))
    }
}

impl fmt::Debug for LoginPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginPassword(..)")
    }
}

/// What the login of a subscription is made from.
#[derive(Debug, Clone)]
pub struct NewSubscriberLogin {
    /// Who pays.
    pub customer: CustomerId,
    /// For which subscription.
    pub subscription: SubscriptionId,
    /// On which router.
    pub router: RouterId,
    /// In which menu.
    pub kind: LoginKind,
    /// Its name; the caller sees that no login of this router has it.
    pub name: LoginName,
    /// Its password.
    pub password: LoginPassword,
    /// Its router profile.
    pub profile: String,
    /// Who may use it, and which addresses it gets.
    pub line: Line,
    /// Is the user that bears its name on the router to be taken over?
    pub adopt: bool,
    /// Whether it is open from the beginning.
    pub presence: Presence,
}

/// The login of a subscription, without limits over all sessions, that its router has never heard of. Its
/// comment names customer and subscription by their identifiers and today's business date.
///
/// # Errors
///
/// A comment that is too long for a router; identifiers never are.
pub fn login_for(context: Context<'_>, new: NewSubscriberLogin) -> Result<Login, Error> {
    let mark = PppoeMark {
        customer: Some(new.customer.to_string()),
        subscription: Some(new.subscription.to_string()),
        vendor: None,
        created_on: context.zone.date(context.now),
    };
    Ok(Login {
        id: LoginId::new(context.now, context.entropy),
        router: new.router,
        kind: new.kind,
        name: new.name.0,
        owner: Owner::Subscription(new.subscription),
        presence: new.presence,
        closed: false,
        spec: LoginSpec {
            password: new.password.0,
            profile: new.profile,
            limit_uptime: None,
            limit_bytes: None,
            line: new.line,
            comment: mark.to_comment()?,
        },
        care: if new.adopt { Care::Adopting } else { Care::Books },
        revision: 1,
        sync: SyncState::Pending { attempts: 0, last_error: None },
        ever_applied: false,
        usage: Usage::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;

    #[test]
    fn a_name_is_what_a_router_and_a_keyboard_take() {
        for good in ["a", "budi@rt03", "Pak-Budi_01", "a*", &"x".repeat(64)] {
            assert_eq!(good.parse::<LoginName>().unwrap().as_str(), good);
        }
        for bad in ["", " ", "pak budi", "*1A", "búdi", "a\t", "a\n", &"x".repeat(65)] {
            assert!(bad.parse::<LoginName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_password_is_typeable_and_does_not_show() {
        for good in ["1", "*s3cret*", &"x".repeat(64)] {
            assert_eq!(good.parse::<LoginPassword>().unwrap().as_str(), good);
        }
        for bad in ["", "two words", "pässword", &"x".repeat(65)] {
            assert!(bad.parse::<LoginPassword>().is_err(), "{bad:?}");
        }
        let chance = LoginPassword::random(&OsEntropy);
        assert!(chance.as_str().len() >= 10);
        assert!(chance.as_str().bytes().all(|byte| CLEAR_SYMBOLS.contains(&byte)));
        assert_ne!(chance, LoginPassword::random(&OsEntropy));
        assert_eq!(format!("{chance:?}"), "LoginPassword(..)");
    }
}
