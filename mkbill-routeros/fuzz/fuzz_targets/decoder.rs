//! However a stream is cut, the decoder gives the same sentences, the same error and the same count
//! of oddities, and what it gives survives another trip over the wire.
//!
//! The first byte chooses the limits, the next three how the stream is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mkbill_routeros::proto::{DecodeError, Decoder, Limits, Sentence};

fuzz_target!(|input: &[u8]| {
    let Some((&[limits, ref cuts @ ..], stream)) = input.split_first_chunk::<4>() else { return };
    let limits = if limits % 2 == 0 { Limits::default() } else { small() };
    let whole = read(limits, std::iter::once(stream));
    assert_eq!(read(limits, pieces(stream, cuts)), whole);
    assert_eq!(read(limits, stream.chunks(1)), whole);
    let mut wire = Vec::new();
    whole.sentences.iter().for_each(|sentence| sentence.encode(&mut wire));
    let again = read(Limits::default(), std::iter::once(&wire[..]));
    assert_eq!((again.sentences, again.error), (whole.sentences, None));
});

fn small() -> Limits {
    Limits { word_bytes_max: 200, sentence_bytes_max: 300, sentence_words_max: 5 }
}

#[derive(Debug, PartialEq)]
struct Read {
    sentences: Vec<Sentence>,
    error: Option<DecodeError>,
    overlong_lengths: u64,
    empty_sentences: u64,
}

fn read<'a>(limits: Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Read {
    let mut decoder = Decoder::new(limits);
    let (mut sentences, mut error, mut fed) = (Vec::new(), None, 0);
    for piece in pieces {
        decoder.feed(piece);
        fed += piece.len();
        loop {
            match decoder.next() {
                Ok(Some(sentence)) => sentences.push(sentence),
                Ok(None) => break,
                Err(found) => {
                    assert!(error.is_none_or(|known| known == found));
                    error = Some(found);
                    break;
                }
            }
        }
        assert!(decoder.buffered() <= fed);
    }
    let oddities = decoder.oddities();
    Read {
        sentences,
        error,
        overlong_lengths: oddities.overlong_lengths,
        empty_sentences: oddities.empty_sentences,
    }
}

fn pieces<'a>(mut stream: &'a [u8], cuts: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut cuts = cuts.iter().cycle();
    std::iter::from_fn(move || {
        let cut = usize::from(*cuts.next()?).clamp(1, stream.len().max(1));
        let (piece, rest) = stream.split_at_checked(cut)?;
        stream = rest;
        Some(piece)
    })
}
