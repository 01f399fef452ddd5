//! A sentence: the words of one command or one reply.

use std::fmt;

use super::{length, word};

/// The words of one command or reply, in order.
///
/// All words lie in one buffer in the form they take on the wire, so reading a sentence costs one
/// allocation and writing it costs one copy. `Debug` leaves the values of passwords and other
/// secrets out.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Sentence {
    /// Every word behind its shortest length prefix, without the terminator.
    wire: Vec<u8>,
}

impl Sentence {
    /// A sentence without words.
    pub fn new() -> Self {
        Self::default()
    }

    /// A command without arguments, for example `/system/resource/print`.
    pub fn command(path: &str) -> Self {
        let mut sentence = Self::new();
        sentence.push(path);
        sentence
    }

    /// Adds one word. An empty word would end the sentence on the wire and is left out.
    ///
    /// # Panics
    ///
    /// When the word is longer than [`length::WRITABLE_MAX`] (256 MiB): check the size of what
    /// users upload first.
    pub fn push(&mut self, word: impl Into<Vec<u8>>) {
        self.push_parts(&[&word.into()]);
    }

    /// Adds `=name=value`.
    ///
    /// # Panics
    ///
    /// As [`Self::push`].
    pub fn push_attribute(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.push_parts(&[b"=", name.as_bytes(), b"=", value.as_ref()]);
    }

    /// Adds `=name=value` and hands the sentence back, for building in one expression.
    ///
    /// # Panics
    ///
    /// As [`Self::push`].
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.push_attribute(name, value);
        self
    }

    /// Adds one raw word, such as a query, and hands the sentence back.
    ///
    /// # Panics
    ///
    /// As [`Self::push`].
    #[must_use]
    pub fn with_word(mut self, word: impl AsRef<[u8]>) -> Self {
        self.push_parts(&[word.as_ref()]);
        self
    }

    /// The words in order.
    pub fn words(&self) -> Words<'_> {
        Words { rest: &self.wire }
    }

    /// The first word: the path of a command, the kind of a reply.
    pub fn first(&self) -> Option<&[u8]> {
        self.words().next()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.wire.is_empty()
    }

    /// Bytes of all words and their prefixes, without the terminator.
    pub fn wire_len(&self) -> usize {
        self.wire.len()
    }

    /// The value of `=name=value`; `=name` reads as empty. The first of several wins.
    pub fn attribute(&self, name: &str) -> Option<&[u8]> {
        let name = whole_name(name)?;
        self.words().find_map(|word| word::value_of(word.strip_prefix(b"=")?, name))
    }

    /// Every `=name=value` as name and value, in order.
    pub fn attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.words().filter_map(word::attribute)
    }

    /// The value of an API attribute; the name keeps its dot, as in `.tag`.
    pub fn api_attribute(&self, name: &str) -> Option<&[u8]> {
        let name = whole_name(name).filter(|name| name.starts_with(b"."))?;
        self.words().find_map(|word| word::value_of(word, name))
    }

    /// The query words without their `?`, in order.
    pub fn queries(&self) -> impl Iterator<Item = &[u8]> {
        self.words().filter_map(word::query)
    }

    /// Appends the sentence and its terminator to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.wire);
        out.push(0);
    }

    /// As [`Self::encode`], with `extra` as the second word.
    pub(super) fn encode_with_second(&self, extra: &[u8], out: &mut Vec<u8>) {
        let mut words = self.words();
        words.next();
        let (head, tail) = self.wire.split_at(self.wire.len() - words.rest.len());
        out.extend_from_slice(head);
        put(&[extra], out);
        out.extend_from_slice(tail);
        out.push(0);
    }

    /// Takes words that are known to carry their shortest prefixes.
    pub(super) fn from_shortest(wire: &[u8]) -> Self {
        Self { wire: wire.to_vec() }
    }

    fn push_parts(&mut self, parts: &[&[u8]]) {
        if parts.iter().any(|part| !part.is_empty()) {
            put(parts, &mut self.wire);
        }
    }
}

/// A name ends at the first `=`, so none holds one.
fn whole_name(name: &str) -> Option<&[u8]> {
    Some(name.as_bytes()).filter(|name| !name.contains(&b'='))
}

fn put(parts: &[&[u8]], out: &mut Vec<u8>) {
    let bytes = parts.iter().map(|part| part.len()).sum();
    length::encode(bytes, out).expect("a word stays below 256 MiB");
    for part in parts {
        out.extend_from_slice(part);
    }
}

impl fmt::Debug for Sentence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.words().map(word::redacted)).finish()
    }
}

impl<W: Into<Vec<u8>>> FromIterator<W> for Sentence {
    fn from_iter<I: IntoIterator<Item = W>>(words: I) -> Self {
        let mut sentence = Self::new();
        words.into_iter().for_each(|word| sentence.push(word));
        sentence
    }
}

/// The words of a [`Sentence`], in order.
#[derive(Clone)]
pub struct Words<'a> {
    rest: &'a [u8],
}

impl fmt::Debug for Words<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.clone().map(word::redacted)).finish()
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let length = length::decode(self.rest).ok()??;
        let rest = self.rest.get(length.width..)?;
        let (word, rest) = rest.split_at_checked(usize::try_from(length.value).ok()?)?;
        self.rest = rest;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_api_attributes_and_queries_are_told_apart() {
        let sentence: Sentence =
            ["/ip/hotspot/user/print", ".tag=7", "=.proplist=name", "?disabled=false", "?#!"]
                .into_iter()
                .collect();
        assert_eq!(sentence.first(), Some(&b"/ip/hotspot/user/print"[..]));
        assert_eq!(sentence.api_attribute(".tag"), Some(&b"7"[..]));
        assert_eq!(sentence.attribute(".proplist"), Some(&b"name"[..]));
        assert_eq!(sentence.attribute(".tag"), None);
        let queries: Vec<&[u8]> = sentence.queries().collect();
        assert_eq!(queries, [&b"disabled=false"[..], b"#!"]);
    }

    #[test]
    fn a_name_ends_at_its_first_equals_sign_however_it_is_asked_for() {
        let sentence: Sentence = ["!re", ".tag=7=8", "=a=b=c"].into_iter().collect();
        assert_eq!(sentence.attribute("a"), Some(&b"b=c"[..]));
        assert_eq!(sentence.attribute("a=b"), None);
        assert_eq!(sentence.api_attribute(".tag=7"), None);
        assert_eq!(sentence.api_attribute("!re"), None);
    }

    #[test]
    fn an_empty_word_never_cuts_a_sentence_in_two() {
        let mut sentence = Sentence::command("/login");
        sentence.push("");
        let mut bytes = Vec::new();
        sentence.encode(&mut bytes);
        assert_eq!(bytes, b"\x06/login\x00");
    }

    #[test]
    fn a_word_of_256_bytes_has_a_nul_in_its_prefix_and_survives() {
        let comment = "a".repeat(247);
        let sentence = Sentence::command("/x").with("comment", &comment);
        let mut bytes = Vec::new();
        sentence.encode(&mut bytes);
        assert_eq!(&bytes[3..5], [0x81, 0x00]);
        assert_eq!(sentence.attribute("comment"), Some(comment.as_bytes()));
    }

    #[test]
    fn debug_hides_the_password_and_shows_the_name() {
        let shown = format!(
            "{:?}",
            Sentence::command("/login").with("name", "u").with("password", "hunter2")
        );
        assert!(shown.contains("=name=u") && !shown.contains("hunter2"), "{shown}");
    }
}
