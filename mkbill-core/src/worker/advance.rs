//! Moving a test clock, and doing on the way what time brings.

use jiff::Timestamp;

use crate::billing::BillingRun;
use crate::kernel::error::{Error, Refusal};

use super::Worker;

/// No clock is moved over more moments than this at once.
const MOMENTS_MAX: usize = 100_000;

/// Why a clock is not moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockRefusal {
    /// The engine has a real one.
    #[error("this engine runs on real time: start it with a test clock to move it")]
    NoTestClock,
    /// Backwards.
    #[error("a clock only moves forward: it is {0} already")]
    Past(Timestamp),
    /// Too far at once.
    #[error("too much would happen until then: move the clock in shorter steps")]
    TooFar,
}

impl Refusal for ClockRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoTestClock => "no_test_clock",
            Self::Past(_) => "clock_past",
            Self::TooFar => "clock_too_far",
        }
    }
}

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
    /// calendar, and does there what is due. Answers when all of it is done.
    ///
    /// # Errors
    ///
    /// A [`ClockRefusal`] on a real clock, for an instant that is past or too far; otherwise what
    /// stopped the work. The clock stays where it was stopped.
    pub async fn advance_to(&self, target: Timestamp) -> Result<Advanced, Error> {
        let clock = self.billing.test_clock().ok_or(ClockRefusal::NoTestClock)?;
        let now = self.billing.now();
        if target < now {
            return Err(ClockRefusal::Past(now).into());
        }
        let mut advanced = Advanced::default();
        while let Some(due) = self.billing.next_due().await?.filter(|due| *due <= target) {
            if advanced.moments == MOMENTS_MAX {
                return Err(ClockRefusal::TooFar.into());
            }
            clock.advance_to(due);
            advanced.moments += 1;
            self.live(&mut advanced).await?;
        }
        clock.advance_to(target);
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
