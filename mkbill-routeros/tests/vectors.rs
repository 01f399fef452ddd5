//! Golden sentences in hexadecimal, and what must hold for every byte stream.

use mkbill_routeros::proto::{DecodeError, Decoder, Limits, Sentence};
use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest},
};

struct Vector {
    name: &'static str,
    words: &'static [&'static str],
    hex: &'static str,
}

const GOLDEN: [Vector; 11] = [
    Vector { name: "login without arguments", words: &["/login"], hex: "062f6c6f67696e00" },
    Vector {
        name: "login with an empty password",
        words: &["/login", "=name=admin", "=password="],
        hex: "062f6c6f67696e0b3d6e616d653d61646d696e0a3d70617373776f72643d00",
    },
    Vector { name: "done", words: &["!done"], hex: "0521646f6e6500" },
    Vector {
        name: "done with a login challenge",
        words: &["!done", "=ret=93b438ec9b80057c06dd9fe67d56aa9a"],
        hex: "0521646f6e65253d7265743d393362343338656339623830303537633036646439666536376435366161396100",
    },
    Vector {
        name: "add of a voucher",
        words: &["/ip/hotspot/user/add", ".tag=7", "=name=v1", "=profile=1h"],
        hex: "142f69702f686f7473706f742f757365722f616464062e7461673d37083d6e616d653d76310b3d70726f66696c653d316800",
    },
    Vector {
        name: "done with a new id",
        words: &["!done", ".tag=7", "=ret=*1A"],
        hex: "0521646f6e65062e7461673d37083d7265743d2a314100",
    },
    Vector {
        name: "trap of a duplicate",
        words: &[
            "!trap",
            ".tag=7",
            "=message=failure: already have user with this name for this server",
        ],
        hex: "052174726170062e7461673d37423d6d6573736167653d6661696c7572653a20616c72656164792068617665207573\
              657220776974682074686973206e616d6520666f7220746869732073657276657200",
    },
    Vector { name: "empty", words: &["!empty", ".tag=7"], hex: "0621656d707479062e7461673d3700" },
    Vector {
        name: "fatal without a tag",
        words: &["!fatal", "not logged in"],
        hex: "0621666174616c0d6e6f74206c6f6767656420696e00",
    },
    Vector {
        name: "cancel",
        words: &["/cancel", ".tag=9", "=tag=7"],
        hex: "072f63616e63656c062e7461673d39063d7461673d3700",
    },
    Vector {
        name: "trap of an interruption",
        words: &["!trap", ".tag=7", "=category=2", "=message=interrupted"],
        hex: "052174726170062e7461673d370b3d63617465676f72793d32143d6d6573736167653d696e74657272757074656400",
    },
];

impl Vector {
    fn sentence(&self) -> Sentence {
        self.words.iter().copied().collect()
    }

    fn bytes(&self) -> Vec<u8> {
        let digit = |digit: &u8| {
            u8::try_from(char::from(*digit).to_digit(16).expect("hexadecimal")).expect("below 16")
        };
        self.hex.as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
    }
}

fn encoded(sentence: &Sentence) -> Vec<u8> {
    let mut bytes = Vec::new();
    sentence.encode(&mut bytes);
    bytes
}

fn decoded<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Sentence>, DecodeError> {
    let mut decoder = Decoder::new(Limits::default());
    let mut sentences = Vec::new();
    for chunk in chunks {
        decoder.feed(chunk);
        while let Some(sentence) = decoder.next()? {
            sentences.push(sentence);
        }
    }
    Ok(sentences)
}

#[test]
fn every_golden_sentence_is_written_byte_for_byte() {
    for vector in &GOLDEN {
        assert_eq!(encoded(&vector.sentence()), vector.bytes(), "{}", vector.name);
    }
}

#[test]
fn every_golden_sentence_is_read_back() {
    for vector in &GOLDEN {
        let read = decoded([&vector.bytes()[..]]).unwrap();
        assert_eq!(read, [vector.sentence()], "{}", vector.name);
    }
}

#[test]
fn the_golden_stream_reads_the_same_byte_by_byte() {
    let stream: Vec<u8> = GOLDEN.iter().flat_map(Vector::bytes).collect();
    let expected: Vec<Sentence> = GOLDEN.iter().map(Vector::sentence).collect();
    assert_eq!(decoded(stream.chunks(1)).unwrap(), expected);
}

fn sentences() -> impl Strategy<Value = Vec<Sentence>> {
    let word = vec(any::<u8>(), 1..300);
    let sentence = vec(word, 1..12).prop_map(Sentence::from_iter);
    vec(sentence, 1..8)
}

/// Cuts a stream into pieces whose lengths come from `cuts`, over and over.
fn pieces<'a>(mut stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for &cut in cuts.iter().cycle() {
        if stream.is_empty() {
            break;
        }
        let (piece, rest) = stream.split_at(cut.min(stream.len()));
        pieces.push(piece);
        stream = rest;
    }
    pieces
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_sentences(
        sentences in sentences(),
        cuts in vec(1_usize..200, 1..20),
    ) {
        let stream: Vec<u8> = sentences.iter().flat_map(encoded).collect();
        prop_assert_eq!(decoded(pieces(&stream, &cuts)).unwrap(), sentences);
    }

    #[test]
    fn any_bytes_give_the_same_result_however_they_are_cut(
        stream in vec(any::<u8>(), 0..600),
        cuts in vec(1_usize..50, 1..8),
    ) {
        prop_assert_eq!(decoded(pieces(&stream, &cuts)), decoded([&stream[..]]));
    }

    #[test]
    fn a_stream_never_makes_the_decoder_hold_more_than_came(stream in vec(any::<u8>(), 0..600)) {
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(&stream);
        while let Ok(Some(_)) = decoder.next() {}
        prop_assert!(decoder.buffered() <= stream.len());
    }
}
