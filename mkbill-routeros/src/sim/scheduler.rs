//! `/system/scheduler` and the passing of time: what happens by itself, and when.

use jiff::{SignedDuration, civil::DateTime};

use crate::value::{date, duration};

use super::{
    clock::later,
    id::ObjectId,
    menus,
    rights::{Caller, Rights},
    router::Router,
    table::Table,
};

/// How many moments with an effect of their own one step of time has at most. Beyond them time passes in one leap:
/// entries count their runs and do nothing.
const DEEDS_MAX: usize = 10_000;

/// When an entry runs, by the clock that the router shows.
#[derive(Debug, Clone, Copy)]
struct Timing {
    start: DateTime,
    /// Zero for an entry that runs once.
    interval: SignedDuration,
}

impl Timing {
    /// How often the entry has run when the clock shows `at`.
    fn runs_until(self, at: DateTime) -> u64 {
        let passed = at.duration_since(self.start).as_nanos();
        match self.interval.as_nanos() {
            _ if passed < 0 => 0,
            interval if interval <= 0 => 1,
            interval => {
                u64::try_from(passed / interval).map_or(u64::MAX, |runs| runs.saturating_add(1))
            }
        }
    }

    fn next_after(self, at: DateTime) -> Option<DateTime> {
        if at < self.start {
            return Some(self.start);
        }
        let interval = self.interval.as_nanos();
        if interval <= 0 {
            return None;
        }
        let rest = interval - at.duration_since(self.start).as_nanos() % interval;
        at.checked_add(SignedDuration::from_nanos(i64::try_from(rest).ok()?)).ok()
    }
}

impl Router {
    /// Lets true time pass: sessions use up their time and bytes and are cut at their limits, scheduler entries run and
    /// repeating commands tell their next row, each at its own moment.
    ///
    /// Time never goes back: a negative duration does nothing. To change what the router *shows*, see
    /// [`RouterClock::set_skew`](super::RouterClock::set_skew).
    pub fn advance(&mut self, by: SignedDuration) {
        let end = later(self.clock.now(), by.max(SignedDuration::ZERO));
        for _ in 0..DEEDS_MAX {
            let left = end.duration_since(self.clock.now());
            let Some(after) = self.next_deed().filter(|after| *after <= left) else {
                break;
            };
            self.let_pass(after);
            self.run_scheduled();
            self.answer_tickers();
        }
        self.let_pass(end.duration_since(self.clock.now()));
    }

    /// `next-run` of an entry; `None` when it will not run again.
    pub(super) fn next_run(&self, id: ObjectId) -> Option<String> {
        let table = self.table(menus::SCHEDULER);
        let next = self.timing(table, id)?.next_after(self.clock.shown())?;
        Some(date::format(next, self.date_dialect()))
    }

    /// A new entry starts now unless it was told when.
    pub(super) fn settle_scheduler_entry(&mut self, id: ObjectId) {
        let (now, dialect) = (self.clock.shown(), self.date_dialect());
        let table = self.table_mut(menus::SCHEDULER);
        for (column, value) in [
            ("start-date", date::format_date(now.date(), dialect)),
            ("start-time", date::format_time(now.time())),
        ] {
            if table.text(id, column).is_none() {
                table.put(id, column, Some(value.into_bytes()));
            }
        }
    }

    /// Lets time pass in which nothing happens that has an effect of its own.
    fn let_pass(&mut self, by: SignedDuration) {
        let before = self.clock.shown();
        let after = before.saturating_add(by);
        let table = self.table(menus::SCHEDULER);
        let runs: Vec<(ObjectId, u64)> = table
            .ids()
            .filter_map(|id| {
                let timing = self.timing(table, id)?;
                let runs = timing.runs_until(after) - timing.runs_until(before);
                (runs > 0).then_some((id, runs))
            })
            .collect();
        self.pass(by);
        for (id, runs) in runs {
            self.count_runs(menus::SCHEDULER, id, runs);
            self.publish(menus::SCHEDULER, id);
        }
    }

    /// How long until something has an effect of its own.
    fn next_deed(&self) -> Option<SignedDuration> {
        let now = self.clock.shown();
        let table = self.table(menus::SCHEDULER);
        let next = |id| Some(self.timing(table, id)?.next_after(now)?.duration_since(now));
        let entries = table.ids().filter(|id| has_event(table, *id)).filter_map(next);
        let ticks = self.feed.next_tick().map(|at| at.duration_since(self.clock.now()));
        entries.chain(ticks).min().map(|after| after.max(SignedDuration::ZERO))
    }

    /// Runs the entries whose moment is now.
    fn run_scheduled(&mut self) {
        let now = self.clock.shown();
        let table = self.table(menus::SCHEDULER);
        let just_before = now.saturating_sub(SignedDuration::from_nanos(1));
        let is_due = |id: &ObjectId| {
            let timing = self.timing(table, *id).filter(|_| has_event(table, *id));
            timing.is_some_and(|timing| timing.next_after(just_before) == Some(now))
        };
        let due: Vec<ObjectId> = table.ids().filter(is_due).collect();
        for id in due {
            self.run_event(id);
        }
    }

    fn run_event(&mut self, id: ObjectId) {
        let version = self.routeros.version();
        let table = self.table(menus::SCHEDULER);
        let text = |column: &str| {
            String::from_utf8_lossy(table.text(id, column).unwrap_or_default()).into_owned()
        };
        let (name, event) = (text("name"), text("on-event"));
        let rights = Rights::parse(&text("policy"), version).unwrap_or_default();
        let caller = Caller { name: text("owner").into_bytes(), rights };
        let outcome = match self.table(menus::SCRIPT).named(event.as_bytes()).first() {
            Some(script) => self.run_scripts(&[*script], &caller).map(|_| ()),
            None => self.run_source(&event, &caller),
        };
        if outcome.is_err() {
            let message = format!(
                "executing script from scheduler ({name}) failed, please check it manually"
            );
            self.write_log("script,error", message);
        }
    }

    /// `None` for a disabled entry, and for one whose values are gone.
    fn timing(&self, table: &Table, id: ObjectId) -> Option<Timing> {
        let text = |column| std::str::from_utf8(table.text(id, column)?).ok();
        if text("disabled") == Some("true") {
            return None;
        }
        let interval = duration::parse(text("interval")?).ok()?;
        let start = match text("start-time")? {
            "startup" => self.clock.shown().checked_sub(self.clock.uptime()).ok()?,
            time => date::parse(&format!("{} {time}", text("start-date")?)).ok()?,
        };
        Some(Timing { start, interval })
    }
}

fn has_event(table: &Table, id: ObjectId) -> bool {
    table.text(id, "on-event").is_some_and(|event| !event.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i8, minute: i8) -> DateTime {
        DateTime::constant(2026, 1, 1, hour, minute, 0, 0)
    }

    #[test]
    fn an_entry_runs_at_its_start_and_after_each_interval() {
        let timing = Timing { start: at(1, 0), interval: SignedDuration::from_mins(10) };
        assert_eq!(timing.runs_until(at(0, 59)), 0);
        assert_eq!(timing.runs_until(at(1, 0)), 1);
        assert_eq!(timing.runs_until(at(1, 25)), 3);
        assert_eq!(timing.next_after(at(0, 0)), Some(at(1, 0)));
        assert_eq!(timing.next_after(at(1, 0)), Some(at(1, 10)));
        assert_eq!(timing.next_after(at(1, 19)), Some(at(1, 20)));
    }

    #[test]
    fn an_entry_without_interval_runs_once() {
        let timing = Timing { start: at(1, 0), interval: SignedDuration::ZERO };
        assert_eq!(timing.runs_until(at(23, 0)), 1);
        assert_eq!(timing.next_after(at(0, 0)), Some(at(1, 0)));
        assert_eq!(timing.next_after(at(1, 0)), None);
    }
}
