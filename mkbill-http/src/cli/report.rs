//! `mkbill report …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;

use crate::api::reports::{SalesBody, SalesByBody, SalesRowBody, StatisticsBody};
use crate::failure::Failure;

use super::args::DaysArgs;
use super::figures::{self, FiguresReport};
use super::money_report::{self, MoneyReport};
use super::output::{Output, money, table};

#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// Sales of a span of business days, from the ledger
    Sales(SalesArgs),
    /// How the vouchers made in a span of business days stand now
    Statistics(SalesArgs),
    #[command(flatten)]
    Money(MoneyReport),
    #[command(flatten)]
    Figures(FiguresReport),
}

#[derive(Debug, Args)]
pub(super) struct SalesArgs {
    #[command(flatten)]
    days: DaysArgs,
    /// By what they are grouped
    #[arg(long, value_enum, default_value_t = SalesByBody::Day)]
    by: SalesByBody,
}

pub(super) async fn run(billing: &Billing, command: ReportCommand) -> Result<Output, Failure> {
    match command {
        ReportCommand::Sales(wanted) => sales(billing, &wanted).await,
        ReportCommand::Statistics(wanted) => statistics(billing, &wanted).await,
        ReportCommand::Money(report) => money_report::run(billing, report).await,
        ReportCommand::Figures(report) => figures::run(billing, report).await,
    }
}

async fn statistics(billing: &Billing, wanted: &SalesArgs) -> Result<Output, Failure> {
    let days = wanted.days.read(billing);
    let made = StatisticsBody::of(days, billing.statistics(days, wanted.by.into()).await?);
    let rows = made.rows.iter().map(|row| {
        let counts = [
            row.made,
            row.pending_push,
            row.available,
            row.active,
            row.disabled,
            row.expired,
            row.used_up,
            row.cancelled,
        ];
        let [made, pending, available, active, disabled, expired, used_up, cancelled] =
            counts.map(|count| count.to_string());
        let group = row.group.clone();
        [group, made, pending, available, active, disabled, expired, used_up, cancelled]
    });
    let names = [
        "group",
        "made",
        "pending_push",
        "available",
        "active",
        "disabled",
        "expired",
        "used_up",
        "cancelled",
    ];
    let text = table(names, rows.collect::<Vec<_>>());
    Ok(Output::new(made, text))
}

async fn sales(billing: &Billing, wanted: &SalesArgs) -> Result<Output, Failure> {
    let days = wanted.days.read(billing);
    let report = SalesBody::of(days, billing.sales(days, wanted.by.into()).await?);
    let row = |name: &str, row: &SalesRowBody| {
        let amounts = [&row.revenue, &row.cost, &row.profit].map(money);
        let [revenue, cost, profit] = amounts;
        [name.to_owned(), row.vouchers.to_string(), revenue, cost, profit]
    };
    let mut rows: Vec<_> = report.rows.iter().map(|group| row(&group.group, group)).collect();
    rows.push(row("total", &report.total));
    let text = table(["group", "vouchers", "revenue", "cost", "profit"], rows);
    Ok(Output::new(report, text))
}
