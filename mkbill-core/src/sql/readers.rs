//! Connections that stay at hand for statements that need no transaction.
//!
//! sqlx's own pool asks the server whether a connection still works before it is lent and again
//! when it comes back. A page that is read by one statement would then wait for three answers instead
//! of one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, Database};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A connection that rested for no longer is taken to work.
const TRUSTED: Duration = Duration::from_secs(1);
/// A connection that nobody needed for so long is closed when another one comes back.
const IDLE_MAX: Duration = Duration::from_mins(5);
/// Connections are not used for longer, so that what a server keeps for each cannot grow for ever.
const AGE_MAX: Duration = Duration::from_mins(30);

/// Lends connections; the one that came back last goes out first.
pub(super) struct Readers<D: Database> {
    options: <D::Connection as Connection>::Options,
    patience: Duration,
    most: u32,
    permits: Arc<Semaphore>,
    shelf: Arc<Shelf<D>>,
}

/// How many connections are lent, and how many wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Lent {
    pub(super) busy: u32,
    pub(super) idle: u32,
}

impl<D: Database> Readers<D> {
    /// At most `most` at the same time; who finds none free waits for `patience`.
    pub(super) fn new(
        options: <D::Connection as Connection>::Options,
        most: u32,
        patience: Duration,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(most as usize));
        Self { options, patience, most, permits, shelf: Arc::new(Shelf::default()) }
    }

    /// Lends a connection that works.
    pub(super) async fn reader(&self) -> sqlx::Result<Reader<D>> {
        let permit = tokio::time::timeout(self.patience, Arc::clone(&self.permits).acquire_owned());
        let permit = permit.await.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let permit = permit.map_err(|_| sqlx::Error::PoolClosed)?;
        let line = match self.rested().await {
            Some(line) => line,
            None => Line { connection: self.options.connect().await?, born: Instant::now() },
        };
        Ok(Reader { line: Some(line), is_clean: true, shelf: Arc::clone(&self.shelf), permit })
    }

    /// The connection that came back last, if it still works. If it does not, none is trusted.
    async fn rested(&self) -> Option<Line<D>> {
        let mut last = self.shelf.places().pop_back()?;
        let is_trusted = last.is_trusted && last.since.elapsed() <= TRUSTED;
        if !is_trusted && last.line.connection.ping().await.is_err() {
            self.shelf.clear();
            return None;
        }
        Some(last.line)
    }

    pub(super) fn lent(&self) -> Lent {
        let free = u32::try_from(self.permits.available_permits()).unwrap_or(u32::MAX);
        let idle = u32::try_from(self.shelf.places().len()).unwrap_or(u32::MAX);
        Lent { busy: self.most.saturating_sub(free), idle }
    }

    /// Closes what rests, and whatever is lent when it comes back.
    pub(super) async fn close(&self) {
        self.permits.close();
        for resting in self.shelf.clear() {
            if let Err(error) = resting.line.connection.close().await {
                tracing::debug!(%error, "a connection could not be closed politely");
            }
        }
    }
}

struct Line<D: Database> {
    connection: D::Connection,
    born: Instant,
}

/// A connection that waits to be lent.
struct Resting<D: Database> {
    line: Line<D>,
    since: Instant,
    is_trusted: bool,
}

/// Where connections rest, the one that came back last at the end.
struct Shelf<D: Database>(Mutex<VecDeque<Resting<D>>>);

impl<D: Database> Default for Shelf<D> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<D: Database> Shelf<D> {
    fn places(&self) -> MutexGuard<'_, VecDeque<Resting<D>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clear(&self) -> VecDeque<Resting<D>> {
        std::mem::take(&mut *self.places())
    }

    fn put(&self, line: Line<D>) {
        let mut places = self.places();
        places.push_back(Resting { line, since: Instant::now(), is_trusted: true });
        let is_stale = places.front().is_some_and(|first| first.since.elapsed() > IDLE_MAX);
        let stale = if is_stale { places.pop_front() } else { None };
        drop(places);
        drop(stale);
    }

    /// Lets each be asked whether it works before it is lent.
    fn distrust(&self) {
        self.places().iter_mut().for_each(|resting| resting.is_trusted = false);
    }
}

/// A connection on loan.
pub(super) struct Reader<D: Database> {
    line: Option<Line<D>>,
    is_clean: bool,
    shelf: Arc<Shelf<D>>,
    permit: OwnedSemaphorePermit,
}

impl<D: Database> Reader<D> {
    /// The connection, for one statement. It is closed afterwards unless [`Self::done`] says that the
    /// statement came to its end.
    pub(super) fn begun(&mut self) -> &mut D::Connection {
        self.is_clean = false;
        &mut self.line.as_mut().expect("it is given back when this value ends").connection
    }

    pub(super) fn done(&mut self) {
        self.is_clean = true;
    }
}

impl<D: Database> Drop for Reader<D> {
    fn drop(&mut self) {
        let Some(line) = self.line.take() else { return };
        if !self.is_clean {
            // What broke this connection may have broken those that rest as well.
            self.shelf.distrust();
        } else if line.born.elapsed() < AGE_MAX && !self.permit.semaphore().is_closed() {
            self.shelf.put(line);
        }
    }
}
