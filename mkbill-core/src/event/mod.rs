//! What happened, in one order: every write of the trail, and what was seen of the network.
//!
//! Positions count commits' events from 1 without a gap, so a reader who knows where it was can go on
//! from there and knows whether it missed something.

pub mod feed;
pub mod store;

use jiff::Timestamp;
use serde_json::Value;

use crate::kernel::context::Context;

/// For how many days events are kept.
pub const KEPT_DAYS: i32 = 90;

/// Where an event stands in the one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(i64);

impl Position {
    /// Before all events.
    pub const START: Self = Self(0);

    /// A position that was stored, or sent by a client.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that happens with the commit it is part of.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// What, as `subject.verb`, such as `payment.record` or `router.down`.
    pub kind: &'static str,
    /// The kind of thing it happened to, such as `payment`.
    pub subject_kind: &'static str,
    /// Its identity.
    pub subject: uuid::Uuid,
    /// What a reader wants to know without asking back; null for most writes.
    pub data: Value,
}

impl NewEvent {
    /// Something that was seen now.
    pub fn seen(
        context: Context<'_>,
        kind: &'static str,
        subject: (&'static str, uuid::Uuid),
        data: Value,
    ) -> Self {
        let (subject_kind, subject) = subject;
        Self { at: context.now, kind, subject_kind, subject, data }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Where it stands in the one order.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// What, such as `payment.record` or `router.down`.
    pub kind: String,
    /// The kind of thing it happened to.
    pub subject_kind: String,
    /// Its identity.
    pub subject: uuid::Uuid,
    /// What is worth knowing without asking back.
    pub data: Value,
}

impl Event {
    /// The part of its kind before the dot, such as `payment`.
    pub fn topic(&self) -> &str {
        self.kind.split('.').next().unwrap_or_default()
    }
}
