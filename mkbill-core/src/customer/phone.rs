//! Phone numbers in one form, so that two spellings of one number are one customer.

use std::fmt;
use std::str::FromStr;

use phonenumber::country::Id;

use crate::kernel::error::Error;
use crate::kernel::language::said;

/// How many digits a number has, its country code included (ITU-T E.164 allows 15).
const DIGITS: std::ops::RangeInclusive<usize> = 10..=15;
/// Longer texts are not looked at.
const TEXT_BYTES_MAX: usize = 64;

/// The country whose numbers may be written without its code, such as `ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region(Id);

impl Region {
    /// Indonesia.
    pub const ID: Self = Self(Id::ID);
}

impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let region = text.parse().map(Self);
        region.map_err(|_| {
            Error::invalid(
                "region",
                said!(
                    "use a country code of two letters, such as ID",
                    "gunakan kode negara dua huruf, seperti ID"
                ),
            )
        })
    }
}

/// A number in E.164 form, such as `+6281234567890`.
///
/// ```
/// use mkbill_core::customer::phone::{PhoneNumber, Region};
///
/// let number = PhoneNumber::parse("0812-3456-7890", Region::ID)?;
/// assert_eq!(number.as_str(), "+6281234567890");
/// # Ok::<(), mkbill_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads a number as people write it: with or without country code, after `+` or `00`, with
    /// spaces, dashes and brackets.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a text that is no number or has less than 10 or more than 15 digits.
    pub fn parse(text: &str, region: Region) -> Result<Self, Error> {
        let number =
            international(text).and_then(|text| phonenumber::parse(Some(region.0), text).ok());
        let number = number.map(|number| number.format().mode(phonenumber::Mode::E164).to_string());
        number.filter(|number| DIGITS.contains(&(number.len() - "+".len()))).map(Self).ok_or_else(
            || {
                let problem = said!(
                    "use {least} to {most} digits, such as +62 812 3456 7890",
                    "gunakan {least} sampai {most} angka, seperti +62 812 3456 7890",
                    least = DIGITS.start(),
                    most = DIGITS.end(),
                );
                Error::invalid("phone", problem)
            },
        )
    }

    /// Wraps a number that was stored before.
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// A number that stands for nobody: `+628` and nine digits. Only the last nine digits of
    /// `digits` are used.
    pub fn nobody(digits: u128) -> Self {
        Self(format!("+628{:09}", digits % 1_000_000_000))
    }

    /// The number with `+` and country code, digits only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A number, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenPhone {
    /// The number.
    pub number: PhoneNumber,
    /// As it was written, without blanks around it.
    pub text: String,
}

impl GivenPhone {
    /// Reads a number and keeps how it was written.
    ///
    /// # Errors
    ///
    /// As [`PhoneNumber::parse`].
    pub fn parse(text: &str, region: Region) -> Result<Self, Error> {
        let number = PhoneNumber::parse(text, region)?;
        Ok(Self { number, text: text.trim().to_owned() })
    }
}

/// Many people write 00 for +, whatever their country dials for it.
fn international(text: &str) -> Option<String> {
    let text = Some(text.trim()).filter(|text| text.len() <= TEXT_BYTES_MAX)?;
    // Letters would be read as the digits of their keys, and an O for a 0 as a 6.
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    Some(text.strip_prefix("00").map_or_else(|| text.to_owned(), |rest| format!("+{rest}")))
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn parse(text: &str) -> Option<String> {
        PhoneNumber::parse(text, Region::ID).ok().map(|number| number.0)
    }

    #[test]
    fn every_spelling_of_an_indonesian_number_is_one_number() {
        for (text, number) in [
            ("081234567890", "+6281234567890"),
            ("(0812) 345-6789", "+628123456789"),
            ("62812345678", "+62812345678"),
            ("812345678", "+62812345678"),
            ("0062812345678", "+62812345678"),
            ("+62 0812345678", "+62812345678"),
            (" +62 812 3456 7890 ", "+6281234567890"),
            ("021 5550123", "+62215550123"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn a_number_of_another_country_keeps_its_code() {
        assert_eq!(parse("+1 202 555 0143").as_deref(), Some("+12025550143"));
        let kenya: Region = "KE".parse().unwrap();
        let number = PhoneNumber::parse("0712 345678", kenya).unwrap();
        assert_eq!(number.as_str(), "+254712345678");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let long = "1".repeat(TEXT_BYTES_MAX + 1);
        for text in [
            "",
            "0",
            "62",
            "abc",
            "0812345",
            "+62 8123456789012345",
            "O81234567890",
            "0812-BILLING",
            long.as_str(),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!("Indonesia".parse::<Region>().is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics_and_a_number_is_read_again_as_itself(text in "[0-9+() -]{0,20}|.{0,70}") {
            if let Some(number) = parse(&text) {
                prop_assert_eq!(parse(&number), Some(number));
            }
        }
    }
}
