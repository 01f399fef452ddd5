//! Ordering of two values the way a router orders them.

use std::cmp::Ordering;

use super::duration;

/// Compares as numbers when both sides are whole numbers, as durations when both are durations,
/// otherwise as bytes.
pub fn natural(left: &[u8], right: &[u8]) -> Ordering {
    by(left, right, whole_number)
        .or_else(|| by(left, right, |text| duration::parse(text).ok()))
        .unwrap_or_else(|| left.cmp(right))
}

fn by<T: Ord>(left: &[u8], right: &[u8], read: impl Fn(&str) -> Option<T>) -> Option<Ordering> {
    let read = |bytes| std::str::from_utf8(bytes).ok().and_then(&read);
    Some(read(left)?.cmp(&read(right)?))
}

fn whole_number(text: &str) -> Option<i128> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_durations_and_texts_each_order_in_their_own_way() {
        for (less, greater) in
            [("9", "10"), ("59s", "1m"), ("1d", "1w"), ("abc", "abd"), ("10x", "9x")]
        {
            assert_eq!(
                natural(less.as_bytes(), greater.as_bytes()),
                Ordering::Less,
                "{less} {greater}"
            );
        }
        assert_eq!(natural(b"24h", b"1d"), Ordering::Equal);
    }
}
