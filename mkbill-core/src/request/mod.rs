//! Repeated requests and gapless counters.

pub mod store;

use uuid::Uuid;

use crate::kernel::caller::Fingerprint;
use crate::kernel::context::Context;
use crate::kernel::error::{Error, Refusal};

use store::{KeyClaim, RequestStore};

/// The same key came with another input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this idempotency key was used for another request: use a new key")]
pub struct KeyReused;

impl Refusal for KeyReused {
    fn code(&self) -> &'static str {
        "idempotency_key_reused"
    }
}

/// Whether a request is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Once {
    /// Go on.
    First,
    /// It was answered before; this is what it made or changed.
    Again(Uuid),
}

/// Claims the caller's key, if there is one, for a request that makes or changes `result`.
pub async fn once<S: RequestStore + ?Sized>(
    store: &mut S,
    context: Context<'_>,
    input: Fingerprint,
    result: Uuid,
) -> Result<Once, Error> {
    let Some(key) = &context.caller.idempotency_key else { return Ok(Once::First) };
    match store.key_claim(&context.caller.actor, key, input, result, context.now).await? {
        KeyClaim::Ours => Ok(Once::First),
        KeyClaim::Answered(id) => Ok(Once::Again(id)),
        KeyClaim::Reused => Err(KeyReused.into()),
    }
}
