//! What passed between clients and a router, as a text that people read.

mod record;
mod replay;

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::proto::Sentence;

pub(super) use record::Recorded;
pub use record::Recorder;
pub use replay::{Replay, ReplayError};

/// The first line of every transcript; the number changes with the format.
const HEADER: &str = "# mkbill transcript 1";
/// Most bytes of a transcript.
const BYTES_MAX: usize = 64 << 20;
/// Most connections of a transcript.
const CONNECTIONS_MAX: u32 = 1000;

/// What passed on some connections, in order.
///
/// The first line is `# mkbill transcript 1`. After it, each line is one of these:
///
/// | line | meaning |
/// |---|---|
/// | `> /ip/hotspot/user/print .tag=1` | a sentence of the client |
/// | `< !done .tag=1` | a sentence of the router |
/// | `<x F0FFFFFFFF` | bytes of the router that are no sentence, in hex |
/// | `<.` | the router ends the connection |
/// | `@2` | what follows passed on connection 2; 1 from the start, at most 1000 |
/// | `# …` | a remark, as is an empty line |
///
/// Words are separated by a space. A word with a space, a quote, a backslash or a byte outside of
/// printable ASCII stands in double quotes, with `\"`, `\\`, `\n`, `\r`, `\t` and `\xNN` inside.
/// Values of passwords and other secrets are `<hidden>`.
///
/// ```
/// use mkbill_routeros::sim::Transcript;
///
/// let text = r#"# mkbill transcript 1
/// > /ip/hotspot/user/add .tag=7 =name=v1
/// < !trap .tag=7 "=message=failure: already have user with this name for this server"
/// < !done .tag=7
/// "#;
/// let transcript: Transcript = text.parse()?;
/// assert_eq!(transcript.to_string(), text);
/// # Ok::<(), mkbill_routeros::sim::TranscriptError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// Where it stands in the text, from 1.
    number: usize,
    /// Counted from 1.
    connection: u32,
    event: Event,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Client(Sentence),
    Router(Sentence),
    RouterBytes(Vec<u8>),
    RouterCloses,
}

/// Why a text is no transcript.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TranscriptError {
    /// Longer than 64 MiB.
    #[error("reading a transcript: it is longer than 64 MiB")]
    TooLong,
    /// The first line is another one.
    #[error("reading a transcript: the first line must be `{HEADER}`")]
    NoHeader,
    /// A line that is none of the known ones.
    #[error(
        "reading line {line} of a transcript: \
         expected `> words`, `< words`, `<x HEX`, `<.`, `@1` to `@1000` or `# remark`"
    )]
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// A word whose quotes or escapes do not end.
    #[error(
        "reading line {line} of a transcript: a quoted word is not closed or has an unknown escape"
    )]
    Word {
        /// The number of its line, from 1.
        line: usize,
    },
}

impl FromStr for Transcript {
    type Err = TranscriptError;

    fn from_str(text: &str) -> Result<Self, TranscriptError> {
        if text.len() > BYTES_MAX {
            return Err(TranscriptError::TooLong);
        }
        let mut numbered = (1..).zip(text.lines());
        if numbered.next().is_none_or(|(_, first)| first.trim_end() != HEADER) {
            return Err(TranscriptError::NoHeader);
        }
        let (mut lines, mut connection) = (Vec::new(), 1);
        for (number, text) in numbered {
            let text = text.trim_end();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let unknown = TranscriptError::Line { line: number };
            if let Some(chosen) = text.strip_prefix('@') {
                let chosen = chosen.parse().ok().filter(|n| (1..=CONNECTIONS_MAX).contains(n));
                connection = chosen.ok_or(unknown)?;
                continue;
            }
            let event = Event::parse(text, number)?.ok_or(unknown)?;
            lines.push(Line { number, connection, event });
        }
        Ok(Self { lines })
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        let mut connection = 1;
        for line in &self.lines {
            if line.connection != connection {
                connection = line.connection;
                writeln!(formatter, "@{connection}")?;
            }
            writeln!(formatter, "{}", line.event)?;
        }
        Ok(())
    }
}

impl Event {
    /// `None` when the line begins like no event.
    fn parse(text: &str, line: usize) -> Result<Option<Self>, TranscriptError> {
        let sentence = |words| sentence(words).ok_or(TranscriptError::Word { line });
        Ok(match text.split_once(' ').unwrap_or((text, "")) {
            (">", words) => Some(Self::Client(sentence(words)?)),
            ("<", words) => Some(Self::Router(sentence(words)?)),
            ("<x", hex) => from_hex(hex).map(Self::RouterBytes),
            ("<.", "") => Some(Self::RouterCloses),
            _ => None,
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(sentence) => write!(formatter, ">{}", Words(sentence)),
            Self::Router(sentence) => write!(formatter, "<{}", Words(sentence)),
            Self::RouterBytes(bytes) => {
                formatter.write_str("<x ")?;
                bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02X}"))
            }
            Self::RouterCloses => formatter.write_str("<."),
        }
    }
}

/// The words of a sentence, each behind a space.
struct Words<'s>(&'s Sentence);

impl fmt::Display for Words<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.words().try_for_each(|word| {
            let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"\\".contains(byte);
            match str::from_utf8(word) {
                Ok(text) if word.iter().all(is_plain) => write!(formatter, " {text}"),
                _ => write!(formatter, " \"{}\"", word.escape_ascii()),
            }
        })
    }
}

fn sentence(text: &str) -> Option<Sentence> {
    let mut sentence = Sentence::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, behind) = if let Some(quoted) = rest.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
            (word.as_bytes().to_vec(), behind)
        };
        sentence.push(word);
        rest = behind.trim_start();
    }
    (!sentence.is_empty()).then_some(sentence)
}

/// The word up to the closing quote, and what is behind it.
fn unquoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut word = Vec::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        word.extend_from_slice(&rest.as_bytes()[..at]);
        let mark = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        if mark == b'"' {
            return Some((word, rest));
        }
        let escape = rest.chars().next()?;
        rest = &rest[escape.len_utf8()..];
        word.push(match escape {
            '"' | '\\' | '\'' => u8::try_from(escape).ok()?,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'x' => {
                let (digits, behind) = rest.split_at_checked(2)?;
                rest = behind;
                *from_hex(digits)?.first()?
            }
            _ => return None,
        });
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    let bytes = pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?;
    (rest.is_empty() && !bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &str) -> Result<Transcript, TranscriptError> {
        format!("{HEADER}\n{lines}\n").parse()
    }

    #[test]
    fn any_bytes_survive_as_text() {
        let odd: Vec<u8> = (0..=255).collect();
        let words = [&b"/x"[..], b"=a=b c", b"=q=\"\\'", "=n=Budi é".as_bytes(), &odd, b"?#|"];
        let said: Sentence = words.into_iter().collect();
        for event in [
            Event::Client(said.clone()),
            Event::Router(said),
            Event::RouterBytes(odd.clone()),
            Event::RouterCloses,
        ] {
            let lines = vec![Line { number: 3, connection: 2, event }];
            let transcript = Transcript { lines };
            assert_eq!(transcript.to_string().parse(), Ok(transcript));
        }
    }

    #[test]
    fn remarks_and_empty_lines_are_left_out() {
        let transcript = parsed("# a remark\n\n@2\n> /x\n@1\n< !done\n<.").unwrap();
        let connections: Vec<u32> = transcript.lines.iter().map(|line| line.connection).collect();
        assert_eq!(connections, [2, 1, 1]);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for line in ["< ", ">", "> \"open", "> \"\\q\"", "> \"\\x1\"", "< \"\\xéé\""] {
            assert_eq!(parsed(line), Err(TranscriptError::Word { line: 2 }), "{line}");
        }
        for line in ["/x", "<x F", "<x +1", "<x", "@0", "@1001", "@x", "<. x", "<<"] {
            assert_eq!(parsed(line), Err(TranscriptError::Line { line: 2 }), "{line}");
        }
        assert_eq!("> /x".parse::<Transcript>(), Err(TranscriptError::NoHeader));
    }
}
