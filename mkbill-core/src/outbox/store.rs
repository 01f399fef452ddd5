//! The outbox at rest.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::store::StoreError;

use super::{Claimed, Message, Outcome};

/// How the outbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxTally {
    /// Messages whose time has come and that this engine delivers.
    pub due: u64,
    /// Messages that failed at least once since they last worked.
    pub failing: u64,
    /// Messages that nobody will deliver any more.
    pub dead: u64,
    /// Messages of kinds that this engine does not deliver: they wait for one that does.
    pub waiting: u64,
}

/// Keeps messages until they are delivered.
#[async_trait]
pub trait OutboxStore: Send {
    /// Adds a message; one of the same key that exists is brought forward instead.
    async fn outbox_push(&mut self, message: &Message) -> Result<(), StoreError>;
    /// Adds many at once, as [`Self::outbox_push`] does. Of several with the same key the earliest
    /// counts.
    async fn outbox_push_all(&mut self, messages: &[Message]) -> Result<(), StoreError>;
    /// Leases due messages of these kinds until `now + lease`. A lease that ran out is given to the
    /// next asker.
    async fn outbox_claim(
        &mut self,
        kinds: &[&str],
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
    /// Holds a lease until then instead; `false` if it was not held any more and nothing was written.
    async fn outbox_renew(
        &mut self,
        claimed: &Claimed,
        until: Timestamp,
    ) -> Result<bool, StoreError>;
    /// When the next message of these kinds is due, if any.
    async fn outbox_next(&mut self, kinds: &[&str]) -> Result<Option<Timestamp>, StoreError>;
    /// How the outbox stands at `now` for an engine that delivers these kinds.
    async fn outbox_tally(
        &mut self,
        kinds: &[&str],
        now: Timestamp,
    ) -> Result<OutboxTally, StoreError>;
}
