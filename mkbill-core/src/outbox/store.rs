//! The outbox at rest.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::store::StoreError;

use super::{Claimed, Message, Outcome};

/// How the outbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxTally {
    /// Messages whose time has come.
    pub due: u64,
    /// Messages that failed at least once since they last worked.
    pub failing: u64,
    /// Messages that nobody will deliver any more.
    pub dead: u64,
}

/// Keeps messages until they are delivered.
#[async_trait]
pub trait OutboxStore: Send {
    /// Adds a message; one of the same key that exists is brought forward instead.
    async fn outbox_push(&mut self, message: &Message) -> Result<(), StoreError>;
    /// Leases due messages until `now + lease`. A lease that ran out is given to the next asker.
    async fn outbox_claim(
        &mut self,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError>;
    /// Ends a lease; `false` if it was not held any more and nothing was written.
    async fn outbox_settle(
        &mut self,
        claimed: &Claimed,
        outcome: &Outcome,
    ) -> Result<bool, StoreError>;
    /// When the next message is due, if any.
    async fn outbox_next(&mut self) -> Result<Option<Timestamp>, StoreError>;
    /// How the outbox stands at `now`.
    async fn outbox_tally(&mut self, now: Timestamp) -> Result<OutboxTally, StoreError>;
}
