//! Bytes in, sentences out, however the bytes were cut on the way.

use thiserror::Error;

use super::{Sentence, length};

/// What a peer may make us hold. Each cap is checked before anything is allocated for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest word, in bytes.
    pub word_bytes_max: usize,
    /// Longest sentence with all prefixes, in bytes.
    pub sentence_bytes_max: usize,
    /// Most words in a sentence.
    pub sentence_words_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { word_bytes_max: 4 << 20, sentence_bytes_max: 8 << 20, sentence_words_max: 4096 }
    }
}

/// Bytes that cannot be a sentence within the limits. The stream cannot be understood after this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A first length byte that no router sends.
    #[error("reading a length prefix that begins with reserved byte {0:#04x}")]
    ReservedByte(u8),
    /// A word announced as longer than [`Limits::word_bytes_max`].
    #[error("reading a word of {length} bytes, more than {max}")]
    WordTooLong {
        /// The announced length in bytes.
        length: u32,
        /// The cap in bytes.
        max: usize,
    },
    /// A sentence that would pass [`Limits::sentence_bytes_max`].
    #[error("reading a sentence longer than {max} bytes")]
    SentenceTooLong {
        /// The cap in bytes.
        max: usize,
    },
    /// A sentence that would pass [`Limits::sentence_words_max`].
    #[error("reading a sentence of more than {max} words")]
    TooManyWords {
        /// The cap in words.
        max: usize,
    },
}

/// Oddities that were tolerated, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Words whose prefix was longer than it had to be.
    pub overlong_lengths: u64,
    /// Sentences without words, which both sides ignore.
    pub empty_sentences: u64,
}

/// Cuts a byte stream into sentences. Memory stays within what came and one sentence.
pub struct Decoder {
    limits: Limits,
    buffer: Vec<u8>,
    /// Where the unfinished sentence begins in `buffer`.
    start: usize,
    /// How far the unfinished sentence was scanned: always at a prefix.
    scanned: usize,
    words: usize,
    overlong_words: u64,
    oddities: Oddities,
    broken: Option<DecodeError>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Decoder")
            .field("limits", &self.limits)
            .field("buffered_bytes", &self.buffered())
            .field("oddities", &self.oddities)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

enum Scan {
    Word,
    Terminator,
    Incomplete,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            words: 0,
            overlong_words: 0,
            oddities: Oddities::default(),
            broken: None,
        }
    }

    /// Takes bytes in. Call [`Self::next`] until it has nothing more before feeding again, so that
    /// little is held.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole sentence with at least one word, or `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// Once an error was given the stream is lost and every later call gives the same error.
    #[expect(
        clippy::should_implement_trait,
        reason = "it can fail and is asked again after feeding"
    )]
    pub fn next(&mut self) -> Result<Option<Sentence>, DecodeError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let result = self.scan_sentence();
        self.broken = result.as_ref().err().copied();
        result
    }

    /// Bytes held for a sentence that is not whole yet or was not asked for yet.
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// What was tolerated so far.
    pub fn oddities(&self) -> Oddities {
        self.oddities
    }

    fn scan_sentence(&mut self) -> Result<Option<Sentence>, DecodeError> {
        loop {
            match self.scan_word()? {
                Scan::Word => {}
                Scan::Incomplete => return Ok(None),
                Scan::Terminator if self.words == 0 => {
                    self.oddities.empty_sentences += 1;
                    self.oddities.overlong_lengths += std::mem::take(&mut self.overlong_words);
                    self.start = self.scanned;
                }
                Scan::Terminator => return Ok(Some(self.take_sentence())),
            }
        }
    }

    #[inline]
    fn scan_word(&mut self) -> Result<Scan, DecodeError> {
        let rest = &self.buffer[self.scanned..];
        let Some(length) =
            length::decode(rest).map_err(|byte| DecodeError::ReservedByte(byte.0))?
        else {
            return Ok(Scan::Incomplete);
        };
        if length.value == 0 {
            self.overlong_words += u64::from(length.is_overlong());
            self.scanned += length.width;
            return Ok(Scan::Terminator);
        }
        let end = self.checked_end(length)?;
        if end > self.buffer.len() {
            return Ok(Scan::Incomplete);
        }
        self.overlong_words += u64::from(length.is_overlong());
        self.words += 1;
        self.scanned = end;
        Ok(Scan::Word)
    }

    /// Where the word would end in the buffer, if the limits let it be there at all.
    fn checked_end(&self, length: length::Length) -> Result<usize, DecodeError> {
        let Limits { word_bytes_max, sentence_bytes_max, sentence_words_max } = self.limits;
        let bytes = usize::try_from(length.value).unwrap_or(usize::MAX);
        if bytes > word_bytes_max {
            return Err(DecodeError::WordTooLong { length: length.value, max: word_bytes_max });
        }
        let end = self.scanned.saturating_add(length.width).saturating_add(bytes);
        if end - self.start > sentence_bytes_max {
            return Err(DecodeError::SentenceTooLong { max: sentence_bytes_max });
        }
        if self.words == sentence_words_max {
            return Err(DecodeError::TooManyWords { max: sentence_words_max });
        }
        Ok(end)
    }

    fn take_sentence(&mut self) -> Sentence {
        let wire = &self.buffer[self.start..self.scanned];
        let sentence = if self.overlong_words == 0 {
            Sentence::from_shortest(wire.strip_suffix(&[0]).unwrap_or(wire))
        } else {
            shortened(wire)
        };
        self.oddities.overlong_lengths += std::mem::take(&mut self.overlong_words);
        self.words = 0;
        self.start = self.scanned;
        sentence
    }

    /// Drops what was handed out, at most once per as many bytes as are kept, so the whole stream
    /// is moved O(1) times.
    fn compact(&mut self) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
        } else if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
        } else {
            return;
        }
        self.scanned -= self.start;
        self.start = 0;
    }
}

fn shortened(wire: &[u8]) -> Sentence {
    let mut sentence = Sentence::new();
    let mut rest = wire;
    while let Ok(Some(length)) = length::decode(rest) {
        let end = length.width + usize::try_from(length.value).unwrap_or(usize::MAX);
        sentence.push(&rest[length.width..end]);
        rest = &rest[end..];
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(decoder: &mut Decoder) -> Result<Vec<Sentence>, DecodeError> {
        std::iter::from_fn(|| decoder.next().transpose()).collect()
    }

    fn small() -> Limits {
        Limits { word_bytes_max: 16, sentence_bytes_max: 40, sentence_words_max: 4 }
    }

    #[test]
    fn a_hostile_length_is_refused_before_anything_is_allocated_for_it() {
        for hostile in
            [&[0xF0, 0xFF, 0xFF, 0xFF, 0xFF][..], &[0xEF, 0xFF, 0xFF, 0xFF], &[0xE0, 0x40, 0, 1]]
        {
            let mut decoder = Decoder::new(Limits::default());
            decoder.feed(hostile);
            assert!(matches!(decoder.next(), Err(DecodeError::WordTooLong { .. })));
            assert!(decoder.buffer.capacity() < 64);
        }
    }

    #[test]
    fn the_longest_word_allowed_passes_and_one_byte_more_does_not() {
        let mut decoder = Decoder::new(small());
        decoder.feed(b"\x10aaaaaaaaaaaaaaaa\x00");
        assert_eq!(drain(&mut decoder).unwrap().len(), 1);
        decoder.feed(b"\x11");
        assert_eq!(decoder.next(), Err(DecodeError::WordTooLong { length: 17, max: 16 }));
    }

    #[test]
    fn a_sentence_is_capped_in_bytes_and_in_words() {
        let mut long = Decoder::new(small());
        long.feed(b"\x10aaaaaaaaaaaaaaaa\x10aaaaaaaaaaaaaaaa\x10");
        assert_eq!(long.next(), Err(DecodeError::SentenceTooLong { max: 40 }));
        let mut many = Decoder::new(small());
        many.feed(b"\x01a\x01a\x01a\x01a\x01a");
        assert_eq!(many.next(), Err(DecodeError::TooManyWords { max: 4 }));
    }

    #[test]
    fn a_reserved_control_byte_ends_the_stream_for_good() {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(b"\xF8");
        assert_eq!(decoder.next(), Err(DecodeError::ReservedByte(0xF8)));
        decoder.feed(b"\x05!done\x00");
        assert_eq!(decoder.next(), Err(DecodeError::ReservedByte(0xF8)));
    }

    #[test]
    fn an_empty_sentence_is_skipped_and_counted() {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(b"\x00\x00\x05!done\x00\x00");
        assert_eq!(drain(&mut decoder).unwrap(), [Sentence::command("!done")]);
        assert_eq!(decoder.oddities().empty_sentences, 3);
    }

    #[test]
    fn an_overlong_prefix_is_accepted_counted_and_written_back_short() {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(b"\xF0\x00\x00\x00\x05!done\x80\x06.tag=7\x00");
        let sentences = drain(&mut decoder).unwrap();
        assert_eq!(sentences, [["!done", ".tag=7"].into_iter().collect()]);
        assert_eq!(decoder.oddities().overlong_lengths, 2);
    }

    #[test]
    fn an_overlong_terminator_ends_a_sentence_like_any_other() {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(b"\x05!done\x80\x00\xC0\x00\x00\x05!done\x00");
        let done = Sentence::command("!done");
        assert_eq!(drain(&mut decoder).unwrap(), [done.clone(), done]);
    }

    #[test]
    fn what_was_handed_out_is_not_kept() {
        let mut decoder = Decoder::new(Limits::default());
        let stream = b"\x05!done\x06.tag=7\x00".repeat(10_000);
        for piece in stream.chunks(17) {
            decoder.feed(piece);
            drain(&mut decoder).unwrap();
        }
        assert!(decoder.buffer.capacity() < 256, "{}", decoder.buffer.capacity());
    }
}
