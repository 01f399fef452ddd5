//! What signals between processes share: wake-ups are heard here at once, and carried outside by a
//! task that sends several of a kind as one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{Listener, LocalSignal, Signal, Topic};

/// The near side of a signal between processes.
#[derive(Debug, Clone)]
pub(crate) struct Near(Arc<Ends>);

#[derive(Debug)]
struct Ends {
    local: LocalSignal,
    /// A bit for each topic that was told and not carried outside yet.
    waiting: AtomicU8,
    wake: Notify,
}

const fn bit(topic: Topic) -> u8 {
    match topic {
        Topic::Work => 1,
        Topic::Events => 2,
        Topic::Access => 4,
        Topic::Settings => 8,
    }
}

impl Near {
    /// Waits until something was told here, and takes it.
    pub(crate) async fn told(&self) -> Vec<Topic> {
        loop {
            let waiting = self.0.waiting.swap(0, Ordering::AcqRel);
            if waiting != 0 {
                let told = Topic::ALL.iter().copied();
                return told.filter(|topic| waiting & bit(*topic) != 0).collect();
            }
            self.0.wake.notified().await;
        }
    }

    /// Something was told elsewhere.
    pub(crate) fn arrived(&self, topic: Topic) {
        self.0.local.tell(topic);
    }

    /// The line was broken: anything may have been told meanwhile.
    pub(crate) fn everything_may_have_arrived(&self) {
        for topic in Topic::ALL {
            self.arrived(*topic);
        }
    }
}

/// A signal between processes: its near side, and the tasks that carry it, which end with it.
#[derive(Debug)]
pub(crate) struct Relay {
    near: Near,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// `carry` starts the tasks.
    pub(crate) fn new(carry: impl FnOnce(Near, &mut JoinSet<()>)) -> Self {
        let local = LocalSignal::new();
        let ends = Ends { local, waiting: AtomicU8::new(0), wake: Notify::new() };
        let near = Near(Arc::new(ends));
        let mut tasks = JoinSet::new();
        carry(near.clone(), &mut tasks);
        Self { near, _tasks: tasks }
    }
}

impl Signal for Relay {
    fn tell(&self, topic: Topic) {
        let ends = &self.near.0;
        ends.local.tell(topic);
        ends.waiting.fetch_or(bit(topic), Ordering::AcqRel);
        ends.wake.notify_one();
    }

    fn listen(&self, topic: Topic) -> Listener {
        self.near.0.local.listen(topic)
    }
}
