//! A clock that stands still until it is moved.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use super::time::{Clock, saturating_add, to_micros};

/// A clock that stands still until it is moved, for tests and for trying out what time would do.
#[derive(Debug)]
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    /// A clock that shows `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves it forward by a span.
    pub fn advance(&self, span: SignedDuration) {
        let mut now = self.0.lock().expect("nobody panics while the clock moves");
        *now = saturating_add(*now, span);
    }

    /// Moves it forward to an instant; one that is past leaves it as it is.
    pub fn advance_to(&self, at: Timestamp) {
        let mut now = self.0.lock().expect("nobody panics while the clock moves");
        *now = to_micros(at).max(*now);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("nobody panics while the clock moves")
    }
}
