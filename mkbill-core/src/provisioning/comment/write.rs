//! Writing our mark: layouts V2 and P1.

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::Refusal;

use super::{PPPOE_MARKER, VOUCHER_MARKER};

/// The longest comment we write. Routers keep 247 bytes; the rest is left for a stamp.
pub const COMMENT_BYTES_MAX: usize = 200;
/// The word for a missing value in PPPoE layouts.
pub(super) const MISSING: &str = "NULL";
/// What ends an abbreviated maker.
const ABBREVIATED: char = '~';
/// `2025-01-10T03:00:00.000Z`.
const INSTANT_BYTES: usize = 24;
const SECONDS_PER_HOUR: i64 = 3_600;

/// Why a mark cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkRefusal {
    /// Longer than a comment may be, even with its maker abbreviated.
    #[error(
        "the comment for the router would have {bytes} bytes, {COMMENT_BYTES_MAX} are allowed: use shorter identifiers"
    )]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
}

impl Refusal for MarkRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "comment_too_long",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::TooLong { bytes } => format!(
                "komentar untuk router akan berukuran {bytes} byte, yang diizinkan {COMMENT_BYTES_MAX}: gunakan pengenal yang lebih pendek"
            ),
        }
    }
}

/// What the comment of a voucher's login says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoucherMark {
    /// Batch number.
    pub batch: String,
    /// Selling price in minor units.
    pub sell: i64,
    /// Cost price in minor units.
    pub cost: i64,
    /// Validity from first login, see [`whole_hours`]; absent for vouchers without validity.
    pub valid_hours: Option<u64>,
    /// Vendor code.
    pub vendor: Option<String>,
    /// Business date of making.
    pub created_on: Date,
    /// Name of the maker.
    pub created_by: String,
    /// First login, once known.
    pub first_login_at: Option<Timestamp>,
    /// End of validity, once known.
    pub expires_at: Option<Timestamp>,
}

impl VoucherMark {
    /// Writes layout V2: ASCII, at most [`COMMENT_BYTES_MAX`] bytes, instants cut to milliseconds.
    ///
    /// If it would be longer, the maker's name, and nothing else, is cut and ends in `~`. Room for
    /// both instants counts from the beginning, so that the first login does not change the name.
    pub fn to_comment(&self) -> Result<String, MarkRefusal> {
        let head = self.head();
        let tail = format!("|{}|{}", instant(self.first_login_at), instant(self.expires_at));
        let reserved = tail.len().max(2 * (1 + INSTANT_BYTES));
        let room = COMMENT_BYTES_MAX.checked_sub(head.len() + reserved);
        let maker = room.and_then(|room| abbreviated(&self.created_by, room));
        maker
            .map(|maker| format!("{head}{maker}{tail}"))
            .ok_or(MarkRefusal::TooLong { bytes: head.len() + reserved + 1 })
    }

    /// Everything before the maker.
    fn head(&self) -> String {
        format!(
            "{VOUCHER_MARKER}|{}|{}|{}|{}|{}|{}|",
            escaped(&self.batch),
            self.sell,
            self.cost,
            self.valid_hours.map(|hours| hours.to_string()).unwrap_or_default(),
            escaped(self.vendor.as_deref().unwrap_or_default()),
            self.created_on,
        )
    }
}

/// What the comment of a subscriber's PPP secret says. Identifiers only, no names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PppoeMark {
    /// Customer.
    pub customer: Option<String>,
    /// Subscription.
    pub subscription: Option<String>,
    /// Vendor.
    pub vendor: Option<String>,
    /// Business date of making.
    pub created_on: Date,
}

impl PppoeMark {
    /// Writes layout P1: ASCII, at most [`COMMENT_BYTES_MAX`] bytes, `NULL` for what is missing.
    pub fn to_comment(&self) -> Result<String, MarkRefusal> {
        let comment = format!(
            "{PPPOE_MARKER}|{}|{}|{}|{}",
            or_missing(self.customer.as_deref()),
            or_missing(self.subscription.as_deref()),
            or_missing(self.vendor.as_deref()),
            self.created_on,
        );
        if comment.len() <= COMMENT_BYTES_MAX {
            Ok(comment)
        } else {
            Err(MarkRefusal::TooLong { bytes: comment.len() })
        }
    }
}

/// A validity in hours as comments show it: begun hours count in full.
pub fn whole_hours(validity: SignedDuration) -> u64 {
    let seconds = validity.max(SignedDuration::ZERO);
    let begun = i64::from(seconds.as_secs() % SECONDS_PER_HOUR > 0 || seconds.subsec_nanos() > 0);
    (seconds.as_secs() / SECONDS_PER_HOUR + begun).unsigned_abs()
}

fn instant(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()).unwrap_or_default()
}

fn or_missing(value: Option<&str>) -> String {
    value.filter(|value| !value.is_empty()).map_or_else(|| MISSING.to_owned(), escaped)
}

/// Only printable ASCII, no field separator, and never the word for a missing value.
fn escaped(value: &str) -> String {
    if value == MISSING {
        return format!("%{:02X}{}", MISSING.as_bytes()[0], &MISSING[1..]);
    }
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    value.chars().map(escaped_char).collect()
}

fn is_plain(c: char) -> bool {
    (c == ' ' || c.is_ascii_graphic()) && !matches!(c, '|' | '%')
}

fn escaped_char(c: char) -> String {
    if is_plain(c) {
        return c.to_string();
    }
    let mut bytes = [0_u8; 4];
    c.encode_utf8(&mut bytes).bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").expect("a String takes everything");
        text
    })
}

/// `value` escaped, cut between characters to fit `room` bytes; `None` if not even the sign of cutting fits.
fn abbreviated(value: &str, room: usize) -> Option<String> {
    let whole = escaped(value);
    if whole.len() <= room {
        return Some(whole);
    }
    let room = room.checked_sub(ABBREVIATED.len_utf8())?;
    let mut cut = String::new();
    for part in value.chars().map(escaped_char) {
        if cut.len() + part.len() > room {
            break;
        }
        cut.push_str(&part);
    }
    cut.push(ABBREVIATED);
    Some(cut)
}
