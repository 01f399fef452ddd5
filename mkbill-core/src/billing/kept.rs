//! What was read from the database and is kept in memory for a while.

use std::time::{Duration, Instant};

use crate::signal::Listener;

/// How long what was read is believed while nothing is heard. What another process changes is heard at
/// once; only if its word is lost the old holds for so long.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

/// What was read, and when.
pub(super) struct Kept<T> {
    value: T,
    changes: u64,
    at: Instant,
}

impl<T: Clone> Kept<T> {
    /// What was read just now. `changes` were counted before that: one that comes in between is not
    /// overlooked.
    pub(super) fn new(value: T, changes: u64) -> Self {
        Self { value, changes, at: Instant::now() }
    }

    /// What was read, if it is still believed.
    pub(super) fn believed(&self, changes: &Listener) -> Option<T> {
        self.holds(changes.count(), self.at.elapsed()).then(|| self.value.clone())
    }

    /// What was read, believed or not.
    pub(super) fn last(&self) -> T {
        self.value.clone()
    }

    fn holds(&self, changes: u64, old: Duration) -> bool {
        self.changes == changes && old < BELIEVED_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_holds_until_something_is_heard_and_no_longer_than_a_second() {
        let kept = Kept::new("read", 7);
        assert!(kept.holds(7, Duration::ZERO));
        assert!(!kept.holds(8, Duration::ZERO), "something was heard");
        assert!(kept.holds(7, Duration::from_millis(999)));
        assert!(!kept.holds(7, BELIEVED_FOR), "a word may be lost");
    }
}
