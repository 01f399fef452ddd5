//! The trail of every write: who, what, why, before and after.

pub mod chain;
pub mod export;
pub mod filter;
pub mod store;

use jiff::Timestamp;
use serde_json::Value;

use crate::kernel::caller::{Actor, Origin};
use crate::kernel::context::Context;
use crate::kernel::ids::AuditId;

/// One row of the trail. Secrets never enter it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Identity.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// What was done, such as `voucher.extend`.
    pub action: &'static str,
    /// The kind of thing it was done to.
    pub subject_kind: &'static str,
    /// Its identity.
    pub subject: uuid::Uuid,
    /// How it was; null when it was made.
    pub before: Value,
    /// How it is now.
    pub after: Value,
    /// Did the caller state a precondition that nobody had compared when this was made? Such a row is
    /// refused, and with it the whole unit of work.
    pub is_unchecked: bool,
}

/// What was done to what.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    /// Such as `voucher.extend`.
    pub action: &'static str,
    /// Such as `voucher`.
    pub subject_kind: &'static str,
    /// Its identity.
    pub subject: uuid::Uuid,
}

impl Record {
    /// A row about one act of the caller.
    pub fn new(context: Context<'_>, act: Act, before: Value, after: Value) -> Self {
        Self {
            id: AuditId::new(context.now, context.entropy),
            at: context.now,
            actor: context.caller.actor.clone(),
            origin: context.caller.origin.clone(),
            reason: context.caller.reason.clone(),
            action: act.action,
            subject_kind: act.subject_kind,
            subject: act.subject,
            before,
            after,
            is_unchecked: context.caller.precondition.as_ref().is_some_and(|p| !p.is_checked()),
        }
    }
}
