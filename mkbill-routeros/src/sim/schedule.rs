//! How long commands take, and how many are worked on at once.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use tokio::time::Instant;

/// How a router slows down: after so many commands without a rest, each takes longer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiring {
    pub after: u32,
    pub service_time: Duration,
}

/// Gives every command its moment of effect: each takes the service time, and only so many overlap.
#[derive(Debug)]
pub(super) struct Schedule {
    service_time: Duration,
    parallelism: usize,
    tiring: Option<Tiring>,
    /// Commands since the router last had nothing to do.
    burst: u32,
    busy_until: BinaryHeap<Reverse<Instant>>,
    /// Until then nothing is done at all.
    stalled_until: Option<Instant>,
}

impl Schedule {
    pub(super) fn new(service_time: Duration, parallelism: usize) -> Self {
        Self {
            service_time,
            parallelism: parallelism.max(1),
            tiring: None,
            burst: 0,
            busy_until: BinaryHeap::new(),
            stalled_until: None,
        }
    }

    pub(super) fn tiring(self, tiring: Option<Tiring>) -> Self {
        Self { tiring, ..self }
    }

    /// Nothing that is booked from now on begins before `until`.
    pub(super) fn stall(&mut self, until: Instant) {
        self.stalled_until = self.stalled_until.max(Some(until));
    }

    /// When a router that is perhaps stalled turns to what came now.
    pub(super) fn awake(&self, now: Instant) -> Instant {
        self.stalled_until.map_or(now, |until| until.max(now))
    }

    /// When a command that came now takes effect, if it needs `extra` on top of the usual time.
    pub(super) fn book(&mut self, now: Instant, extra: Duration) -> Instant {
        let needed = self.next_service_time(now) + extra;
        let now = self.awake(now);
        if needed.is_zero() {
            return now;
        }
        let free = if self.busy_until.len() < self.parallelism {
            now
        } else {
            let Reverse(earliest) = self.busy_until.pop().unwrap_or(Reverse(now));
            earliest.max(now)
        };
        let due = free + needed;
        self.busy_until.push(Reverse(due));
        due
    }

    fn next_service_time(&mut self, now: Instant) -> Duration {
        let is_rested = self.busy_until.iter().all(|Reverse(until)| *until <= now);
        self.burst = if is_rested { 1 } else { self.burst.saturating_add(1) };
        match self.tiring {
            Some(tired) if self.burst > tired.after => tired.service_time,
            _ => self.service_time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn commands_overlap_up_to_the_parallelism_and_then_queue() {
        let now = Instant::now();
        let mut schedule = Schedule::new(5 * MS, 2);
        let due: Vec<Duration> = (0..5).map(|_| schedule.book(now, Duration::ZERO) - now).collect();
        assert_eq!(due, [5 * MS, 5 * MS, 10 * MS, 10 * MS, 15 * MS]);
    }

    #[test]
    fn a_long_burst_tires_the_router_until_it_had_a_rest() {
        let now = Instant::now();
        let tiring = Tiring { after: 2, service_time: 20 * MS };
        let mut schedule = Schedule::new(MS, 1).tiring(Some(tiring));
        let due: Vec<Duration> = (0..4).map(|_| schedule.book(now, Duration::ZERO) - now).collect();
        assert_eq!(due, [MS, 2 * MS, 22 * MS, 42 * MS]);
        let rested = now + 42 * MS;
        assert_eq!(schedule.book(rested, Duration::ZERO), rested + MS);
    }

    #[test]
    fn a_router_without_service_time_answers_at_once() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Duration::ZERO, 16);
        assert_eq!(schedule.book(now, Duration::ZERO), now);
        assert_eq!(schedule.book(now, 7 * MS), now + 7 * MS);
    }

    #[test]
    fn a_stalled_router_begins_nothing_until_it_wakes() {
        let now = Instant::now();
        let mut schedule = Schedule::new(5 * MS, 2);
        schedule.stall(now + 100 * MS);
        schedule.stall(now + 50 * MS);
        assert_eq!(schedule.book(now, Duration::ZERO), now + 105 * MS);
        assert_eq!(schedule.awake(now + MS), now + 100 * MS);
        let later = now + 200 * MS;
        assert_eq!(schedule.book(later, Duration::ZERO), later + 5 * MS);
    }
}
