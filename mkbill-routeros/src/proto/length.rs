//! The length prefix in front of every word: one to five bytes, big endian.

use thiserror::Error;

/// The longest word that a prefix written here can announce, in bytes.
///
/// Anything longer would need the five-byte form, which routers do not support.
pub const WRITABLE_MAX: usize = 0x0FFF_FFFF;

/// A prefix as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// Bytes of the word that follows.
    pub value: u32,
    /// Bytes that the prefix itself took, 1 to 5.
    pub width: usize,
}

impl Length {
    /// Whether a shorter prefix would have said the same.
    pub fn is_overlong(self) -> bool {
        self.width != width(self.value)
    }
}

/// A word too long for any prefix that routers understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("writing a word of {length} bytes, more than {WRITABLE_MAX}")]
pub struct WordTooLong {
    /// The refused length in bytes.
    pub length: usize,
}

/// A first byte of `F1` to `FF`, reserved for control bytes that no router sends today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("reading a length prefix that begins with reserved byte {0:#04x}")]
pub struct ReservedByte(pub u8);

/// Appends the shortest prefix for a word of `length` bytes.
///
/// # Errors
///
/// [`WordTooLong`] above [`WRITABLE_MAX`]; nothing is written then.
pub fn encode(length: usize, out: &mut Vec<u8>) -> Result<(), WordTooLong> {
    let value = u32::try_from(length)
        .ok()
        .filter(|_| length <= WRITABLE_MAX)
        .ok_or(WordTooLong { length })?;
    match width(value) {
        1 => out.extend_from_slice(&value.to_be_bytes()[3..]),
        2 => out.extend_from_slice(&(value | 0x8000).to_be_bytes()[2..]),
        3 => out.extend_from_slice(&(value | 0x00C0_0000).to_be_bytes()[1..]),
        _ => out.extend_from_slice(&(value | 0xE000_0000).to_be_bytes()),
    }
    Ok(())
}

/// Reads the prefix at the start of `bytes`; `None` while some of it is still missing.
///
/// Over-long forms are accepted, see [`Length::is_overlong`].
///
/// # Errors
///
/// [`ReservedByte`] when the first byte is `F1` or above: nothing after it can be understood.
#[inline]
pub fn decode(bytes: &[u8]) -> Result<Option<Length>, ReservedByte> {
    let Some(&first) = bytes.first() else {
        return Ok(None);
    };
    let (width, lead) = match first {
        0..0x80 => {
            return Ok(Some(Length { value: u32::from(first), width: 1 }));
        }
        0x80..0xC0 => (2, first & 0x3F),
        0xC0..0xE0 => (3, first & 0x1F),
        0xE0..0xF0 => (4, first & 0x0F),
        0xF0 => (5, 0),
        0xF1.. => return Err(ReservedByte(first)),
    };
    let Some(rest) = bytes.get(1..width) else {
        return Ok(None);
    };
    let value = rest.iter().fold(u32::from(lead), |value, &byte| (value << 8) | u32::from(byte));
    Ok(Some(Length { value, width }))
}

fn width(value: u32) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x0020_0000 => 3,
        0x0020_0000..0x1000_0000 => 4,
        0x1000_0000.. => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITABLE: &[(usize, &[u8])] = &[
        (0, &[0x00]),
        (1, &[0x01]),
        (0x7F, &[0x7F]),
        (0x80, &[0x80, 0x80]),
        (0x87, &[0x80, 0x87]),
        (130, &[0x80, 0x82]),
        (256, &[0x81, 0x00]),
        (0x3FFF, &[0xBF, 0xFF]),
        (0x4000, &[0xC0, 0x40, 0x00]),
        (0x4321, &[0xC0, 0x43, 0x21]),
        (0x001F_FFFF, &[0xDF, 0xFF, 0xFF]),
        (2_097_140, &[0xDF, 0xFF, 0xF4]),
        (0x0020_0000, &[0xE0, 0x20, 0x00, 0x00]),
        (0x002A_CDEF, &[0xE0, 0x2A, 0xCD, 0xEF]),
        (268_435_440, &[0xEF, 0xFF, 0xFF, 0xF0]),
        (0x0FFF_FFFF, &[0xEF, 0xFF, 0xFF, 0xFF]),
    ];

    fn encoded(length: usize) -> Vec<u8> {
        let mut out = Vec::new();
        encode(length, &mut out).unwrap();
        out
    }

    #[test]
    fn every_golden_length_is_written_in_its_shortest_form() {
        for (length, bytes) in WRITABLE {
            assert_eq!(encoded(*length), *bytes, "length {length:#x}");
        }
    }

    #[test]
    fn every_golden_length_is_read_back_and_not_called_overlong() {
        for (length, bytes) in WRITABLE {
            let read = decode(bytes).unwrap().unwrap();
            assert_eq!((read.value as usize, read.width), (*length, bytes.len()));
            assert!(!read.is_overlong(), "length {length:#x}");
        }
    }

    #[test]
    fn the_five_byte_form_is_read_and_never_written() {
        for (length, bytes) in [
            (0x1000_0000_u32, [0xF0, 0x10, 0x00, 0x00, 0x00]),
            (0x1000_0080, [0xF0, 0x10, 0x00, 0x00, 0x80]),
        ] {
            assert_eq!(decode(&bytes), Ok(Some(Length { value: length, width: 5 })));
            let mut out = Vec::new();
            assert!(encode(length as usize, &mut out).is_err());
            assert!(out.is_empty());
        }
    }

    #[test]
    fn a_small_length_in_a_wide_form_is_read_and_called_overlong() {
        for bytes in [&[0x80, 0x05][..], &[0xC0, 0, 5], &[0xE0, 0, 0, 5], &[0xF0, 0, 0, 0, 5]] {
            let read = decode(bytes).unwrap().unwrap();
            assert_eq!((read.value, read.width), (5, bytes.len()));
            assert!(read.is_overlong());
        }
    }

    #[test]
    fn a_reserved_first_byte_is_an_error_before_the_rest_arrives() {
        for first in 0xF1..=0xFF {
            assert_eq!(decode(&[first]), Err(ReservedByte(first)));
        }
    }

    #[test]
    fn a_prefix_cut_short_asks_for_more() {
        for (_, bytes) in WRITABLE {
            for cut in 0..bytes.len() {
                assert_eq!(decode(&bytes[..cut]), Ok(None));
            }
        }
    }
}
