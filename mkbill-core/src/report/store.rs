//! Questions to the books.

use async_trait::async_trait;

use crate::kernel::money::Currency;
use crate::store::StoreError;

use super::{Days, SalesBy, SalesRow, StatisticsRow};

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
    /// How the vouchers made in a span of days stand now.
    async fn statistics(
        &mut self,
        days: Days,
        by: SalesBy,
    ) -> Result<Vec<StatisticsRow>, StoreError>;
}
