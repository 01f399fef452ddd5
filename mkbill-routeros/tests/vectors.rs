//! Golden sentences in hexadecimal, and what must hold for every byte stream.

use mkbill_routeros::proto::{
    DecodeError, Decoder, Limits, Login, LoginMode, LoginStep, Reply, Sentence, Tag, Trap,
    TrapCategory,
};
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

/// Lengths at and around every change of form, as far as words may be long.
const WORD_LENGTHS: [(usize, &[u8]); 13] = [
    (1, &[0x01]),
    (0x7F, &[0x7F]),
    (0x80, &[0x80, 0x80]),
    (0x87, &[0x80, 0x87]),
    (130, &[0x80, 0x82]),
    (256, &[0x81, 0x00]),
    (0x3FFF, &[0xBF, 0xFF]),
    (0x4000, &[0xC0, 0x40, 0x00]),
    (0x4321, &[0xC0, 0x43, 0x21]),
    (0x001F_FFFF, &[0xDF, 0xFF, 0xFF]),
    (2_097_140, &[0xDF, 0xFF, 0xF4]),
    (0x0020_0000, &[0xE0, 0x20, 0x00, 0x00]),
    (0x002A_CDEF, &[0xE0, 0x2A, 0xCD, 0xEF]),
];

#[test]
fn a_word_of_every_golden_length_is_written_and_read_whole() {
    for (length, prefix) in WORD_LENGTHS {
        let word = vec![b'a'; length];
        let wire = [prefix, &word, &[0]].concat();
        let sentences = [Sentence::from_iter([word])];
        assert_eq!(encoded(&sentences[0]), wire, "{length:#x}");
        let cuts = [1, prefix.len(), prefix.len() + 1, wire.len() - 1];
        for cut in cuts.into_iter().filter(|cut| *cut < wire.len()) {
            let (head, tail) = wire.split_at(cut);
            assert_eq!(decoded([head, tail]).unwrap(), sentences, "{length:#x}");
        }
    }
}

/// The zero byte of this length must not end the sentence: `81 00` is 256.
#[test]
fn a_comment_of_247_letters_has_a_zero_byte_in_its_length() {
    let sentence = Sentence::command("!re").with("comment", vec![b'a'; 247]);
    let wire = encoded(&sentence);
    assert_eq!(wire[4..6], [0x81, 0x00]);
    assert_eq!(decoded(wire.chunks(1)).unwrap(), [sentence]);
}

#[test]
fn a_length_in_a_longer_form_than_needed_is_read_all_the_same() {
    for wide in [&b"\x80\x05"[..], b"\xC0\0\x05", b"\xE0\0\0\x05", b"\xF0\0\0\0\x05"] {
        let wire = [wide, b"!done\0"].concat();
        assert_eq!(decoded(wire.chunks(1)).unwrap(), [Sentence::command("!done")]);
    }
}

#[test]
fn the_old_login_answers_its_challenge_byte_for_byte() {
    for (password, challenge, response) in [
        ("", "93b438ec9b80057c06dd9fe67d56aa9a", "00e134102a9d330dd7b1849fedfea3cb57"),
        ("", "856780b7411eefd3abadee2058c149a3", "005062f7a5ef124d34675bf3e81f56c556"),
        ("test", "259e0bc05acd6f46926dc2f809ed1bba", "00c7fd865183a43a772dde231f6d0bff13"),
        ("passTest", "abc123", "0021277bff9ac7caf06aa608e46616d47f"),
    ] {
        let (mut login, first) = Login::start(LoginMode::LegacyMd5, "admin", password);
        assert_eq!(encoded(&first), GOLDEN[0].bytes());
        let Ok(LoginStep::Send(second)) = login.done(Some(challenge.as_bytes())) else {
            panic!("{challenge} is a challenge")
        };
        let words = ["/login", "=name=admin", &format!("=response={response}")];
        assert_eq!(second, words.into_iter().collect());
    }
}

#[test]
fn the_new_login_is_one_golden_sentence() {
    let (_, sentence) = Login::start(LoginMode::Modern, "admin", "");
    assert_eq!(encoded(&sentence), GOLDEN[1].bytes());
}

#[test]
fn every_golden_reply_means_what_the_table_says() {
    let trap = |message: &str, category| Reply::Trap {
        tag: Some(Tag(7)),
        trap: Trap { message: message.to_owned(), category },
    };
    let duplicate = "failure: already have user with this name for this server";
    let challenge = b"93b438ec9b80057c06dd9fe67d56aa9a".to_vec();
    let expected = [
        ("done", Reply::Done { tag: None, ret: None }),
        ("done with a login challenge", Reply::Done { tag: None, ret: Some(challenge) }),
        ("done with a new id", Reply::Done { tag: Some(Tag(7)), ret: Some(b"*1A".to_vec()) }),
        ("trap of a duplicate", trap(duplicate, None)),
        ("empty", Reply::Empty { tag: Some(Tag(7)) }),
        ("fatal without a tag", Reply::Fatal { reason: "not logged in".to_owned() }),
        ("trap of an interruption", trap("interrupted", Some(TrapCategory::Interrupted))),
    ];
    let replies = GOLDEN.iter().filter(|vector| vector.words[0].starts_with('!'));
    let read: Vec<(&str, Reply)> = replies
        .map(|vector| (vector.name, decoded([&vector.bytes()[..]]).unwrap().remove(0).into()))
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn the_golden_stream_reads_the_same_wherever_it_is_cut_in_two() {
    let stream: Vec<u8> = GOLDEN.iter().flat_map(Vector::bytes).collect();
    let expected: Vec<Sentence> = GOLDEN.iter().map(Vector::sentence).collect();
    for cut in 0..=stream.len() {
        let (head, tail) = stream.split_at(cut);
        assert_eq!(decoded([head, tail]).unwrap(), expected, "cut at {cut}");
    }
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
    fn any_chunking_of_the_golden_stream_gives_its_sentences(cuts in vec(1_usize..60, 1..40)) {
        let stream: Vec<u8> = GOLDEN.iter().flat_map(Vector::bytes).collect();
        let expected: Vec<Sentence> = GOLDEN.iter().map(Vector::sentence).collect();
        prop_assert_eq!(decoded(pieces(&stream, &cuts)).unwrap(), expected);
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
