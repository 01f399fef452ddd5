//! Reports in SQL.

use async_trait::async_trait;

use crate::kernel::money::{Currency, Money};
use crate::report::store::ReportStore;
use crate::report::{Days, SalesBy, SalesRow};
use crate::store::StoreError;

use super::engine::{Dialect, Record};
use super::statement::{Statement, statements};
use super::{SqlTx, unsigned};

/// One statement per grouping: the same sums, another name for the group.
macro_rules! sales {
    ($group:literal) => {
        concat!(
            "SELECT ",
            $group,
            " AS grp, COUNT(*) AS vouchers, \
             CAST(SUM(-p.amount_minor) AS bigint) AS revenue, \
             CAST(SUM(v.price_cost_minor) AS bigint) AS cost \
             FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id \
             JOIN voucher v ON v.id = e.voucher_id JOIN voucher_batch b ON b.id = v.batch_id \
             JOIN plan ON plan.id = b.plan_id LEFT JOIN vendor ON vendor.id = e.vendor_id \
             WHERE p.account = 'voucher_revenue' AND p.currency = $3 \
             AND e.business_date >= $1 AND e.business_date <= $2 GROUP BY grp ORDER BY grp"
        )
    };
}

statements! {
    BY_DAY: "reporting sales by day" = sales!("CAST(e.business_date AS text)");
    BY_PLAN: "reporting sales by plan" = sales!("plan.name");
    BY_VENDOR: "reporting sales by vendor" = sales!("COALESCE(vendor.code, '-')");
    BY_BATCH: "reporting sales by batch" = sales!("b.number");
}

#[async_trait]
impl<D: Dialect> ReportStore for SqlTx<D> {
    async fn sales(
        &mut self,
        days: Days,
        by: SalesBy,
        currency: Currency,
    ) -> Result<Vec<SalesRow>, StoreError> {
        let statement = match by {
            SalesBy::Day => BY_DAY,
            SalesBy::Plan => BY_PLAN,
            SalesBy::Vendor => BY_VENDOR,
            SalesBy::Batch => BY_BATCH,
        };
        let read = |row: &D::Row| {
            let (revenue, cost) = (row.int("revenue")?, row.int("cost")?);
            Ok(SalesRow {
                group: row.text("grp")?,
                vouchers: unsigned(row.int("vouchers")?),
                revenue: Money::new(revenue, currency),
                cost: Money::new(cost, currency),
                profit: Money::new(revenue.saturating_sub(cost), currency),
            })
        };
        let values = vec![days.from.into(), days.to.into(), currency.code().into()];
        self.all(statement, values, read).await
    }
}
