//! Text on routers: bytes in whatever code page the last tool wrote.

use std::borrow::Cow;

/// What CP1252 shows for `80` to `9F`; the five unused bytes become the replacement character.
const CP1252_HIGH: [char; 32] = [
    '€', '\u{FFFD}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{FFFD}', 'Ž',
    '\u{FFFD}', '\u{FFFD}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{FFFD}',
    'ž', 'Ÿ',
];

/// Reads UTF-8 when all of it is, otherwise CP1252, which is what `WinBox` writes.
///
/// Only for showing: what goes back to the router must be the bytes that came.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| cp1252(byte)).collect()),
    }
}

/// Writes text that every tool shows alike: Latin letters lose their accents, all else outside
/// printable ASCII is left out.
pub fn to_ascii(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut plain, letter| {
        match letter {
            ' '..='~' => plain.push(letter),
            _ => plain.push_str(without_accent(letter)),
        }
        plain
    })
}

fn cp1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => CP1252_HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

fn without_accent(letter: char) -> &'static str {
    match letter {
        'À'..='Å' => "A",
        'Æ' => "AE",
        'Ç' => "C",
        'È'..='Ë' => "E",
        'Ì'..='Ï' => "I",
        'Ñ' => "N",
        'Ò'..='Ö' | 'Ø' => "O",
        'Ù'..='Ü' => "U",
        'Ý' => "Y",
        'ß' => "ss",
        'à'..='å' => "a",
        'æ' => "ae",
        'ç' => "c",
        'è'..='ë' => "e",
        'ì'..='ï' => "i",
        'ñ' => "n",
        'ò'..='ö' | 'ø' => "o",
        'ù'..='ü' => "u",
        'ý' | 'ÿ' => "y",
        '‘' | '’' => "'",
        '“' | '”' => "\"",
        '–' | '—' => "-",
        '\t' | '\n' | '\r' | '\u{A0}' => " ",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_read_as_it_is_and_anything_else_as_cp1252() {
        assert_eq!(decode("Café €".as_bytes()), "Café €");
        assert_eq!(decode(b"Caf\xE9 \x80"), "Café €");
        assert_eq!(decode(b"\x81"), "\u{FFFD}");
    }

    #[test]
    fn ascii_text_keeps_its_letters_and_loses_its_accents() {
        assert_eq!(to_ascii("Ngọc – Café “1”\n"), "Ngc - Cafe \"1\" ");
        assert!(to_ascii("木村 🙂 \u{7}").trim().is_empty());
    }
}
