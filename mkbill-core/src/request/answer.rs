//! The first answer to a request, kept so that the same request gets it again.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::kernel::caller::{Actor, Fingerprint, IdempotencyKey};
use crate::kernel::secret::Sealed;

/// For how long a first answer is kept. After that the key still keeps a request from being done
/// twice, and a repeated one is answered from the present state.
pub const ANSWER_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a request belongs to the one who works on it. Longer than any request may take; one that
/// died leaves it to the next after this.
pub const ANSWER_LEASE: SignedDuration = SignedDuration::from_mins(1);
/// The largest body that is kept.
pub const ANSWER_BYTES_MAX: usize = 256 << 10;

/// A request by its key, and what it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Who asks.
    pub actor: Actor,
    /// The client's own name for the request.
    pub key: IdempotencyKey,
    /// A digest of everything it says.
    pub input: Fingerprint,
}

/// An answer as it went out. `Debug` does not show its body.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status, such as 201.
    pub status: u16,
    /// Names and values of the headers that belong to it.
    pub head: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.body.len();
        write!(f, "KeptAnswer({}, {:?}, {size} bytes)", self.status, self.head)
    }
}

/// The right to answer a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerLease {
    /// The request.
    pub request: KeyedRequest,
    pub(crate) lease: Uuid,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerClaim {
    /// Nobody works on it: do it, then keep the answer or let go.
    Ours(AnswerLease),
    /// Somebody works on it.
    Working,
    /// It was answered, with this.
    Answered(KeptAnswer),
    /// The key was used for another request.
    Reused,
}

/// What is stored of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    /// A digest of what it asked.
    pub input: Fingerprint,
    /// When it was claimed.
    pub at: Timestamp,
    /// Until when it belongs to the one who works on it.
    pub locked_until: Timestamp,
    /// The answer, once there is one.
    pub answer: Option<SealedAnswer>,
}

/// An answer at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedAnswer {
    /// The status.
    pub status: u16,
    /// Names and values of headers.
    pub head: Vec<(String, String)>,
    /// The body, which may hold a secret that is shown once.
    pub body: Sealed,
}

/// What a stored row means for a request that comes now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// It may be claimed: there is none, it is over, or who worked on it died.
    Free,
    /// Somebody works on it.
    Working,
    /// It was answered.
    Answered(&'a SealedAnswer),
    /// The key was used for another request.
    Reused,
}

/// Decides what a row means for a request with this input.
pub fn found(row: Option<&AnswerRow>, input: Fingerprint, now: Timestamp) -> Found<'_> {
    let Some(row) = row else { return Found::Free };
    if now.duration_since(row.at) >= ANSWER_KEPT {
        return Found::Free;
    }
    match &row.answer {
        _ if row.input != input => Found::Reused,
        Some(answer) => Found::Answered(answer),
        None if row.locked_until <= now => Found::Free,
        None => Found::Working,
    }
}
