//! What hotspot and PPP customers online have in common: a meter, an end, and what the router makes for them.

use super::{
    agenda::{Event, Guest},
    id::ObjectId,
    menus,
    meter::{Cut, Meter, Traffic, Usage},
    pool::Pools,
    router::Router,
    session::LogoutReason,
};

/// The menus in which the router makes objects for a customer online.
const MADE_IN: [&str; 4] = [menus::ADDRESS_LIST, menus::ADDRESS, menus::QUEUE, menus::INTERFACE];

impl Router {
    pub(super) fn meter(&self, guest: Guest) -> Option<&Meter> {
        match guest {
            Guest::Hotspot(mac) => self.presence.sessions.of(mac).map(|session| &session.meter),
            Guest::Ppp(serial) => self.ppp.up.of(serial).map(|line| &line.meter),
        }
    }

    pub(super) fn meter_mut(&mut self, guest: Guest) -> Option<&mut Meter> {
        match guest {
            Guest::Hotspot(mac) => {
                self.presence.sessions.of_mut(mac).map(|session| &mut session.meter)
            }
            Guest::Ppp(serial) => self.ppp.up.of_mut(serial).map(|line| &mut line.meter),
        }
    }

    /// Plans when a session will end by itself, or ends it when it is over a limit already.
    pub(super) fn settle(&mut self, guest: Guest) {
        let ending = self.meter(guest).and_then(Meter::ending);
        match ending {
            Some((at, cut)) if at <= self.clock.now() => self.cut(guest, cut),
            _ => self.agenda.plan(Event::Cut(guest), ending.map(|(at, _)| at)),
        }
    }

    /// What was planned happens.
    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Cut(guest) => self.settle(guest),
            Event::Forget(mac) => {
                if let Some(id) = self.presence.cookies.id_of(mac) {
                    self.remove_cookie(id);
                }
            }
            Event::Redial(dialer) => self.redial(dialer),
        }
    }

    fn cut(&mut self, guest: Guest, cut: Cut) {
        match guest {
            Guest::Hotspot(mac) => {
                if let Some(id) = self.presence.sessions.id_of(mac) {
                    self.end_session(id, LogoutReason::from(cut));
                }
            }
            Guest::Ppp(serial) => self.end_line(serial, cut.into()),
        }
    }

    /// Adds an object that lasts as long as the customer is online.
    pub(super) fn make(
        &mut self,
        path: &'static str,
        guest: Guest,
        values: impl IntoIterator<Item = (&'static str, Vec<u8>)>,
    ) {
        let id = self.table_mut(path).make(guest, values);
        self.publish(path, id);
    }

    /// A customer is gone: what was made for it goes too, and its address is free.
    pub(super) fn unmake(&mut self, guest: Guest, used: Usage) {
        self.agenda.plan(Event::Cut(guest), None);
        self.pools.give_back(guest);
        self.carried = self.carried.plus(used);
        for path in MADE_IN {
            for id in self.table_mut(path).unmake(guest) {
                self.feed.removed(path, id);
            }
        }
    }

    /// Power was lost: nobody is online, and nothing is left of what was made for them.
    pub(super) fn unmake_all(&mut self) {
        self.agenda.retain(|event| matches!(event, Event::Forget(_)));
        self.pools = Pools::default();
        self.carried = Usage::default();
        for path in MADE_IN {
            self.table_mut(path).unmake_all();
        }
    }

    /// What all customers together have moved since the router started.
    pub(super) fn carried(&self) -> Usage {
        let now = self.clock.now();
        self.meters().fold(self.carried, |sum, meter| sum.plus(meter.used(now)))
    }

    /// What all customers together move now.
    pub(super) fn pace(&self) -> Traffic {
        self.meters().fold(Traffic::default(), |sum, meter| sum.plus(meter.traffic()))
    }

    fn meters(&self) -> impl Iterator<Item = &Meter> {
        let hotspot = self.presence.sessions.iter().map(|(_, _, session)| &session.meter);
        hotspot.chain(self.ppp.up.iter().map(|(_, _, line)| &line.meter))
    }

    /// The meter of the customer for whom the router made an object.
    pub(super) fn meter_behind(&self, path: &'static str, id: ObjectId) -> Option<&Meter> {
        self.meter(self.table(path).made_for(id)?)
    }
}
