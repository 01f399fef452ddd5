//! What a sentence from the router means.

use std::fmt;

use super::Sentence;

/// The number that ties replies to their command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub u32);

impl Tag {
    /// The `.tag=…` word of this tag.
    pub fn word(self) -> Vec<u8> {
        format!(".tag={}", self.0).into_bytes()
    }

    /// Takes what [`Self::word`] writes and nothing else: `+7` and `07` were never ours.
    fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() || (text.len() > 1 && text[0] == b'0') {
            return None;
        }
        let add = |tag: u32, digit: &u8| {
            let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
            tag.checked_mul(10)?.checked_add(digit)
        };
        text.iter().try_fold(0, add).map(Self)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What kind of failure a router says a trap is. Often missing, so it is a hint and never the whole
/// truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrapCategory {
    /// 0: missing item or command.
    Missing,
    /// 1: an argument has a wrong value.
    Argument,
    /// 2: the command was interrupted.
    Interrupted,
    /// 3: a script failed.
    Script,
    /// 4: general failure.
    General,
    /// 5: API failure.
    Api,
    /// 6: TTY failure.
    Tty,
    /// 7: a value made by `:return`.
    Return,
}

impl TrapCategory {
    fn parse(text: &[u8]) -> Option<Self> {
        Some(match text {
            b"0" => Self::Missing,
            b"1" => Self::Argument,
            b"2" => Self::Interrupted,
            b"3" => Self::Script,
            b"4" => Self::General,
            b"5" => Self::Api,
            b"6" => Self::Tty,
            b"7" => Self::Return,
            _ => return None,
        })
    }
}

/// One `!trap`: why a command failed. The command still ends with its own `!done`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The text, line ends trimmed; empty when the router gave none. Bytes that are not UTF-8 are
    /// replaced.
    pub message: String,
    /// The router's own class, where it gives one.
    pub category: Option<TrapCategory>,
}

/// A sentence from the router. `tag` is `None` where the router sent none or an empty one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// `!re`: one row; the sentence holds its attributes.
    Row {
        /// Whose row.
        tag: Option<Tag>,
        /// The whole sentence.
        sentence: Sentence,
    },
    /// `!done`: the command is over.
    Done {
        /// Whose end.
        tag: Option<Tag>,
        /// The value of `=ret=`: a new id, a count, or a login challenge.
        ret: Option<Vec<u8>>,
    },
    /// `!trap`: the command failed; more traps and a `!done` follow.
    Trap {
        /// Whose failure.
        tag: Option<Tag>,
        /// Why.
        trap: Trap,
    },
    /// `!fatal`: the connection is dead, for every command on it.
    Fatal {
        /// Why: a bare word or the message; empty when neither came.
        reason: String,
    },
    /// `!empty`: a print found nothing (7.18 and later); a `!done` follows.
    Empty {
        /// Whose.
        tag: Option<Tag>,
    },
    /// Anything else, or a reply under a tag that was never ours. To be ignored and counted.
    Unknown,
}

impl From<Sentence> for Reply {
    fn from(sentence: Sentence) -> Self {
        let text = sentence.api_attribute(".tag").filter(|text| !text.is_empty());
        let tag = text.and_then(Tag::parse);
        let stranger = text.is_some() && tag.is_none();
        match sentence.first() {
            Some(b"!fatal") => Self::Fatal { reason: fatal_reason(&sentence) },
            _ if stranger => Self::Unknown,
            Some(b"!re") => Self::Row { tag, sentence },
            Some(b"!done") => {
                Self::Done { tag, ret: sentence.attribute("ret").map(<[u8]>::to_vec) }
            }
            Some(b"!trap") => Self::Trap { tag, trap: trap(&sentence) },
            Some(b"!empty") => Self::Empty { tag },
            _ => Self::Unknown,
        }
    }
}

fn trap(sentence: &Sentence) -> Trap {
    Trap {
        message: readable(sentence.attribute("message").unwrap_or_default()),
        category: sentence.attribute("category").and_then(TrapCategory::parse),
    }
}

fn fatal_reason(sentence: &Sentence) -> String {
    let bare =
        sentence.words().skip(1).find(|word| !word.starts_with(b"=") && !word.starts_with(b"."));
    readable(sentence.attribute("message").or(bare).unwrap_or_default())
}

fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(words: &[&[u8]]) -> Reply {
        words.iter().copied().collect::<Sentence>().into()
    }

    #[test]
    fn the_tag_is_found_wherever_the_router_puts_it() {
        for words in [[&b"!done"[..], b".tag=7", b"=ret=*1A"], [b"!done", b"=ret=*1A", b".tag=7"]] {
            let expected = Reply::Done { tag: Some(Tag(7)), ret: Some(b"*1A".to_vec()) };
            assert_eq!(reply(&words), expected);
        }
    }

    #[test]
    fn an_empty_tag_is_no_tag_and_a_foreign_tag_is_unknown() {
        assert_eq!(reply(&[b"!done", b".tag="]), Reply::Done { tag: None, ret: None });
        assert_eq!(reply(&[b"!done", b".tag=watch-1"]), Reply::Unknown);
    }

    #[test]
    fn a_tag_is_ours_only_in_the_form_we_wrote() {
        for tag in [0, 7, 10, u32::MAX] {
            let word = Tag(tag).word();
            assert_eq!(reply(&[b"!empty", &word]), Reply::Empty { tag: Some(Tag(tag)) });
        }
        for word in [&b".tag=+7"[..], b".tag=07", b".tag=4294967296", b".tag=-1", b".tag=7 "] {
            assert_eq!(reply(&[b"!empty", word]), Reply::Unknown, "{}", word.escape_ascii());
        }
    }

    #[test]
    fn a_trap_may_lack_its_message_and_its_category() {
        let bare = Trap { message: String::new(), category: None };
        assert_eq!(reply(&[b"!trap"]), Reply::Trap { tag: None, trap: bare });
    }

    #[test]
    fn a_trap_message_may_hold_line_ends_and_bytes_that_are_not_utf8() {
        let Reply::Trap { trap, .. } =
            reply(&[b"!trap", b"=category=1", b"=message=bad \xE9t\r\n"])
        else {
            panic!("not a trap");
        };
        assert_eq!(trap.message, "bad \u{FFFD}t");
        assert_eq!(trap.category, Some(TrapCategory::Argument));
    }

    #[test]
    fn fatal_gives_its_reason_as_a_bare_word_or_as_a_message() {
        let expected = Reply::Fatal { reason: "not logged in".to_owned() };
        assert_eq!(reply(&[b"!fatal", b"not logged in"]), expected);
        assert_eq!(reply(&[b"!fatal", b"=message=not logged in"]), expected);
        assert_eq!(reply(&[b"!fatal", b".tag=x", b"not logged in"]), expected);
        assert_eq!(reply(&[b"!fatal"]), Reply::Fatal { reason: String::new() });
    }

    #[test]
    fn an_unknown_reply_word_is_unknown_and_nothing_worse() {
        assert_eq!(reply(&[b"!progress", b".tag=7"]), Reply::Unknown);
    }
}
