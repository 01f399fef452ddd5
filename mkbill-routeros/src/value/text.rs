//! Text on routers: bytes in whatever code page the last tool wrote.

use std::borrow::Cow;

/// What CP1252 shows for `80` to `9F`; the five unused bytes become the replacement character.
const CP1252_HIGH: [char; 32] = [
    '€', '\u{FFFD}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{FFFD}', 'Ž',
    '\u{FFFD}', '\u{FFFD}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{FFFD}',
    'ž', 'Ÿ',
];

/// What CP1251 shows for `80` to `BF`; above that come the Cyrillic letters in order.
const CP1251_MIDDLE: [char; 64] = [
    'Ђ', 'Ѓ', '‚', 'ѓ', '„', '…', '†', '‡', '€', '‰', 'Љ', '‹', 'Њ', 'Ќ', 'Ћ', 'Џ', 'ђ', '‘', '’',
    '“', '”', '•', '–', '—', '\u{FFFD}', '™', 'љ', '›', 'њ', 'ќ', 'ћ', 'џ', '\u{A0}', 'Ў', 'ў',
    'Ј', '¤', 'Ґ', '¦', '§', 'Ё', '©', 'Є', '«', '¬', '\u{AD}', '®', 'Ї', '°', '±', 'І', 'і', 'ґ',
    'µ', '¶', '·', 'ё', '№', 'є', '»', 'ј', 'Ѕ', 'ѕ', 'ї',
];

/// A code page of Windows, which `WinBox` writes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum CodePage {
    /// Western Europe, and most of the world.
    #[default]
    Cp1252,
    /// Cyrillic.
    Cp1251,
}

impl CodePage {
    /// The character of a byte; the replacement character where the page has none.
    pub fn character(self, byte: u8) -> char {
        match (self, byte) {
            (_, ..0x80) | (Self::Cp1252, 0xA0..) => char::from(byte),
            (Self::Cp1252, _) => CP1252_HIGH[usize::from(byte - 0x80)],
            (Self::Cp1251, 0x80..0xC0) => CP1251_MIDDLE[usize::from(byte - 0x80)],
            (Self::Cp1251, _) => char::from_u32(u32::from('А') + u32::from(byte - 0xC0))
                .expect("64 letters follow the first Cyrillic one"),
        }
    }
}

/// Reads UTF-8 when all of it is, otherwise CP1252, which is what `WinBox` writes.
///
/// Only for showing: what goes back to the router must be the bytes that came.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    decode_or(bytes, CodePage::default())
}

/// As [`decode`], with the code page of the operator's country.
pub fn decode_or(bytes: &[u8], page: CodePage) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| page.character(byte)).collect()),
    }
}

/// Writes text that every tool shows alike, for comments and names: printable ASCII only.
///
/// Letters of other alphabets are transliterated, white space becomes a space, and what has no
/// likeness in ASCII is left out.
pub fn to_ascii(text: &str) -> String {
    let plain = text.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter });
    let plain: String = plain.filter(|letter| !letter.is_control()).collect();
    any_ascii::any_ascii(&plain)
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::vec,
        prelude::{any, prop_assert, proptest},
    };

    use super::*;

    #[test]
    fn utf8_is_read_as_it_is_and_anything_else_as_cp1252() {
        assert_eq!(decode("Café €".as_bytes()), "Café €");
        assert_eq!(decode(b"Caf\xE9 \x80"), "Café €");
        assert_eq!(decode(b"\x81"), "\u{FFFD}");
    }

    #[test]
    fn the_fallback_page_can_be_chosen_and_utf8_still_comes_first() {
        assert_eq!(decode_or(b"\xCF\xE5\xF2\xF0 \xB9\xA81", CodePage::Cp1251), "Петр №Ё1");
        assert_eq!(decode_or("Пётр".as_bytes(), CodePage::Cp1251), "Пётр");
        assert_eq!(decode_or(b"\xFF\x98", CodePage::Cp1251), "я\u{FFFD}");
    }

    #[test]
    fn ascii_text_keeps_its_letters_and_transliterates_the_rest() {
        assert_eq!(to_ascii("Ngọc – Café “1”\n"), "Ngoc - Cafe \"1\" ");
        assert_eq!(to_ascii("Пётр"), "Petr");
        assert_eq!(to_ascii("a\u{7}\u{A0}b"), "a b");
    }

    proptest! {
        #[test]
        fn what_was_transliterated_is_printable_ascii(text in any::<String>()) {
            prop_assert!(to_ascii(&text).bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }

        #[test]
        fn every_byte_string_can_be_shown(bytes in vec(any::<u8>(), 0..64)) {
            for page in [CodePage::Cp1252, CodePage::Cp1251] {
                prop_assert!(decode_or(&bytes, page).chars().count() <= bytes.len());
            }
        }
    }
}
