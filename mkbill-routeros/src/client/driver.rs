//! The two tasks behind a client: one reads and keeps the session, one writes.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::{Notify, mpsc, oneshot},
    time,
};
use tracing::{debug, warn};

use super::{config, keepalive::Keepalive, subscription::Subscriber};
use crate::{
    proto::{Answer, Failure, Request, Sentence, Session, Tag},
    transport::Stream,
};

/// A command on its way to the session, and where what it gives goes.
#[derive(Debug)]
pub(super) struct Job {
    pub request: Request,
    pub owner: Owner,
}

#[derive(Debug)]
pub(super) enum Owner {
    /// Waits for the one outcome.
    Caller(oneshot::Sender<Result<Answer, Failure>>),
    /// Takes rows as they come.
    Subscriber(Subscriber),
}

impl Owner {
    fn is_gone(&self) -> bool {
        match self {
            Self::Caller(outcome) => outcome.is_closed(),
            Self::Subscriber(subscriber) => subscriber.is_gone(),
        }
    }

    fn end(self, outcome: Result<Answer, Failure>) {
        match self {
            // A caller who stopped waiting meanwhile does not want it.
            Self::Caller(sender) => drop(sender.send(outcome)),
            Self::Subscriber(subscriber) => subscriber.end(outcome.map(drop)),
        }
    }
}

/// Jobs that wait between a caller and the session.
pub(super) const JOBS_MAX: usize = 64;
const READ_BYTES: usize = 64 << 10;

pub(super) struct Driver {
    session: Session,
    reader: ReadHalf<Box<dyn Stream>>,
    writer: mpsc::Sender<Vec<u8>>,
    jobs: mpsc::Receiver<Job>,
    owners: HashMap<Tag, Owner>,
    /// Bytes of rows that subscribers have not read yet.
    unread: Arc<AtomicUsize>,
    keepalive: Keepalive,
    /// Rung when a caller stops waiting.
    given_up: Arc<Notify>,
    last_window: Arc<OnceLock<usize>>,
}

enum Next {
    Continue,
    Stop,
}

enum Wakeup {
    Read(io::Result<usize>),
    Jobs(usize),
    Writable,
    WriterGone,
    Deadline,
    GivenUp,
}

impl Driver {
    pub(super) fn new(
        session: Session,
        reader: ReadHalf<Box<dyn Stream>>,
        writer: mpsc::Sender<Vec<u8>>,
        jobs: mpsc::Receiver<Job>,
        given_up: Arc<Notify>,
        last_window: Arc<OnceLock<usize>>,
        keepalive: Option<config::Keepalive>,
    ) -> Self {
        Self {
            session,
            reader,
            writer,
            jobs,
            owners: HashMap::new(),
            unread: Arc::default(),
            keepalive: Keepalive::new(keepalive, now()),
            given_up,
            last_window,
        }
    }

    /// Runs until the connection ends or the client is gone.
    pub(super) async fn run(mut self) {
        let mut buffer = vec![0; READ_BYTES];
        let mut batch = Vec::with_capacity(JOBS_MAX);
        while let Next::Continue = self.step(&mut buffer, &mut batch).await {
            self.deliver();
            if self.session.is_over() {
                break;
            }
        }
        debug!(tally = ?self.session.tally(), "the router connection ended");
    }

    async fn step(&mut self, buffer: &mut [u8], batch: &mut Vec<Job>) -> Next {
        match self.wakeup(buffer, batch).await {
            Wakeup::Read(read) => return self.received(read, buffer),
            Wakeup::Jobs(0) | Wakeup::WriterGone => return Next::Stop,
            Wakeup::Jobs(_) => {
                for job in batch.drain(..) {
                    self.submit(job);
                }
            }
            Wakeup::Writable => self.transmit(),
            Wakeup::Deadline => {
                self.session.tick(now());
                self.keepalive.tick(&mut self.session, now());
            }
            Wakeup::GivenUp => self.abandon_unwanted(),
        }
        if self.session.is_over() { Next::Stop } else { Next::Continue }
    }

    async fn wakeup(&mut self, buffer: &mut [u8], batch: &mut Vec<Job>) -> Wakeup {
        let deadlines = [self.session.deadline(), self.keepalive.deadline(&self.session)];
        let deadline = deadlines.into_iter().flatten().min();
        let room = JOBS_MAX.saturating_sub(self.session.queued());
        tokio::select! {
            read = self.reader.read(buffer) => Wakeup::Read(read),
            count = self.jobs.recv_many(batch, room), if room > 0 => Wakeup::Jobs(count),
            permit = self.writer.reserve(), if self.session.wants_to_transmit() => match permit {
                Ok(_) => Wakeup::Writable,
                Err(_) => Wakeup::WriterGone,
            },
            () = sleep_until(deadline), if deadline.is_some() => Wakeup::Deadline,
            () = self.given_up.notified() => Wakeup::GivenUp,
        }
    }

    /// The only sender into a channel that just had room, so the bytes surely go in, or the writer
    /// is gone and the next wakeup says so.
    fn transmit(&mut self) {
        let mut bytes = Vec::new();
        self.session.transmit(now(), &mut bytes);
        drop(self.writer.try_send(bytes));
    }

    fn received(&mut self, read: io::Result<usize>, buffer: &[u8]) -> Next {
        match read {
            Ok(0) => Next::Stop,
            Ok(count) => self.take_in(&buffer[..count]),
            Err(error) => {
                debug!(%error, "reading from the router failed");
                Next::Stop
            }
        }
    }

    fn take_in(&mut self, bytes: &[u8]) -> Next {
        self.keepalive.heard(now());
        self.session.hold_outside(self.unread.load(Ordering::Relaxed));
        match self.session.receive(now(), bytes) {
            Ok(()) if !self.session.is_over() => Next::Continue,
            Ok(()) => Next::Stop,
            Err(error) => {
                warn!(%error, "the router sent what cannot be understood");
                Next::Stop
            }
        }
    }

    fn submit(&mut self, Job { request, owner }: Job) {
        if owner.is_gone() {
            return;
        }
        let tag = match owner {
            Owner::Caller(_) => self.session.submit(now(), request),
            Owner::Subscriber(_) => self.session.stream(now(), request),
        };
        self.owners.insert(tag, owner);
    }

    fn abandon_unwanted(&mut self) {
        for (tag, _) in self.owners.extract_if(|_, owner| owner.is_gone()) {
            self.session.abandon(tag);
        }
    }

    fn deliver(&mut self) {
        while let Some((tag, row)) = self.session.next_row() {
            self.deliver_row(tag, row);
        }
        while let Some(event) = self.session.next_event() {
            match self.owners.remove(&event.tag) {
                Some(owner) => owner.end(event.outcome),
                None => self.keepalive.ended(&mut self.session, event.tag),
            }
        }
    }

    /// Never waits: a subscriber who is too far behind loses its stream and nobody else anything.
    fn deliver_row(&mut self, tag: Tag, row: Sentence) {
        let Some(Owner::Subscriber(subscriber)) = self.owners.get(&tag) else { return };
        if let Err(failure) = subscriber.push(row, &self.unread) {
            self.session.abandon(tag);
            if let Some(owner) = self.owners.remove(&tag) {
                owner.end(Err(failure));
            }
        }
    }
}

/// However the task ends, aborted included, every caller learns whether its command was sent. Who
/// sees that the client is closed can read its last window.
impl Drop for Driver {
    fn drop(&mut self) {
        self.last_window.get_or_init(|| self.session.window());
        self.jobs.close();
        self.session.disconnected();
        self.deliver();
    }
}

/// Writes what the driver encoded. A router that stops reading blocks this task and no other.
pub(super) async fn write(
    mut writer: WriteHalf<Box<dyn Stream>>,
    mut batches: mpsc::Receiver<Vec<u8>>,
) {
    while let Some(bytes) = batches.recv().await {
        if let Err(error) = send(&mut writer, &bytes).await {
            debug!(%error, "writing to the router failed");
            return;
        }
    }
    drop(writer.shutdown().await);
}

async fn send(writer: &mut WriteHalf<Box<dyn Stream>>, bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

/// The monotonic clock of the runtime, which tests can stop.
fn now() -> Instant {
    time::Instant::now().into_std()
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
