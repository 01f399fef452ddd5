//! Bytes on their way to the client.

use crate::proto::Sentence;

/// Above this nothing more is read, so that a client that does not read cannot fill the memory.
const BYTES_MAX: usize = 4 << 20;

/// What a sentence without end goes on with.
static ENDLESS: [u8; 1280] = repeated(*b"\x04=a=b");

#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    is_split: bool,
    /// How many bytes may still go out; `None` for all.
    left: Option<usize>,
    /// How many bytes of words without end went out, once they began.
    endless: Option<usize>,
}

const fn repeated<const N: usize, const ALL: usize>(word: [u8; N]) -> [u8; ALL] {
    let mut all = [0; ALL];
    let mut at = 0;
    while at < ALL {
        all[at] = word[at % N];
        at += 1;
    }
    all
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

    /// After so many more bytes nothing goes out.
    pub(super) fn cut_after(&mut self, bytes: usize) {
        self.left = Some(self.left.map_or(bytes, |left| left.min(bytes)));
    }

    /// Behind what waits come words without end, and nothing else any more.
    pub(super) fn never_end(&mut self) {
        self.endless = self.endless.or(Some(0));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_cut() || self.sent == self.bytes.len() && self.endless.is_none()
    }

    /// Whether the connection is over in the midst of what is said.
    pub(super) fn is_cut(&self) -> bool {
        self.left == Some(0)
    }

    pub(super) fn is_full(&self) -> bool {
        self.endless.is_some() || self.bytes.len() - self.sent > BYTES_MAX
    }

    /// What to send next; empty when all went out.
    pub(super) fn next(&self) -> &[u8] {
        let rest = match self.endless {
            Some(sent) if self.sent == self.bytes.len() => &ENDLESS[sent % ENDLESS.len()..],
            _ => &self.bytes[self.sent..],
        };
        let most = if self.is_split { 1 } else { rest.len() };
        &rest[..rest.len().min(most).min(self.left.unwrap_or(usize::MAX))]
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.left = self.left.map(|left| left.saturating_sub(bytes));
        match &mut self.endless {
            Some(sent) if self.sent == self.bytes.len() => *sent = (*sent + bytes) % ENDLESS.len(),
            _ => self.sent += bytes,
        }
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(outbox: &mut Outbox, bytes: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while out.len() < bytes && !outbox.is_empty() {
            let some = outbox.next().len().min(700);
            out.extend_from_slice(&outbox.next()[..some]);
            outbox.sent(some);
        }
        out
    }

    #[test]
    fn nothing_goes_out_after_the_cut() {
        let mut outbox = Outbox::default();
        outbox.cut_after(9);
        outbox.push_raw(b"12345");
        assert_eq!(drained(&mut outbox, 100), b"12345");
        outbox.push_raw(b"67890");
        assert_eq!(drained(&mut outbox, 100), b"6789");
        assert!(outbox.is_cut() && outbox.is_empty());
    }

    #[test]
    fn a_sentence_without_end_is_whole_words_however_it_is_taken() {
        let mut outbox = Outbox::default();
        outbox.push_raw(b"\x03!re");
        outbox.never_end();
        let out = drained(&mut outbox, 4000);
        let (row, words) = out.split_at(4);
        assert_eq!(row, b"\x03!re");
        assert!(words.chunks_exact(5).all(|word| word == b"\x04=a=b"));
        assert!(!outbox.is_empty() && outbox.is_full());
    }
}
