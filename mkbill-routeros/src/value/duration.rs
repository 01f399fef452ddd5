//! Durations: `1w2d3h4m5s`, `1d02:03:04`, `00:05:00`, `1.5s`, `250ms`, plain seconds.

use std::time::Duration;

use jiff::SignedDuration;
use thiserror::Error;

use super::decimal::{scaled, whole};

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("reading duration {text:?}")]
pub struct DurationError {
    /// The text as it came, cut to a readable length.
    pub text: String,
}

const TEXT_BYTES_MAX: usize = 64;
const SECOND: u64 = 1_000_000_000;

/// Parses every form that routers write or accept. A plain number counts seconds. Case does not
/// matter.
///
/// `none`, the word for "no limit", is not a duration: see [`parse_optional`].
///
/// # Errors
///
/// [`DurationError`] when the text is not such a form, or too large for nanoseconds in 64 bits
/// (about 584 years).
pub fn parse(text: &str) -> Result<SignedDuration, DurationError> {
    let refused = || DurationError { text: text.chars().take(TEXT_BYTES_MAX).collect() };
    if text.len() > TEXT_BYTES_MAX {
        return Err(refused());
    }
    let (negative, magnitude) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let nanoseconds = nanoseconds(&magnitude.to_ascii_lowercase()).ok_or_else(refused)?;
    let duration =
        SignedDuration::try_from(Duration::from_nanos(nanoseconds)).map_err(|_| refused())?;
    Ok(if negative { -duration } else { duration })
}

/// As [`parse`], where an empty text and `none` mean that there is no duration.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_optional(text: &str) -> Result<Option<SignedDuration>, DurationError> {
    match text {
        "" | "none" => Ok(None),
        _ => parse(text).map(Some),
    }
}

/// Writes the form that routers print: `1w2d3h4m5s` without zero parts, `0s`, milliseconds as
/// `250ms`.
///
/// Anything finer than a millisecond is cut off.
pub fn format(duration: SignedDuration) -> String {
    let magnitude = duration.unsigned_abs();
    let seconds = magnitude.as_secs();
    let parts = [
        (seconds / 604_800, "w"),
        (seconds / 86_400 % 7, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (u64::from(magnitude.subsec_millis()), "ms"),
    ];
    let text = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .fold(String::new(), |text, (count, unit)| text + &count.to_string() + unit);
    match (text.is_empty(), duration.is_negative()) {
        (true, _) => "0s".to_owned(),
        (false, true) => format!("-{text}"),
        (false, false) => text,
    }
}

fn nanoseconds(text: &str) -> Option<u64> {
    let clock_start = text
        .find(':')
        .map(|colon| text[..colon].trim_end_matches(|c: char| c.is_ascii_digit()).len());
    match clock_start {
        Some(at) => units(&text[..at])?.checked_add(clock(&text[at..])?),
        None if text.is_empty() => None,
        None if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
            scaled(text, SECOND)
        }
        None => units(text),
    }
}

/// `2w3d…`, each unit at most once and in falling order.
fn units(mut text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 8] = [
        ("w", 604_800 * SECOND),
        ("d", 86_400 * SECOND),
        ("h", 3_600 * SECOND),
        ("m", 60 * SECOND),
        ("s", SECOND),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    let mut total = 0_u64;
    let mut next = 0;
    while !text.is_empty() {
        let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(number_end);
        let unit_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(unit_end);
        let index = next + UNITS[next..].iter().position(|(name, _)| *name == unit)?;
        total = total.checked_add(scaled(number, UNITS[index].1)?)?;
        next = index + 1;
        text = rest;
    }
    Some(total)
}

/// `hh:mm:ss` with any count of hours and an optional fraction, or `hh:mm`.
fn clock(text: &str) -> Option<u64> {
    let mut fields = text.split(':');
    let (hours, minutes) = (fields.next()?, fields.next()?);
    let seconds = fields.next().unwrap_or("0");
    let below_sixty = |field: &str| whole(field.split('.').next()?).filter(|value| *value < 60);
    below_sixty(minutes)?;
    below_sixty(seconds)?;
    if fields.next().is_some() {
        return None;
    }
    whole(hours)?
        .checked_mul(3_600 * SECOND)?
        .checked_add(whole(minutes)?.checked_mul(60 * SECOND)?)?
        .checked_add(scaled(seconds, SECOND)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

    use super::*;

    fn seconds(text: &str) -> i64 {
        parse(text).unwrap().as_secs()
    }

    #[test]
    fn every_form_that_routers_write_is_read() {
        for (text, expected) in [
            ("1w2d3h4m5s", 788_645),
            ("0s", 0),
            ("1d02:03:04", 93_784),
            ("2d01:15:03", 177_303),
            ("00:05:00", 300),
            ("1w1d00:00:01", 691_201),
            ("30d", 2_592_000),
            ("24h", 86_400),
            ("7200s", 7_200),
            ("7200", 7_200),
            ("2735w1d21:41:43.48", 1_654_292_503),
            ("100:00:00", 360_000),
            ("1H30M", 5_400),
            ("-5m", -300),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        assert_eq!(parse("1.5s").unwrap(), SignedDuration::from_millis(1_500));
        assert_eq!(parse("250ms").unwrap(), SignedDuration::from_millis(250));
        assert_eq!(parse("1s500ms").unwrap(), SignedDuration::from_millis(1_500));
    }

    #[test]
    fn output_is_normalised_as_routers_do() {
        for (text, expected) in [
            ("30d", "4w2d"),
            ("24h", "1d"),
            ("7200s", "2h"),
            ("0", "0s"),
            ("1.5s", "1s500ms"),
            ("250ms", "250ms"),
            ("00:05:00", "5m"),
            ("-90s", "-1m30s"),
        ] {
            assert_eq!(format(parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn none_and_empty_mean_that_there_is_no_duration() {
        assert_eq!(parse_optional("none"), Ok(None));
        assert_eq!(parse_optional(""), Ok(None));
        assert_eq!(parse_optional("0s"), Ok(Some(SignedDuration::ZERO)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "none",
            "never",
            "1x",
            "h",
            "1h2",
            "5m1h",
            "1h1h",
            "00:60:00",
            "1:2:3:4",
            ":",
            "1:",
            ".",
            "1..5s",
            "+5s",
            "99999999999w",
            "é",
            "𐀨:",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse(&"1".repeat(1_000)).unwrap_err().text.len() <= TEXT_BYTES_MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn every_duration_survives_a_round_trip(milliseconds in -9_000_000_000_000_i64..9_000_000_000_000) {
            let duration = SignedDuration::from_millis(milliseconds);
            prop_assert_eq!(parse(&format(duration)).unwrap(), duration);
        }

        #[test]
        fn the_clock_form_means_the_same_as_the_unit_form(
            days in 0_u32..500,
            hours in 0_u8..24,
            minutes in 0_u8..60,
            seconds in 0_u8..60,
        ) {
            let clock = parse(&format!("{days}d{hours:02}:{minutes:02}:{seconds:02}")).unwrap();
            prop_assert_eq!(clock, parse(&format!("{days}d{hours}h{minutes}m{seconds}s")).unwrap());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
