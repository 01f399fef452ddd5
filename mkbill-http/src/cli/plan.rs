//! `mkbill plan …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::money::Money;

use crate::api::plans::{NewPlanBody, PlanBody};
use crate::api::terms::{
    ActivationBody, BillingModeBody, CycleBody, LEAD_DAYS_USUAL, LateRenewalBody, ServiceBody,
    TermsBody,
};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, listing, money, or_dash};
use super::quantity::{bytes, seconds};

#[derive(Debug, Subcommand)]
pub(super) enum PlanCommand {
    /// Add a plan
    Add(Box<AddArgs>),
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
    /// What one voucher, or one period, costs you, in minor units (whole rupiah, cents)
    #[arg(long, value_name = "AMOUNT")]
    cost: i64,
    /// What one voucher, or one period, sells for, in minor units (whole rupiah, cents)
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
    terms: TermsArgs,
    #[command(flatten)]
    write: WriteArgs,
}

/// Terms of a plan that customers keep; `--service` makes it one.
#[derive(Debug, Args)]
pub(super) struct TermsArgs {
    /// Customers keep the plan from period to period, with this kind of login
    #[arg(long, value_enum)]
    service: Option<ServiceBody>,
    /// How long one period is
    #[arg(long, value_enum, requires = "service", default_value_t = CycleBody::Monthly)]
    cycle: CycleBody,
    /// How many days a period has, with `--cycle days`
    #[arg(long, value_name = "DAYS", requires = "service")]
    cycle_days: Option<u16>,
    /// Whether a period is paid before or after it
    #[arg(long, value_enum, requires = "service", default_value_t = BillingModeBody::Prepaid)]
    billing: BillingModeBody,
    /// When the service of a new subscription begins
    #[arg(long, value_enum, requires = "service", default_value_t = ActivationBody::Immediate)]
    activation: ActivationBody,
    /// How many days before it is due an invoice is issued
    #[arg(long, value_name = "DAYS", requires = "service", default_value_t = LEAD_DAYS_USUAL)]
    lead_days: u32,
    /// How many days after it was due an invoice may stay unpaid before the service is cut
    #[arg(long, value_name = "DAYS", requires = "service", default_value_t = 0)]
    grace_days: u32,
    /// From when a period counts that was paid too late
    #[arg(long, value_enum, requires = "service", default_value_t = LateRenewalBody::FromPayment)]
    late_renewal: LateRenewalBody,
    /// The router profile of a login whose service is cut, instead of disabling it
    #[arg(long, value_name = "NAME", requires = "service")]
    overdue_profile: Option<String>,
    /// The tax on it, such as ppn
    #[arg(long, value_name = "NAME", requires = "service")]
    tax: Option<String>,
}

impl TermsArgs {
    fn body(self) -> Option<TermsBody> {
        Some(TermsBody {
            service: self.service?,
            cycle: self.cycle,
            cycle_days: self.cycle_days,
            billing: self.billing,
            activation: self.activation,
            lead_days: self.lead_days,
            grace_days: self.grace_days,
            late_renewal: self.late_renewal,
            overdue_profile: self.overdue_profile,
            tax: self.tax,
        })
    }
}

pub(super) async fn run(billing: &Billing, command: PlanCommand) -> Result<Output, Failure> {
    match command {
        PlanCommand::Add(arguments) => add(billing, *arguments).await,
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
        terms: arguments.terms.body(),
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
