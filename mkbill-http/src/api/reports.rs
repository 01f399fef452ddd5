//! Reports over HTTP.

use axum::Json;
use jiff::civil::Date;
use mkbill_core::billing::Reader;
use mkbill_core::kernel::permission::needs::ReportsView;
use mkbill_core::report::{Days, SalesBy, SalesReport, SalesRow, StatisticsRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::values::MoneyBody;
use super::{Answer, Problems};
use crate::auth::access::Reads;
use crate::extract::Query;

/// By what sales and statistics are grouped.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[schema(as = SalesBy)]
pub(crate) enum SalesByBody {
    /// Business date: of the first login for sales, of making for statistics.
    #[default]
    Day,
    /// Plan.
    Plan,
    /// Vendor.
    Vendor,
    /// Batch.
    Batch,
}

impl From<SalesByBody> for SalesBy {
    fn from(by: SalesByBody) -> Self {
        match by {
            SalesByBody::Day => Self::Day,
            SalesByBody::Plan => Self::Plan,
            SalesByBody::Vendor => Self::Vendor,
            SalesByBody::Batch => Self::Batch,
        }
    }
}

/// Which days, and how they are grouped.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SalesQuery {
    /// First business day; today if absent.
    from: Option<Date>,
    /// Last business day, included; today if absent.
    to: Option<Date>,
    /// By what they are grouped.
    #[serde(default)]
    #[param(inline, required = false)]
    by: SalesByBody,
}

/// The business date.
pub(crate) fn today(billing: &Reader) -> Date {
    billing.zone().date(billing.now())
}

/// Days with today, by the business zone, for those that are absent.
pub(crate) fn days(billing: &Reader, from: Option<Date>, to: Option<Date>) -> Days {
    let today = today(billing);
    Days { from: from.unwrap_or(today), to: to.unwrap_or(today) }
}

/// One group of a sales report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SalesRow)]
pub(crate) struct SalesRowBody {
    /// The day, plan, vendor or batch; `-` for sales without vendor.
    pub(crate) group: String,
    /// Vouchers whose revenue was earned.
    pub(crate) vouchers: u64,
    /// Revenue from the ledger.
    pub(crate) revenue: MoneyBody,
    /// Cost of those vouchers.
    pub(crate) cost: MoneyBody,
    /// Revenue less cost.
    pub(crate) profit: MoneyBody,
}

impl From<SalesRow> for SalesRowBody {
    fn from(row: SalesRow) -> Self {
        Self {
            group: row.group,
            vouchers: row.vouchers,
            revenue: row.revenue.into(),
            cost: row.cost.into(),
            profit: row.profit.into(),
        }
    }
}

/// Sales of a span of days: revenue is earned when a voucher is first used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SalesReport)]
pub(crate) struct SalesBody {
    /// First business day.
    pub(crate) from: Date,
    /// Last business day.
    pub(crate) to: Date,
    /// The groups, in the order of their names.
    pub(crate) rows: Vec<SalesRowBody>,
    /// All groups together.
    pub(crate) total: SalesRowBody,
}

impl SalesBody {
    pub(crate) fn of(days: Days, report: SalesReport) -> Self {
        Self {
            from: days.from,
            to: days.to,
            rows: report.rows.into_iter().map(SalesRowBody::from).collect(),
            total: report.total.into(),
        }
    }
}

/// Sales of a span of business days, from the ledger.
#[utoipa::path(get, operation_id = "report_sales", path = "/reports/sales", tag = "reports", params(SalesQuery),
    responses((status = 200, description = "The report", body = SalesBody), Problems))]
pub(crate) async fn sales(
    billing: Reads<ReportsView>,
    Query(query): Query<SalesQuery>,
) -> Answer<SalesBody> {
    let days = days(&billing, query.from, query.to);
    Ok(Json(SalesBody::of(days, billing.sales(days, query.by.into()).await?)))
}

/// One group of voucher statistics.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatisticsRow)]
pub(crate) struct StatisticsRowBody {
    /// The business day of making, plan, vendor or batch; `-` for vouchers without vendor.
    pub(crate) group: String,
    /// Made in all.
    pub(crate) made: u64,
    /// Waiting for the router.
    pub(crate) pending_push: u64,
    /// Ready for sale.
    pub(crate) available: u64,
    /// In use.
    pub(crate) active: u64,
    /// Closed by a person.
    pub(crate) disabled: u64,
    /// Ended by the calendar.
    pub(crate) expired: u64,
    /// Ended by a quota.
    pub(crate) used_up: u64,
    /// Withdrawn.
    pub(crate) cancelled: u64,
}

impl From<StatisticsRow> for StatisticsRowBody {
    fn from(row: StatisticsRow) -> Self {
        let StatisticsRow {
            group,
            made,
            pending_push,
            available,
            active,
            disabled,
            expired,
            used_up,
            cancelled,
        } = row;
        Self { group, made, pending_push, available, active, disabled, expired, used_up, cancelled }
    }
}

/// How the vouchers made in a span of days stand now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statistics)]
pub(crate) struct StatisticsBody {
    /// First business day.
    pub(crate) from: Date,
    /// Last business day.
    pub(crate) to: Date,
    /// The groups, in the order of their names.
    pub(crate) rows: Vec<StatisticsRowBody>,
}

impl StatisticsBody {
    pub(crate) fn of(days: Days, rows: Vec<StatisticsRow>) -> Self {
        let rows = rows.into_iter().map(StatisticsRowBody::from).collect();
        Self { from: days.from, to: days.to, rows }
    }
}

/// How the vouchers made in a span of business days stand now.
#[utoipa::path(get, operation_id = "report_statistics", path = "/reports/statistics", tag = "reports", params(SalesQuery),
    responses((status = 200, description = "The statistics", body = StatisticsBody), Problems))]
pub(crate) async fn statistics(
    billing: Reads<ReportsView>,
    Query(query): Query<SalesQuery>,
) -> Answer<StatisticsBody> {
    let days = days(&billing, query.from, query.to);
    Ok(Json(StatisticsBody::of(days, billing.statistics(days, query.by.into()).await?)))
}
