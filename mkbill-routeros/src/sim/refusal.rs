//! Why a command failed, in the router's own words.

use std::fmt;

use crate::proto::Sentence;

use super::{id::ObjectId, record::tagged};

/// A trap: the text and the category that a router sends. The texts are those of real routers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The `=message=` of the trap.
    pub message: String,
    /// The `=category=` of the trap, where a router sends one.
    pub category: Option<u8>,
}

const MISSING: u8 = 0;
const ARGUMENT: u8 = 1;
const INTERRUPTED: u8 = 2;

impl Refusal {
    /// A trap without category.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), category: None }
    }

    fn with_category(message: impl Into<String>, category: u8) -> Self {
        Self { message: message.into(), category: Some(category) }
    }

    pub(super) fn no_such_item() -> Self {
        Self::with_category("no such item", MISSING)
    }

    pub(super) fn no_such_command() -> Self {
        Self::with_category("no such command", MISSING)
    }

    pub(super) fn no_such_menu() -> Self {
        Self::with_category("no such command prefix", MISSING)
    }

    pub(super) fn expected_end() -> Self {
        Self::new("expected end of command")
    }

    pub(super) fn unknown_parameter(name: &[u8]) -> Self {
        Self::new(format!("unknown parameter {}", String::from_utf8_lossy(name)))
    }

    pub(super) fn invalid_value(name: &str) -> Self {
        Self::with_category(format!("invalid value for argument {name}"), ARGUMENT)
    }

    pub(super) fn missing_value(name: &str) -> Self {
        Self::with_category(format!("missing value(s) of argument(s) {name}"), MISSING)
    }

    pub(super) fn no_match(name: &str) -> Self {
        Self::with_category(format!("input does not match any value of {name}"), ARGUMENT)
    }

    pub(super) fn built_in(id: ObjectId) -> Self {
        Self::new(format!("failure: can not remove built-in item {id}"))
    }

    pub(super) fn dynamic(id: ObjectId) -> Self {
        Self::new(format!("failure: can not remove dynamic item {id}"))
    }

    pub(super) fn no_range_end() -> Self {
        Self::with_category("value of range must have ip address after '-'", ARGUMENT)
    }

    pub(super) fn denied() -> Self {
        Self::new("not enough permissions (9)")
    }

    pub(super) fn interrupted() -> Self {
        Self::with_category("interrupted", INTERRUPTED)
    }

    /// The `!trap` that tells it.
    pub(super) fn trap(&self, tag: Option<&[u8]>) -> Sentence {
        let mut trap = tagged("!trap", tag);
        if let Some(category) = self.category {
            trap.push_attribute("category", category.to_string());
        }
        trap.with("message", &self.message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}
