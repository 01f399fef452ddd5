//! `mkbill tax …`

use clap::{Args, Subcommand};
use jiff::civil::Date;
use mkbill_core::billing::Billing;

use crate::api::taxes::{TaxModeBody, TaxRuleBody, TaxRulesBody};
use crate::failure::Failure;

use super::args::WriteArgs;
use super::output::{Output, table};

#[derive(Debug, Subcommand)]
pub(super) enum TaxCommand {
    /// Add a tax rule that holds from a day on, until a later one of the same name does
    Add(AddArgs),
    /// List all tax rules
    List,
    /// Withdraw a tax rule that nothing was taxed by
    Withdraw(WithdrawArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Under which name dated rules belong together, such as ppn
    name: String,
    /// The first day on which it holds
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Date,
    /// Whether prices have it in them
    #[arg(long, value_enum, default_value_t = TaxModeBody::Exclusive)]
    mode: TaxModeBody,
    /// The rate in basis points: 1200 is 12 %
    #[arg(long, value_name = "BASIS_POINTS")]
    rate: u32,
    /// The part of the price that is taxed, such as 11/12
    #[arg(long, value_name = "FRACTION", value_parser = fraction, default_value = "1/1")]
    base: (u32, u32),
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct WithdrawArgs {
    /// Its name
    name: String,
    /// The first day on which it holds
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Date,
    #[command(flatten)]
    write: WriteArgs,
}

fn fraction(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('/').map(|(above, below)| (above.parse(), below.parse()));
    match parts {
        Some((Ok(above), Ok(below))) => Ok((above, below)),
        _ => Err("use a fraction such as 11/12".to_owned()),
    }
}

pub(super) async fn run(billing: &Billing, command: TaxCommand) -> Result<Output, Failure> {
    match command {
        TaxCommand::Add(arguments) => add(billing, arguments).await,
        TaxCommand::Withdraw(arguments) => withdraw(billing, arguments).await,
        TaxCommand::List => Ok(list(TaxRulesBody::of(billing.tax_rules().await?))),
    }
}

async fn add(billing: &Billing, arguments: AddArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let body = TaxRuleBody {
        name: arguments.name,
        since: arguments.since,
        mode: arguments.mode,
        rate_basis_points: arguments.rate,
        base_numerator: arguments.base.0,
        base_denominator: arguments.base.1,
    };
    let (name, rule) = body.read()?;
    billing.add_tax_rule(&caller, name, rule).await?;
    let text = arguments.write.verdict(&format!("added tax {} from {}", body.name, body.since));
    Ok(Output::new(body, text))
}

async fn withdraw(billing: &Billing, arguments: WithdrawArgs) -> Result<Output, Failure> {
    let WithdrawArgs { name, since, write } = arguments;
    billing.withdraw_tax_rule(&write.caller()?, name.parse()?, since).await?;
    let left = TaxRulesBody::of(billing.tax_rules().await?);
    Ok(Output::new(left, write.verdict(&format!("withdrew tax {name} from {since}"))))
}

fn list(rules: TaxRulesBody) -> Output {
    let rows = rules.items.iter().map(|rule| {
        let mode = if rule.mode == TaxModeBody::Inclusive { "inclusive" } else { "exclusive" };
        [
            rule.name.clone(),
            rule.since.to_string(),
            mode.to_owned(),
            rule.rate_basis_points.to_string(),
            format!("{}/{}", rule.base_numerator, rule.base_denominator),
        ]
    });
    let text = table(["name", "since", "mode", "basis points", "base"], rows.collect::<Vec<_>>());
    Output::new(rules, text)
}
