//! Finding out whether a router that says nothing is still there.

use std::time::Instant;

use super::config;
use crate::proto::{Ending, Request, Sentence, Session, Tag};

/// When a router was last heard, and the question that waits for its answer.
#[derive(Debug)]
pub(super) struct Keepalive {
    policy: Option<config::Keepalive>,
    heard_at: Instant,
    probe: Option<Probe>,
}

#[derive(Debug)]
struct Probe {
    tag: Tag,
    asked_at: Instant,
}

impl Keepalive {
    pub(super) fn new(policy: Option<config::Keepalive>, now: Instant) -> Self {
        Self { policy, heard_at: now, probe: None }
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// When to ask, unless commands under way are a question already.
    pub(super) fn deadline(&self, session: &Session) -> Option<Instant> {
        let is_busy = session.in_flight() + session.queued() > 0;
        let policy = self.policy.filter(|_| !is_busy && self.probe.is_none())?;
        Some(self.heard_at + policy.idle)
    }

    /// Asks if it is time.
    pub(super) fn tick(&mut self, session: &mut Session, now: Instant) {
        let is_due = self.deadline(session).is_some_and(|deadline| deadline <= now);
        let Some(policy) = self.policy.filter(|_| is_due) else { return };
        let sentence = Sentence::command("/system/identity/print").with(".proplist", "name");
        let request = Request { sentence, timeout: policy.patience, ending: Ending::Done };
        self.probe = Some(Probe { tag: session.submit(now, request), asked_at: now });
    }

    /// Takes the end of a command, if it was the question. Gives the session up when the router
    /// said nothing at all since it was asked.
    pub(super) fn ended(&mut self, session: &mut Session, tag: Tag) {
        let Some(probe) = self.probe.take_if(|probe| probe.tag == tag) else { return };
        if self.heard_at < probe.asked_at {
            session.fell_silent();
        }
    }
}
