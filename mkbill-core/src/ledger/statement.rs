//! A customer's statement ("kartu piutang"): every entry that concerns the customer, with the balance
//! after it.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::document::DocumentNumber;
use crate::kernel::ids::EntryId;
use crate::kernel::money::{Money, MoneyError};

use super::Cause;

/// One entry as a customer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// The entry.
    pub entry: EntryId,
    /// What it records.
    pub cause: Cause,
    /// The business date it belongs to.
    pub on: Date,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// The invoice it is about.
    pub invoice: Option<DocumentNumber>,
    /// The payment it is about.
    pub payment: Option<DocumentNumber>,
    /// Why, in the words of whoever wrote it.
    pub memo: Option<String>,
    /// What it changes of the balance: above zero is to the customer's good. Zero where credit pays an
    /// invoice.
    pub change: Money,
    /// What it moves between credit and invoices.
    pub moved: Money,
    /// The balance after it: credit less what is owed.
    pub balance: Money,
}

/// A page of a statement, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The balance before the first line.
    pub opening: Money,
    /// The lines.
    pub lines: Vec<StatementLine>,
    /// The balance after the last line.
    pub closing: Money,
    /// Behind which entry the next page begins; absent on the last page.
    pub next: Option<EntryId>,
}

impl Statement {
    /// Cuts a read of `most + 1` lines to a page and works out the balance after each line.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`] when a balance does not fit.
    pub fn of(
        opening: Money,
        mut lines: Vec<StatementLine>,
        most: usize,
    ) -> Result<Self, MoneyError> {
        let more = lines.len() > most;
        lines.truncate(most);
        let next = lines.last().filter(|_| more).map(|line| line.entry);
        let mut closing = opening;
        for line in &mut lines {
            closing = closing.checked_add(line.change)?;
            line.balance = closing;
        }
        Ok(Self { opening, lines, closing, next })
    }
}
