//! The worker's side of the outbox.

use jiff::{SignedDuration, Timestamp};

use crate::kernel::caller::Mode;
use crate::kernel::error::Error;
use crate::outbox::{Claimed, OPERATION, Outcome, SYNC_ROUTER, WEBHOOK, backoff};
use crate::transact::{reading, transact};

use super::{Billing, Reader};

impl Billing {
    /// Leases due messages, of each kind as many as there is room for.
    pub(crate) async fn claim_messages(
        &self,
        lease: SignedDuration,
        rooms: &[(&'static str, usize)],
    ) -> Result<Vec<Claimed>, Error> {
        let now = self.now();
        let has_room =
            |(kind, room): &&(&'static str, usize)| *room > 0 && self.delivered().contains(kind);
        let rooms: Vec<_> = rooms.iter().filter(has_room).copied().collect();
        let kinds: Vec<&str> = rooms.iter().map(|(kind, _)| *kind).collect();
        let due = reading!(self.store(), |tx| tx.outbox_next(&kinds).await)?;
        if due.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        transact!(self.store(), Mode::Commit, |tx| {
            let mut claimed = Vec::new();
            for (kind, room) in &rooms {
                let limit = u32::try_from(*room).unwrap_or(u32::MAX);
                claimed.extend(tx.outbox_claim(&[kind], now, lease, limit).await?);
            }
            Ok::<_, Error>(claimed)
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
    /// The kinds of messages that this engine delivers. Others wait for an engine that delivers them.
    pub(super) fn delivered(&self) -> &'static [&'static str] {
        match self.parts().outbound {
            Some(_) => &[SYNC_ROUTER, OPERATION, WEBHOOK],
            None => &[SYNC_ROUTER, OPERATION],
        }
    }

    pub(crate) async fn next_message(&self) -> Result<Option<Timestamp>, Error> {
        reading!(self.store(), |tx| tx.outbox_next(self.delivered()).await)
    }

    pub(crate) fn pause(&self, attempts: u32) -> SignedDuration {
        backoff::pause(attempts, self.parts().entropy.as_ref())
    }
}
