//! One identifier type per entity, so that swapped arguments do not compile.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use super::entropy::Entropy;

/// How many identifiers of one run share a millisecond: the 12 bits behind the version nibble.
const IDS_PER_MILLISECOND: u64 = 1 << 12;

fn version_7(at: Timestamp, position: u64, entropy: &dyn Entropy) -> Uuid {
    let base = u64::try_from(at.as_millisecond()).unwrap_or(0);
    let mut bytes = [0_u8; 10];
    entropy.fill(&mut bytes);
    if position > 0 {
        let [high, low] = u16::try_from(position % IDS_PER_MILLISECOND)
            .expect("the remainder has 12 bits")
            .to_be_bytes();
        bytes[0] = high;
        bytes[1] = low;
    }
    let millis = base.saturating_add(position / IDS_PER_MILLISECOND);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new time-ordered identifier (UUID version 7).
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(version_7(now, 0, entropy))
            }

            /// The `position`-th (from 1) identifier of a run made at one instant: sorts by position.
            pub fn in_run(now: Timestamp, position: u64, entropy: &dyn Entropy) -> Self {
                Self(version_7(now, position, entropy))
            }

            /// Wraps an identifier that was stored or sent by a client.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// When it was made, in milliseconds since 1970; 0 if it is not time-ordered.
            pub fn made_at_millis(self) -> i64 {
                let made = self.0.get_timestamp().map_or(0, |at| {
                    let (seconds, nanos) = at.to_unix();
                    seconds.saturating_mul(1_000).saturating_add(u64::from(nanos) / 1_000_000)
                });
                i64::try_from(made).unwrap_or(i64::MAX)
            }

            /// The bare UUID, for storage and wire formats.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A router.
    RouterId,
    /// A plan: what is sold.
    PlanId,
    /// A vendor: an outlet that sells vouchers.
    VendorId,
    /// A batch of vouchers.
    BatchId,
    /// One voucher.
    VoucherId,
    /// One login on one router.
    LoginId,
    /// One outbox message.
    MessageId,
    /// One ledger entry.
    EntryId,
    /// One row of the audit trail.
    AuditId,
    /// An API key.
    ApiKeyId,
    /// One subscription: a plan that a customer keeps.
    SubscriptionId,
    /// One invoice.
    InvoiceId,
    /// A customer.
    CustomerId,
    /// One payment.
    PaymentId,
    /// Credit that pays an invoice.
    AllocationId,
    /// A credit note.
    CreditNoteId,
    /// Something to tell a customer or an operator.
    NoticeId,
    /// Somebody's time online.
    SessionId,
    /// A router's time away.
    OutageId,
    /// Something that is wrong, or was.
    AlertId,
    /// Somebody who operates the system.
    StaffId,
    /// Somebody's being signed in.
    StaffSessionId,
    /// A program elsewhere that is told of events.
    WebhookId,
    /// One event on its way to a webhook.
    DeliveryId,
    /// Work that a client does not wait for.
    OperationId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;

    #[test]
    fn a_run_of_identifiers_sorts_by_position() {
        let now = Timestamp::UNIX_EPOCH;
        let run: Vec<_> = (1..=10_000).map(|n| VoucherId::in_run(now, n, &OsEntropy)).collect();
        assert!(run.is_sorted());
        assert!(run.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
