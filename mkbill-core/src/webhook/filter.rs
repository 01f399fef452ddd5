//! Of which events a webhook is told.

use std::str::FromStr;

use serde_json::Value;

use crate::kernel::error::Error;
use crate::kernel::language::said;

/// The most patterns of one webhook.
pub const PATTERNS_MAX: usize = 50;
/// No pattern is longer.
pub const PATTERN_CHARS_MAX: usize = 60;
/// What a pattern that holds for many kinds ends with.
const REST: &str = ".*";

/// Kinds of events: exact ones such as `payment.record`, or all below a word such as `payment.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindPattern(String);

impl KindPattern {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Does a kind match?
    pub fn matches(&self, kind: &str) -> bool {
        match self.0.strip_suffix(REST) {
            Some(word) => kind.strip_prefix(word).is_some_and(|rest| rest.starts_with('.')),
            None => kind == self.0,
        }
    }
}

impl FromStr for KindPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let kind = text.strip_suffix(REST).unwrap_or(text);
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(plain);
        if text.len() <= PATTERN_CHARS_MAX && kind.split('.').all(is_word) {
            return Ok(Self(text.to_owned()));
        }
        let problem = said!(
            "`{text}` is no kind: use such as payment.record or payment.*",
            "`{text}` bukan jenis peristiwa: gunakan seperti payment.record atau payment.*"
        );
        Err(Error::invalid("events", problem))
    }
}

/// Some patterns; none at all means every event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KindFilter(Vec<KindPattern>);

impl KindFilter {
    /// Every event.
    pub const fn all() -> Self {
        Self(Vec::new())
    }

    /// These only; every event if there are none.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what is no pattern, or too many.
    pub fn of<T: AsRef<str>>(patterns: &[T]) -> Result<Self, Error> {
        if patterns.len() > PATTERNS_MAX {
            return Err(Error::invalid(
                "events",
                said!("name at most {PATTERNS_MAX}", "sebutkan paling banyak {PATTERNS_MAX}"),
            ));
        }
        let mut kept: Vec<KindPattern> = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let pattern = pattern.as_ref().parse()?;
            if !kept.contains(&pattern) {
                kept.push(pattern);
            }
        }
        Ok(Self(kept))
    }

    /// Its patterns.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(KindPattern::as_str)
    }

    /// Is a kind wanted?
    pub fn wants(&self, kind: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(kind))
    }

    /// As it is stored.
    pub fn to_json(&self) -> Value {
        self.patterns().map(Value::from).collect()
    }

    /// Reads what was stored.
    pub fn from_json(stored: &Value) -> Option<Self> {
        let texts = stored.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
        Self::of(&texts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_wants_exact_kinds_and_all_below_a_word() {
        let filter = KindFilter::of(&["payment.*", "router.down", "alert.rule.*"]).unwrap();
        for kind in ["payment.record", "payment.reverse", "router.down", "alert.rule.set"] {
            assert!(filter.wants(kind), "{kind}");
        }
        for kind in ["payments.record", "payment", "router.up", "alert.raise", "router.down.hard"] {
            assert!(!filter.wants(kind), "{kind}");
        }
        assert!(KindFilter::all().wants("anything.at_all"));
        assert_eq!(KindFilter::from_json(&filter.to_json()), Some(filter));
    }

    #[test]
    fn nonsense_is_no_pattern() {
        for text in ["", "*", ".*", "Payment.*", "payment.*.x", "pay*", "payment.", "a b", "a..b"] {
            assert!(KindFilter::of(&[text]).is_err(), "{text}");
        }
        assert!(KindFilter::of(&["x".repeat(PATTERN_CHARS_MAX + 1)]).is_err());
        assert!(KindFilter::of(&vec!["a.b"; PATTERNS_MAX + 1]).is_err());
        assert_eq!(KindFilter::of(&["a.b", "a.b"]).unwrap().patterns().count(), 1);
    }
}
