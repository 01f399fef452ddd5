//! Questions to the books.

use async_trait::async_trait;

use crate::kernel::money::Currency;
use crate::store::StoreError;

use super::{Days, SalesBy, SalesRow};

/// Answers reports.
#[async_trait]
pub trait ReportStore: Send {
    /// Sales of a span of days in one currency.
    async fn sales(
        &mut self,
        days: Days,
        by: SalesBy,
        currency: Currency,
    ) -> Result<Vec<SalesRow>, StoreError>;
}
