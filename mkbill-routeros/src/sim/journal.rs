//! What clients asked for.

use std::{collections::VecDeque, fmt, sync::Arc};

use crate::{proto::word, value::text};

use super::{command::Command, transcript::Recorder};

/// How many commands are remembered.
const COMMANDS_MAX: usize = 100_000;
const HIDDEN: &str = "<hidden>";

/// A command that reached the router. Values of passwords and other secrets are hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSeen {
    /// Counts all commands of all connections, from 1.
    pub sequence: u64,
    /// Menu and verb, such as `/ip/hotspot/user/add`.
    pub path: String,
    /// The `.tag` it came with.
    pub tag: Option<String>,
    /// Its `=name=value` words.
    pub attributes: Vec<(String, String)>,
    /// Its query words, without `?`.
    pub queries: Vec<String>,
    /// Whether it changes the router.
    pub is_write: bool,
}

impl CommandSeen {
    pub(super) fn new(sequence: u64, command: &Command) -> Self {
        let shown = |bytes: &[u8]| text::decode(bytes).into_owned();
        let attribute = |(name, value): (&[u8], &[u8])| {
            let is_hidden = word::is_secret(name) && !value.is_empty();
            let value = if is_hidden { HIDDEN.to_owned() } else { shown(value) };
            (shown(name), value)
        };
        let query = |query: &[u8]| shown(&word::masked(query));
        let sentence = command.sentence();
        Self {
            sequence,
            path: command.path().to_owned(),
            tag: command.tag().map(shown),
            attributes: sentence.attributes().map(attribute).collect(),
            queries: sentence.queries().map(query).collect(),
            is_write: command.is_write(),
        }
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let held = self.attributes.iter().find(|(held, _)| held == name);
        held.map(|(_, value)| value.as_str())
    }
}

/// When a hook is asked about a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was done yet.
    Before,
    /// The router has done it, and the answer was not sent.
    After,
}

/// What a hook decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// Cut the connection before the command is applied. After it was applied, cut before the answer.
    DropBefore,
    /// Apply the command and cut the connection before the answer.
    DropAfterApply,
}

/// Decides about every command, twice: before it is applied and after.
pub type Hook = Arc<dyn Fn(Stage, &CommandSeen) -> Verdict + Send + Sync>;

#[derive(Default)]
pub(super) struct Journal {
    commands: VecDeque<CommandSeen>,
    seen: u64,
    pub hook: Option<Hook>,
    pub recorder: Option<Recorder>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Journal").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Journal {
    pub(super) fn note(&mut self, command: &Command) -> CommandSeen {
        self.seen += 1;
        let seen = CommandSeen::new(self.seen, command);
        if self.commands.len() == COMMANDS_MAX {
            self.commands.pop_front();
        }
        self.commands.push_back(seen.clone());
        seen
    }

    pub(super) fn commands(&self) -> Vec<CommandSeen> {
        self.commands.iter().cloned().collect()
    }

    pub(super) fn forget(&mut self) {
        self.commands.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Sentence;

    #[test]
    fn passwords_are_hidden_in_attributes_and_queries() {
        let sentence = Sentence::command("/ip/hotspot/user/add")
            .with("name", "v1")
            .with("password", "hunter2")
            .with_word("?=password=hunter2")
            .with_word("?name=v1");
        let seen = CommandSeen::new(1, &Command::parse(sentence).unwrap());
        assert_eq!(seen.attribute("name"), Some("v1"));
        assert_eq!(seen.attribute("password"), Some(HIDDEN));
        assert_eq!(seen.queries, ["=password=<hidden>", "name=v1"]);
        assert!(!format!("{seen:?}").contains("hunter2"));
    }
}
