//! Spans of time and amounts of data as people write them.

use jiff::{Span, SpanRelativeTo};

/// Units of data, by powers of 1000 and of 1024.
const DATA_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Whole seconds from a text such as `90m`, `24h`, `30d` or `1w`; a day is 24 hours.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || "use a span such as 90m, 24h, 30d or 1w; a day is 24 hours".to_owned();
    let span: Span = text.parse().map_err(|_| wrong())?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    if span.subsec_nanos() != 0 {
        return Err(wrong());
    }
    u64::try_from(span.as_secs()).map_err(|_| wrong())
}

/// Bytes from a text such as `500MB` or `5GiB`; a bare number is bytes.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || "use a size such as 500MB or 5GiB".to_owned();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    let unit = if unit.is_empty() { "B" } else { unit.trim_start() };
    let size = DATA_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let (_, size) = size.ok_or_else(wrong)?;
    count.checked_mul(*size).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let cases = [
            ("90m", 5_400),
            ("24h", 86_400),
            ("30d", 2_592_000),
            ("1w", 604_800),
            ("1d 2h", 93_600),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for bad in ["", "24", "1mo", "1y", "-1h", "1.5s", "soon"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let cases =
            [("1024", 1_024), ("500MB", 500_000_000), ("5GiB", 5 << 30), ("2 gb", 2_000_000_000)];
        for (text, expected) in cases {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for bad in ["", "GiB", "-1", "1.5GB", "5G", "99999999TiB"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
