//! The clock of the story: it jumps when told, and runs on when the story is over.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use mkbill_core::kernel::time::{Clock, saturating_add};

/// One time for engine and router.
#[derive(Debug)]
pub(super) struct StoryClock(Mutex<Reading>);

#[derive(Debug)]
struct Reading {
    shown: Timestamp,
    running_since: Option<Instant>,
}

impl Reading {
    fn now(&self) -> Timestamp {
        let passed = self.running_since.map(|since| since.elapsed());
        let passed = passed.and_then(|passed| SignedDuration::try_from(passed).ok());
        saturating_add(self.shown, passed.unwrap_or(SignedDuration::ZERO))
    }
}

impl StoryClock {
    pub(super) fn at(now: Timestamp) -> Self {
        Self(Mutex::new(Reading { shown: now, running_since: None }))
    }

    pub(super) fn advance(&self, by: SignedDuration) {
        let mut reading = self.reading();
        reading.shown = saturating_add(reading.shown, by);
    }

    /// From now on it runs as fast as real time.
    pub(super) fn run_on(&self) {
        self.reading().running_since = Some(Instant::now());
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        self.reading().now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_until_it_is_moved() {
        let clock = StoryClock::at(Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_hours(24));
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24));
        clock.run_on();
        assert!(clock.now() >= Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24));
    }
}
