//! `mkbill plan …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::money::Money;

use crate::api::plans::{NewPlanBody, PlanBody};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, listing, money, or_dash};
use super::quantity::{bytes, seconds};

#[derive(Debug, Subcommand)]
pub(super) enum PlanCommand {
    /// Add a plan
    Add(AddArgs),
    /// List plans
    List(PageArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Unique name
    name: String,
    /// The hotspot user profile on the router
    #[arg(long, value_name = "NAME")]
    router_profile: String,
    /// What one voucher costs you, in minor units (whole rupiah, cents)
    #[arg(long, value_name = "AMOUNT")]
    cost: i64,
    /// What one voucher sells for, in minor units (whole rupiah, cents)
    #[arg(long, value_name = "AMOUNT")]
    sell: i64,
    /// Calendar time from the first login, such as 24h or 30d
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    validity: Option<u64>,
    /// Time online, such as 5h
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    uptime_quota: Option<u64>,
    /// Data in both directions together, such as 5GiB
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    data_quota: Option<u64>,
    #[command(flatten)]
    write: WriteArgs,
}

pub(super) async fn run(billing: &Billing, command: PlanCommand) -> Result<Output, Failure> {
    match command {
        PlanCommand::Add(arguments) => add(billing, arguments).await,
        PlanCommand::List(page) => {
            Ok(list(&PageBody::of(billing.plans(page.read()?).await?, PlanBody::from)))
        }
    }
}

async fn add(billing: &Billing, arguments: AddArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let amount = |minor| Money::new(minor, billing.currency()).into();
    let body = NewPlanBody {
        name: arguments.name,
        router_profile: arguments.router_profile,
        cost: amount(arguments.cost),
        sell: amount(arguments.sell),
        uptime_quota_seconds: arguments.uptime_quota,
        data_quota_bytes: arguments.data_quota,
        validity_seconds: arguments.validity,
    };
    let plan = PlanBody::from(billing.add_plan(&caller, body.read()?).await?);
    let text = arguments.write.verdict(&format!("added plan {}", plan.name));
    Ok(Output::new(plan, text))
}

fn list(page: &PageBody<PlanBody>) -> Output {
    let heads = ["name", "profile", "cost", "sell", "validity s", "online s", "data bytes"];
    listing(page, heads, |plan| {
        [
            plan.name.clone(),
            plan.router_profile.clone(),
            money(&plan.cost),
            money(&plan.sell),
            or_dash(plan.limits.validity_seconds),
            or_dash(plan.limits.uptime_quota_seconds),
            or_dash(plan.limits.data_quota_bytes),
        ]
    })
}
