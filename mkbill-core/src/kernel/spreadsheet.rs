//! Texts that spreadsheets must not take for formulas.

use std::borrow::Cow;

const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The text with an apostrophe before it if a spreadsheet would take it for a formula, that is if it
/// begins with `=`, `+`, `-`, `@`, a tab or a carriage return.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA_STARTS) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text without the apostrophe that [`guarded`] puts before it.
pub fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA_STARTS)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_text_is_no_formula_and_comes_back() {
        for text in ["=1+1", "+62", "-1", "@SUM(A1)", "\tx", "\rx", "plain", "'quoted", "", "'"] {
            assert!(!guarded(text).starts_with(FORMULA_STARTS), "{text}");
            assert_eq!(unguarded(&guarded(text)), text);
        }
    }
}
