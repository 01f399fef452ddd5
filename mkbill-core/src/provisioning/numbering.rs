//! Names of subscribers' logins that are counted: `pppoe-0156`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::kernel::error::{Error, Refusal};
use crate::kernel::language::said;
use crate::kernel::wrong::Wrong;

use super::subscriber::LoginName;

const PREFIX_CHARS_MAX: usize = 32;
/// The most digits that a number is filled up to.
pub const DIGITS_MAX: u32 = 10;
/// The largest number.
pub const NUMBER_MAX: i64 = 9_999_999_999;

/// What counted names begin with: 1 to 32 letters, digits, dots or underscores, and dashes within.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoginPrefix(String);

impl LoginPrefix {
    /// The prefix's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LoginPrefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=PREFIX_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_plain);
        if fits && !text.starts_with('-') && !text.ends_with('-') {
            return Ok(Self(text.to_owned()));
        }
        let wanted = said!(
            "use 1 to 32 letters, digits, dots, underscores and, within, dashes",
            "gunakan 1 sampai 32 huruf, angka, titik, garis bawah dan, di tengah, tanda hubung"
        );
        Err(Error::invalid("prefix", wanted))
    }
}

impl fmt::Display for LoginPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a login comes to its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// This name. If it looks counted, its numbering goes on after it.
    Chosen(LoginName),
    /// The next free name of a numbering.
    Numbered(LoginPrefix),
    /// The next free name of a numbering for a line of a list that may come twice: refused if the
    /// customer has as many logins of this prefix on the router already.
    Listed {
        /// The prefix.
        prefix: LoginPrefix,
        /// How many logins of this prefix the lines before want for the same customer.
        nth: usize,
        /// Names of the customer that do not count, since other lines of the list choose them.
        besides: Vec<LoginName>,
    },
}

/// How the names of one prefix are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbering {
    /// What they begin with.
    pub prefix: LoginPrefix,
    /// Up to how many digits their numbers are filled with zeros.
    pub digits: u32,
    /// The largest number that was given; 0 if none was.
    pub last: i64,
    /// When it was written last.
    pub updated_at: Timestamp,
}

/// Why no name is counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberingRefusal {
    /// There is no rule of that prefix.
    #[error("there is no numbering `{0}`: add it, or give a name")]
    Unknown(LoginPrefix),
    /// Too many of the next names are taken.
    #[error(
        "the next {tries} names after {last} of `{prefix}` are all taken: raise its last number"
    )]
    Crowded {
        /// The prefix.
        prefix: LoginPrefix,
        /// Where the search began.
        last: i64,
        /// How many were tried.
        tries: u32,
    },
}

impl Refusal for NumberingRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "numbering_unknown",
            Self::Crowded { .. } => "numbering_crowded",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::Unknown(prefix) => {
                format!("tidak ada penomoran `{prefix}`: tambahkan, atau beri nama")
            }
            Self::Crowded { prefix, last, tries } => format!(
                "{tries} nama berikutnya sesudah {last} dari `{prefix}` sudah dipakai semua: naikkan nomor terakhirnya"
            ),
        }
    }
}

impl Numbering {
    /// Checks the digits and the last number.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names what is out of bounds.
    pub fn checked(self) -> Result<Self, Error> {
        if !(1..=DIGITS_MAX).contains(&self.digits) {
            return Err(Error::invalid(
                "digits",
                Wrong::Range { least: 1, most: DIGITS_MAX.into() },
            ));
        }
        if !(0..NUMBER_MAX).contains(&self.last) {
            return Err(Error::invalid(
                "last",
                said!("use 0 to {most}", "gunakan 0 sampai {most}", most = NUMBER_MAX - 1),
            ));
        }
        Ok(self)
    }

    /// The name with a number.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when it would be too long; the rules for prefixes and numbers keep it short.
    pub fn name(&self, number: i64) -> Result<LoginName, Error> {
        let digits = self.digits as usize;
        format!("{}-{number:0digits$}", self.prefix).parse()
    }
}

/// Prefix and number of a name that somebody chose, if it looks like a counted one.
pub fn counted(name: &LoginName) -> Option<(LoginPrefix, i64)> {
    let (prefix, digits) = name.as_str().rsplit_once('-')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok().filter(|number| (0..NUMBER_MAX).contains(number))?;
    Some((prefix.parse().ok()?, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbering(digits: u32) -> Numbering {
        let prefix = "pppoe".parse().unwrap();
        Numbering { prefix, digits, last: 0, updated_at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn numbers_are_filled_with_zeros_and_may_grow_beyond() {
        assert_eq!(numbering(4).name(156).unwrap().as_str(), "pppoe-0156");
        assert_eq!(numbering(4).name(10_000).unwrap().as_str(), "pppoe-10000");
        assert_eq!(numbering(6).name(1).unwrap().as_str(), "pppoe-000001");
    }

    #[test]
    fn a_chosen_name_that_looks_counted_tells_its_number() {
        let told = |name: &str| {
            counted(&name.parse().unwrap()).map(|(prefix, n)| (prefix.as_str().to_owned(), n))
        };
        assert_eq!(told("pppoe-0156"), Some(("pppoe".to_owned(), 156)));
        assert_eq!(told("rt-05-7"), Some(("rt-05".to_owned(), 7)));
        for other in ["budi", "budi-", "-7", "budi-7a", "x-99999999999999999999"] {
            assert_eq!(told(other), None, "{other}");
        }
    }

    #[test]
    fn prefixes_are_plain() {
        for bad in ["", "-a", "a-", "a b", "a|b", &"x".repeat(33)] {
            assert!(bad.parse::<LoginPrefix>().is_err(), "{bad:?}");
        }
        assert!(numbering(0).checked().is_err() && numbering(11).checked().is_err());
    }
}
