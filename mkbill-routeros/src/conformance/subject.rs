//! One side of the comparison, asked word by word: replies are kept as they came, with everything
//! that a client would smooth over.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::{
    client::ClientConfig,
    error::{Error, LoginFailure, Refusal, Unanswered},
    proto::{Decoder, Limits, Login, LoginStep, Reply, Sentence},
    transport::{self, Stream},
};

/// What came in answer to a command.
#[derive(Debug)]
pub(super) struct Heard {
    pub sentences: Vec<Sentence>,
    pub end: End,
    /// More rows came than were kept.
    pub is_cut: bool,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    Silence,
    Gone,
}

impl Heard {
    pub(super) fn rows(&self) -> impl Iterator<Item = &Sentence> {
        self.sentences.iter().filter(|sentence| sentence.first() == Some(b"!re"))
    }

    /// Whether the command was refused, other than by our own cancel of a long answer.
    pub(super) fn is_refused(&self) -> bool {
        let trapped = self.sentences.iter().any(|sentence| sentence.first() == Some(b"!trap"));
        self.end != End::Done || (trapped && !self.is_cut)
    }
}

/// Rows beyond these tell nothing new about a menu.
const ROWS_MAX: usize = 500;
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// A router that goes on after it was told to stop is left.
const STREAM_BYTES_MAX: usize = 64 << 20;
const READ_BYTES: usize = 16 << 10;

/// A router or a simulator. A lost connection is made again for the next command.
pub(super) struct Subject<'a> {
    config: &'a ClientConfig,
    wire: Option<Wire>,
    tags: u32,
}

struct Wire {
    stream: Box<dyn Stream>,
    decoder: Decoder,
    buffer: Vec<u8>,
}

/// Why nothing more comes.
enum Ended {
    Late,
    Closed,
    Garbled,
}

impl<'a> Subject<'a> {
    pub(super) async fn open(config: &'a ClientConfig) -> Result<Self, Error> {
        let mut subject = Self { config, wire: None, tags: 0 };
        subject.connect().await?;
        Ok(subject)
    }

    /// Runs a command and waits for its end.
    pub(super) async fn ask(&mut self, command: Sentence) -> Result<Heard, Error> {
        let tag = self.begin(command).await?;
        Ok(self.finish(&[tag]).await)
    }

    /// Sends a command. Its answer is awaited by [`Self::finish`] or [`Self::next_row`].
    pub(super) async fn begin(&mut self, command: Sentence) -> Result<String, Error> {
        if self.wire.is_none() {
            self.connect().await?;
        }
        self.tags += 1;
        let tag = format!("c{}", self.tags);
        if let Some(wire) = &mut self.wire
            && wire.send(&command.with_word(format!(".tag={tag}"))).await.is_err()
        {
            self.wire = None;
        }
        Ok(tag)
    }

    /// Everything that comes until all these commands are done.
    pub(super) async fn finish(&mut self, tags: &[String]) -> Heard {
        let mut open: Vec<&str> = tags.iter().map(String::as_str).collect();
        let mut heard = Heard { sentences: Vec::new(), end: End::Done, is_cut: false };
        let (mut rows, mut bytes) = (0, 0_usize);
        while !open.is_empty() {
            let Some(sentence) = self.next(self.config.timeouts.command, &mut heard).await else {
                break;
            };
            let word = sentence.first();
            bytes = bytes.saturating_add(sentence.wire_len());
            if word == Some(b"!fatal") || bytes > STREAM_BYTES_MAX {
                heard.sentences.extend(Some(sentence).filter(|_| bytes <= STREAM_BYTES_MAX));
                heard.end = End::Gone;
                self.wire = None;
                break;
            }
            let Some(tag) = open.iter().position(|tag| has_tag(&sentence, tag)) else {
                continue;
            };
            if word == Some(b"!re") {
                rows += 1;
                if rows > ROWS_MAX || bytes > ANSWER_BYTES_MAX {
                    self.cut(&mut heard, open[tag]).await;
                    continue;
                }
            }
            if word == Some(b"!done") {
                open.remove(tag);
            }
            heard.sentences.push(sentence);
        }
        heard
    }

    /// The next row of a running command that is `wanted`, `None` when none comes for a while.
    pub(super) async fn next_row(
        &mut self,
        tag: &str,
        patience: Duration,
        wanted: impl Fn(&Sentence) -> bool,
    ) -> Option<Sentence> {
        let mut heard = Heard { sentences: Vec::new(), end: End::Done, is_cut: false };
        let row = async {
            loop {
                let sentence = self.next(patience, &mut heard).await?;
                let is_row = sentence.first() == Some(b"!re") && has_tag(&sentence, tag);
                if is_row && wanted(&sentence) {
                    return Some(sentence);
                }
            }
        };
        timeout(patience, row).await.ok().flatten()
    }

    /// One more sentence; what prevented it is noted in `heard`.
    async fn next(&mut self, patience: Duration, heard: &mut Heard) -> Option<Sentence> {
        let ended = match &mut self.wire {
            None => Ended::Closed,
            Some(wire) => match wire.next(patience).await {
                Ok(sentence) => return Some(sentence),
                Err(ended) => ended,
            },
        };
        heard.end = if matches!(ended, Ended::Late) { End::Silence } else { End::Gone };
        if heard.end == End::Gone {
            self.wire = None;
        }
        None
    }

    /// Asks once for the end of an answer that is too long.
    async fn cut(&mut self, heard: &mut Heard, tag: &str) {
        if std::mem::replace(&mut heard.is_cut, true) {
            return;
        }
        let cancel = Sentence::command("/cancel").with("tag", tag).with_word(".tag=cut");
        if let Some(wire) = &mut self.wire
            && wire.send(&cancel).await.is_err()
        {
            self.wire = None;
        }
    }

    async fn connect(&mut self) -> Result<(), Error> {
        let ClientConfig { endpoint, credentials, timeouts, .. } = self.config;
        let stream = transport::dial(endpoint, timeouts.connect).await?;
        let mut wire =
            Wire { stream, decoder: Decoder::new(Limits::default()), buffer: vec![0; READ_BYTES] };
        wire.login(self.config).await.map_err(|source| Error::Login {
            address: endpoint.to_string(),
            username: credentials.username.clone(),
            source,
        })?;
        self.wire = Some(wire);
        Ok(())
    }
}

impl Wire {
    async fn send(&mut self, sentence: &Sentence) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        sentence.encode(&mut bytes);
        self.stream.write_all(&bytes).await?;
        self.stream.flush().await
    }

    async fn next(&mut self, patience: Duration) -> Result<Sentence, Ended> {
        loop {
            if let Some(sentence) = self.decoder.next().map_err(|_| Ended::Garbled)? {
                return Ok(sentence);
            }
            match timeout(patience, self.stream.read(&mut self.buffer)).await {
                Err(_) => return Err(Ended::Late),
                Ok(Ok(count)) if count > 0 => self.decoder.feed(&self.buffer[..count]),
                Ok(_) => return Err(Ended::Closed),
            }
        }
    }

    async fn login(&mut self, config: &ClientConfig) -> Result<(), LoginFailure> {
        let password = config.credentials.password.expose_secret();
        let (mut login, mut sentence) =
            Login::start(config.login_mode, &config.credentials.username, password);
        loop {
            let ret = self.login_step(&sentence, config.timeouts.login).await?;
            match login.done(ret.as_deref()).map_err(LoginFailure::NotLoggedIn)? {
                LoginStep::LoggedIn => return Ok(()),
                LoginStep::Send(next) => sentence = next,
            }
        }
    }

    async fn login_step(
        &mut self,
        sentence: &Sentence,
        patience: Duration,
    ) -> Result<Option<Vec<u8>>, LoginFailure> {
        let lost = |_| LoginFailure::Unanswered(Unanswered::Lost);
        self.send(sentence).await.map_err(lost)?;
        let mut traps = Vec::new();
        loop {
            let next = self.next(patience).await.map_err(|ended| {
                LoginFailure::Unanswered(match ended {
                    Ended::Late => Unanswered::TimedOut,
                    Ended::Closed | Ended::Garbled => Unanswered::Lost,
                })
            })?;
            match Reply::from(next) {
                Reply::Done { .. } if !traps.is_empty() => {
                    return Err(LoginFailure::Refused(Refusal { traps }));
                }
                Reply::Done { ret, .. } => return Ok(ret),
                Reply::Trap { trap, .. } => traps.push(trap),
                Reply::Fatal { reason } => {
                    return Err(LoginFailure::Unanswered(Unanswered::Fatal(reason)));
                }
                Reply::Row { .. } | Reply::Empty { .. } | Reply::Unknown => {}
            }
        }
    }
}

fn has_tag(sentence: &Sentence, tag: &str) -> bool {
    sentence.api_attribute(".tag") == Some(tag.as_bytes())
}
