//! `mkbill subscription …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::SubscriptionId;
use mkbill_core::kernel::language::said;
use mkbill_core::subscription::period_use::PeriodUse;
use mkbill_core::subscription::store::SubscriptionSort;
use uuid::Uuid;

use crate::api::fair_use::PeriodUseBody;
use crate::api::logins::{LineBody, NewLoginBody};
use crate::api::subscriptions::{
    CancelAtBody, ChangeAtBody, DiscountBody, NewSubscriptionBody, NewSubscriptionsBody,
    SubscriptionBody, SubscriptionViewBody, SubscriptionsQuery,
};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::login;
use super::output::{Output, facts, listing, money, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum SubscriptionCommand {
    /// Make a subscription and issue its first invoice
    Add(AddArgs),
    /// List subscriptions, newest first
    List(ListArgs),
    /// Show a subscription, its periods, its open invoices and its login
    Show {
        /// Id
        subscription: SubscriptionId,
    },
    /// Stop it by wish; nothing is served and nothing is charged meanwhile
    Pause(PauseArgs),
    /// Let a paused subscription go on
    Resume(OneArgs),
    /// End it
    Cancel(CancelArgs),
    /// Move it to another plan
    ChangePlan(ChangePlanArgs),
    /// Change what is taken off its price from now on
    Discount(DiscountCommandArgs),
    /// Issue the invoice of the next period now
    Bill(OneArgs),
    /// Bill as many of the next periods as the customer's credit pays for
    Prepay(OneArgs),
    /// Give it a login, in place of the one it has
    GiveLogin(GiveLoginArgs),
    /// Show what it has used of its present period, where its terms have a rule of fair use
    Use {
        /// Id
        subscription: SubscriptionId,
    },
    /// Count what it uses from zero again before its period is over
    ResetUse(OneArgs),
    /// Make the subscriptions of a JSON file, each by itself
    Bulk(BulkArgs),
    /// Let the engine look again at one that it could not bill, or whose login was refused
    Retry(OneArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Who keeps it: an id
    customer: Uuid,
    /// Which plan: name or id
    plan: String,
    /// The zone of its days, such as Asia/Jakarta
    #[arg(long, value_name = "NAME")]
    zone: Option<String>,
    #[command(flatten)]
    discount: DiscountArgs,
    #[command(flatten)]
    login: LoginArgs,
    #[command(flatten)]
    write: WriteArgs,
}

/// The login to be made for a subscription.
#[derive(Debug, Args)]
struct LoginArgs {
    /// Make a login of this name
    #[arg(long, value_name = "NAME", requires = "router", conflicts_with = "login_prefix")]
    login: Option<String>,
    /// Make a login with the next free name of this numbering
    #[arg(long, value_name = "PREFIX", requires = "router")]
    login_prefix: Option<String>,
    /// The router of the login: name or id
    #[arg(long, value_name = "ROUTER")]
    router: Option<String>,
    /// The password of the login; by chance if absent
    #[arg(long, value_name = "PASSWORD")]
    login_password: Option<String>,
    /// The only device that may use it: a MAC address
    #[arg(long, value_name = "MAC")]
    caller_id: Option<String>,
    /// The customer's fixed IPv4 address
    #[arg(long, value_name = "ADDRESS")]
    remote_address: Option<String>,
    /// Take over the user that bears the name on the router, with its password and its addresses
    #[arg(long, requires = "login")]
    adopt: bool,
}

impl LoginArgs {
    fn body(self) -> Option<NewLoginBody> {
        let line = LineBody {
            caller_id: self.caller_id,
            remote_address: self.remote_address,
            ..LineBody::default()
        };
        Some(NewLoginBody {
            router: self.router?,
            name: self.login,
            prefix: self.login_prefix,
            password: self.login_password,
            line: Some(line),
            adopt: self.adopt,
        })
    }
}

#[derive(Debug, Args)]
struct DiscountArgs {
    /// Taken off each price, in minor units (whole rupiah, cents)
    #[arg(long, value_name = "AMOUNT", default_value_t = 0)]
    discount: i64,
    /// Taken off each price, in basis points: 1000 is 10 %
    #[arg(long, value_name = "BASIS_POINTS", default_value_t = 0)]
    discount_basis_points: u32,
    /// For how many more periods; for ever if absent
    #[arg(long, value_name = "PERIODS")]
    discount_periods: Option<u32>,
}

impl DiscountArgs {
    fn body(&self) -> DiscountBody {
        DiscountBody {
            minor: self.discount,
            basis_points: self.discount_basis_points,
            periods: self.discount_periods,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Of this customer only
    #[arg(long, value_name = "ID")]
    customer: Option<Uuid>,
    /// On this plan only: name or id
    #[arg(long)]
    plan: Option<String>,
    /// In this state only, such as `overdue`
    #[arg(long)]
    state: Option<String>,
    /// Only those that the engine could not bill
    #[arg(long)]
    in_trouble: bool,
    /// With a login on this router: name or id
    #[arg(long)]
    router: Option<String>,
    /// Whose first day that is not granted is this one or later
    #[arg(long, value_name = "YYYY-MM-DD")]
    due_from: Option<Date>,
    /// Whose first day that is not granted is this one or earlier
    #[arg(long, value_name = "YYYY-MM-DD")]
    due_to: Option<Date>,
    #[command(flatten)]
    page: PageArgs<SubscriptionSort>,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Id
    subscription: SubscriptionId,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct GiveLoginArgs {
    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    login: LoginArgs,
}

#[derive(Debug, Args)]
pub(super) struct BulkArgs {
    /// A file with `{"items": [...]}` as in `POST /api/v1/subscriptions/bulk`
    file: PathBuf,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    #[command(flatten)]
    one: OneArgs,
    /// The day on which it goes on by itself
    #[arg(long, value_name = "YYYY-MM-DD")]
    resume_on: Option<Date>,
}

#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    one: OneArgs,
    /// When
    #[arg(long, value_enum)]
    at: CancelAtBody,
}

#[derive(Debug, Args)]
pub(super) struct ChangePlanArgs {
    #[command(flatten)]
    one: OneArgs,
    /// To which plan: name or id
    plan: String,
    /// When
    #[arg(long, value_enum)]
    at: ChangeAtBody,
}

#[derive(Debug, Args)]
pub(super) struct DiscountCommandArgs {
    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    discount: DiscountArgs,
}

pub(super) async fn run(
    billing: &Billing,
    command: SubscriptionCommand,
) -> Result<Output, Failure> {
    use SubscriptionCommand as Asked;
    let view = match command {
        Asked::Add(arguments) => return add(billing, arguments).await,
        Asked::List(arguments) => return list(billing, arguments).await,
        Asked::Show { subscription } => billing.subscription(subscription).await?,
        Asked::Pause(PauseArgs { one, resume_on }) => {
            billing.pause_subscription(&one.write.caller()?, one.subscription, resume_on).await?
        }
        Asked::Resume(one) => {
            billing.resume_subscription(&one.write.caller()?, one.subscription).await?
        }
        Asked::Cancel(CancelArgs { one, at }) => {
            billing.cancel_subscription(&one.write.caller()?, one.subscription, at.into()).await?
        }
        Asked::ChangePlan(ChangePlanArgs { one, plan, at }) => {
            let (caller, plan) = (one.write.caller()?, billing.plan(&plan).await?.id);
            let (id, at) = (one.subscription, at.into());
            billing.change_subscription_plan(&caller, id, plan, at).await?
        }
        Asked::Discount(DiscountCommandArgs { one, discount }) => {
            let (caller, discount) = (one.write.caller()?, discount.body().into());
            billing.discount_subscription(&caller, one.subscription, discount).await?
        }
        Asked::Bill(one) => {
            billing.bill_subscription(&one.write.caller()?, one.subscription).await?
        }
        Asked::Prepay(one) => {
            billing.prepay_subscription(&one.write.caller()?, one.subscription).await?
        }
        Asked::GiveLogin(GiveLoginArgs { one, login }) => {
            return give_login(billing, &one, login).await;
        }
        Asked::Use { subscription } => {
            let used = billing.period_use(subscription).await?;
            return used_shown(billing, subscription, used).await;
        }
        Asked::ResetUse(one) => {
            let used = billing.reset_use(&one.write.caller()?, one.subscription).await?;
            return used_shown(billing, one.subscription, used).await;
        }
        Asked::Bulk(arguments) => return bulk(billing, &arguments).await,
        Asked::Retry(one) => {
            billing.retry_subscription(&one.write.caller()?, one.subscription).await?
        }
    };
    Ok(shown(SubscriptionViewBody::of(view)?))
}

async fn add(billing: &Billing, arguments: AddArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let body = NewSubscriptionBody {
        customer: arguments.customer,
        plan: arguments.plan,
        zone: arguments.zone,
        discount: Some(arguments.discount.body()),
        login: arguments.login.body(),
    };
    let receipt = billing.subscribe(&caller, body.read(billing).await?).await?;
    Ok(shown(SubscriptionViewBody::of(receipt.value)?))
}

async fn give_login(billing: &Billing, one: &OneArgs, login: LoginArgs) -> Result<Output, Failure> {
    let caller = one.write.caller()?;
    let body = login.body().ok_or_else(|| {
        Error::invalid("router", said!("say on which router", "sebutkan di router mana"))
    })?;
    let login = billing.give_login(&caller, one.subscription, body.read(billing).await?).await?;
    Ok(login::shown(login.into(), &one.write))
}

async fn used_shown(
    billing: &Billing,
    id: SubscriptionId,
    used: Option<PeriodUse>,
) -> Result<Output, Failure> {
    let body = PeriodUseBody::of(billing, id, used).await?;
    let text = facts(&[
        ("from the customer", format!("{} bytes", body.bytes_in)),
        ("to the customer", format!("{} bytes", body.bytes_out)),
        ("steps passed", body.use_step.to_string()),
        ("next step at", body.next_at_bytes.map_or("-".to_owned(), |at| format!("{at} bytes"))),
        ("until", or_dash(body.ends_at)),
    ]);
    Ok(Output::new(body, text))
}

async fn bulk(billing: &Billing, arguments: &BulkArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let text = std::fs::read(&arguments.file);
    let text = text.map_err(Failure::file("reading the subscriptions", &arguments.file))?;
    let body: NewSubscriptionsBody = serde_json::from_slice(&text).map_err(|error| {
        Error::invalid("file", said!("it cannot be read: {error}", "tidak bisa dibaca: {error}"))
    })?;
    let done = body.make(billing, &caller).await?;
    let made = format!("{} of {} subscriptions made", done.made, done.items.len());
    let mut text = arguments.write.verdict(&made);
    for item in &done.items {
        if let Some(problem) = &item.problem {
            text = format!("{text}\nitem {}: {}", item.position, problem.detail);
        }
    }
    let well = done.failed == 0;
    Ok(Output::new(done, text).if_well(well))
}

async fn list(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let query = SubscriptionsQuery {
        customer: arguments.customer,
        plan: arguments.plan,
        state: arguments.state,
        in_trouble: arguments.in_trouble,
        router: arguments.router,
        due_from: arguments.due_from,
        due_to: arguments.due_to,
        ..SubscriptionsQuery::default()
    };
    let filter = query.filter(billing).await?;
    let page = billing.subscriptions(&filter, arguments.page.read()?).await?;
    let page = PageBody::of(page, SubscriptionBody::from);
    let heads = ["id", "customer", "state", "since", "price", "service until", "trouble"];
    Ok(listing(&page, heads, |subscription| {
        [
            subscription.id.to_string(),
            subscription.customer_id.to_string(),
            subscription.state.to_owned(),
            subscription.since.to_string(),
            money(&subscription.sell),
            or_dash(subscription.service_until),
            or_dash(subscription.trouble.as_ref()),
        ]
    }))
}

fn shown(view: SubscriptionViewBody) -> Output {
    let subscription = &view.subscription;
    let mut lines = vec![
        ("id", subscription.id.to_string()),
        ("customer", subscription.customer_id.to_string()),
        ("plan", view.plan.clone()),
        ("state", format!("{} since {}", subscription.state, subscription.since)),
        ("price", money(&subscription.sell)),
        ("service until", or_dash(subscription.service_until)),
        ("resumes on", or_dash(subscription.resume_on)),
        ("ends on", or_dash(subscription.ends_on)),
    ];
    for invoice in &view.open_invoices {
        let rest = money(&invoice.outstanding);
        lines.push(("open", format!("{}: {rest} due {}", invoice.number, invoice.due_on)));
    }
    if let Some(login) = &view.login {
        lines.push(("login", login.name.clone()));
        lines.push(("password", login.password.clone()));
        lines.push(("on the router", format!("{}, {}", login.presence, login.sync)));
    }
    if let Some(trouble) = &subscription.trouble {
        lines.push(("TROUBLE", trouble.clone()));
    }
    let text = facts(&lines);
    Output::new(view, text)
}
