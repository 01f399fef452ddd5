//! Commands and the rows that answer them.

pub mod account;
pub mod automation;
pub mod file;
pub mod hotspot;
pub mod network;
pub mod ppp;
pub mod queue;
mod record;
mod row;
pub mod system;

use std::time::Duration;

pub use record::{
    Choice, ItemId, Record, Settings, Switch, count, print, print_with_secrets, remove, switch,
};
pub use row::Row;

use crate::{
    error::Error,
    proto::{Ending, Request, Sentence},
};

/// A command to run: a path, attributes and queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    path: String,
    sentence: Sentence,
    size: Size,
    timeout: Option<Duration>,
    ending: Ending,
    effect: Effect,
}

/// What running a command twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It only reads, so it may be repeated.
    Read,
    /// It changes the router.
    Write,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Sendable,
    TooLarge,
}

/// Larger arguments than this are not worth sending: routers hold files of 60 KiB at most.
const COMMAND_BYTES_MAX: usize = 1 << 20;

impl Command {
    /// A command from its full path, such as `/ip/hotspot/user/print`. Counts as a read when it
    /// ends in `/print`.
    pub fn new(path: impl Into<String>) -> Self {
        let path = path.into();
        let sentence = Sentence::command(&path);
        let effect = if path.ends_with("/print") { Effect::Read } else { Effect::Write };
        Self { path, sentence, size: Size::Sendable, timeout: None, ending: Ending::Done, effect }
    }

    /// Adds `=name=value`. An empty value clears a field.
    #[must_use]
    pub fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.word(&[b"=", name.as_bytes(), b"=", value.as_ref()])
    }

    /// Adds `=name=value` when there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Asks for these fields only.
    #[must_use]
    pub fn fields(self, names: &[&str]) -> Self {
        self.with(".proplist", names.join(","))
    }

    /// Asks for rows whose `name` is `value`. Several such conditions must all hold.
    #[must_use]
    pub fn where_is(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.word(&[b"?", name.as_bytes(), b"=", value.as_ref()])
    }

    /// Adds a query word, given without its `?`.
    #[must_use]
    pub fn query(self, word: impl AsRef<[u8]>) -> Self {
        self.word(&[b"?", word.as_ref()])
    }

    /// Gives it its own time in place of the client's.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Takes the end of the connection for success, as `/quit` and `/system/reboot` need.
    #[must_use]
    pub fn ending_the_connection(mut self) -> Self {
        self.ending = Ending::DoneOrClosed;
        self
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What running it twice would do.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The sentence and its deadline.
    pub(crate) fn into_request(self, timeout_default: Duration) -> Result<Request, Error> {
        if self.size == Size::TooLarge {
            return Err(Error::TooLarge { command: self.path });
        }
        Ok(Request {
            sentence: self.sentence,
            timeout: self.timeout.unwrap_or(timeout_default),
            ending: self.ending,
        })
    }

    fn word(mut self, parts: &[&[u8]]) -> Self {
        let bytes = parts.iter().map(|part| part.len()).fold(0, usize::saturating_add);
        if self.sentence.wire_len().saturating_add(bytes) > COMMAND_BYTES_MAX {
            self.size = Size::TooLarge;
        } else {
            self.sentence.push(parts.concat());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_print_counts_as_a_read() {
        assert_eq!(Command::new("/log/print").effect(), Effect::Read);
        assert_eq!(Command::new("/ip/hotspot/user/add").effect(), Effect::Write);
    }

    #[test]
    fn arguments_beyond_the_cap_are_refused_before_they_are_sent() {
        let command = Command::new("/file/add").with("contents", vec![b'a'; COMMAND_BYTES_MAX]);
        let refused = command.into_request(Duration::from_secs(1));
        assert!(matches!(refused, Err(Error::TooLarge { .. })));
    }
}
