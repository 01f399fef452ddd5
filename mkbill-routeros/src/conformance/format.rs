//! The format of a value: all that a report tells of what belongs to the operator.

use std::{fmt, net::IpAddr};

use crate::value::{Directions, Mac, RouterTime, date, duration};

/// How a value is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Format {
    Empty,
    TrueFalse,
    YesNo,
    Number,
    /// `1h30m`
    Units,
    /// `01:30:00`, `1d02:03:04`: a duration or a time of day.
    Clock,
    /// `jul/14/2023`
    MonthDate,
    /// `2023-07-14`
    IsoDate,
    Id,
    Mac,
    Address,
    /// Numbers, rates or durations as `up/down`.
    Pair,
    Text,
}

impl Format {
    pub(super) fn of(value: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(value) else {
            return Self::Text;
        };
        match text {
            "" => Self::Empty,
            "true" | "false" => Self::TrueFalse,
            "yes" | "no" => Self::YesNo,
            _ if is_id(text) => Self::Id,
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => Self::Number,
            _ if date::parse(text).is_ok() => {
                if text.contains('/') {
                    Self::MonthDate
                } else {
                    Self::IsoDate
                }
            }
            _ if matches!(RouterTime::parse(text), Ok(RouterTime::YearLess { .. })) => {
                Self::MonthDate
            }
            _ if text.parse::<Mac>().is_ok() => Self::Mac,
            _ if is_address(text) => Self::Address,
            _ if duration::parse(text).is_ok() => {
                if text.contains(':') {
                    Self::Clock
                } else {
                    Self::Units
                }
            }
            _ if is_pair(text) => Self::Pair,
            _ => Self::Text,
        }
    }

    /// Whether it tells one spelling of a value from another: free text can hold anything.
    pub(super) fn is_telling(self) -> bool {
        !matches!(self, Self::Empty | Self::Text)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "empty",
            Self::TrueFalse => "true/false",
            Self::YesNo => "yes/no",
            Self::Number => "number",
            Self::Units => "duration as 1h30m",
            Self::Clock => "time as 01:30:00",
            Self::MonthDate => "date as jul/14/2023",
            Self::IsoDate => "date as 2023-07-14",
            Self::Id => "id",
            Self::Mac => "hardware address",
            Self::Address => "address",
            Self::Pair => "up/down",
            Self::Text => "text",
        })
    }
}

/// `*1A`
pub(super) fn is_id(text: &str) -> bool {
    let digits = text.strip_prefix('*');
    digits.is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_address(text: &str) -> bool {
    let host = text.split_once('/').map_or(text, |(host, _)| host);
    host.parse::<IpAddr>().is_ok()
}

fn is_pair(text: &str) -> bool {
    let is_rate = |side: &str| side.starts_with(|first: char| first.is_ascii_digit()).then_some(());
    text.contains('/') && Directions::parse(text, is_rate).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_a_router_has_its_format() {
        for (value, expected) in [
            ("", Format::Empty),
            ("true", Format::TrueFalse),
            ("no", Format::YesNo),
            ("4294967296", Format::Number),
            ("1w2d", Format::Units),
            ("00:05:00", Format::Clock),
            ("1d02:03:04", Format::Clock),
            ("jul/14/2023 08:00:00", Format::MonthDate),
            ("jul/14 08:00:00", Format::MonthDate),
            ("2023-07-14", Format::IsoDate),
            ("*1A", Format::Id),
            ("02:00:00:00:00:01", Format::Mac),
            ("10.5.50.7", Format::Address),
            ("192.0.2.0/24", Format::Address),
            ("fd00::1", Format::Address),
            ("1000000/5000000", Format::Pair),
            ("0bps/0bps", Format::Pair),
            ("default-small/default-small", Format::Text),
            ("none", Format::Text),
            ("*", Format::Text),
        ] {
            assert_eq!(Format::of(value.as_bytes()), expected, "{value}");
        }
        assert_eq!(Format::of(b"Caf\xE9"), Format::Text);
    }
}
