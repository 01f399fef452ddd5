//! How many commands may be under way at once.

use std::{collections::VecDeque, time::Duration};

/// The bounds of the window, in commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLimits {
    /// Where it begins.
    pub start: usize,
    /// Where it stops growing. Routers were seen to hang from 25 commands on, so keep it well
    /// below.
    pub max: usize,
}

impl Default for WindowLimits {
    fn default() -> Self {
        Self { start: 8, max: 16 }
    }
}

/// Grows with each window of good answers and halves when the router slows down or falls silent.
///
/// It doubles until it has halved for the first time, and grows by one from then on.
#[derive(Debug, Clone)]
pub struct Window {
    size: usize,
    max: usize,
    good: usize,
    /// Whether the router never showed that it had too much to do.
    untroubled: bool,
    /// Answers still under way when the window last halved: they tell of the past and are not
    /// judged.
    stale: usize,
    latencies: VecDeque<Duration>,
}

const LATENCIES_KEPT: usize = 32;
const LATENCIES_NEEDED: usize = 8;
const SLOW_FACTOR: u32 = 3;
/// Below this no router is slow, whatever the median says: timers and schedulers are that coarse.
const SLOW_FLOOR: Duration = Duration::from_millis(10);

impl Window {
    /// A window at its start. Both limits count as at least 1.
    pub fn new(limits: WindowLimits) -> Self {
        let max = limits.max.max(1);
        Self {
            size: limits.start.clamp(1, max),
            max,
            good: 0,
            untroubled: true,
            stale: 0,
            latencies: VecDeque::with_capacity(LATENCIES_KEPT),
        }
    }

    /// The window of the connection that follows a lost one: half of what that one had, and in
    /// trouble from the beginning.
    pub fn after_loss(limits: WindowLimits, lost: usize) -> Self {
        let halved = WindowLimits { start: lost / 2, ..limits };
        Self { untroubled: false, ..Self::new(halved) }
    }

    /// How many commands may be under way now.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Takes note of an answer that came after `latency`, while `in_flight` others are still under
    /// way.
    pub fn answered(&mut self, latency: Duration, in_flight: usize) {
        let slow = self.is_slow(latency);
        if self.latencies.len() == LATENCIES_KEPT {
            self.latencies.pop_front();
        }
        self.latencies.push_back(latency);
        if self.stale > 0 {
            self.stale -= 1;
        } else if slow {
            self.halve(in_flight);
        } else {
            self.grow();
        }
    }

    /// Takes note of a command that was not answered in time, while `in_flight` others are still
    /// under way.
    pub fn timed_out(&mut self, in_flight: usize) {
        if self.stale > 0 {
            self.stale -= 1;
        } else {
            self.halve(in_flight);
        }
    }

    fn grow(&mut self) {
        self.good += 1;
        if self.good >= self.size {
            self.good = 0;
            let more = if self.untroubled { self.size } else { 1 };
            self.size = self.size.saturating_add(more).min(self.max);
        }
    }

    fn halve(&mut self, in_flight: usize) {
        self.size = (self.size / 2).max(1);
        self.good = 0;
        self.untroubled = false;
        self.stale = in_flight;
    }

    fn is_slow(&self, latency: Duration) -> bool {
        if self.latencies.len() < LATENCIES_NEEDED {
            return false;
        }
        let mut sorted: Vec<Duration> = self.latencies.iter().copied().collect();
        let middle = sorted.len() / 2;
        let (_, median, _) = sorted.select_nth_unstable(middle);
        latency > SLOW_FLOOR.max(*median * SLOW_FACTOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_millis(20);

    fn settled() -> Window {
        let mut window = Window::new(WindowLimits::default());
        for _ in 0..200 {
            window.answered(USUAL, 0);
        }
        window
    }

    /// Sizes after each whole window of good answers.
    fn growth(window: &mut Window, windows: usize) -> Vec<usize> {
        let whole = |_| {
            (0..window.size()).for_each(|_| window.answered(USUAL, 0));
            window.size()
        };
        (0..windows).map(whole).collect()
    }

    #[test]
    fn it_doubles_for_each_window_of_good_answers_up_to_its_limit() {
        let mut window = Window::new(WindowLimits { start: 1, max: 12 });
        assert_eq!(growth(&mut window, 5), [2, 4, 8, 12, 12]);
    }

    #[test]
    fn it_grows_only_when_the_whole_window_was_good() {
        let mut window = Window::new(WindowLimits::default());
        (0..7).for_each(|_| window.answered(USUAL, 0));
        assert_eq!(window.size(), 8);
        window.answered(USUAL, 0);
        assert_eq!(window.size(), 16);
    }

    #[test]
    fn it_grows_by_one_once_it_has_halved() {
        let mut window = settled();
        window.timed_out(0);
        assert_eq!(growth(&mut window, 9), [9, 10, 11, 12, 13, 14, 15, 16, 16]);
    }

    #[test]
    fn after_a_loss_it_begins_at_half_but_not_below_one_and_grows_by_one() {
        let begun = |lost| Window::after_loss(WindowLimits::default(), lost);
        assert_eq!([16, 9, 2, 1, 0].map(|lost| begun(lost).size()), [8, 4, 1, 1, 1]);
        assert_eq!(growth(&mut begun(8), 3), [5, 6, 7]);
    }

    #[test]
    fn after_a_loss_it_keeps_to_its_limit() {
        let limits = WindowLimits { start: 2, max: 4 };
        assert_eq!(Window::after_loss(limits, 16).size(), 4);
    }

    #[test]
    fn it_halves_once_when_a_whole_window_comes_back_slow() {
        let mut window = settled();
        for in_flight in (0..16).rev() {
            window.answered(USUAL * 4, in_flight);
        }
        assert_eq!(window.size(), 8);
    }

    #[test]
    fn it_halves_on_a_timeout_and_never_below_one() {
        let mut window = settled();
        for expected in [8, 4, 2, 1, 1] {
            window.timed_out(0);
            assert_eq!(window.size(), expected);
        }
    }

    #[test]
    fn jitter_below_the_floor_is_not_slowness() {
        let mut window = Window::new(WindowLimits::default());
        for _ in 0..200 {
            window.answered(Duration::from_micros(50), 0);
        }
        window.answered(Duration::from_millis(2), 8);
        assert_eq!(window.size(), 16);
    }

    #[test]
    fn limits_of_zero_still_let_one_command_through() {
        assert_eq!(Window::new(WindowLimits { start: 0, max: 0 }).size(), 1);
    }
}
