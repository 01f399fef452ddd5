//! Reports: they fold the ledger and the books, never the router.

pub mod store;

use jiff::civil::Date;

use crate::kernel::money::Money;

/// By what sales are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SalesBy {
    /// Business date of the first login.
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
