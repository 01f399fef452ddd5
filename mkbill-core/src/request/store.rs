//! Which requests were answered already, and how; and counters.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::caller::{Actor, Fingerprint, IdempotencyKey};
use crate::store::StoreError;

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyClaim {
    /// Nobody used it before; it is ours when this transaction commits.
    Ours,
    /// The same request was answered before; this is what it made.
    Answered(Uuid),
    /// It was used for another request.
    Reused,
}

/// Keeps keys of requests, and counters.
#[async_trait]
pub trait RequestStore: Send {
    /// Claims a key for a request that will make `result`. Waits for another transaction that
    /// holds the same key.
    async fn key_claim(
        &mut self,
        actor: &Actor,
        key: &IdempotencyKey,
        input: Fingerprint,
        result: Uuid,
        now: Timestamp,
    ) -> Result<KeyClaim, StoreError>;
    /// Takes `count` values of a counter at once; answers the first of them. Gapless as
    /// [`counter_next`](Self::counter_next).
    async fn counter_take(&mut self, name: &str, count: i64) -> Result<i64, StoreError>;
    /// The next value of a counter, from 1; gapless, because it is rolled back with its transaction.
    async fn counter_next(&mut self, name: &str) -> Result<i64, StoreError>;
}
