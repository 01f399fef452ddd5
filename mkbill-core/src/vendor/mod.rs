//! Vendors: outlets and resellers that sell vouchers.

pub mod store;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::kernel::error::Error;
use crate::kernel::ids::VendorId;
use crate::kernel::names::visible;
use crate::kernel::wrong::Wrong;

const CODE_CHARS_MAX: usize = 20;
const NAME_CHARS_MAX: usize = 100;

/// A vendor's short code, such as `VENDOR-001`: capitals, digits and dashes, at most 20; unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VendorCode(String);

impl VendorCode {
    /// The code's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VendorCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
        if plain && (1..=CODE_CHARS_MAX).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid("code", Wrong::Code { most: CODE_CHARS_MAX }))
        }
    }
}

impl fmt::Display for VendorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An outlet that sells vouchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// Identity.
    pub id: VendorId,
    /// Short unique code, printed and written into router comments.
    pub code: VendorCode,
    /// Name for people.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A vendor to be added.
#[derive(Debug, Clone)]
pub struct NewVendor {
    /// Short unique code.
    pub code: VendorCode,
    /// Name for people: 1 to 100 characters.
    pub name: String,
}

impl NewVendor {
    /// Checks the name.
    pub fn checked(self) -> Result<Self, Error> {
        let name = visible(&self.name, "name", NAME_CHARS_MAX)?;
        Ok(Self { name, ..self })
    }
}
