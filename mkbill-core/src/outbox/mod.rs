//! Messages to the world outside, written in the same commit as their cause.

pub mod backoff;
pub mod store;

use jiff::Timestamp;

use crate::kernel::ids::{MessageId, NoticeId, OperationId, RouterId, WebhookId};

/// The stored kind of [`Payload::SyncRouter`].
pub const SYNC_ROUTER: &str = "sync_router.v1";
/// The stored kind of [`Payload::Notice`].
pub const NOTICE: &str = "notice.v1";
/// The stored kind of [`Payload::Webhook`].
pub const WEBHOOK: &str = "webhook.v1";
/// The stored kind of [`Payload::Operation`].
pub const OPERATION: &str = "operation.v1";

/// What a message asks for. Holds identifiers only: the worker reads the facts when it delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// Bring a router in step with the books, and the books in step with the router.
    SyncRouter(RouterId),
    /// Tell somebody something.
    Notice(NoticeId),
    /// Send a webhook the deliveries that are due.
    Webhook(WebhookId),
    /// Go on with an operation.
    Operation(OperationId),
}

impl Payload {
    /// The stored kind; its version is part of it.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::SyncRouter(_) => SYNC_ROUTER,
            Self::Notice(_) => NOTICE,
            Self::Webhook(_) => WEBHOOK,
            Self::Operation(_) => OPERATION,
        }
    }

    /// What it is about.
    pub const fn subject(self) -> uuid::Uuid {
        match self {
            Self::SyncRouter(router) => router.uuid(),
            Self::Notice(notice) => notice.uuid(),
            Self::Webhook(webhook) => webhook.uuid(),
            Self::Operation(operation) => operation.uuid(),
        }
    }

    /// Reads a stored kind and subject; `None` if this version does not know the kind.
    pub fn read(kind: &str, subject: uuid::Uuid) -> Option<Self> {
        match kind {
            SYNC_ROUTER => Some(Self::SyncRouter(RouterId::from_uuid(subject))),
            NOTICE => Some(Self::Notice(NoticeId::from_uuid(subject))),
            WEBHOOK => Some(Self::Webhook(WebhookId::from_uuid(subject))),
            OPERATION => Some(Self::Operation(OperationId::from_uuid(subject))),
            _ => None,
        }
    }

    /// Messages with the same key are one message.
    pub fn dedup_key(self) -> String {
        format!("{}:{}", self.kind(), self.subject())
    }
}

/// A message to be delivered.
#[derive(Debug, Clone, Copy)]
pub struct Message {
    /// Identity, if no message of the same key exists.
    pub id: MessageId,
    /// What it asks for.
    pub payload: Payload,
    /// Not before this instant.
    pub run_at: Timestamp,
}

/// A message this worker has leased.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Identity.
    pub id: MessageId,
    /// What it asks for; the raw kind if this version does not know it.
    pub payload: Result<Payload, String>,
    /// How many pushes it stood for when it was claimed.
    pub generation: i64,
    /// Tries so far, this one not counted.
    pub attempts: u32,
    /// Proof of this lease: a settlement with another one is ignored.
    pub lease: i64,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done; run again at this instant, or at once if it was pushed meanwhile.
    Again(Timestamp),
    /// Failed; try again at this instant, or at once if it was pushed meanwhile.
    Failed {
        /// When to try again.
        retry_at: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// Nobody needs it any more: it goes away.
    Over,
    /// Cannot be delivered, ever: kept for people to see.
    Dead {
        /// Why.
        error: String,
    },
}
