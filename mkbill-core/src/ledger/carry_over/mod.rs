//! What credit pays, and what a shortfall becomes.
//!
//! Money enters through the customer's credit, and invoices are paid only from it. A
//! [`CarryOverPolicy`] is the pure rule of how: it is given what is open and what is there, and says
//! what to move. It writes nothing, so what a payment would do can be shown before it is made.

mod position;
mod quote;

pub use position::{Allocation, Carried, Credit, Grant, OpenInvoice, Position, Spending, Term};
pub use quote::{Quote, prepaid_periods, quote};

use std::fmt;

use crate::kernel::ids::SubscriptionId;
use crate::kernel::money::MoneyError;

/// Decides what credit pays and what a payment buys. Pure: same position, same answer.
pub trait CarryOverPolicy: fmt::Debug + Send + Sync {
    /// What to move from credit to invoices now.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] when amounts of several currencies meet or a sum does not fit.
    fn allocate(&self, position: &Position) -> Result<Vec<Allocation>, MoneyError>;

    /// How many days of its period are granted by what has been paid on an invoice.
    fn days(&self, invoice: &OpenInvoice) -> u32;

    /// What the next invoice of a subscription takes over from its open ones. Each of those is closed
    /// as carried over, so that a shortfall is carried once.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] when amounts of several currencies meet or a sum does not fit.
    fn carry(&self, position: &Position, next: SubscriptionId) -> Result<Vec<Carried>, MoneyError>;

    /// What [`allocate`](Self::allocate) moves and the service that this grants.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] when amounts of several currencies meet or a sum does not fit.
    fn spend(&self, position: &Position) -> Result<Spending, MoneyError> {
        let allocations = self.allocate(position)?;
        let mut grants = Vec::new();
        for (before, after) in position.settled(&allocations)? {
            let Some(term) = before.term else { continue };
            let days = self.days(&after).saturating_sub(self.days(before));
            if days > 0 {
                grants.push(Grant { invoice: before.id, subscription: term.subscription, days });
            }
        }
        Ok(Spending { allocations, grants })
    }
}

/// Oldest invoice first; a period is granted when its invoice is paid in full, exactly one for each.
///
/// An excess stays as credit and buys no extra days. A shortfall stays on its invoice until the next
/// invoice of the subscription takes it over; an invoice that nothing was paid on stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct WholePeriod;

/// As [`WholePeriod`] for money; service is granted by whole days in proportion to what is paid, so
/// nothing is carried: days that were not paid were not served.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProratedDays;

impl CarryOverPolicy for WholePeriod {
    fn allocate(&self, position: &Position) -> Result<Vec<Allocation>, MoneyError> {
        position.oldest_first()
    }

    fn days(&self, invoice: &OpenInvoice) -> u32 {
        let paid = invoice.paid == invoice.total;
        invoice.term.filter(|_| paid).map_or(0, |term| term.days)
    }

    fn carry(&self, position: &Position, next: SubscriptionId) -> Result<Vec<Carried>, MoneyError> {
        position.shortfalls(next)
    }
}

impl CarryOverPolicy for ProratedDays {
    fn allocate(&self, position: &Position) -> Result<Vec<Allocation>, MoneyError> {
        position.oldest_first()
    }

    fn days(&self, invoice: &OpenInvoice) -> u32 {
        let (paid, total) = (invoice.paid.minor(), invoice.total.minor());
        invoice.term.map_or(0, |term| term.days_for(paid, total))
    }

    fn carry(&self, _: &Position, _: SubscriptionId) -> Result<Vec<Carried>, MoneyError> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests;
