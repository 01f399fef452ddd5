//! Use cases around the trail: to look something up, and to prove that nothing was changed.

use uuid::Uuid;

use crate::audit::chain::{Head, Verification, Walk};
use crate::audit::export::AuditFormat;
use crate::audit::filter::{AuditFilter, AuditSort};
use crate::audit::store::AuditRow;
use crate::kernel::error::Error;
use crate::kernel::order::Order;
use crate::kernel::page::{Cursor, PAGE_ITEMS_MAX, Page, PageRequest};
use crate::transact::reading;

use super::Reader;

/// Records that are held in memory at once while the chain is followed.
const CHAIN_PAGE: u32 = 1_000;

impl Reader {
    /// The audit trail of one thing or of all; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn audit(
        &self,
        subject: Option<Uuid>,
        page: PageRequest<AuditSort>,
    ) -> Result<Page<AuditRow>, Error> {
        let filter = AuditFilter { subject, ..AuditFilter::default() };
        self.audit_rows(&filter, page).await
    }

    /// The rows of the trail that a filter lets through.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a filter that contradicts itself.
    pub async fn audit_rows(
        &self,
        filter: &AuditFilter,
        page: PageRequest<AuditSort>,
    ) -> Result<Page<AuditRow>, Error> {
        filter.check()?;
        reading!(self.store(), |tx| tx.audit_page(filter, page).await)
    }

    /// The trail as a file, oldest first, part by part; at most `rows_max` rows.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a filter that contradicts itself.
    pub fn export_audit(
        &self,
        filter: AuditFilter,
        format: AuditFormat,
        rows_max: usize,
    ) -> Result<AuditExport, Error> {
        filter.check()?;
        let reader = self.clone();
        Ok(AuditExport { reader, filter, format, left: rows_max, next: Next::Beginning })
    }

    /// Follows the chain of the trail from its first record to where it ended when this was asked,
    /// and tells how far it holds. It reads pages; writers are not held up.
    ///
    /// A head that an earlier verification told is `expected`: the chain has to pass through it. One
    /// that was written down elsewhere finds out even whoever changed the records, their hashes and
    /// the end that is kept beside them.
    ///
    /// # Errors
    ///
    /// What the store reports, such as a record that cannot be read.
    pub async fn verify_audit(&self, expected: Option<Head>) -> Result<Verification, Error> {
        let end = reading!(self.store(), |tx| tx.audit_end().await)?;
        let mut walk = Walk::to(end, expected);
        let mut limit = CHAIN_PAGE;
        while let Some(position) = walk.next() {
            match reading!(self.store(), |tx| tx.audit_chain_after(position, limit).await) {
                Ok(rows) => walk.take(&rows),
                // One of them cannot be read: from here on one by one, to find it.
                Err(Error::Broken { .. }) if limit > 1 => limit = 1,
                Err(Error::Broken { .. }) => walk.unreadable(),
                Err(error) => return Err(error),
            }
        }
        Ok(walk.found())
    }
}

/// A file of the trail that is read part by part, so that it is never in memory as a whole.
#[derive(Debug)]
pub struct AuditExport {
    reader: Reader,
    filter: AuditFilter,
    format: AuditFormat,
    left: usize,
    next: Next,
}

#[derive(Debug)]
enum Next {
    Beginning,
    Behind(Cursor),
    Nothing,
}

impl AuditExport {
    /// The part that follows; `None` behind the last one.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let after = match &self.next {
            Next::Beginning => None,
            Next::Behind(cursor) => Some(cursor.clone()),
            Next::Nothing => return Ok(None),
        };
        let is_beginning = after.is_none();
        let oldest_first = Order::ascending(AuditSort::Created);
        let page = PageRequest::sorted(oldest_first, after, PAGE_ITEMS_MAX)?;
        let found = self.reader.audit_rows(&self.filter, page).await?;
        let rows = &found.items[..found.items.len().min(self.left)];
        let text = self.format.text(rows, is_beginning)?;
        self.left -= rows.len();
        let more = found.next.filter(|_| self.left > 0);
        self.next = more.map_or(Next::Nothing, Next::Behind);
        Ok(Some(text))
    }
}
