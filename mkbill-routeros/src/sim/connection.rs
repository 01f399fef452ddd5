//! The socket side of a connection.

use std::{io, net::IpAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::proto::{Decoder, Limits};

use super::{
    dialogue::{BEFORE_LOGIN_BYTES_MAX, Dialogue},
    outbox::Outbox,
    service::Service,
    shared::Shared,
};

const READ_BYTES: usize = 16 << 10;

pub(super) struct Connection<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    is_flushed: bool,
    decoder: Decoder,
    dialogue: Dialogue,
    /// Cut when the router goes down.
    link: CancellationToken,
    /// Cut when a listener does not keep up.
    overflow: CancellationToken,
}

impl<S: AsyncRead + AsyncWrite> Connection<S> {
    pub(super) fn new(stream: S, service: Service, peer: IpAddr, shared: Arc<Shared>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        let link = shared.router().link();
        let overflow = CancellationToken::new();
        Self {
            reader,
            writer,
            is_flushed: true,
            decoder: Decoder::new(Limits::default()),
            dialogue: Dialogue::new(shared, service, peer, overflow.clone()),
            link,
            overflow,
        }
    }

    /// Serves until either side ends the connection. Errors of the socket end it like a hang-up.
    pub(super) async fn serve(mut self) {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            self.dialogue.run_due(Instant::now());
            let Self { reader, writer, is_flushed, dialogue, link, overflow, .. } = &mut self;
            let has_output = !dialogue.out.is_empty() || !*is_flushed;
            if dialogue.out.is_cut() || dialogue.is_closing() && !has_output {
                break;
            }
            let takes_more = dialogue.takes_more();
            let hears = !dialogue.out.is_full();
            let due = dialogue.next_due();
            tokio::select! {
                biased;
                () = link.cancelled() => return,
                () = overflow.cancelled() => return,
                sent = send(writer, &mut dialogue.out, is_flushed), if has_output => {
                    if sent.is_err() {
                        return;
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
                Some(event) = dialogue.events.recv(), if hears => {
                    dialogue.out.push(&event);
                    dialogue.take_events();
                }
                read = reader.read(&mut buffer), if takes_more => match read {
                    Ok(bytes) if bytes > 0 => self.take_in(&buffer[..bytes]),
                    _ => return,
                },
            }
        }
        // The peer may be gone already, and then there is nobody to say goodbye to.
        let _ = self.writer.shutdown().await;
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.decoder.feed(bytes);
        loop {
            match self.decoder.next() {
                Ok(Some(sentence)) => {
                    let now = Instant::now();
                    self.dialogue.receive(sentence, now);
                    self.dialogue.run_due(now);
                }
                Ok(None) => break,
                Err(_) => return self.dialogue.close(),
            }
        }
        let is_guest = !self.dialogue.is_logged_in();
        if is_guest && self.decoder.buffered() > BEFORE_LOGIN_BYTES_MAX {
            self.dialogue.close();
        }
    }
}

/// Sends some of the output. When this is dropped halfway, what went out is counted and the flush is made up for.
async fn send(
    writer: &mut (impl AsyncWrite + Unpin),
    out: &mut Outbox,
    is_flushed: &mut bool,
) -> io::Result<()> {
    if !out.is_empty() {
        let sent = writer.write(out.next()).await?;
        if sent == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        out.sent(sent);
        *is_flushed = false;
    }
    writer.flush().await?;
    *is_flushed = true;
    Ok(())
}
