//! A peer that plays the router's side of a transcript.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
};

use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use crate::proto::{DecodeError, Decoder, Limits, Sentence, word};

use super::{Event, Line, Transcript};

const READ_BYTES: usize = 16 << 10;
const TAG: &[u8] = b".tag=";
const TARGET: &[u8] = b"=tag=";

/// A router that says what the transcript says, on a port of 127.0.0.1, and expects the client to do
/// the same: the n-th connection that is made is connection n of the transcript.
///
/// Tags need not be those of the transcript, only used alike; a command has a tag where the
/// transcript has one. Attributes may come in any order, queries may not, and secrets may have any
/// value. Dropping it ends it.
#[derive(Debug)]
pub struct Replay {
    address: SocketAddr,
    task: JoinHandle<Result<(), ReplayError>>,
}

/// How a client differed from the transcript.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// It said something else, or something more. Secrets are hidden.
    #[error("replaying line {line}: expected {expected:?}, and the client said {said:?}")]
    Differs {
        /// The number of the line, from 1; that of the last one when the client said more.
        line: usize,
        /// What the transcript has; empty when it has nothing more.
        expected: Sentence,
        /// What came, with the tags of the transcript.
        said: Sentence,
    },
    /// It left before the end.
    #[error("replaying line {line}: the client has left")]
    Left {
        /// The number of the line, from 1.
        line: usize,
    },
    /// It sent what is no sentence.
    #[error("replaying line {line}")]
    Garbled {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The socket failed.
    #[error("replaying a transcript")]
    Socket(#[source] io::Error),
    /// The replay itself broke.
    #[error("replaying a transcript")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Replay {
    /// Listens for the connections of the transcript.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start(transcript: &Transcript) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut parts: BTreeMap<u32, Vec<Line>> = BTreeMap::new();
        for line in &transcript.lines {
            parts.entry(line.connection).or_default().push(line.clone());
        }
        let task = tokio::spawn(serve(listener, parts.into_values().collect()));
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Waits until every connection of the transcript was made, played to its end, and left by the
    /// client.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub async fn finish(mut self) -> Result<(), ReplayError> {
        (&mut self.task).await.unwrap_or_else(|error| Err(ReplayError::Broken(error.into())))
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, parts: Vec<Vec<Line>>) -> Result<(), ReplayError> {
    let mut played = JoinSet::new();
    for lines in parts {
        let (stream, _) = listener.accept().await.map_err(ReplayError::Socket)?;
        stream.set_nodelay(true).map_err(ReplayError::Socket)?;
        played.spawn(Player::new(stream).play(lines));
    }
    while let Some(result) = played.join_next().await {
        result.unwrap_or_else(|error| Err(ReplayError::Broken(error.into())))?;
    }
    Ok(())
}

struct Player {
    stream: TcpStream,
    decoder: Decoder,
    tags: Tags,
    /// The line that is being played.
    line: usize,
}

impl Player {
    fn new(stream: TcpStream) -> Self {
        let decoder = Decoder::new(Limits::default());
        Self { stream, decoder, tags: Tags::default(), line: 0 }
    }

    async fn play(mut self, lines: Vec<Line>) -> Result<(), ReplayError> {
        for Line { number, event, .. } in lines {
            self.line = number;
            match event {
                Event::Client(expected) => self.expect(expected).await?,
                Event::Router(sentence) => {
                    let mut bytes = Vec::new();
                    self.tags.of_client(&sentence).encode(&mut bytes);
                    self.send(&bytes).await?;
                }
                Event::RouterBytes(bytes) => self.send(&bytes).await?,
                Event::RouterCloses => {
                    // A client that is gone already has nothing left to be told.
                    let _ = self.stream.shutdown().await;
                }
            }
        }
        match self.next().await? {
            None => Ok(()),
            Some(said) => Err(self.differs(Sentence::new(), &said)),
        }
    }

    async fn expect(&mut self, expected: Sentence) -> Result<(), ReplayError> {
        let said = self.next().await?.ok_or(ReplayError::Left { line: self.line })?;
        self.tags.bind(&expected, &said);
        let heard = self.tags.of_transcript(&said);
        if comparable(&heard) == comparable(&expected) {
            Ok(())
        } else {
            Err(self.differs(expected, &said))
        }
    }

    fn differs(&self, expected: Sentence, said: &Sentence) -> ReplayError {
        ReplayError::Differs { line: self.line, expected, said: self.tags.of_transcript(said) }
    }

    /// The next sentence of the client; `None` when it has left.
    async fn next(&mut self) -> Result<Option<Sentence>, ReplayError> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let decoded = self.decoder.next();
            let line = self.line;
            if let Some(said) = decoded.map_err(|source| ReplayError::Garbled { line, source })? {
                return Ok(Some(said));
            }
            match self.stream.read(&mut buffer).await {
                Ok(count) if count > 0 => self.decoder.feed(&buffer[..count]),
                // Cut or closed, the client has left.
                _ => return Ok(None),
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), ReplayError> {
        let sent = self.stream.write_all(bytes).await;
        sent.map_err(|_| ReplayError::Left { line: self.line })
    }
}

/// The words in an order that does not depend on that of the attributes, without secrets.
fn comparable(sentence: &Sentence) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> =
        sentence.words().map(|word| word::masked(word).into_owned()).collect();
    // Stable, so queries keep their order; the command word comes first as the only one with `/`.
    words.sort_by(|one, other| match (word::query(one), word::query(other)) {
        (None, None) => one.cmp(other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    });
    words
}

/// Which tag of the client is which of the transcript.
#[derive(Debug, Default)]
struct Tags {
    /// Transcript, client; the newest last, as tags are used again.
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Tags {
    fn bind(&mut self, expected: &Sentence, said: &Sentence) {
        let tag = |sentence: &Sentence| sentence.api_attribute(".tag").map(<[u8]>::to_vec);
        if let (Some(ours), Some(theirs)) = (tag(expected), tag(said)) {
            self.pairs.retain(|(held, other)| *held != ours && *other != theirs);
            self.pairs.push((ours, theirs));
        }
    }

    fn of_client(&self, sentence: &Sentence) -> Sentence {
        self.translated(sentence, |(ours, theirs)| (ours, theirs))
    }

    fn of_transcript(&self, sentence: &Sentence) -> Sentence {
        self.translated(sentence, |(ours, theirs)| (theirs, ours))
    }

    fn translated<'t>(
        &'t self,
        sentence: &Sentence,
        turn: impl Fn(&'t (Vec<u8>, Vec<u8>)) -> (&'t Vec<u8>, &'t Vec<u8>),
    ) -> Sentence {
        let translate = |word: &[u8]| {
            let (mark, tag) = [TAG, TARGET]
                .into_iter()
                .find_map(|mark| Some((mark, word.strip_prefix(mark)?)))?;
            let (_, new) = self.pairs.iter().map(&turn).find(|(old, _)| old.as_slice() == tag)?;
            Some([mark, new].concat())
        };
        sentence.words().map(|word| translate(word).unwrap_or_else(|| word.to_vec())).collect()
    }
}
