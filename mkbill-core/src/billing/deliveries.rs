//! The worker's side of the outbox.

use jiff::{SignedDuration, Timestamp};

use crate::kernel::caller::Mode;
use crate::kernel::error::Error;
use crate::outbox::{Claimed, Outcome, SYNC_ROUTER, backoff};
use crate::transact::{reading, transact};

use super::{Billing, Reader};

/// The kinds of messages that this engine delivers. Others wait for an engine that delivers them.
pub(super) const DELIVERED: &[&str] = &[SYNC_ROUTER];

impl Billing {
    pub(crate) async fn claim_messages(
        &self,
        lease: SignedDuration,
        room: usize,
    ) -> Result<Vec<Claimed>, Error> {
        let now = self.now();
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        let due = reading!(self.store(), |tx| tx.outbox_next(DELIVERED).await)?;
        if due.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        transact!(self.store(), Mode::Commit, |tx| {
            tx.outbox_claim(DELIVERED, now, lease, limit).await
        })
    }

    pub(crate) async fn settle_message(
        &self,
        claimed: &Claimed,
        outcome: &Outcome,
    ) -> Result<bool, Error> {
        transact!(self.store(), Mode::Commit, |tx| tx.outbox_settle(claimed, outcome).await)
    }
}

impl Reader {
    pub(crate) async fn next_message(&self) -> Result<Option<Timestamp>, Error> {
        reading!(self.store(), |tx| tx.outbox_next(DELIVERED).await)
    }

    pub(crate) fn pause(&self, attempts: u32) -> SignedDuration {
        backoff::pause(attempts, self.parts().entropy.as_ref())
    }
}
