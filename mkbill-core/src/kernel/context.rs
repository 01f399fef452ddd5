//! What a use case knows of its surroundings: one instant, chance, the calendar, the caller.

use jiff::Timestamp;

use super::caller::Caller;
use super::entropy::Entropy;
use super::time::BusinessZone;

/// The surroundings of one use case. `now` was read once.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The instant of the whole use case.
    pub now: Timestamp,
    /// Chance.
    pub entropy: &'a dyn Entropy,
    /// The zone of business dates.
    pub zone: &'a BusinessZone,
    /// Who asks.
    pub caller: &'a Caller,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("now", &self.now)
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}
