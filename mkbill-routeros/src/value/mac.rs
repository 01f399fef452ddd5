//! Hardware addresses of devices.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The hardware address of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

/// A text that is no hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("reading a hardware address")]
pub struct MacError;

impl Mac {
    /// All zeros: how some releases print that no device is bound.
    pub const NONE: Self = Self([0; 6]);

    /// The address of the n-th customer of a crowd, locally administered so that it meets no real one.
    pub fn numbered(number: u32) -> Self {
        let [a, b, c, d] = number.to_be_bytes();
        Self([0x02, 0, a, b, c, d])
    }
}

impl FromStr for Mac {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        let mut bytes = [0; 6];
        let mut parts = text.split([':', '-']);
        for byte in &mut bytes {
            let two_digits = |part: &&str| {
                part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit())
            };
            let part = parts.next().filter(two_digits).ok_or(MacError)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| MacError)?;
        }
        parts.next().is_none().then_some(Self(bytes)).ok_or(MacError)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.0.map(|byte| format!("{byte:02X}"));
        formatter.write_str(&pairs.join(":"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_any_case_and_written_in_upper_case() {
        assert_eq!("aa-bb-cc-00-11-22".parse::<Mac>().unwrap().to_string(), "AA:BB:CC:00:11:22");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "aa:bb:cc:00:11",
            "aa:bb:cc:00:11:22:33",
            "aa:bb:cc:00:11:2g",
            "1:2:3:4:5:6",
            "+a:bb:cc:00:11:22",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(MacError), "{text}");
        }
    }
}
