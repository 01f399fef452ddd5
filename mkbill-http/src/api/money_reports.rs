//! Reports about money over HTTP.

use axum::Json;
use jiff::civil::Date;
use mkbill_core::kernel::permission::needs::ReportsView;
use mkbill_core::report::money::{
    AgeingRow, CashBy, CashRow, MonthRow, RevenueBy, RevenueRow, TrialRow,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::reports::{days, today};
use super::values::{MoneyBody, choices};
use super::{Answer, Problems};
use crate::auth::access::Reads;
use crate::extract::Query;

choices! {
    /// By what money that came in or went out is grouped.
    CashByBody as CashBy for CashBy {
        /// Business date.
        Day,
        /// Month of the business date.
        Month,
        /// The account on which it stands.
        Method,
    }
}

choices! {
    /// By what revenue is grouped.
    RevenueByBody as RevenueBy for RevenueBy {
        /// Business date.
        Day,
        /// Month of the business date.
        Month,
        /// The plan that earned it.
        Plan,
    }
}

/// A row whose every field but the first is an amount.
pub(crate) trait AmountRow: Serialize {
    /// The names of the columns.
    const HEADS: &[&str];

    /// What the row is about.
    fn head(&self) -> &str;

    /// The amounts, in their order.
    fn amounts(&self) -> Vec<&MoneyBody>;
}

/// Declares the body of a row whose every field but the first is an amount.
macro_rules! amounts {
    (
        $(#[$doc:meta])*
        $body:ident as $schema:ident for $core:ident {
            $(#[$head_doc:meta])* $head:ident;
            $($(#[$amount_doc:meta])* $amount:ident),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, ToSchema)]
        #[schema(as = $schema)]
        pub(crate) struct $body {
            $(#[$head_doc])* pub(crate) $head: String,
            $($(#[$amount_doc])* pub(crate) $amount: MoneyBody),+
        }

        impl From<$core> for $body {
            fn from(row: $core) -> Self {
                Self { $head: row.$head.to_string(), $($amount: row.$amount.into()),+ }
            }
        }

        impl AmountRow for $body {
            const HEADS: &[&str] = &[stringify!($head), $(stringify!($amount)),+];

            fn head(&self) -> &str {
                &self.$head
            }

            fn amounts(&self) -> Vec<&MoneyBody> {
                vec![$(&self.$amount),+]
            }
        }
    };
}

amounts! {
    /// One account of a trial balance.
    TrialRowBody as TrialRow for TrialRow {
        /// The account.
        account;
        /// The sum of all debits.
        debit,
        /// The sum of all credits, as a positive amount.
        credit,
        /// Debit less credit.
        balance,
    }
}

amounts! {
    /// Money that came in and went out.
    CashRowBody as CashRow for CashRow {
        /// The day, month or account.
        group;
        /// What came in.
        received,
        /// What went out again.
        returned,
        /// What is left of it.
        net,
    }
}

amounts! {
    /// What was earned, before tax.
    RevenueRowBody as RevenueRow for RevenueRow {
        /// The day, month or plan; `-` for what was invoiced without a plan.
        group;
        /// From vouchers.
        vouchers,
        /// From subscriptions, less what was given back.
        subscriptions,
        /// From invoices that people wrote, less what was given back.
        other,
        /// All of it.
        total,
    }
}

amounts! {
    /// One month.
    MonthRowBody as MonthRow for MonthRow {
        /// Such as `2026-03`.
        month;
        /// Invoiced before tax.
        invoiced,
        /// Tax on what was invoiced.
        tax,
        /// Taken back by withdrawing invoices, tax included.
        voided,
        /// Given back by credit notes, tax included.
        credited,
        /// Revenue from vouchers.
        vouchers,
        /// Money that came in.
        received,
        /// Money that went out again.
        returned,
        /// Corrections of credit: above zero was given.
        adjusted,
        /// Balances that customers brought along: above zero to their good.
        opened,
        /// What customers owe on invoices at the end of the month.
        receivable,
        /// What customers have paid and not spent at the end of the month.
        credit,
        /// Money that belongs to nobody known at the end of the month.
        suspense,
    }
}

/// Rows of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowsBody<T> {
    /// The rows, in the order of their names.
    pub(crate) rows: Vec<T>,
}

impl<T> RowsBody<T> {
    pub(crate) fn of<U: Into<T>>(rows: Vec<U>) -> Self {
        Self { rows: rows.into_iter().map(Into::into).collect() }
    }
}

/// Through which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThroughQuery {
    /// Last business day, included; all there is if absent.
    through: Option<Date>,
}

/// Debits and credits of every account.
#[utoipa::path(get, operation_id = "report_trial_balance", path = "/reports/trial-balance", tag = "reports", params(ThroughQuery),
    responses((status = 200, description = "The accounts", body = RowsBody<TrialRowBody>),
        Problems))]
pub(crate) async fn trial_balance(
    billing: Reads<ReportsView>,
    Query(query): Query<ThroughQuery>,
) -> Answer<RowsBody<TrialRowBody>> {
    Ok(Json(RowsBody::of(billing.trial_balance(query.through).await?)))
}

/// Which days, and how money is grouped.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct CashQuery {
    /// First business day; today if absent.
    from: Option<Date>,
    /// Last business day, included; today if absent.
    to: Option<Date>,
    /// By what it is grouped; by day if absent.
    #[param(inline)]
    by: Option<CashByBody>,
}

/// Money that came in and went out in a span of business days.
#[utoipa::path(get, operation_id = "report_cash", path = "/reports/cash", tag = "reports", params(CashQuery),
    responses((status = 200, description = "The groups", body = RowsBody<CashRowBody>), Problems))]
pub(crate) async fn cash(
    billing: Reads<ReportsView>,
    Query(query): Query<CashQuery>,
) -> Answer<RowsBody<CashRowBody>> {
    let days = days(&billing, query.from, query.to);
    let by = query.by.unwrap_or(CashByBody::Day);
    Ok(Json(RowsBody::of(billing.cash(days, by.into()).await?)))
}

/// Which days, and how revenue is grouped.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevenueQuery {
    /// First business day; today if absent.
    from: Option<Date>,
    /// Last business day, included; today if absent.
    to: Option<Date>,
    /// By what it is grouped; by day if absent.
    #[param(inline)]
    by: Option<RevenueByBody>,
}

/// What was earned in a span of business days, before tax.
#[utoipa::path(get, operation_id = "report_revenue", path = "/reports/revenue", tag = "reports", params(RevenueQuery),
    responses((status = 200, description = "The groups", body = RowsBody<RevenueRowBody>),
        Problems))]
pub(crate) async fn revenue(
    billing: Reads<ReportsView>,
    Query(query): Query<RevenueQuery>,
) -> Answer<RowsBody<RevenueRowBody>> {
    let days = days(&billing, query.from, query.to);
    let by = query.by.unwrap_or(RevenueByBody::Day);
    Ok(Json(RowsBody::of(billing.revenue(days, by.into()).await?)))
}

/// Which year.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct YearQuery {
    /// The year; this one, by the business zone, if absent.
    #[param(example = 2026)]
    year: Option<i16>,
}

/// What happened in each month of a year, and where balances stood at its end.
#[utoipa::path(get, operation_id = "report_months", path = "/reports/months", tag = "reports", params(YearQuery),
    responses((status = 200, description = "Twelve months", body = RowsBody<MonthRowBody>),
        Problems))]
pub(crate) async fn months(
    billing: Reads<ReportsView>,
    Query(query): Query<YearQuery>,
) -> Answer<RowsBody<MonthRowBody>> {
    let year = query.year.unwrap_or_else(|| today(&billing).year());
    Ok(Json(RowsBody::of(billing.months(year).await?)))
}

/// What is owed, by how long it is overdue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgeingRow)]
pub(crate) struct AgeingRowBody {
    /// The id of who owes it; null for the sum of all.
    pub(crate) customer_id: Option<Uuid>,
    /// Not due yet.
    pub(crate) current: MoneyBody,
    /// One to thirty days past due.
    pub(crate) days_30: MoneyBody,
    /// Thirty-one to sixty.
    pub(crate) days_60: MoneyBody,
    /// Sixty-one to ninety.
    pub(crate) days_90: MoneyBody,
    /// More than ninety.
    pub(crate) older: MoneyBody,
    /// All of it.
    pub(crate) total: MoneyBody,
}

impl From<AgeingRow> for AgeingRowBody {
    fn from(row: AgeingRow) -> Self {
        Self {
            customer_id: row.customer.map(mkbill_core::kernel::ids::CustomerId::uuid),
            current: row.current.into(),
            days_30: row.days_30.into(),
            days_60: row.days_60.into(),
            days_90: row.days_90.into(),
            older: row.older.into(),
            total: row.total.into(),
        }
    }
}

/// What customers owe on invoices that are open now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ageing)]
pub(crate) struct AgeingBody {
    /// The day by which they are overdue.
    pub(crate) on: Date,
    /// Who owes most first.
    pub(crate) rows: Vec<AgeingRowBody>,
    /// All of them.
    pub(crate) total: AgeingRowBody,
}

impl AgeingBody {
    pub(crate) fn of(on: Date, (rows, total): (Vec<AgeingRow>, AgeingRow)) -> Self {
        Self { on, rows: rows.into_iter().map(Into::into).collect(), total: total.into() }
    }
}

/// By which day debts are aged.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgeingQuery {
    /// The day; today if absent.
    on: Option<Date>,
}

/// What each customer owes on invoices that are open now, by how long they are overdue on a day.
#[utoipa::path(get, operation_id = "report_ageing", path = "/reports/ageing", tag = "reports", params(AgeingQuery),
    responses((status = 200, description = "The debts", body = AgeingBody), Problems))]
pub(crate) async fn ageing(
    billing: Reads<ReportsView>,
    Query(query): Query<AgeingQuery>,
) -> Answer<AgeingBody> {
    let on = query.on.unwrap_or_else(|| today(&billing));
    Ok(Json(AgeingBody::of(on, billing.ageing(on).await?)))
}
