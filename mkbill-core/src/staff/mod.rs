//! Staff: the people who operate the system, and how they sign in.

pub mod password;
pub mod principal;
pub mod session;
pub mod slow_down;
pub mod store;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::StaffId;
use crate::kernel::language::said;
use crate::kernel::names::visible;
use crate::kernel::permission::Role;

const USERNAME_CHARS_MIN: usize = 3;
const USERNAME_CHARS_MAX: usize = 30;
const NAME_CHARS_MAX: usize = 100;

/// For how long a link for setting up the first super admin is good.
pub const SETUP_LASTS: SignedDuration = SignedDuration::from_hours(24);

/// The name somebody signs in with: 3 to 30 lower-case letters, digits, dots, dashes and underscores;
/// unique. Capitals are read as small letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Username(String);

impl Username {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let small = text.trim().to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        let fits = (USERNAME_CHARS_MIN..=USERNAME_CHARS_MAX).contains(&small.len());
        if fits && small.bytes().all(plain) {
            return Ok(Self(small));
        }
        let allowed = said!(
            "use {USERNAME_CHARS_MIN} to {USERNAME_CHARS_MAX} of a-z, 0-9, dot, dash and underscore",
            "gunakan {USERNAME_CHARS_MIN} sampai {USERNAME_CHARS_MAX} karakter dari a-z, 0-9, titik, tanda hubung dan garis bawah"
        );
        Err(Error::invalid("username", allowed))
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks the name of a person: 1 to 100 visible characters.
pub(crate) fn checked_name(name: &str) -> Result<String, Error> {
    visible(name, "name", NAME_CHARS_MAX)
}

/// Whether somebody may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffState {
    /// They may.
    Active,
    /// They may not, for now.
    Disabled {
        /// Since when.
        since: Timestamp,
    },
    /// They are gone; the name stays theirs, so that the trail stays readable.
    Removed {
        /// Since when.
        since: Timestamp,
    },
}

impl StaffState {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled { .. } => "disabled",
            Self::Removed { .. } => "removed",
        }
    }
}

/// Somebody who operates the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Identity.
    pub id: StaffId,
    /// What they sign in with.
    pub username: Username,
    /// Name for people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in.
    pub state: StaffState,
    /// Whether they have to choose a password before anything else.
    pub must_change_password: bool,
    /// When they were added.
    pub created_at: Timestamp,
    /// Grows with every change.
    pub revision: i64,
}

impl Staff {
    /// Is this somebody without whom nobody could manage staff?
    pub fn rules(&self) -> bool {
        self.role == Role::SuperAdmin && self.state == StaffState::Active
    }
}

/// Somebody to be added.
#[derive(Debug, Clone)]
pub struct NewStaff {
    /// What they will sign in with.
    pub username: Username,
    /// Name for people: 1 to 100 characters.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A change of somebody; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct StaffChange {
    /// Name for people.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they may sign in.
    pub enabled: Option<bool>,
}

impl StaffChange {
    /// How somebody becomes at `now`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name out of bounds, [`StaffRefusal::Removed`] for somebody who is gone.
    pub fn apply(self, staff: Staff, now: Timestamp) -> Result<Staff, Error> {
        let state = match (staff.state, self.enabled) {
            (StaffState::Removed { .. }, _) => return Err(StaffRefusal::Removed.into()),
            (StaffState::Active, Some(false)) => StaffState::Disabled { since: now },
            (StaffState::Disabled { .. }, Some(true)) => StaffState::Active,
            (state, _) => state,
        };
        let name = self.name.map(|name| checked_name(&name)).transpose()?;
        Ok(Staff {
            name: name.unwrap_or(staff.name),
            role: self.role.unwrap_or(staff.role),
            state,
            ..staff
        })
    }
}

/// Why staff could not do, or have done to them, what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaffRefusal {
    /// Nobody signs in with this name and password.
    #[error("the username or the password is wrong")]
    SignInFailed,
    /// Too many tries failed just now.
    #[error("too many tries failed: wait {} seconds before the next one", .0.as_secs())]
    SlowedDown(SignedDuration),
    /// The password is right, but they may not sign in.
    #[error("this account is disabled: ask a super admin")]
    Disabled,
    /// The session's holder has to choose a password first.
    #[error("choose a new password first")]
    MustChangePassword,
    /// The present password was given wrongly.
    #[error("the present password is wrong")]
    WrongPassword,
    /// The new password is the present one.
    #[error("the new password is the present one: choose another one")]
    SamePassword,
    /// The only one who can manage staff would be gone.
    #[error("this is the last active super admin: make another one first")]
    LastSuperAdmin,
    /// They were removed.
    #[error("this account was removed")]
    Removed,
    /// The link was used, is too old, or there is a super admin already.
    #[error("this link is over: there is a super admin already, or it is older than a day")]
    SetupOver,
}

impl Refusal for StaffRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::SignInFailed => "sign_in_failed",
            Self::SlowedDown(_) => "slowed_down",
            Self::Disabled => "staff_disabled",
            Self::MustChangePassword => "password_change_required",
            Self::WrongPassword => "wrong_password",
            Self::SamePassword => "same_password",
            Self::LastSuperAdmin => "last_super_admin",
            Self::Removed => "staff_removed",
            Self::SetupOver => "setup_over",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::SignInFailed => "nama pengguna atau kata sandi salah".to_owned(),
            Self::SlowedDown(wait) => format!(
                "terlalu banyak percobaan gagal: tunggu {} detik sebelum mencoba lagi",
                wait.as_secs()
            ),
            Self::Disabled => "akun ini dinonaktifkan: hubungi super admin".to_owned(),
            Self::MustChangePassword => "buat kata sandi baru dulu".to_owned(),
            Self::WrongPassword => "kata sandi saat ini salah".to_owned(),
            Self::SamePassword => "kata sandi baru sama dengan yang sekarang: pilih yang lain".to_owned(),
            Self::LastSuperAdmin => "ini super admin aktif terakhir: buat yang lain dulu".to_owned(),
            Self::Removed => "akun ini sudah dihapus".to_owned(),
            Self::SetupOver => "tautan ini tidak berlaku lagi: sudah ada super admin, atau umurnya lebih dari satu hari".to_owned(),
        }
    }

    fn retry_after(&self) -> Option<SignedDuration> {
        match self {
            Self::SlowedDown(wait) => Some(*wait),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_short_plain_and_small() {
        assert_eq!("Budi.S".parse::<Username>().unwrap().as_str(), "budi.s");
        for bad in ["", "ab", "with blank", "é-names", "a;drop", &"x".repeat(31)] {
            assert!(bad.parse::<Username>().is_err(), "{bad:?}");
        }
    }
}
