//! The query machine agrees with a plain reading of the manual, on every list of query words. One
//! word a line, without its `?`.

#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use mkbill_routeros::{proto::Query, value::compare};

const ROW: [(&str, &str); 5] =
    [("type", "ether"), ("mtu", "1500"), ("running", "true"), ("uptime", "1d2h"), ("comment", "")];

fuzz_target!(|input: &[u8]| {
    let words: Vec<&[u8]> = input.split(|&byte| byte == b'\n').collect();
    let query = Query::parse(words.iter().copied());
    let shown = query.ok().map(|query| query.matches(|name| property(name).map(Cow::Borrowed)));
    assert_eq!(shown, reference(&words, input.len()));
});

fn property(name: &str) -> Option<&'static [u8]> {
    ROW.iter().find(|(held, _)| *held == name).map(|(_, value)| value.as_bytes())
}

/// Whether the row is shown, `None` for words that are no query.
///
/// The endless stack of true is a real one, longer than any list of `bytes` can reach down.
fn reference(words: &[&[u8]], bytes: usize) -> Option<bool> {
    let mut stack = vec![true; bytes + 2];
    for word in words {
        match word.strip_prefix(b"#") {
            Some(operations) => operate(operations, &mut stack, bytes + 2)?,
            None => stack.push(condition(word)?),
        }
    }
    Some(stack.iter().all(|&value| value))
}

fn operate(mut operations: &[u8], stack: &mut Vec<bool>, depth: usize) -> Option<()> {
    while let [first, rest @ ..] = operations {
        operations = match first {
            b'0'..=b'9' => indexed(operations, stack, depth),
            b'.' => {
                stack.push(*stack.last()?);
                rest
            }
            b'!' => {
                let top = stack.pop()?;
                stack.push(!top);
                rest
            }
            b'&' | b'|' => {
                let (top, below) = (stack.pop()?, stack.pop()?);
                stack.push(if *first == b'&' { top && below } else { top || below });
                rest
            }
            _ => return None,
        };
    }
    Some(())
}

/// A number at the end of the word replaces all, any other pushes a copy; a dot after it is nothing.
fn indexed<'a>(operations: &'a [u8], stack: &mut Vec<bool>, depth: usize) -> &'a [u8] {
    let end = operations.iter().position(|byte| !byte.is_ascii_digit());
    let (digits, rest) = operations.split_at(end.unwrap_or(operations.len()));
    let index = str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok());
    let value = index.is_none_or(|index| {
        stack.len().checked_sub(index.saturating_add(1)).is_none_or(|place| stack[place])
    });
    if rest.is_empty() {
        *stack = vec![true; depth];
    }
    stack.push(value);
    rest.strip_prefix(b".").unwrap_or(rest)
}

fn condition(word: &[u8]) -> Option<bool> {
    let named =
        |name: &[u8]| str::from_utf8(name).ok().filter(|name| !name.is_empty()).map(property);
    let split = |text: &[u8]| match text.iter().position(|&byte| byte == b'=') {
        Some(sign) => (text[..sign].to_vec(), text[sign + 1..].to_vec()),
        None => (text.to_vec(), Vec::new()),
    };
    match word {
        [b'-', name @ ..] => Some(named(name)?.is_none()),
        [sign @ (b'<' | b'>' | b'='), rest @ ..] => {
            let (name, value) = split(rest);
            let held = named(&name)?;
            Some(held.is_some_and(|held| match sign {
                b'<' => compare::natural(held, &value).is_lt(),
                b'>' => compare::natural(held, &value).is_gt(),
                _ => held == value,
            }))
        }
        _ if word.contains(&b'=') => {
            let (name, value) = split(word);
            Some(named(&name)? == Some(&value[..]))
        }
        _ => Some(named(word)?.is_some()),
    }
}
