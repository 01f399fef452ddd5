//! Texts that people look for.

use super::error::Error;
use super::wrong::Wrong;

const SEARCH_CHARS_MAX: usize = 100;

/// A text to be found anywhere in another, whatever its case: 1 to 100 characters, each of which stands
/// for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// Reads what was given in a field.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] of the field, for a text that is too long or that no database can hold.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if !(1..=SEARCH_CHARS_MAX).contains(&text.chars().count()) || text.contains('\0') {
            return Err(Error::invalid(field, Wrong::Length { least: 1, most: SEARCH_CHARS_MAX }));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_trimmed_and_has_a_limit() {
        let read = |text: &str| SearchText::parse("search", text).ok().map(|text| text.0);
        assert_eq!(read(" 50% "), Some("50%".to_owned()));
        for bad in ["", "  ", "a\0b", &"x".repeat(101)] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
