//! Batches: many vouchers of one plan, made at once or not at all.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::{BatchId, PlanId, RouterId, VendorId};
use crate::kernel::language::said;
use crate::kernel::money::Money;
use crate::plan::{Limits, Prices};

use super::code::{CodeShape, LoginMode};

/// The most vouchers one batch may hold.
pub const BATCH_VOUCHERS_MAX: u32 = 10_000;

/// `BATCH-YYYYMMDD-NNN`: the business date and a gapless counter of that day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BatchNumber(String);

impl BatchNumber {
    /// The `count`-th batch of a day.
    pub fn new(day: Date, count: i64) -> Self {
        Self(format!("BATCH-{}-{count:03}", day.strftime("%Y%m%d")))
    }

    /// Wraps a stored number.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The number's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BatchNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// On which router.
    pub router: RouterId,
    /// Of which plan.
    pub plan: PlanId,
    /// For which vendor.
    pub vendor: Option<VendorId>,
    /// How many: 1 to 10,000.
    pub count: u32,
    /// What the codes look like.
    pub shape: CodeShape,
    /// Whether the password is the code.
    pub login_mode: LoginMode,
    /// Prices instead of the plan's.
    pub prices: Option<Prices>,
    /// The last business day on which an unused voucher may begin.
    pub sell_by: Option<Date>,
}

impl NewBatch {
    /// Checks the count and the shape of the codes.
    pub fn checked(self) -> Result<Self, Error> {
        check_count(self.count)?;
        Ok(Self { shape: self.shape.checked()?, ..self })
    }
}

/// Checks how many vouchers a batch is to have.
///
/// # Errors
///
/// [`Error::Invalid`] for none, or more than [`BATCH_VOUCHERS_MAX`].
pub fn check_count(count: u32) -> Result<(), Error> {
    if (1..=BATCH_VOUCHERS_MAX).contains(&count) {
        return Ok(());
    }
    let problem = said!(
        "use 1 to {BATCH_VOUCHERS_MAX}; got {given}",
        "gunakan 1 sampai {BATCH_VOUCHERS_MAX}; yang diterima {given}",
        given = count,
    );
    Err(Error::invalid("count", problem))
}

/// A batch as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Identity.
    pub id: BatchId,
    /// Its number for people.
    pub number: BatchNumber,
    /// On which router.
    pub router: RouterId,
    /// Of which plan.
    pub plan: PlanId,
    /// For which vendor.
    pub vendor: Option<VendorId>,
    /// How many vouchers.
    pub count: u32,
    /// The router profile its logins use.
    pub profile: String,
    /// What its codes look like.
    pub shape: CodeShape,
    /// Whether passwords are the codes.
    pub login_mode: LoginMode,
    /// Prices of each voucher.
    pub prices: Prices,
    /// Limits of each voucher when made.
    pub limits: Limits,
    /// Unused after this instant its vouchers end.
    pub sell_by: Option<Timestamp>,
    /// When and by whom it was made.
    pub created_at: Timestamp,
    /// The actor's name, written on the router too.
    pub created_by: String,
    /// When it was cancelled as a whole.
    pub cancelled_at: Option<Timestamp>,
}

/// How many vouchers stand where, and what they earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchTally {
    /// Waiting for the router.
    pub pending_push: u32,
    /// Waiting, and the router refuses them until somebody acts.
    pub blocked: u32,
    /// Ready for sale.
    pub available: u32,
    /// In use.
    pub active: u32,
    /// Closed.
    pub disabled: u32,
    /// Ended by the calendar.
    pub expired: u32,
    /// Ended by a quota.
    pub used_up: u32,
    /// Withdrawn.
    pub cancelled: u32,
    /// Revenue of those that were used, from the ledger.
    pub revenue: Money,
    /// Cost of those that were used.
    pub cost: Money,
}

/// What a batch shows of its push.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushReport {
    /// The most tries any of its logins has seen without an acknowledgement.
    pub attempts: u32,
    /// The latest reason why a login is not on the router.
    pub last_error: Option<String>,
}

/// Why a batch is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchRefusal {
    /// The shelf life ended before it began.
    #[error("sell_by {0} is already over: choose a later day")]
    SellByOver(Date),
    /// It was cancelled as a whole.
    #[error("batch {0} was cancelled")]
    Cancelled(BatchNumber),
}

impl Refusal for BatchRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::SellByOver(_) => "sell_by_over",
            Self::Cancelled(_) => "batch_cancelled",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::SellByOver(day) => {
                format!("sell_by {day} sudah lewat: pilih hari yang lebih akhir")
            }
            Self::Cancelled(number) => format!("batch {number} sudah dibatalkan"),
        }
    }
}
