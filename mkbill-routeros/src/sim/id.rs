//! Internal numbers of objects, such as `*1A`.

use std::fmt;

/// The `.id` of an object: `*` and upper-case hexadecimal without leading zeros.
///
/// Ids of sessions, hosts and cookies change at every reboot, so nothing may remember them for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

impl ObjectId {
    /// Reads `*1A`, in either case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits = std::str::from_utf8(text.strip_prefix(b"*")?).ok()?;
        let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok()?;
        is_hex.then_some(Self(number))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "*{:X}", self.0)
    }
}

/// Hands out ids in rising order, never one twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdSource(u32);

impl IdSource {
    pub(super) fn starting_at(first: u32) -> Self {
        Self(first)
    }

    pub(super) fn take(&mut self) -> ObjectId {
        let id = ObjectId(self.0);
        self.0 = self.0.wrapping_add(1);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_in_upper_case_and_read_in_any() {
        assert_eq!(ObjectId(26).to_string(), "*1A");
        assert_eq!(ObjectId::parse(b"*1a"), Some(ObjectId(26)));
        assert_eq!(ObjectId::parse(b"*FFFFFFFE"), Some(ObjectId(0xFFFF_FFFE)));
    }

    #[test]
    fn names_are_no_ids() {
        for text in [&b"*"[..], b"1A", b"*+1", b"*xyz", b"*100000000"] {
            assert_eq!(ObjectId::parse(text), None, "{text:?}");
        }
    }
}
