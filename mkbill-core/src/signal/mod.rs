//! Wake-ups: that there is something to look at, never what. Whoever hears one looks into the
//! database; whoever misses one looks a second later all the same.

#[cfg(feature = "redis")]
pub mod redis;
mod relay;

use std::fmt;

use tokio::sync::watch;

pub(crate) use relay::{Near, Relay};

use crate::kernel::names::names;

names! {
    /// What there is to look at.
    pub enum Topic "topic" {
        /// Messages in the outbox.
        Work = "work",
        /// Events.
        Events = "events",
        /// Who may do what.
        Access = "access",
        /// What the business has decided.
        Settings = "settings",
    }
}

/// Carries wake-ups between those who write and those who wait, in one process or in many.
pub trait Signal: Send + Sync + fmt::Debug {
    /// Wakes whoever waits for this topic. Never waits itself and never fails: what cannot be
    /// carried to other processes is found there by looking.
    fn tell(&self, topic: Topic);

    /// Hears every wake-up from now on; several that come close together may be heard as one.
    fn listen(&self, topic: Topic) -> Listener;
}

/// Hears wake-ups of one topic.
#[derive(Debug, Clone)]
pub struct Listener(watch::Receiver<u64>);

impl Listener {
    /// How many wake-ups there were: a number that is another one after each.
    pub fn count(&self) -> u64 {
        *self.0.borrow()
    }

    /// Waits for a wake-up that came since the last one that was heard. Never answers if nobody can
    /// tell any more.
    pub async fn heard(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Wake-ups within one process.
#[derive(Debug)]
pub struct LocalSignal {
    work: watch::Sender<u64>,
    events: watch::Sender<u64>,
    access: watch::Sender<u64>,
    settings: watch::Sender<u64>,
}

impl LocalSignal {
    /// Nobody has told anything yet.
    pub fn new() -> Self {
        Self {
            work: watch::Sender::new(0),
            events: watch::Sender::new(0),
            access: watch::Sender::new(0),
            settings: watch::Sender::new(0),
        }
    }

    fn of(&self, topic: Topic) -> &watch::Sender<u64> {
        match topic {
            Topic::Work => &self.work,
            Topic::Events => &self.events,
            Topic::Access => &self.access,
            Topic::Settings => &self.settings,
        }
    }
}

impl Default for LocalSignal {
    fn default() -> Self {
        Self::new()
    }
}

impl Signal for LocalSignal {
    fn tell(&self, topic: Topic) {
        self.of(topic).send_modify(|count| *count = count.wrapping_add(1));
    }

    fn listen(&self, topic: Topic) -> Listener {
        Listener(self.of(topic).subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wake_up_is_heard_by_all_who_wait_for_its_topic_and_by_no_other() {
        let signal = LocalSignal::new();
        let mut work = [signal.listen(Topic::Work), signal.listen(Topic::Work)];
        let mut events = signal.listen(Topic::Events);
        signal.tell(Topic::Work);
        signal.tell(Topic::Work);
        for listener in &mut work {
            listener.heard().await;
        }
        tokio::select! {
            biased;
            () = events.heard() => panic!("nobody told of events"),
            () = work[0].heard() => panic!("both were heard as one"),
            () = std::future::ready(()) => {}
        }
    }
}
