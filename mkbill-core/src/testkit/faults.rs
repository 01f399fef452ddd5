//! A process that dies where one wants.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::sql::StatementHook;
use crate::store::StoreError;

/// Counts the events of a run and dies at a chosen one: nothing that runs through it works after.
///
/// Statements count after they took effect, so that dying at event n means "statement n is done in
/// its transaction, or the commit is done, and nobody hears of it".
#[derive(Debug)]
pub struct CrashSwitch {
    seen: AtomicU64,
    dies_at: u64,
}

impl CrashSwitch {
    /// Never dies; only counts.
    pub const fn never() -> Self {
        Self::at(u64::MAX)
    }

    /// Dies at the `event`-th event, from 1.
    pub const fn at(event: u64) -> Self {
        Self { seen: AtomicU64::new(0), dies_at: event }
    }

    /// Something happened; `false` if the process is dead now.
    pub fn survives(&self) -> bool {
        self.seen.fetch_add(1, Ordering::SeqCst) + 1 < self.dies_at
    }

    /// Is the process dead?
    pub fn is_dead(&self) -> bool {
        self.events() >= self.dies_at
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }
}

impl StatementHook for CrashSwitch {
    fn before(&self) -> Result<(), StoreError> {
        if self.is_dead() { Err(StoreError::Died) } else { Ok(()) }
    }

    fn after(&self) -> Result<(), StoreError> {
        if self.survives() { Ok(()) } else { Err(StoreError::Died) }
    }
}
