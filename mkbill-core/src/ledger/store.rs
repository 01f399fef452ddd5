//! The ledger at rest: it only grows.

use async_trait::async_trait;

use jiff::civil::Date;

use crate::kernel::ids::{CustomerId, SubscriptionId};
use crate::kernel::money::Money;
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::{Account, Appended, Entry};

/// Which entries of the books are wanted; what is absent does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// From this business date on.
    pub from: Option<Date>,
    /// Up to this business date, included.
    pub to: Option<Date>,
    /// With a side on this account.
    pub account: Option<Account>,
    /// On the statement of this customer.
    pub customer: Option<CustomerId>,
}

sorts! {
    /// What entries of the books may be sorted by.
    pub EntrySort of "entries", descending Created {
        /// When they were booked.
        Created = "created": Identity,
        /// Their business date.
        Date = "date": Day,
    }
}

/// Keeps the books.
#[async_trait]
pub trait LedgerStore: Send {
    /// Appends an entry, unless one of the same cause stands there already.
    async fn ledger_append(&mut self, entry: &Entry) -> Result<Appended, StoreError>;
    /// Appends entries, all of them new: a cause that is booked already is [`StoreError::Unique`].
    async fn ledger_append_all(&mut self, entries: &[Entry]) -> Result<(), StoreError>;
    /// A page of entries with their sides.
    async fn ledger_page(
        &mut self,
        filter: EntryFilter,
        page: PageRequest<EntrySort>,
    ) -> Result<Page<Entry>, StoreError>;
    /// What customers have paid and not spent, by subscription; `None` is credit for all. Amounts of
    /// zero are left out.
    async fn credit_of(
        &mut self,
        customers: &[CustomerId],
    ) -> Result<Vec<(CustomerId, Option<SubscriptionId>, Money)>, StoreError>;
    /// The last day of closed books, if any are closed.
    async fn books_locked_through(&mut self) -> Result<Option<Date>, StoreError>;
    /// The sum of every account that has postings, per currency.
    async fn ledger_balances(&mut self) -> Result<Vec<(Account, Money)>, StoreError>;
    /// Entries whose postings do not sum to zero; always 0 unless the data was damaged.
    async fn ledger_unbalanced_entries(&mut self) -> Result<u64, StoreError>;
}
