//! How much a subscription has used in its present period.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::ids::SubscriptionId;

use super::Subscription;
use super::cycle::{Calendar, Period};
use super::period::BilledPeriod;

/// What was used in the present period by a subscription whose terms have a rule of fair use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodUse {
    /// Whose.
    pub subscription: SubscriptionId,
    /// When the period began for which bytes are counted; `None` until the rule was looked at first.
    pub began_at: Option<Timestamp>,
    /// Bytes from the customer.
    pub bytes_in: u64,
    /// Bytes to the customer.
    pub bytes_out: u64,
    /// From how many bytes on the next step begins.
    pub next_at: Option<u64>,
    /// When the rule has to be looked at again.
    pub due_at: Timestamp,
}

impl PeriodUse {
    /// Both directions together.
    pub const fn bytes(&self) -> u64 {
        self.bytes_in.saturating_add(self.bytes_out)
    }
}

/// The period that a day belongs to: of those that are written down, which a standstill may have moved,
/// else by the calendar. `None` before the first.
pub fn period_on(
    subscription: &Subscription,
    periods: &[BilledPeriod],
    day: Date,
) -> Option<Period> {
    let written = periods.iter().map(|row| row.period).find(|period| period.contains(day));
    written.or_else(|| {
        let calendar =
            Calendar { cycle: subscription.terms.cycle, anchor: subscription.schedule.anchor };
        calendar.period_on(day).map(|(_, period)| period)
    })
}
