//! What router comments say: our mark, written canonically, and every older layout, read tolerantly.
//!
//! The books are the truth; a comment is a copy for recovery and the sign by which we know our own.

mod layout;
mod read;
mod stamp;
mod write;

#[cfg(test)]
mod tests;

pub use layout::{
    Comment, JsonPppoeFacts, JsonVoucherFacts, Layout, PppoeFacts, SubscriberFacts, System,
    VoucherFacts,
};
pub use read::parse;
pub use stamp::{Stamp, without_stamp};
pub use write::{COMMENT_BYTES_MAX, MarkRefusal, PppoeMark, VoucherMark, whole_hours};

use super::controller::Mark;

/// The first field of a voucher's comment.
pub const VOUCHER_MARKER: &str = "VOUCHER_SYSTEM";
/// The first field of a PPPoE comment.
pub const PPPOE_MARKER: &str = "PPPOE_SYSTEM";

/// Knows a login by the batch number in its comment.
///
/// Two comments are the same mark if both have the layout V1 or V2 and name the same batch, letter
/// by letter. Everything else in them may differ, and so may a stamp at the end.
#[derive(Debug, Clone, Copy, Default)]
pub struct BatchMark;

impl Mark for BatchMark {
    fn is_same(&self, found: &str, wanted: &str) -> bool {
        let batch = read::marked_batch(wanted);
        batch.is_some() && (found == wanted || batch == read::marked_batch(found))
    }
}

/// Could we have written this comment on a voucher's login?
///
/// True for the layouts V1 and V2 that name a batch, with or without a stamp. False for every other
/// layout, even if it carries the marker: those come from other programs, and reporting their users
/// as lost ones of ours would mislead.
pub fn is_ours(raw: &str) -> bool {
    read::marked_batch(raw).is_some()
}
