//! Who is connected, and who may be asked to leave.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Instant;

use futures_util::task::AtomicWaker;

/// What a connection was told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Stay,
    /// To finish the request it is at.
    Finish,
    /// To close at once.
    Leave,
}

/// One connection, as others see it.
#[derive(Debug, Default)]
pub(super) struct Guest {
    /// Nanoseconds, on the clock of all guests, since which no request is under way; 0 while one is.
    resting_since: AtomicU64,
    told: AtomicU8,
    waker: AtomicWaker,
}

impl Guest {
    /// What it was told, and wakes the task when that changes.
    pub(super) fn hear(&self, context: &Context<'_>) -> Told {
        self.waker.register(context.waker());
        match self.told.load(Ordering::Acquire) {
            0 => Told::Stay,
            1 => Told::Finish,
            _ => Told::Leave,
        }
    }

    fn tell(&self, what: Told) {
        self.told.fetch_max(what as u8, Ordering::AcqRel);
        self.waker.wake();
    }
}

/// All connections that are open.
#[derive(Debug, Clone)]
pub(super) struct Guests {
    beginning: Instant,
    list: Arc<Mutex<List>>,
}

#[derive(Debug, Default)]
struct List {
    /// The number of the last one who came.
    last: u64,
    here: HashMap<u64, Arc<Guest>>,
}

impl Guests {
    pub(super) fn new() -> Self {
        Self { beginning: Instant::now(), list: Arc::default() }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.beginning.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    /// Lists a connection as long as the place is kept.
    pub(super) fn welcome(&self) -> Place {
        let guest = Arc::new(Guest::default());
        guest.resting_since.store(self.now(), Ordering::Release);
        let mut list = self.list();
        list.last += 1;
        let number = list.last;
        list.here.insert(number, Arc::clone(&guest));
        drop(list);
        Place { guests: self.clone(), number, guest }
    }

    /// Tells the connection that rests longest to leave; says whether there was one.
    pub(super) fn make_room(&self) -> bool {
        let list = self.list();
        let stays = |guest: &&Arc<Guest>| guest.told.load(Ordering::Acquire) < Told::Leave as u8;
        let since = |guest: &Arc<Guest>| guest.resting_since.load(Ordering::Acquire);
        let resting = list.here.values().filter(stays).filter(|guest| since(guest) > 0);
        let longest = resting.min_by_key(|guest| since(guest));
        longest.inspect(|guest| guest.tell(Told::Leave)).is_some()
    }

    pub(super) fn tell_all(&self, what: Told) {
        let all: Vec<_> = self.list().here.values().map(Arc::clone).collect();
        for guest in all {
            guest.tell(what);
        }
    }
}

/// A place in the list.
#[derive(Debug)]
pub(super) struct Place {
    guests: Guests,
    number: u64,
    pub(super) guest: Arc<Guest>,
}

impl Place {
    /// A request is under way until the answer to this is dropped.
    pub(super) fn busy(&self) -> Busy {
        self.guest.resting_since.store(0, Ordering::Release);
        Busy { guest: Arc::clone(&self.guest), guests: self.guests.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.guests.list().here.remove(&self.number);
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Busy {
    guest: Arc<Guest>,
    guests: Guests,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.guest.resting_since.store(self.guests.now(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(place: &Place) -> Told {
        place.guest.hear(&Context::from_waker(std::task::Waker::noop()))
    }

    #[test]
    fn the_one_that_rests_longest_makes_room_and_a_busy_one_never() {
        let guests = Guests::new();
        let (first, second, third) = (guests.welcome(), guests.welcome(), guests.welcome());
        let busy = first.busy();
        second.guest.resting_since.store(7, Ordering::Release);
        third.guest.resting_since.store(5, Ordering::Release);
        assert!(guests.make_room());
        assert_eq!([&first, &second, &third].map(told), [Told::Stay, Told::Stay, Told::Leave]);
        drop(third);
        assert!(guests.make_room());
        assert_eq!([&first, &second].map(told), [Told::Stay, Told::Leave]);
        assert!(!guests.make_room(), "the last one is busy");
        drop(busy);
        assert!(guests.make_room());
    }
}
