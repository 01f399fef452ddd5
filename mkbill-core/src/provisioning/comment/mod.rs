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

/// Knows a login by the batch number or the subscription in its comment.
///
/// Two comments are the same mark if both have the layout V1 or V2 and name the same batch, or both
/// P1 or P2 and name the same subscription, letter by letter. Everything else in them may differ,
/// and so may a stamp at the end.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnMark;

impl Mark for OwnMark {
    fn is_same(&self, found: &str, wanted: &str) -> bool {
        let owner = read::marked_owner(wanted);
        owner.is_some() && (found == wanted || owner == read::marked_owner(found))
    }
}

/// Could we have written this comment on a login?
///
/// True for the layouts V1 and V2 that name a batch, and P1 and P2 that name a subscription, with or
/// without a stamp. False for every other layout, even if it carries a marker: those come from other
/// programs, and reporting their users as lost ones of ours would mislead.
pub fn is_ours(raw: &str) -> bool {
    read::marked_owner(raw).is_some()
}
