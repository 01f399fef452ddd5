//! The ledger at rest: it only grows.

use async_trait::async_trait;

use crate::kernel::money::Money;
use crate::store::StoreError;

use super::{Account, Appended, Entry};

/// Keeps the books.
#[async_trait]
pub trait LedgerStore: Send {
    /// Appends an entry, unless one of the same cause stands there already.
    async fn ledger_append(&mut self, entry: &Entry) -> Result<Appended, StoreError>;
    /// The sum of every account that has postings, per currency.
    async fn ledger_balances(&mut self) -> Result<Vec<(Account, Money)>, StoreError>;
    /// Entries whose postings do not sum to zero; always 0 unless the data was damaged.
    async fn ledger_unbalanced_entries(&mut self) -> Result<u64, StoreError>;
}
