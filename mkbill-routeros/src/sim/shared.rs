//! What all connections of a simulator share.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;

use super::{
    chance::Chance,
    fault::Faults,
    journal::{CommandSeen, Journal, Stage, Verdict},
    router::Router,
    schedule::Schedule,
};

/// Which `!done` comes first when a command is cancelled. Real routers do both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOrder {
    /// The cancelled command ends before the cancel does.
    CommandFirst,
    /// The cancel ends before the cancelled command does.
    CancelFirst,
}

/// Where true time comes from.
#[derive(Clone)]
pub enum TimeSource {
    /// Time begins here and moves only by [`Simulator::advance`](super::Simulator::advance).
    Manual(Timestamp),
    /// Time is whatever this gives whenever the router is looked at.
    Following(Arc<dyn Fn() -> Timestamp + Send + Sync>),
}

impl TimeSource {
    pub(super) fn start(&self) -> Timestamp {
        match self {
            Self::Manual(start) => *start,
            Self::Following(source) => source(),
        }
    }
}

impl fmt::Debug for TimeSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual(start) => formatter.debug_tuple("Manual").field(start).finish(),
            Self::Following(_) => formatter.write_str("Following"),
        }
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    pub faults: Faults,
    pub cancel_order: CancelOrder,
    time: TimeSource,
    router: Mutex<Router>,
    journal: Mutex<Journal>,
    schedule: Mutex<Schedule>,
    chance: Mutex<Chance>,
    connections: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        router: Router,
        time: TimeSource,
        schedule: Schedule,
        cancel_order: CancelOrder,
        chance: Chance,
    ) -> Self {
        Self {
            faults: Faults::default(),
            cancel_order,
            time,
            router: Mutex::new(router),
            journal: Mutex::default(),
            schedule: Mutex::new(schedule),
            chance: Mutex::new(chance),
            connections: AtomicU64::new(0),
        }
    }

    /// The router at the present moment.
    pub(super) fn router(&self) -> MutexGuard<'_, Router> {
        let mut router = lock(&self.router);
        if let TimeSource::Following(source) = &self.time {
            let passed = source().duration_since(router.clock().now());
            router.advance(passed);
        }
        router
    }

    /// Whether time moves without anybody telling the simulator.
    pub(super) fn time_flows(&self) -> bool {
        matches!(self.time, TimeSource::Following(_))
    }

    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    pub(super) fn schedule(&self) -> MutexGuard<'_, Schedule> {
        lock(&self.schedule)
    }

    pub(super) fn chance(&self) -> MutexGuard<'_, Chance> {
        lock(&self.chance)
    }

    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// What the hook says, asked without holding any lock so that it may look at the router.
    pub(super) fn ask_hook(&self, stage: Stage, command: &CommandSeen) -> Verdict {
        let hook = self.journal().hook.clone();
        hook.map_or(Verdict::Continue, |hook| hook(stage, command))
    }
}

/// A test that panics while it holds the state must not take the others down.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
