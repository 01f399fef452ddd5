//! No text makes a parser panic, and what a parser took is the same after it was written and read
//! again.

#![no_main]

use jiff::{SignedDuration, civil::DateTime};
use libfuzzer_sys::fuzz_target;
use mkbill_routeros::value::{
    BitRate, DateDialect, RateLimit, Version, compare, date, duration, size, text,
};

const NOW: DateTime = DateTime::constant(2026, 11, 22, 9, 0, 0, 0);

fuzz_target!(|input: &[u8]| {
    let (left, right) = input.split_at(input.len() / 2);
    assert_eq!(compare::natural(left, right), compare::natural(right, left).reverse());
    let shown = text::decode(input);
    assert!(text::to_ascii(&shown).is_ascii());
    let Ok(input) = str::from_utf8(input) else { return };
    durations(input);
    dates(input);
    if let Ok(bytes) = size::parse(input) {
        assert_eq!(size::parse(&bytes.to_string()), Ok(bytes));
    }
    if let Ok(rate) = BitRate::parse(input) {
        assert_eq!(BitRate::parse(&rate.to_string()), Ok(rate));
    }
    if let Ok(limit) = RateLimit::parse(input) {
        assert_eq!(RateLimit::parse(&limit.to_string()), Ok(limit));
    }
    if let Ok(version) = Version::parse(input) {
        assert_eq!(Version::parse(&version.to_string()), Ok(version));
    }
});

/// Routers print nothing finer than milliseconds.
fn durations(input: &str) {
    let Ok(read) = duration::parse(input) else { return };
    let milliseconds = SignedDuration::from_millis_i128(read.as_millis());
    assert_eq!(duration::parse(&duration::format(read)), Ok(milliseconds));
    assert_eq!(duration::parse_optional(input), Ok(Some(read)));
}

fn dates(input: &str) {
    for read in [date::parse(input), date::parse_log_time(input, NOW)].into_iter().flatten() {
        for dialect in [DateDialect::MonthName, DateDialect::Iso] {
            assert_eq!(date::parse(&date::format(read, dialect)), Ok(read));
        }
    }
    let _ = date::parse_optional(input);
}
