//! Reports about money.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::ids::{CustomerId, EntryId};
use mkbill_core::report::store::StatementRange;
use uuid::Uuid;

use crate::api::books::StatementBody;
use crate::api::money_reports::{
    AgeingBody, AgeingRowBody, AmountRow, CashByBody, CashRowBody, MonthRowBody, RevenueByBody,
    RevenueRowBody, RowsBody, TrialRowBody,
};
use crate::api::reports::today;
use crate::failure::Failure;

use super::args::{DaysArgs, SpanArgs};
use super::output::{Output, columns, money, or_dash, table};

#[derive(Debug, Subcommand)]
pub(super) enum MoneyReport {
    /// Debits and credits of every account
    TrialBalance {
        /// Last business day, included; all there is if absent
        #[arg(long, value_name = "YYYY-MM-DD")]
        through: Option<Date>,
    },
    /// Money that came in and went out in a span of business days
    Cash {
        #[command(flatten)]
        days: DaysArgs,
        /// By what it is grouped
        #[arg(long, value_enum, default_value_t = CashByBody::Day)]
        by: CashByBody,
    },
    /// What was earned in a span of business days, before tax
    Revenue {
        #[command(flatten)]
        days: DaysArgs,
        /// By what it is grouped
        #[arg(long, value_enum, default_value_t = RevenueByBody::Day)]
        by: RevenueByBody,
    },
    /// What happened in each month of a year
    Months {
        /// Which year; this one if absent
        year: Option<i16>,
    },
    /// What customers owe, by how long it is overdue
    Ageing {
        /// By which day; today if absent
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<Date>,
    },
    /// Every entry of the books that concerns a customer, with the balance after it
    Statement(StatementArgs),
}

#[derive(Debug, Args)]
pub(super) struct StatementArgs {
    /// Id
    customer: CustomerId,
    #[command(flatten)]
    span: SpanArgs,
    /// The `more` of the page before
    #[arg(long, value_name = "ID")]
    after: Option<Uuid>,
}

pub(super) async fn run(billing: &Billing, report: MoneyReport) -> Result<Output, Failure> {
    match report {
        MoneyReport::TrialBalance { through } => {
            Ok(shown::<TrialRowBody>(billing.trial_balance(through).await?))
        }
        MoneyReport::Cash { days, by } => {
            Ok(shown::<CashRowBody>(billing.cash(days.read(billing), by.into()).await?))
        }
        MoneyReport::Revenue { days, by } => {
            Ok(shown::<RevenueRowBody>(billing.revenue(days.read(billing), by.into()).await?))
        }
        MoneyReport::Months { year } => {
            let year = year.unwrap_or_else(|| today(billing).year());
            Ok(shown::<MonthRowBody>(billing.months(year).await?))
        }
        MoneyReport::Ageing { on } => ageing(billing, on.unwrap_or_else(|| today(billing))).await,
        MoneyReport::Statement(arguments) => statement(billing, &arguments).await,
    }
}

fn shown<T: AmountRow>(rows: Vec<impl Into<T>>) -> Output {
    let report = RowsBody::of(rows);
    let line = |row: &T| {
        let amounts = row.amounts().into_iter().map(money);
        std::iter::once(row.head().to_owned()).chain(amounts).collect()
    };
    let text = columns(T::HEADS, report.rows.iter().map(line));
    Output::new(report, text)
}

async fn ageing(billing: &Billing, on: Date) -> Result<Output, Failure> {
    let report = AgeingBody::of(on, billing.ageing(on).await?);
    let row = |name: String, row: &AgeingRowBody| {
        let ages = [&row.current, &row.days_30, &row.days_60, &row.days_90, &row.older, &row.total];
        let [current, days_30, days_60, days_90, older, total] = ages.map(money);
        [name, current, days_30, days_60, days_90, older, total]
    };
    let owing = report.rows.iter().map(|owing| row(or_dash(owing.customer_id), owing));
    let rows = owing.chain(std::iter::once(row("total".to_owned(), &report.total)));
    let heads = ["customer", "not due", "1-30", "31-60", "61-90", "older", "total"];
    let text = table(heads, rows.collect::<Vec<_>>());
    Ok(Output::new(report, text))
}

async fn statement(billing: &Billing, arguments: &StatementArgs) -> Result<Output, Failure> {
    let after = arguments.after.map(EntryId::from_uuid);
    let range = StatementRange { after, from: arguments.span.from, to: arguments.span.to };
    let statement = billing.statement(arguments.customer, range).await?;
    let statement = StatementBody::of(arguments.customer, statement);
    let none = String::new;
    let opening = [none(), "opening".to_owned(), none(), none(), money(&statement.opening)];
    let lines = statement.lines.iter().map(|line| {
        let about = line.invoice.as_ref().or(line.payment.as_ref());
        let (on, about) = (line.on.to_string(), or_dash(about));
        [on, line.cause.clone(), about, money(&line.change), money(&line.balance)]
    });
    let rows: Vec<_> = std::iter::once(opening).chain(lines).collect();
    let mut text = table(["on", "what", "about", "change", "balance"], rows);
    if let Some(after) = statement.next_after {
        text = format!("{text}\nmore: --after {after}");
    }
    Ok(Output::new(statement, text))
}
