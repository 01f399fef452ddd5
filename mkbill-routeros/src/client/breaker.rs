//! Leaving a failing router alone for a while.

use std::time::{Duration, Instant};

/// When to stop trying, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row after which the router is left alone.
    pub failures_max: u32,
    /// The first rest; each further one is twice as long.
    pub rest: Duration,
    /// The longest rest.
    pub rest_max: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failures_max: 3, rest: Duration::from_secs(5), rest_max: Duration::from_mins(5) }
    }
}

/// Closed while all is well; open for a rest after too many failures; then one attempt decides.
#[derive(Debug)]
pub(super) struct Breaker {
    policy: BreakerPolicy,
    failures: u32,
    resting_until: Option<Instant>,
}

impl Breaker {
    pub(super) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, failures: 0, resting_until: None }
    }

    /// How long the router still has to be left alone; `None` when an attempt may be made.
    pub(super) fn rest_left(&self, now: Instant) -> Option<Duration> {
        let left = self.resting_until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.resting_until = None;
    }

    pub(super) fn failed(&mut self, now: Instant, chance: u32) {
        self.failures = self.failures.saturating_add(1);
        if let Some(rests) = self.failures.checked_sub(self.policy.failures_max) {
            let pause = backoff(self.policy.rest, self.policy.rest_max, rests, chance);
            self.resting_until = Some(now + pause);
        }
    }
}

/// A pause that doubles with each attempt up to `max`, of which `chance` (0 to `u32::MAX`) decides
/// the upper half.
pub(super) fn backoff(first: Duration, max: Duration, attempt: u32, chance: u32) -> Duration {
    let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
    let half = first.saturating_mul(factor).min(max) / 2;
    let share = half.as_nanos() * u128::from(chance) / u128::from(u32::MAX);
    half + Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_pause_doubles_up_to_its_limit_and_chance_moves_its_upper_half() {
        let pause = |attempt, chance| backoff(SECOND, SECOND * 60, attempt, chance);
        assert_eq!(pause(0, u32::MAX), SECOND);
        assert_eq!(pause(0, 0), SECOND / 2);
        assert_eq!(pause(3, u32::MAX), SECOND * 8);
        assert_eq!(pause(1_000, u32::MAX), SECOND * 60);
    }

    #[test]
    fn it_opens_after_too_many_failures_and_lets_one_attempt_through_after_the_rest() {
        let start = Instant::now();
        let mut breaker = Breaker::new(BreakerPolicy {
            failures_max: 2,
            rest: SECOND * 4,
            rest_max: SECOND * 60,
        });
        breaker.failed(start, u32::MAX);
        assert_eq!(breaker.rest_left(start), None);
        breaker.failed(start, u32::MAX);
        assert_eq!(breaker.rest_left(start), Some(SECOND * 4));
        let later = start + SECOND * 4;
        assert_eq!(breaker.rest_left(later), None);
        breaker.failed(later, u32::MAX);
        assert_eq!(breaker.rest_left(later), Some(SECOND * 8));
        breaker.succeeded();
        assert_eq!(breaker.rest_left(later), None);
    }
}
