//! Which requests were answered already, and how; and counters.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::caller::{Actor, Fingerprint, IdempotencyKey};
use crate::store::StoreError;

use super::answer::{AnswerLease, AnswerRow, SealedAnswer};

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

/// Keeps first answers.
#[async_trait]
pub trait AnswerStore: Send {
    /// Claims a request for [`ANSWER_LEASE`](super::answer::ANSWER_LEASE): one that is new, whose
    /// answer is from before `over`, or whose holder's lease ran out. `false` if it is not to be had.
    async fn answer_claim(
        &mut self,
        lease: &AnswerLease,
        now: Timestamp,
        over: Timestamp,
    ) -> Result<bool, StoreError>;
    /// What is known of a key.
    async fn answer_by_key(
        &mut self,
        actor: &Actor,
        key: &IdempotencyKey,
    ) -> Result<Option<AnswerRow>, StoreError>;
    /// Stores the answer, if the lease still holds the request; answers whether it did.
    async fn answer_settle(
        &mut self,
        lease: &AnswerLease,
        answer: &SealedAnswer,
    ) -> Result<bool, StoreError>;
    /// Forgets the claim, if the lease still holds the request.
    async fn answer_let_go(&mut self, lease: &AnswerLease) -> Result<(), StoreError>;
    /// Forgets at most `limit` answers from before an instant; answers how many.
    async fn answers_forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
