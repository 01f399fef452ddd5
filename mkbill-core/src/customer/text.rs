//! Texts that people write about customers.

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::wrong::Wrong;

/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// The longest address, in characters.
pub const ADDRESS_CHARS_MAX: usize = 500;
/// The longest note, in characters.
pub const NOTES_CHARS_MAX: usize = 2_000;
/// The longest address of electronic mail, in bytes (RFC 5321 leaves no room for more).
const EMAIL_BYTES_MAX: usize = 254;

/// A name without blanks around it: 1 to 200 visible characters.
///
/// # Errors
///
/// [`Error::Invalid`] for any other text.
pub fn name(text: &str) -> Result<String, Error> {
    line("name", text, NAME_CHARS_MAX)
}

/// A postal address without blanks around it: 1 to 500 characters on any number of lines.
///
/// # Errors
///
/// [`Error::Invalid`] for any other text.
pub fn address(text: &str) -> Result<String, Error> {
    let problem = Wrong::Length { least: 1, most: ADDRESS_CHARS_MAX };
    let written = prose("address", text, ADDRESS_CHARS_MAX)?;
    written.ok_or_else(|| Error::invalid("address", problem))
}

/// One line without blanks around it: 1 to `most` visible characters.
pub(super) fn line(field: &'static str, text: &str, most: usize) -> Result<String, Error> {
    let text = text.trim();
    if (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(Error::invalid(field, Wrong::OneLine { most }))
    }
}

/// Text of any number of lines without blanks around it; `None` if nothing is left.
pub(super) fn prose(field: &'static str, text: &str, most: usize) -> Result<Option<String>, Error> {
    let text = text.trim();
    let strange = text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    if strange || text.chars().count() > most {
        return Err(Error::invalid(field, Wrong::Prose { most }));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// An address of electronic mail in small letters, so that two spellings are one.
///
/// # Errors
///
/// [`Error::Invalid`] for a text without exactly one `@`, with blanks or of more than 254 bytes.
pub fn email(text: &str) -> Result<String, Error> {
    let text = text.trim().to_lowercase();
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let parts = text.split_once('@');
    let whole = parts.is_some_and(|(user, host)| {
        let dotted = host.split('.').count() > 1 && host.split('.').all(|part| !part.is_empty());
        !user.is_empty() && dotted && !host.contains('@')
    });
    if plain && whole && text.len() <= EMAIL_BYTES_MAX {
        Ok(text)
    } else {
        Err(Error::invalid(
            "email",
            said!(
                "use an address such as budi@example.com",
                "gunakan alamat seperti budi@example.com"
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_mail_has_one_user_and_one_host() {
        assert_eq!(email(" Budi@Example.COM ").unwrap(), "budi@example.com");
        let long = format!("{}@example.com", "x".repeat(EMAIL_BYTES_MAX));
        for bad in ["", "budi", "@example.com", "a@b@c.id", "budi@", "a b@c.id", "a@b..id", &long] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_one_visible_line() {
        assert_eq!(name("  Budi Santoso ").unwrap(), "Budi Santoso");
        for bad in ["", "   ", "a\nb", &"x".repeat(NAME_CHARS_MAX + 1)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert_eq!(prose("notes", " \n ", 10).unwrap(), None);
        assert!(prose("notes", "bell\u{7}", 10).is_err());
    }
}
