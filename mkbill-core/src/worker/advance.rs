//! Moving a test clock, and doing on the way what time brings.

use jiff::Timestamp;

use crate::billing::BillingRun;
use crate::clock::ClockRefusal;
use crate::kernel::error::Error;

use super::Worker;

/// No clock is moved over more moments than this at once.
const MOMENTS_MAX: usize = 100_000;

/// What happened while a clock was moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advanced {
    /// Moments at which something was due.
    pub moments: usize,
    /// What fell due by the calendar.
    pub billing: BillingRun,
    /// Vouchers ended.
    pub expired: usize,
}

impl Worker {
    /// Moves the test clock to `target`, stopping at every moment at which something falls due by the
    /// calendar, and does there what is due. Answers when all of it is done. Where it stands is kept in
    /// the database if that lives on a test clock, before each moment's work: a process that dies on
    /// the way is followed by one that goes on from there.
    ///
    /// # Errors
    ///
    /// A [`ClockRefusal`] on a real clock, for an instant that is past or too far; otherwise what
    /// stopped the work. The clock stays where it was stopped.
    pub async fn advance_to(&self, target: Timestamp) -> Result<Advanced, Error> {
        if self.billing.test_clock().is_none() {
            return Err(ClockRefusal::NoTestClock.into());
        }
        self.billing.follow_clock().await?;
        let now = self.billing.now();
        if target < now {
            return Err(ClockRefusal::Past(now).into());
        }
        let mut advanced = Advanced::default();
        // A process may have died after it had moved the clock here and before the work was done.
        self.live(&mut advanced).await?;
        while let Some(due) = self.billing.next_due().await?.filter(|due| *due <= target) {
            if advanced.moments == MOMENTS_MAX {
                return Err(ClockRefusal::TooFar.into());
            }
            self.billing.move_clock(due.max(self.billing.now())).await?;
            advanced.moments += 1;
            self.live(&mut advanced).await?;
        }
        self.billing.move_clock(target).await?;
        self.live(&mut advanced).await?;
        Ok(advanced)
    }

    async fn live(&self, advanced: &mut Advanced) -> Result<(), Error> {
        let tick = self.tick().await?;
        advanced.billing.add(tick.billing);
        advanced.expired += tick.expired;
        Ok(())
    }
}
