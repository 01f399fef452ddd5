//! `mkbill plan …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::money::Money;
use mkbill_core::plan::Plan;
use mkbill_core::plan::store::PlanSort;

use crate::api::plans::{
    NewPlanBody, PlanBody, PlanChangeBody, PlanKindBody, PlanQuery, RenewedTermsBody,
};
use crate::api::terms::{
    ActivationBody, BillingModeBody, CycleBody, LEAD_DAYS_USUAL, LateRenewalBody, ServiceBody,
    TermsBody, TermsChangeBody, UseStepBody,
};
use crate::api::values::{Given, PageBody};
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, listing, money, or_dash};
use super::quantity::{bytes, seconds};

#[derive(Debug, Subcommand)]
pub(super) enum PlanCommand {
    /// Add a plan
    Add(Box<AddArgs>),
    /// List plans
    List(ListArgs),
    /// Change a plan; what was sold stays as it was sold. An empty text or `none` takes a value away
    Change(Box<ChangeArgs>),
    /// Take a plan out of the sale; those who have it keep it
    Retire(OneArgs),
    /// Put a plan that was retired on sale again
    Restore(OneArgs),
    /// Give all who keep a plan its present terms with their next period
    RenewTerms(OneArgs),
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
    /// From so many bytes of a period on another router profile, such as 100GiB=home-2m; without a
    /// profile the login is closed until the next period. May be given several times
    #[arg(long, value_name = "SIZE[=PROFILE]", requires = "service", value_parser = use_step)]
    fair_use: Vec<UseStepBody>,
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
            fair_use: Some(self.fair_use).filter(|steps| !steps.is_empty()),
            tax: self.tax,
        })
    }
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Leave out those that are retired
    #[arg(long)]
    on_sale: bool,
    /// Only those that are retired
    #[arg(long)]
    retired: bool,
    /// Of this kind only
    #[arg(long, value_enum)]
    kind: Option<PlanKindBody>,
    /// A part of the name, whatever its case
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    page: PageArgs<PlanSort>,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Name or id
    plan: String,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// Name or id
    plan: String,
    /// Another unique name
    #[arg(long)]
    name: Option<String>,
    /// Another profile on the router
    #[arg(long, value_name = "NAME")]
    router_profile: Option<String>,
    /// What one voucher, or one period, costs you, in minor units (whole rupiah, cents)
    #[arg(long, value_name = "AMOUNT")]
    cost: Option<i64>,
    /// What one voucher, or one period, sells for, in minor units (whole rupiah, cents)
    #[arg(long, value_name = "AMOUNT")]
    sell: Option<i64>,
    /// Calendar time from the first login, such as 24h or 30d, or none
    #[arg(long, value_name = "SPAN", value_parser = or_none(seconds))]
    validity: Option<Given<u64>>,
    /// Time online, such as 5h, or none
    #[arg(long, value_name = "SPAN", value_parser = or_none(seconds))]
    uptime_quota: Option<Given<u64>>,
    /// Data in both directions together, such as 5GiB, or none
    #[arg(long, value_name = "SIZE", value_parser = or_none(bytes))]
    data_quota: Option<Given<u64>>,
    /// How long one period is
    #[arg(long, value_enum)]
    cycle: Option<CycleBody>,
    /// How many days a period has, with `--cycle days`
    #[arg(long, value_name = "DAYS")]
    cycle_days: Option<u16>,
    /// Whether a period is paid before or after it
    #[arg(long, value_enum)]
    billing: Option<BillingModeBody>,
    /// When the service of a new subscription begins
    #[arg(long, value_enum)]
    activation: Option<ActivationBody>,
    /// How many days before it is due an invoice is issued
    #[arg(long, value_name = "DAYS")]
    lead_days: Option<u32>,
    /// How many days after it was due an invoice may stay unpaid before the service is cut
    #[arg(long, value_name = "DAYS")]
    grace_days: Option<u32>,
    /// From when a period counts that was paid too late
    #[arg(long, value_enum)]
    late_renewal: Option<LateRenewalBody>,
    /// The router profile of a login whose service is cut; empty disables the login instead
    #[arg(long, value_name = "NAME", value_parser = or_empty)]
    overdue_profile: Option<Given<String>>,
    /// From so many bytes of a period on another router profile, such as 100GiB=home-2m; without a
    /// profile the login is closed until the next period. May be given several times
    #[arg(long, value_name = "SIZE[=PROFILE]", value_parser = use_step)]
    fair_use: Vec<UseStepBody>,
    /// Nothing happens any more when much is used
    #[arg(long, conflicts_with = "fair_use")]
    no_fair_use: bool,
    /// The tax on it, such as ppn; empty for no tax
    #[arg(long, value_name = "NAME", value_parser = or_empty)]
    tax: Option<Given<String>>,
    #[command(flatten)]
    write: WriteArgs,
}

/// A value that `none` takes away.
fn or_none(
    read: fn(&str) -> Result<u64, String>,
) -> impl Fn(&str) -> Result<Given<u64>, String> + Clone + Send + Sync + 'static {
    move |text| match text {
        "none" => Ok(Given::Null),
        text => read(text).map(Given::Value),
    }
}

/// A text that an empty one takes away.
#[expect(clippy::unnecessary_wraps, reason = "the shape of a parser of values")]
fn or_empty(text: &str) -> Result<Given<String>, String> {
    Ok(match text {
        "" => Given::Null,
        text => Given::Value(text.to_owned()),
    })
}

/// A step of a rule of fair use.
fn use_step(text: &str) -> Result<UseStepBody, String> {
    let (size, profile) = match text.split_once('=') {
        Some((size, profile)) => (size, Some(profile.to_owned())),
        None => (text, None),
    };
    Ok(UseStepBody { at_bytes: bytes(size)?, profile })
}

impl ChangeArgs {
    fn body(self, billing: &Billing) -> (PlanChangeBody, WriteArgs) {
        let amount = |minor| Money::new(minor, billing.currency()).into();
        let body = PlanChangeBody {
            name: self.name,
            router_profile: self.router_profile,
            cost: self.cost.map(amount),
            sell: self.sell.map(amount),
            uptime_quota_seconds: self.uptime_quota.unwrap_or_default(),
            data_quota_bytes: self.data_quota.unwrap_or_default(),
            validity_seconds: self.validity.unwrap_or_default(),
            terms: TermsChangeBody {
                cycle: self.cycle,
                cycle_days: self.cycle_days,
                billing: self.billing,
                activation: self.activation,
                lead_days: self.lead_days,
                grace_days: self.grace_days,
                late_renewal: self.late_renewal,
                overdue_profile: self.overdue_profile.unwrap_or_default(),
                fair_use: match (self.no_fair_use, self.fair_use) {
                    (true, _) => Given::Null,
                    (false, steps) if steps.is_empty() => Given::Absent,
                    (false, steps) => Given::Value(steps),
                },
                tax: self.tax.unwrap_or_default(),
            },
        };
        (body, self.write)
    }
}

pub(super) async fn run(billing: &Billing, command: PlanCommand) -> Result<Output, Failure> {
    match command {
        PlanCommand::Add(arguments) => add(billing, *arguments).await,
        PlanCommand::List(arguments) => {
            let query = PlanQuery {
                on_sale: arguments.on_sale,
                retired: arguments.retired,
                kind: arguments.kind,
                search: arguments.search,
                ..PlanQuery::default()
            };
            let page = billing.plans(query.filter()?, arguments.page.read()?).await?;
            Ok(list(&PageBody::of(page, PlanBody::from)))
        }
        PlanCommand::Change(arguments) => {
            let key = arguments.plan.clone();
            let (body, write) = arguments.body(billing);
            let plan = billing.change_plan(&write.caller()?, &key, body.read()?).await?;
            Ok(done(plan, &write, "changed"))
        }
        PlanCommand::Retire(OneArgs { plan, write }) => {
            let plan = billing.retire_plan(&write.caller()?, &plan).await?;
            Ok(done(plan, &write, "retired"))
        }
        PlanCommand::Restore(OneArgs { plan, write }) => {
            let plan = billing.restore_plan(&write.caller()?, &plan).await?;
            Ok(done(plan, &write, "restored"))
        }
        PlanCommand::RenewTerms(OneArgs { plan, write }) => {
            let subscriptions = billing.renew_terms(&write.caller()?, &plan).await?;
            let text = format!("subscriptions that get the terms of {plan} next: {subscriptions}");
            Ok(Output::new(RenewedTermsBody { subscriptions }, write.verdict(&text)))
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

fn done(plan: Plan, write: &WriteArgs, act: &str) -> Output {
    let text = write.verdict(&format!("{act} plan {}", plan.name));
    Output::new(PlanBody::from(plan), text)
}

fn list(page: &PageBody<PlanBody>) -> Output {
    let heads =
        ["name", "profile", "cost", "sell", "validity s", "online s", "data bytes", "retired"];
    listing(page, heads, |plan| {
        [
            plan.name.clone(),
            plan.router_profile.clone(),
            money(&plan.cost),
            money(&plan.sell),
            or_dash(plan.limits.validity_seconds),
            or_dash(plan.limits.uptime_quota_seconds),
            or_dash(plan.limits.data_quota_bytes),
            or_dash(plan.retired_at),
        ]
    })
}
