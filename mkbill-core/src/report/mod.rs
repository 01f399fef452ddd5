//! Reports: they fold the ledger and the books, never the router.

pub mod money;
pub mod store;
pub mod subscribers;

use jiff::civil::Date;

use crate::kernel::money::Money;

/// How many there are of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Of what.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// By what sales and statistics are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SalesBy {
    /// Business date: of the first login for sales, of making for statistics.
    Day,
    /// Plan.
    Plan,
    /// Vendor; sales without vendor are one group.
    Vendor,
    /// Batch.
    Batch,
}

impl SalesBy {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Plan => "plan",
            Self::Vendor => "vendor",
            Self::Batch => "batch",
        }
    }

    /// Reads a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Day, Self::Plan, Self::Vendor, Self::Batch].into_iter().find(|by| by.name() == name)
    }
}

/// One group of a sales report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesRow {
    /// The day, plan, vendor or batch; `-` for sales without vendor.
    pub group: String,
    /// Vouchers whose revenue was earned.
    pub vouchers: u64,
    /// Revenue from the ledger.
    pub revenue: Money,
    /// Cost of those vouchers.
    pub cost: Money,
    /// Revenue less cost.
    pub profit: Money,
}

/// One group of voucher statistics: how many were made, and where they stand now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatisticsRow {
    /// The business day of making, plan, vendor or batch; `-` for vouchers without vendor.
    pub group: String,
    /// Made in all.
    pub made: u64,
    /// Waiting for the router.
    pub pending_push: u64,
    /// Ready for sale.
    pub available: u64,
    /// In use.
    pub active: u64,
    /// Closed by a person.
    pub disabled: u64,
    /// Ended by the calendar.
    pub expired: u64,
    /// Ended by a quota.
    pub used_up: u64,
    /// Withdrawn.
    pub cancelled: u64,
}

/// A span of business dates, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// A sales report: groups and their total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesReport {
    /// The groups, in the order of their names.
    pub rows: Vec<SalesRow>,
    /// All groups together.
    pub total: SalesRow,
}
