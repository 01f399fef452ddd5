//! Alerts: what is wrong for so long that somebody has to know, who was told, and when it was over.

pub mod rule;
pub mod store;
pub mod watch;

use jiff::Timestamp;

use crate::kernel::ids::{AlertId, RouterId};
use crate::kernel::names::names;

use rule::{Condition, RuleName, Severity};

/// That somebody takes care of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What they said.
    pub because: Option<String>,
}

/// Where an alert stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertState {
    /// Its condition holds, but not for long enough yet. Nobody is told.
    Waiting,
    /// Raised; people are told step by step until one of them takes care of it.
    Open,
    /// Somebody takes care of it; nobody else is told.
    Acknowledged(Acknowledgement),
    /// Its condition does not hold any more.
    Resolved {
        /// When that was found.
        at: Timestamp,
        /// Who had taken care of it.
        acknowledged: Option<Acknowledgement>,
    },
}

names! {
    /// A state without its facts.
    pub enum AlertStateName "state" {
        /// Not for long enough yet.
        Waiting = "waiting",
        /// Raised.
        Open = "open",
        /// Somebody takes care of it.
        Acknowledged = "acknowledged",
        /// Over.
        Resolved = "resolved",
    }
}

impl AlertState {
    /// Its name.
    pub const fn name(&self) -> AlertStateName {
        match self {
            Self::Waiting => AlertStateName::Waiting,
            Self::Open => AlertStateName::Open,
            Self::Acknowledged(_) => AlertStateName::Acknowledged,
            Self::Resolved { .. } => AlertStateName::Resolved,
        }
    }

    /// Who takes, or took, care of it.
    pub const fn acknowledged(&self) -> Option<&Acknowledgement> {
        match self {
            Self::Acknowledged(by) => Some(by),
            Self::Resolved { acknowledged, .. } => acknowledged.as_ref(),
            Self::Waiting | Self::Open => None,
        }
    }

    /// When it was over.
    pub const fn resolved_at(&self) -> Option<Timestamp> {
        match self {
            Self::Resolved { at, .. } => Some(*at),
            _ => None,
        }
    }
}

/// Something that is wrong, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Identity.
    pub id: AlertId,
    /// By which rule.
    pub rule: RuleName,
    /// On which router; `None` for what is not measured of routers.
    pub router: Option<RouterId>,
    /// What is measured.
    pub condition: Condition,
    /// From which value on it was raised.
    pub threshold: u64,
    /// The value at the last step it made.
    pub value: u64,
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands.
    pub state: AlertState,
    /// Since when its condition held.
    pub began_at: Timestamp,
    /// When it was raised, or came back last; `None` while it waits.
    pub raised_at: Option<Timestamp>,
    /// How many steps of the escalation were told.
    pub told: u32,
    /// Was somebody told of it who was not told yet that it is over?
    pub owes_end: bool,
    /// How often it came back within its cool-down.
    pub returns: u32,
    /// Counts changes, for compare and set.
    pub revision: i64,
}
