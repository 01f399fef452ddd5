//! `mkbill router profile …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::said;
use mkbill_core::provisioning::LoginKind;

use crate::api::logins::LoginKindBody;
use crate::api::profiles::{
    ProfileWishBody, ProfileWishChangeBody, ProfileWishesBody, RouterProfileBody,
    RouterProfilesBody,
};
use crate::failure::Failure;

use super::args::WriteArgs;
use super::output::{Output, or_dash, table};

#[derive(Debug, Subcommand)]
pub(super) enum ProfileCommand {
    /// List the profiles that a router ought to have
    Wishes {
        /// The router: name or id
        router: String,
    },
    /// Want a profile on a router; what is not named is left as it is there
    Wish(Box<WishArgs>),
    /// Want a profile no more; what stands on the router stays
    Forget(WhichArgs),
}

#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// The router: name or id
    router: String,
    /// The name of the profile; that of the plan if one is given
    name: Option<String>,
    /// For this kind of logins
    #[arg(long)]
    kind: Option<LoginKindBody>,
    /// Take name and kind of the profile from this plan: name or id
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["name", "kind"])]
    plan: Option<String>,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct WishArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The speed: upload/download, then burst, threshold, time and priority
    #[arg(long, value_name = "SPEED")]
    rate_limit: Option<String>,
    /// The longest single session, in seconds
    #[arg(long, value_name = "SECONDS")]
    session_timeout: Option<u64>,
    /// A session that is silent for so many seconds ends
    #[arg(long, value_name = "SECONDS")]
    idle_timeout: Option<u64>,
    /// The pool, or the address, that customers get
    #[arg(long, value_name = "POOL")]
    remote_address: Option<String>,
    /// The router's address in the tunnel; PPPoE only
    #[arg(long, value_name = "ADDRESS")]
    local_address: Option<String>,
    /// The address list that sessions are entered in
    #[arg(long, value_name = "LIST")]
    address_list: Option<String>,
    /// How many sessions a login may have at once
    #[arg(long, value_name = "COUNT")]
    sessions_max: Option<u32>,
}

pub(super) async fn run(billing: &Billing, command: ProfileCommand) -> Result<Output, Failure> {
    match command {
        ProfileCommand::Wishes { router } => {
            let items = billing.profile_wishes(&router).await?;
            Ok(wishes(items.into_iter().map(ProfileWishBody::from).collect()))
        }
        ProfileCommand::Wish(arguments) => wish(billing, *arguments).await,
        ProfileCommand::Forget(which) => {
            let caller = which.write.caller()?;
            let (kind, name) = named(billing, &which).await?;
            billing.forget_profile(&caller, &which.router, kind, &name).await?;
            Ok(Output::verbatim(which.write.verdict(&format!("{name} is not wished any more"))))
        }
    }
}

/// Kind and name of a profile, from the arguments or from a plan.
async fn named(billing: &Billing, which: &WhichArgs) -> Result<(LoginKind, String), Error> {
    if let Some(plan) = &which.plan {
        let plan = billing.plan(plan).await?;
        let service = plan.terms.as_ref().map(|terms| terms.service.name());
        let kind = service.unwrap_or(LoginKind::Hotspot.name()).parse()?;
        return Ok((kind, plan.router_profile));
    }
    match (which.kind, &which.name) {
        (Some(kind), Some(name)) => Ok((kind.into(), name.clone())),
        _ => Err(Error::invalid(
            "name",
            said!("give a name and a --kind, or a --plan", "isi nama dan --kind, atau --plan"),
        )),
    }
}

async fn wish(billing: &Billing, arguments: WishArgs) -> Result<Output, Failure> {
    let WishArgs { which, .. } = &arguments;
    let caller = which.write.caller()?;
    let (kind, name) = named(billing, which).await?;
    let body = ProfileWishChangeBody {
        rate_limit: arguments.rate_limit.clone(),
        session_timeout_seconds: arguments.session_timeout,
        idle_timeout_seconds: arguments.idle_timeout,
        remote_address: arguments.remote_address.clone(),
        local_address: arguments.local_address.clone(),
        address_list: arguments.address_list.clone(),
        sessions_max: arguments.sessions_max,
    };
    let wish = billing.wish_profile(&caller, &which.router, body.read(kind, name)?).await?;
    let text = which.write.verdict(&format!("{} is wished on {}", wish.facts.name, which.router));
    Ok(Output::new(ProfileWishBody::from(wish), text))
}

fn wishes(items: Vec<ProfileWishBody>) -> Output {
    let row = |wish: &ProfileWishBody| {
        [
            LoginKind::from(wish.facts.kind).to_string(),
            wish.facts.name.clone(),
            or_dash(wish.facts.rate_limit.as_ref()),
            wish.sync.to_owned(),
            or_dash(wish.last_error.as_ref()),
        ]
    };
    let text = table(["kind", "name", "speed", "router", "trouble"], items.iter().map(row));
    Output::new(ProfileWishesBody { items }, text)
}

pub(super) fn list(found: RouterProfilesBody) -> Output {
    let row = |profile: &RouterProfileBody| {
        [
            LoginKind::from(profile.facts.kind).to_string(),
            profile.facts.name.clone(),
            or_dash(profile.facts.rate_limit.as_ref()),
            or_dash(profile.facts.remote_address.as_ref()),
            or_dash(profile.missing_since),
        ]
    };
    let heads = ["kind", "name", "speed", "addresses", "missing since"];
    let text = table(heads, found.items.iter().map(row));
    Output::new(found, text)
}
