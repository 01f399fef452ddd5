//! A sentence from the client, taken apart.

use crate::proto::Sentence;

/// A command: the menu it goes to, what to do there, and the sentence it came in.
#[derive(Debug, Clone)]
pub(super) struct Command {
    path: String,
    verb_at: usize,
    tag: Option<Vec<u8>>,
    sentence: Sentence,
}

/// Verbs that change nothing that lasts.
const READS: [&str; 12] = [
    "cancel",
    "find",
    "get",
    "getall",
    "listen",
    "login",
    "monitor",
    "monitor-traffic",
    "ping",
    "print",
    "quit",
    "read",
];

impl Command {
    /// `None` when the first word is not a readable path: routers know no such command either.
    pub(super) fn parse(sentence: Sentence) -> Option<Self> {
        let path = std::str::from_utf8(sentence.first()?).ok()?.to_owned();
        Self::at(path, sentence)
    }

    /// As [`Self::parse`], where spaces may stand for the slashes of the path.
    pub(super) fn parse_spaced(sentence: Sentence) -> Option<Self> {
        let path = std::str::from_utf8(sentence.first()?).ok()?.replace(' ', "/");
        Self::at(path, sentence)
    }

    fn at(path: String, sentence: Sentence) -> Option<Self> {
        let verb_at = path.rfind('/')?;
        Some(Self { verb_at, tag: tag_of(&sentence).map(<[u8]>::to_vec), path, sentence })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn menu(&self) -> &str {
        &self.path[..self.verb_at]
    }

    pub(super) fn verb(&self) -> &str {
        &self.path[self.verb_at + 1..]
    }

    pub(super) fn tag(&self) -> Option<&[u8]> {
        self.tag.as_deref()
    }

    pub(super) fn sentence(&self) -> &Sentence {
        &self.sentence
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&[u8]> {
        self.sentence.attribute(name)
    }

    /// Whether a word is none of path, attribute, API attribute and query.
    pub(super) fn has_stray_words(&self) -> bool {
        self.sentence.words().skip(1).any(|word| !matches!(word.first(), Some(b'=' | b'.' | b'?')))
    }

    /// Whether it changes the router when it succeeds.
    pub(super) fn is_write(&self) -> bool {
        !READS.contains(&self.verb())
            || self.menu() == "/ip/hotspot/active" && self.verb() == "login"
    }
}

/// The tag of a sentence; an empty one counts as none.
pub(super) fn tag_of(sentence: &Sentence) -> Option<&[u8]> {
    sentence.api_attribute(".tag").filter(|tag| !tag.is_empty())
}
