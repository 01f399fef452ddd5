//! A sentence gives back the words it was made of, finds each attribute where a plain search finds
//! it, and survives the wire. One word a line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mkbill_routeros::proto::{Decoder, Limits, Reply, Sentence, word};

fuzz_target!(|input: &[u8]| {
    let words: Vec<&[u8]> = input.split(|&byte| byte == b'\n').collect();
    let sentence: Sentence = words.iter().copied().collect();
    let spoken: Vec<&[u8]> = words.into_iter().filter(|word| !word.is_empty()).collect();
    assert!(sentence.words().eq(spoken.iter().copied()));
    assert_eq!(sentence.is_empty(), spoken.is_empty());
    finds_what_a_plain_search_finds(&sentence, &spoken);
    let mut wire = Vec::new();
    sentence.encode(&mut wire);
    assert_eq!(wire.len(), sentence.wire_len() + 1);
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(&wire);
    let expected = (!sentence.is_empty()).then(|| sentence.clone());
    assert_eq!(decoder.next(), Ok(expected));
    assert_eq!((decoder.next(), decoder.buffered()), (Ok(None), 0));
    let _ = format!("{sentence:?}");
    let _ = Reply::from(sentence);
});

fn finds_what_a_plain_search_finds(sentence: &Sentence, words: &[&[u8]]) {
    for (name, _) in words.iter().filter_map(|word| word::attribute(word)) {
        let mut pairs = words.iter().filter_map(|word| word::attribute(word));
        let first = pairs.find(|(found, _)| *found == name).map(|(_, value)| value);
        if let Ok(name) = str::from_utf8(name) {
            assert_eq!(sentence.attribute(name), first);
        }
    }
    for (name, _) in words.iter().filter_map(|word| word::api_attribute(word)) {
        let mut pairs = words.iter().filter_map(|word| word::api_attribute(word));
        let first = pairs.find(|(found, _)| *found == name).map(|(_, value)| value);
        if let Ok(name) = str::from_utf8(name) {
            assert_eq!(sentence.api_attribute(name), first);
        }
    }
}
