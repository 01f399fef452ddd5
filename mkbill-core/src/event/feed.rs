//! Hearing of events as they are committed, by this process or another one.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender};
use tokio::task::AbortHandle;

use crate::kernel::error::Error;
use crate::signal::Topic;
use crate::store::{Access, Store};

use super::{Event, Position};

/// Events read at once.
const READ_MAX: u32 = 1_000;
/// How many reads a subscriber may be behind before it loses some.
const BEHIND_MAX: usize = 256;
/// How long the feed waits at most for a wake-up that may have been lost.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// Some events, in their order and without a gap; shared by all who hear them.
#[derive(Debug, Clone)]
pub struct Batch {
    events: Arc<[Event]>,
    from: usize,
}

impl Batch {
    fn of(events: Vec<Event>) -> Self {
        Self { events: events.into(), from: 0 }
    }

    /// Are these the very same events, shared and not only alike?
    pub fn is_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.events, &other.events) && self.from == other.from
    }

    /// The events behind a position.
    fn after(mut self, position: Position) -> Self {
        self.from = self.events.partition_point(|event| event.position <= position);
        self
    }

    fn first(&self) -> Option<Position> {
        self.first_event().map(|event| event.position)
    }

    fn first_event(&self) -> Option<&Event> {
        self.events.get(self.from)
    }

    fn last(&self) -> Option<Position> {
        self.first_event()?;
        self.events.last().map(|event| event.position)
    }
}

impl std::ops::Deref for Batch {
    type Target = [Event];

    fn deref(&self) -> &[Event] {
        &self.events[self.from..]
    }
}

/// What a subscriber hears.
#[derive(Debug, Clone)]
pub enum Heard {
    /// The next events.
    Events(Batch),
    /// These events were missed: the subscriber was too slow, or they are not kept any more. What is
    /// still kept can be read by its position.
    Gap {
        /// The first that was missed.
        from: Position,
        /// The last that was missed.
        to: Position,
    },
}

/// Reads each event once and hands it to all who listen.
#[derive(Debug)]
pub(crate) struct Feed {
    store: Arc<dyn Store>,
    live: Mutex<Weak<Live>>,
}

/// The reading, which goes on as long as somebody listens.
#[derive(Debug)]
struct Live {
    sender: Sender<Batch>,
    reading: AbortHandle,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Feed {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, live: Mutex::new(Weak::new()) }
    }

    /// Events after a position; from now on without one.
    pub(crate) async fn subscribe(&self, after: Option<Position>) -> Result<EventStream, Error> {
        let newest = newest(self.store.as_ref()).await?;
        let live = self.live(newest);
        let cursor = after.unwrap_or(newest);
        let receiver = live.sender.subscribe();
        // What was committed until the receiver was there is read from the store.
        Ok(EventStream {
            store: Arc::clone(&self.store),
            _live: live,
            receiver,
            cursor,
            behind: true,
        })
    }

    fn live(&self, newest: Position) -> Arc<Live> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(live) = live.upgrade() {
            return live;
        }
        let sender = Sender::new(BEHIND_MAX);
        let reading = tokio::spawn(read_on(Arc::clone(&self.store), sender.clone(), newest));
        let begun = Arc::new(Live { sender, reading: reading.abort_handle() });
        *live = Arc::downgrade(&begun);
        begun
    }
}

async fn newest(store: &dyn Store) -> Result<Position, Error> {
    let bounds = store.begin(Access::Read).await?.event_bounds().await?;
    Ok(bounds.map_or(Position::START, |(_, newest)| newest))
}

async fn read(store: &dyn Store, after: Position) -> Result<Vec<Event>, Error> {
    Ok(store.begin(Access::Read).await?.events_after(after, READ_MAX).await?)
}

async fn read_on(store: Arc<dyn Store>, sender: Sender<Batch>, mut last: Position) {
    let mut wake = store.signal().listen(Topic::Events);
    loop {
        match read(store.as_ref(), last).await {
            Ok(events) => {
                if let Some(newest) = events.last().map(|event| event.position) {
                    last = newest;
                    // Nobody may listen just now; who comes later reads from the store.
                    drop(sender.send(Batch::of(events)));
                    continue;
                }
            }
            Err(error) => tracing::warn!(%error, "events cannot be read"),
        }
        tokio::select! {
            () = wake.heard() => {}
            () = tokio::time::sleep(IDLE_MAX) => {}
        }
    }
}

/// One subscriber's events, in their order: first those that are stored, then those that come.
#[derive(Debug)]
pub struct EventStream {
    store: Arc<dyn Store>,
    _live: Arc<Live>,
    receiver: Receiver<Batch>,
    cursor: Position,
    /// Is there more in the store than was heard?
    behind: bool,
}

impl EventStream {
    /// The position of the last event that was heard.
    pub const fn position(&self) -> Position {
        self.cursor
    }

    /// Waits for the next events, or for word that some were missed. May be dropped while it waits
    /// and called again: nothing is lost.
    ///
    /// # Errors
    ///
    /// What the store reports while stored events are read; the next call tries again.
    pub async fn next(&mut self) -> Result<Heard, Error> {
        loop {
            if self.behind {
                let events = read(self.store.as_ref(), self.cursor).await?;
                self.behind = u32::try_from(events.len()).is_ok_and(|count| count == READ_MAX);
                match self.hear(Batch::of(events)) {
                    Some(heard) => return Ok(heard),
                    None => continue,
                }
            }
            match self.receiver.recv().await {
                Ok(batch) => {
                    let batch = batch.after(self.cursor);
                    // A hole between the store and the first batch: it was committed in between.
                    self.behind = batch.first().is_some_and(|first| first > self.cursor.next());
                    if !self.behind
                        && let Some(heard) = self.hear(batch)
                    {
                        return Ok(heard);
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    if let Some(gap) = self.skip_to_the_oldest_batch() {
                        return Ok(gap);
                    }
                }
                // The reading ended with its runtime.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn hear(&mut self, batch: Batch) -> Option<Heard> {
        let (first, last) = (batch.first()?, batch.last()?);
        let next = self.cursor.next();
        if first > next {
            // Older ones are not kept any more; these are read again after the gap was told.
            self.behind = true;
            self.cursor = Position(first.0 - 1);
            return Some(Heard::Gap { from: next, to: self.cursor });
        }
        self.cursor = last;
        Some(Heard::Events(batch))
    }

    /// Goes on with the oldest batch that is still there.
    fn skip_to_the_oldest_batch(&mut self) -> Option<Heard> {
        let batch = self.receiver.try_recv().ok()?.after(self.cursor);
        let (first, next) = (batch.first()?, self.cursor.next());
        self.behind = true;
        if first > next {
            self.cursor = Position(first.0 - 1);
            return Some(Heard::Gap { from: next, to: self.cursor });
        }
        None
    }
}
