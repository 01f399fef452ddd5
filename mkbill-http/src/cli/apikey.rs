//! `mkbill apikey …`

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::permission::Role;

use crate::api::apikeys::{ApiKeyBody, MadeApiKeyBody, NewApiKeyBody};
use crate::api::staff::RoleBody;
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::WriteArgs;
use super::output::{Output, listing, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum ApikeyCommand {
    /// Make a key; it is shown once
    Create(CreateArgs),
    /// List all keys, without their secrets
    List,
    /// Refuse a key from now on
    Revoke(OneArgs),
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// The holder's name: a-z, A-Z, 0-9, -, _ and .
    name: String,
    #[command(flatten)]
    purpose: PurposeArgs,
    /// Until when it is good, such as 2027-01-01T00:00:00Z; for ever if absent
    #[arg(long, value_name = "INSTANT")]
    expires: Option<Timestamp>,
    #[command(flatten)]
    write: WriteArgs,
}

/// What a key is for.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct PurposeArgs {
    /// What it may do: a permission such as vouchers.create, vouchers.* or *; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Everything that this role may do: operator, admin or `super_admin`
    #[arg(long)]
    role: Option<Role>,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// The holder's name
    name: String,
    #[command(flatten)]
    write: WriteArgs,
}

pub(super) async fn run(billing: &Billing, command: ApikeyCommand) -> Result<Output, Failure> {
    match command {
        ApikeyCommand::Create(arguments) => create(billing, arguments).await,
        ApikeyCommand::List => {
            Ok(list(&PageBody::whole(billing.api_keys().await?, ApiKeyBody::from)))
        }
        ApikeyCommand::Revoke(OneArgs { name, write }) => {
            let key = ApiKeyBody::from(billing.revoke_api_key(&write.caller()?, &name).await?);
            let text = write.verdict(&format!("revoked {}", key.name));
            Ok(Output::new(key, text))
        }
    }
}

async fn create(billing: &Billing, arguments: CreateArgs) -> Result<Output, Failure> {
    let CreateArgs { name, purpose, expires, write } = arguments;
    let role = purpose.role.map(RoleBody::from);
    let body = NewApiKeyBody { name, scopes: purpose.scope, role, expires_at: expires };
    let made = billing.create_api_key(&write.caller()?, &body.read()?).await?;
    let body = MadeApiKeyBody::of(made);
    let done = write.verdict(&format!("key of {}, shown this once:", body.api_key.name));
    let text = format!("{done}\n{}", body.key);
    Ok(Output::new(body, text))
}

fn list(page: &PageBody<ApiKeyBody>) -> Output {
    listing(page, ["name", "made", "last used", "until", "revoked", "for"], |key| {
        [
            key.name.clone(),
            key.created_at.to_string(),
            or_dash(key.last_used_at),
            or_dash(key.expires_at),
            or_dash(key.revoked_at),
            key.scopes.join(" "),
        ]
    })
}
