//! Bytes on their way to the client.

use crate::proto::Sentence;

/// Above this nothing more is read, so that a client that does not read cannot fill the memory.
const BYTES_MAX: usize = 4 << 20;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    is_split: bool,
}

impl Outbox {
    pub(super) fn push(&mut self, sentence: &Sentence) {
        sentence.encode(&mut self.bytes);
    }

    pub(super) fn push_all(&mut self, sentences: &[Sentence]) {
        for sentence in sentences {
            self.push(sentence);
        }
    }

    pub(super) fn push_raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// From now on one byte goes out at a time.
    pub(super) fn split(&mut self) {
        self.is_split = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() - self.sent > BYTES_MAX
    }

    /// What to send next; empty when all went out.
    pub(super) fn next(&self) -> &[u8] {
        let rest = &self.bytes[self.sent..];
        if self.is_split { &rest[..rest.len().min(1)] } else { rest }
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent += bytes;
        if self.is_empty() {
            self.bytes.clear();
            self.sent = 0;
        }
    }
}
