//! What a router may make a session hold, and how long it may say nothing.

use std::time::Instant;

use super::{Failure, Sentence};

/// Deadlines that pass one after the other without a byte in between before the connection counts
/// as dead. Routers were seen to stall for longer than one.
const SILENT_DEADLINES_MAX: u32 = 3;

/// The bytes held for answers and rows.
#[derive(Debug)]
pub(super) struct Budget {
    answer_max: usize,
    total_max: usize,
    held: usize,
    outside: usize,
}

impl Budget {
    pub(super) fn new(answer_max: usize, total_max: usize) -> Self {
        Self { answer_max, total_max, held: 0, outside: 0 }
    }

    pub(super) fn used(&self) -> usize {
        self.held + self.outside
    }

    /// Takes note of bytes that someone else holds for this connection.
    pub(super) fn hold_outside(&mut self, bytes: usize) {
        self.outside = bytes;
    }

    /// Holds bytes if they fit.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Failure> {
        if self.used().saturating_add(bytes) > self.total_max {
            return Err(Failure::ConnectionFull);
        }
        self.held += bytes;
        Ok(())
    }

    /// Holds bytes if they fit, also into the answer that has `answer` bytes so far.
    pub(super) fn charge(&mut self, answer: &mut usize, bytes: usize) -> Result<(), Failure> {
        if answer.saturating_add(bytes) > self.answer_max {
            return Err(Failure::AnswerTooLong);
        }
        self.hold(bytes)?;
        *answer += bytes;
        Ok(())
    }

    /// Lets go of bytes that were held before.
    pub(super) fn release(&mut self, bytes: usize) {
        self.held -= bytes;
    }
}

/// What holding a row costs.
pub(super) fn held_bytes(row: &Sentence) -> usize {
    row.wire_len() + size_of::<Sentence>()
}

/// Deadlines that passed since the router last said anything.
#[derive(Debug, Default)]
pub(super) struct Silence {
    deadlines: u32,
    last: Option<Instant>,
}

impl Silence {
    /// Takes note of a deadline. Commands that were under way together are one, however many they
    /// are.
    pub(super) fn deadline_passed(&mut self, sent_at: Instant, now: Instant) {
        if self.last.is_none_or(|last| sent_at >= last) {
            self.deadlines += 1;
            self.last = Some(now);
        }
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.deadlines >= SILENT_DEADLINES_MAX
    }
}
