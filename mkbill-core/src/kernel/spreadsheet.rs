//! Texts that spreadsheets must not take for formulas.

use std::borrow::Cow;

const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Does it begin with what makes a formula, but for apostrophes?
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA_STARTS)
}

/// The text with an apostrophe before it if a spreadsheet would take it for a formula, that is if it
/// begins with `=`, `+`, `-`, `@`, a tab or a carriage return. So has one that begins so behind
/// apostrophes of its own, for [`unguarded`] to leave it those.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text without the apostrophe that [`guarded`] puts before it.
pub fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_text_is_no_formula_and_comes_back() {
        let formulas = ["=1+1", "+62", "-1", "@SUM(A1)", "\tx", "\rx", "'=x", "''-x"];
        for text in formulas.into_iter().chain(["plain", "'quoted", "", "'", "''"]) {
            assert!(!guarded(text).starts_with(FORMULA_STARTS), "{text}");
            assert_eq!(unguarded(&guarded(text)), text);
        }
    }
}
