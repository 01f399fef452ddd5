//! Customers' devices that dial again by themselves.

use jiff::SignedDuration;

use super::super::{agenda::Event, clock::later, id::ObjectId, router::Router};
use super::{Dial, PppRefusal};

/// The shortest pause between two attempts.
const PAUSE_MIN: SignedDuration = SignedDuration::from_secs(1);

/// A device that wants its line to be up.
#[derive(Debug)]
pub(in super::super) struct Dialer {
    dial: Dial,
    pause: SignedDuration,
}

impl Router {
    /// Dials in as [`Self::ppp_connect`] and does it again, `pause` after every refusal, cut line and reboot of the
    /// router, until [`Self::ppp_disconnect`]. The pause is a second at least.
    ///
    /// # Errors
    ///
    /// [`PppRefusal`] of the first attempt; the device tries again all the same.
    pub fn ppp_keep_online(
        &mut self,
        dial: &Dial,
        pause: SignedDuration,
    ) -> Result<ObjectId, PppRefusal> {
        self.stop_redialing(&dial.name);
        let number = self.ppp.dialers.last_key_value().map_or(0, |(last, _)| last + 1);
        let dialer = Dialer { dial: dial.clone(), pause: pause.max(PAUSE_MIN) };
        self.ppp.dialers.insert(number, dialer);
        self.ppp.dialing.insert(dial.name.clone(), number);
        let outcome = self.ppp_connect(dial);
        if outcome.is_err() {
            self.plan_redial(&dial.name);
        }
        outcome
    }

    pub(super) fn stop_redialing(&mut self, name: &str) {
        if let Some(number) = self.ppp.dialing.remove(name) {
            self.ppp.dialers.remove(&number);
            self.agenda.plan(Event::Redial(number), None);
        }
    }

    /// The line of that name is down: its device will dial again, if it is one that does.
    pub(super) fn plan_redial(&mut self, name: &str) {
        let number = self.ppp.dialing.get(name).copied();
        let dialer = number.and_then(|number| Some((number, self.ppp.dialers.get(&number)?)));
        if let Some((number, dialer)) = dialer {
            let at = later(self.clock.now(), dialer.pause);
            self.agenda.plan(Event::Redial(number), Some(at));
        }
    }

    /// After a reboot every device that wants its line to be up finds it down.
    pub(in super::super) fn plan_all_redials(&mut self) {
        let now = self.clock.now();
        for (number, dialer) in &self.ppp.dialers {
            self.agenda.plan(Event::Redial(*number), Some(later(now, dialer.pause)));
        }
    }

    /// A device tries again.
    pub(in super::super) fn redial(&mut self, number: u32) {
        let Some(dial) = self.ppp.dialers.get(&number).map(|dialer| dialer.dial.clone()) else {
            return;
        };
        if self.ppp_connect(&dial).is_err() {
            self.plan_redial(&dial.name);
        }
    }
}
