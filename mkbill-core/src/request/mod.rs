//! Repeated requests and gapless counters.

pub mod answer;
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

    fn indonesian(&self) -> String {
        "kunci idempotensi ini sudah dipakai untuk permintaan lain: gunakan kunci baru".to_owned()
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

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<T> {
    /// It was found, and the request is new.
    First(T),
    /// The request was answered before; this is what it changed.
    Again(Uuid),
}

/// As [`once`], for a request that changes what was looked up. What is not found any more, because the
/// request has taken away the name it is asked for by, is still known when it is repeated.
pub async fn once_about<S: RequestStore + ?Sized, T>(
    store: &mut S,
    context: Context<'_>,
    input: Fingerprint,
    found: Result<T, Error>,
    id: impl FnOnce(&T) -> Uuid,
) -> Result<Asked<T>, Error> {
    let result = found.as_ref().map_or(Uuid::nil(), id);
    Ok(match once(store, context, input, result).await? {
        Once::First => Asked::First(found?),
        Once::Again(id) => Asked::Again(id),
    })
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
