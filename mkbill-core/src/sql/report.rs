//! Reports in SQL.

use async_trait::async_trait;

use crate::kernel::money::{Currency, Money};
use crate::report::store::ReportStore;
use crate::report::{Days, SalesBy, SalesRow, StatisticsRow};
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
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

/// The business day in a batch's number, which is the day it was made.
macro_rules! made_on {
    () => {
        "(substr(b.number, 7, 4) || '-' || substr(b.number, 11, 2) || '-' || substr(b.number, 13, 2))"
    };
}

macro_rules! statistics {
    ($group:expr) => {
        concat!(
            "SELECT ",
            $group,
            " AS grp, COUNT(*) AS made, \
             COUNT(CASE WHEN v.state = 'pending_push' THEN 1 END) AS pending_push, \
             COUNT(CASE WHEN v.state = 'available' THEN 1 END) AS available, \
             COUNT(CASE WHEN v.state = 'active' THEN 1 END) AS active, \
             COUNT(CASE WHEN v.state = 'disabled' THEN 1 END) AS disabled, \
             COUNT(CASE WHEN v.state = 'expired' THEN 1 END) AS expired, \
             COUNT(CASE WHEN v.state = 'used_up' THEN 1 END) AS used_up, \
             COUNT(CASE WHEN v.state = 'cancelled' THEN 1 END) AS cancelled \
             FROM voucher v JOIN voucher_batch b ON b.id = v.batch_id \
             JOIN plan ON plan.id = b.plan_id LEFT JOIN vendor ON vendor.id = b.vendor_id \
             WHERE ",
            made_on!(),
            " >= $1 AND ",
            made_on!(),
            " <= $2 GROUP BY grp ORDER BY grp"
        )
    };
}

statements! {
    MADE_BY_DAY: "counting vouchers by day" = statistics!(made_on!());
    MADE_BY_PLAN: "counting vouchers by plan" = statistics!("plan.name");
    MADE_BY_VENDOR: "counting vouchers by vendor" = statistics!("COALESCE(vendor.code, '-')");
    MADE_BY_BATCH: "counting vouchers by batch" = statistics!("b.number");
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
        let read = |row: &D::Found| {
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

    async fn statistics(
        &mut self,
        days: Days,
        by: SalesBy,
    ) -> Result<Vec<StatisticsRow>, StoreError> {
        let statement = match by {
            SalesBy::Day => MADE_BY_DAY,
            SalesBy::Plan => MADE_BY_PLAN,
            SalesBy::Vendor => MADE_BY_VENDOR,
            SalesBy::Batch => MADE_BY_BATCH,
        };
        let read = |row: &D::Found| {
            let count = |column| row.int(column).map(unsigned);
            Ok(StatisticsRow {
                group: row.text("grp")?,
                made: count("made")?,
                pending_push: count("pending_push")?,
                available: count("available")?,
                active: count("active")?,
                disabled: count("disabled")?,
                expired: count("expired")?,
                used_up: count("used_up")?,
                cancelled: count("cancelled")?,
            })
        };
        let values = vec![days.from.to_string().into(), days.to.to_string().into()];
        self.all(statement, values, read).await
    }
}
