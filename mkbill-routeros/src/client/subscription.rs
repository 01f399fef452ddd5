//! Rows of commands that go on until they are given up.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::sync::{Notify, mpsc, oneshot};

use super::config::Backlog;
use crate::{
    command::Row,
    error::Error,
    proto::{Failure, Sentence},
};

/// The rows of one `listen`, `print =follow=` or `monitor`, as the router sends them.
///
/// Dropping it tells the router to stop. A reader who falls behind by more than
/// [`Backlog`](super::Backlog) allows loses the stream, and only this stream: the rows that were
/// kept still come, then [`Unanswered::Overflow`](crate::error::Unanswered::Overflow).
pub struct Subscription {
    path: String,
    rows: mpsc::Receiver<Held>,
    end: Option<oneshot::Receiver<Result<(), Failure>>>,
    given_up: Arc<Notify>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Subscription")
            .field("path", &self.path)
            .field("is_over", &self.end.is_none())
            .finish_non_exhaustive()
    }
}

impl Subscription {
    /// The next row; an error when the stream broke, once; then, or when the router ended the
    /// stream well, `None`.
    ///
    /// Can be dropped and called again without losing a row.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the router traps, [`Error::Unanswered`] when the connection ended
    /// or rows were lost.
    pub async fn next(&mut self) -> Option<Result<Row, Error>> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// A row that is there already.
    pub(super) fn next_waiting(&mut self) -> Option<Row> {
        self.rows.try_recv().ok().map(Held::into_row)
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Row, Error>>> {
        if let Some(held) = ready!(self.rows.poll_recv(context)) {
            return Poll::Ready(Some(Ok(held.into_row())));
        }
        let Some(end) = &mut self.end else { return Poll::Ready(None) };
        // A stream that was dropped without an end never reached the session.
        let end = ready!(Pin::new(end).poll(context)).unwrap_or(Err(Failure::NotSent));
        self.end = None;
        Poll::Ready(end.err().map(|failure| Err(Error::from_failure(&self.path, failure))))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.rows.close();
        self.given_up.notify_one();
    }
}

/// The other end of a [`Subscription`], with the driver.
#[derive(Debug)]
pub(super) struct Subscriber {
    rows: mpsc::Sender<Held>,
    end: oneshot::Sender<Result<(), Failure>>,
    bytes_max: usize,
    bytes: Arc<AtomicUsize>,
}

/// Both ends of a stream of rows; `given_up` is rung when the reader goes.
pub(super) fn channel(
    path: String,
    backlog: Backlog,
    given_up: Arc<Notify>,
) -> (Subscriber, Subscription) {
    let (sender, rows) = mpsc::channel(backlog.rows_max.max(1));
    let (end, ended) = oneshot::channel();
    let bytes = Arc::new(AtomicUsize::new(0));
    let subscriber = Subscriber { rows: sender, end, bytes_max: backlog.bytes_max, bytes };
    (subscriber, Subscription { path, rows, end: Some(ended), given_up })
}

impl Subscriber {
    pub(super) fn is_gone(&self) -> bool {
        self.rows.is_closed()
    }

    /// Hands a row over without waiting; counts it in `total` too while it is not read.
    ///
    /// # Errors
    ///
    /// [`Failure::Overflow`] when the reader is too far behind.
    pub(super) fn push(&self, row: Sentence, total: &Arc<AtomicUsize>) -> Result<(), Failure> {
        let bytes = row.wire_len() + size_of::<Held>();
        if self.bytes.load(Ordering::Relaxed).saturating_add(bytes) > self.bytes_max {
            return Err(Failure::Overflow);
        }
        let counters = [&self.bytes, total].map(Arc::clone);
        for counter in &counters {
            counter.fetch_add(bytes, Ordering::Relaxed);
        }
        let held = Held { row, _count: Count { bytes, counters } };
        self.rows.try_send(held).map_err(|_| Failure::Overflow)
    }

    /// Tells the reader how the stream ended, behind the rows that wait.
    pub(super) fn end(self, outcome: Result<(), Failure>) {
        // A reader who is gone does not want it.
        drop(self.end.send(outcome));
    }
}

/// A row that waits for its reader.
#[derive(Debug)]
struct Held {
    row: Sentence,
    _count: Count,
}

impl Held {
    fn into_row(self) -> Row {
        self.row.into()
    }
}

/// Bytes counted for as long as this lives.
#[derive(Debug)]
struct Count {
    bytes: usize,
    counters: [Arc<AtomicUsize>; 2],
}

impl Drop for Count {
    fn drop(&mut self) {
        for counter in &self.counters {
            counter.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}
