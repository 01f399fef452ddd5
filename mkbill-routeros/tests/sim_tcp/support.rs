//! A client with no opinion: it sends words and shows words.

use std::{net::SocketAddr, time::Duration};

use mkbill_routeros::{
    proto::{Decoder, Limits, Sentence},
    sim::{RouterOs, Simulator, SimulatorBuilder},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// No test waits longer than this for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Raw {
    stream: TcpStream,
    decoder: Decoder,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the port is open");
        stream.set_nodelay(true).expect("the stream is open");
        Self { stream, decoder: Decoder::new(Limits::default()) }
    }

    /// A connection that is logged in as `admin` with the password of [`started`].
    pub(crate) async fn logged_in(simulator: &Simulator) -> Self {
        let mut raw = Self::connect(simulator.addr()).await;
        assert_eq!(raw.log_in("admin", "pw").await, [["!done"]]);
        raw
    }

    pub(crate) async fn log_in(&mut self, name: &str, password: &str) -> Vec<Vec<String>> {
        let words = [format!("=name={name}"), format!("=password={password}")];
        self.run(&["/login", &words[0], &words[1]]).await
    }

    pub(crate) async fn send(&mut self, words: &[&str]) {
        let sentence: Sentence = words.iter().copied().collect();
        let mut bytes = Vec::new();
        sentence.encode(&mut bytes);
        self.stream.write_all(&bytes).await.expect("the connection takes bytes");
    }

    /// The words of the next sentence; `None` when the connection is over.
    pub(crate) async fn read(&mut self) -> Option<Vec<String>> {
        timeout(PATIENCE, self.next()).await.expect("no answer in time")
    }

    /// Every sentence up to `!done` or the end of the connection.
    pub(crate) async fn answer(&mut self) -> Vec<Vec<String>> {
        let mut sentences = Vec::new();
        while let Some(words) = self.read().await {
            let is_last = words[0] == "!done";
            sentences.push(words);
            if is_last {
                break;
            }
        }
        sentences
    }

    pub(crate) async fn run(&mut self, words: &[&str]) -> Vec<Vec<String>> {
        self.send(words).await;
        self.answer().await
    }

    /// The `=name=` of every row.
    pub(crate) async fn names(&mut self, words: &[&str]) -> Vec<String> {
        let answer = self.run(words).await;
        answer.iter().filter_map(|row| value(row, "name")).collect()
    }

    /// Bytes that come before the connection is quiet for good: everything until it ends.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.stream.read_to_end(&mut bytes)).await;
        // A connection that is cut rather than closed gives what it gave.
        drop(read.expect("the connection stays open"));
        bytes
    }

    /// The next `count` bytes.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let read = timeout(PATIENCE, self.stream.read_exact(&mut bytes)).await;
        read.expect("the bytes come in time").expect("the connection stays open");
        bytes
    }

    async fn next(&mut self) -> Option<Vec<String>> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(sentence) = self.decoder.next().expect("the bytes are sentences") {
                let shown = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
                return Some(sentence.words().map(shown).collect());
            }
            match self.stream.read(&mut buffer).await {
                Ok(bytes) if bytes > 0 => self.decoder.feed(&buffer[..bytes]),
                _ => return None,
            }
        }
    }
}

/// The value of an attribute in a sentence.
pub(crate) fn value(words: &[String], name: &str) -> Option<String> {
    let prefix = format!("={name}=");
    let held = words.iter().find_map(|word| word.strip_prefix(&prefix));
    held.map(str::to_owned)
}

pub(crate) async fn started(builder: SimulatorBuilder) -> Simulator {
    builder.password("pw").start().await.expect("the router starts")
}

/// A router of that release.
pub(crate) async fn playing(routeros: RouterOs) -> Simulator {
    started(Simulator::builder().routeros(routeros)).await
}

/// What a command that fails is answered by, where the trap has no category.
pub(crate) fn trap(message: &str) -> [Vec<String>; 2] {
    [vec!["!trap".to_owned(), format!("=message={message}")], vec!["!done".to_owned()]]
}

/// As [`trap`], with a category.
pub(crate) fn trap_of(category: u8, message: &str) -> [Vec<String>; 2] {
    let words =
        ["!trap".to_owned(), format!("=category={category}"), format!("=message={message}")];
    [words.to_vec(), vec!["!done".to_owned()]]
}
