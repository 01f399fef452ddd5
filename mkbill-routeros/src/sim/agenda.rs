//! What will happen by itself, and when.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::mac::Mac;

/// A customer online: what the rows that the router makes for it belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Guest {
    Hotspot(Mac),
    /// The serial number of a PPP line.
    Ppp(u32),
}

/// Something that happens when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Event {
    /// A session reaches a limit.
    Cut(Guest),
    /// A cookie is past its time.
    Forget(Mac),
    /// The dialer of that number tries again.
    Redial(u32),
}

/// Events in the order of their times; those of one moment in an order that never changes.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    due: BTreeSet<(Timestamp, Event)>,
    planned: HashMap<Event, Timestamp>,
}

impl Agenda {
    /// Plans an event in place of when it was planned before; `None` drops it.
    pub(super) fn plan(&mut self, event: Event, at: Option<Timestamp>) {
        let old = match at {
            Some(at) => self.planned.insert(event, at),
            None => self.planned.remove(&event),
        };
        if let Some(old) = old {
            self.due.remove(&(old, event));
        }
        self.due.extend(at.map(|at| (at, event)));
    }

    /// The first event that is due until then.
    pub(super) fn take_due(&mut self, until: Timestamp) -> Option<(Timestamp, Event)> {
        let first = *self.due.first().filter(|(at, _)| *at <= until)?;
        self.due.remove(&first);
        self.planned.remove(&first.1);
        Some(first)
    }

    pub(super) fn retain(&mut self, stays: impl Fn(&Event) -> bool) {
        self.planned.retain(|event, _| stays(event));
        self.due.retain(|(_, event)| stays(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn events_come_in_the_order_of_their_times_and_only_when_due() {
        let mut agenda = Agenda::default();
        let [first, second] = [Event::Redial(1), Event::Redial(2)];
        agenda.plan(first, Some(at(20)));
        agenda.plan(second, Some(at(10)));
        assert_eq!(agenda.take_due(at(5)), None);
        assert_eq!(agenda.take_due(at(20)), Some((at(10), second)));
        assert_eq!(agenda.take_due(at(20)), Some((at(20), first)));
        assert_eq!(agenda.take_due(at(20)), None);
    }

    #[test]
    fn an_event_that_is_planned_anew_forgets_its_old_time() {
        let mut agenda = Agenda::default();
        agenda.plan(Event::Redial(1), Some(at(10)));
        agenda.plan(Event::Redial(1), Some(at(30)));
        assert_eq!(agenda.take_due(at(20)), None);
        agenda.plan(Event::Redial(1), None);
        assert_eq!(agenda.take_due(at(40)), None);
    }
}
