//! What one word of a sentence says. Values stay raw bytes: routers do not promise UTF-8.

use std::borrow::Cow;

/// Splits `=name=value`. A missing second `=` reads as an empty value.
pub fn attribute(word: &[u8]) -> Option<(&[u8], &[u8])> {
    Some(split_pair(word.strip_prefix(b"=")?))
}

/// Splits an API attribute such as `.tag=7`; the name keeps its dot.
pub fn api_attribute(word: &[u8]) -> Option<(&[u8], &[u8])> {
    word.starts_with(b".").then(|| split_pair(word))
}

/// The value of the pair when it is called `name`. The byte behind the name tells most strangers
/// without a look at their names.
#[inline]
pub(super) fn value_of<'a>(pair: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match pair.get(name.len()) {
        Some(b'=') if pair.starts_with(name) => Some(&pair[name.len() + 1..]),
        None if pair == name => Some(b""),
        _ => None,
    }
}

/// The text of a query word, without its `?`.
pub fn query(word: &[u8]) -> Option<&[u8]> {
    word.strip_prefix(b"?")
}

/// Whether the value of this attribute must never reach a log.
pub fn is_secret(name: &[u8]) -> bool {
    const MARKS: [&[u8]; 5] =
        [b"password", b"secret", b"passphrase", b"pre-shared-key", b"private-key"];
    let holds = |mark: &&[u8]| name.windows(mark.len()).any(|part| part.eq_ignore_ascii_case(mark));
    name.eq_ignore_ascii_case(b"response") || MARKS.iter().any(holds)
}

/// The word as it may be shown: the value of a secret attribute or condition is left out.
pub(super) fn redacted(word: &[u8]) -> String {
    masked(word).escape_ascii().to_string()
}

/// The word with `<hidden>` for the value of a secret attribute or condition.
pub(crate) fn masked(word: &[u8]) -> Cow<'_, [u8]> {
    let name_start = word.iter().position(|byte| !b"=?<>-".contains(byte)).unwrap_or(word.len());
    let (marker, pair) = word.split_at(name_start);
    let (name, _) = split_pair(pair);
    if is_secret(name) && name.len() < pair.len() {
        Cow::Owned([marker, name, b"=<hidden>"].concat())
    } else {
        Cow::Borrowed(word)
    }
}

fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|&byte| byte == b'=') {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_an_equals_sign_or_be_empty_or_lack_its_sign() {
        assert_eq!(attribute(b"=comment=a=b"), Some((&b"comment"[..], &b"a=b"[..])));
        assert_eq!(attribute(b"=comment="), Some((&b"comment"[..], &b""[..])));
        assert_eq!(attribute(b"=detail"), Some((&b"detail"[..], &b""[..])));
        assert_eq!(attribute(b"=.id=*1A"), Some((&b".id"[..], &b"*1A"[..])));
        assert_eq!(attribute(b"/login"), None);
    }

    #[test]
    fn a_value_is_found_under_its_whole_name_only() {
        assert_eq!(value_of(b"name=v1", b"name"), Some(&b"v1"[..]));
        assert_eq!(value_of(b"name=", b"name"), Some(&b""[..]));
        assert_eq!(value_of(b"name", b"name"), Some(&b""[..]));
        assert_eq!(value_of(b"names=v1", b"name"), None);
        assert_eq!(value_of(b"nam", b"name"), None);
    }

    #[test]
    fn an_api_attribute_keeps_its_dot() {
        assert_eq!(api_attribute(b".tag=7"), Some((&b".tag"[..], &b"7"[..])));
        assert_eq!(api_attribute(b"=.id=*1"), None);
    }

    #[test]
    fn secrets_are_hidden_in_attributes_and_in_queries() {
        for word in [&b"=password=p1"[..], b"=response=p1", b"?new-password=p1", b"?=secret=p1"] {
            let shown = redacted(word);
            assert!(shown.ends_with("=<hidden>") && !shown.contains("p1"), "{shown}");
        }
        assert_eq!(redacted(b"=name=v1"), "=name=v1");
        assert_eq!(redacted(b"?password"), "?password");
    }
}
