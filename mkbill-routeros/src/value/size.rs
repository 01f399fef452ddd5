//! Byte counts: plain integers over the API, suffixes such as `1G` or `4GiB` accepted on input.

use thiserror::Error;

use super::decimal;

/// A text that is no byte count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("reading size {text:?}")]
pub struct SizeError {
    /// The text as it came, cut to a readable length.
    pub text: String,
}

const TEXT_BYTES_MAX: usize = 40;
const UNITS: [(&str, u64); 9] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("t", 1 << 40),
    ("b", 1),
];

/// Parses a count of bytes. All suffixes are powers of 1024, so `1G` is 1 073 741 824; case does
/// not matter.
///
/// The way back is `to_string`: routers print plain integers.
///
/// # Errors
///
/// [`SizeError`] for anything else, or when it does not fit 64 bits.
pub fn parse(text: &str) -> Result<u64, SizeError> {
    let refused = || SizeError { text: text.chars().take(TEXT_BYTES_MAX).collect() };
    if text.len() > TEXT_BYTES_MAX {
        return Err(refused());
    }
    let lower = text.to_ascii_lowercase();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(suffix, unit)| Some((lower.strip_suffix(suffix)?, *unit)))
        .unwrap_or((&lower, 1));
    decimal::scaled(number, unit).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn suffixes_are_powers_of_1024() {
        for (text, expected) in [
            ("0", 0),
            ("4294967296", 4_294_967_296),
            ("1G", 1_073_741_824),
            ("4GiB", 4_294_967_296),
            ("5M", 5_242_880),
            ("100k", 102_400),
            ("1.5MiB", 1_572_864),
            ("512B", 512),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "G", "-1", "1X", "1 G", "99999999999999T", "1e9"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_count_survives_a_round_trip(bytes in any::<u64>()) {
            prop_assert_eq!(parse(&bytes.to_string()), Ok(bytes));
        }
    }
}
