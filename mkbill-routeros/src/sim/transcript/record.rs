//! Writing down what passes.

use std::{
    fmt,
    io::{self, Write},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::proto::{Decoder, Limits, Sentence, word};

use super::{Event, HEADER};

/// Writes a [`Transcript`](super::Transcript) of everything that passes, a line as soon as its
/// sentence is complete. Clones write to the same place.
///
/// Secrets are hidden. When writing fails, nothing more is written and the connections go on.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Book>>);

struct Book {
    /// `None` after writing failed.
    out: Option<Box<dyn Write + Send>>,
    connections: u32,
    /// On which connection the last line passed.
    current: u32,
}

impl Recorder {
    /// Begins a transcript with its first line.
    ///
    /// # Errors
    ///
    /// When that line cannot be written.
    pub fn to(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        writeln!(out, "{HEADER}")?;
        let book = Book { out: Some(Box::new(out)), connections: 0, current: 1 };
        Ok(Self(Arc::new(Mutex::new(book))))
    }

    fn next_connection(&self) -> u32 {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.connections = book.connections.saturating_add(1);
        book.connections
    }

    fn note(&self, connection: u32, line: impl fmt::Display) {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let switch = if book.current == connection { "" } else { &format!("@{connection}\n") };
        book.current = connection;
        let Some(out) = &mut book.out else { return };
        if writeln!(out, "{switch}{line}").and_then(|()| out.flush()).is_err() {
            book.out = None;
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// The router's end of a connection, written down when there is a recorder.
pub(in crate::sim) struct Recorded<S> {
    stream: S,
    tap: Option<Tap>,
}

struct Tap {
    recorder: Recorder,
    connection: u32,
    from_client: Ear,
    from_router: Ear,
}

/// One direction.
struct Ear {
    decoder: Decoder,
    event: fn(Sentence) -> Event,
    hears: bool,
}

impl<S> Recorded<S> {
    pub(in crate::sim) fn new(stream: S, recorder: Option<Recorder>) -> Self {
        let side = |event| Ear { decoder: Decoder::new(Limits::default()), event, hears: true };
        let tap = recorder.map(|recorder| Tap {
            connection: recorder.next_connection(),
            recorder,
            from_client: side(Event::Client),
            from_router: side(Event::Router),
        });
        Self { stream, tap }
    }
}

impl Ear {
    fn hear(&mut self, bytes: &[u8], note: impl Fn(&dyn fmt::Display)) {
        if !self.hears {
            return;
        }
        self.decoder.feed(bytes);
        loop {
            match self.decoder.next() {
                Ok(Some(sentence)) => {
                    let shown = sentence.words().map(|word| word::masked(word)).collect();
                    note(&(self.event)(shown));
                }
                Ok(None) => return,
                Err(error) => {
                    note(&format_args!("# from here on no sentences: {error}"));
                    self.hears = false;
                    return;
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if let Some(Tap { recorder, connection, from_client, .. }) = &mut self.tap {
            let heard = buffer.filled().get(before..).unwrap_or_default();
            from_client.hear(heard, |line| recorder.note(*connection, line));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        if let Some(Tap { recorder, connection, from_router, .. }) = &mut self.tap {
            let heard = bytes.get(..written).unwrap_or_default();
            from_router.hear(heard, |line| recorder.note(*connection, line));
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Written down first, so that whoever sees the end can read of it.
        if let Some(Tap { recorder, connection, .. }) = self.tap.take() {
            recorder.note(connection, Event::RouterCloses);
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
