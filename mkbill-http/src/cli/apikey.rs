//! `mkbill apikey …`

use clap::{Args, Subcommand};
use mkbill_core::apikey::ApiKey;
use mkbill_core::billing::Billing;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::failure::Failure;

use super::args::WriteArgs;
use super::output::{Output, or_dash, table};

#[derive(Debug, Subcommand)]
pub(super) enum ApikeyCommand {
    /// Make a key; it is shown once
    Create(OneArgs),
    /// List all keys, without their secrets
    List,
    /// Refuse a key from now on
    Revoke(OneArgs),
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// The holder's name: a-z, A-Z, 0-9, -, _ and .
    name: String,
    #[command(flatten)]
    write: WriteArgs,
}

pub(super) async fn run(billing: &Billing, command: ApikeyCommand) -> Result<Output, Failure> {
    match command {
        ApikeyCommand::Create(one) => create(billing, &one).await,
        ApikeyCommand::List => Ok(list(&billing.api_keys().await?)),
        ApikeyCommand::Revoke(one) => {
            let key = billing.revoke_api_key(&one.write.caller()?, &one.name).await?;
            Ok(Output::new(shown(&key), one.write.verdict(&format!("revoked {}", key.name))))
        }
    }
}

async fn create(billing: &Billing, one: &OneArgs) -> Result<Output, Failure> {
    let (key, secret) = billing.create_api_key(&one.write.caller()?, &one.name).await?;
    let mut json = shown(&key);
    json["key"] = secret.expose_secret().into();
    let made = one.write.verdict(&format!("key of {}, shown this once:", key.name));
    Ok(Output::new(json, format!("{made}\n{}", secret.expose_secret())))
}

fn shown(key: &ApiKey) -> Value {
    json!({
        "id": key.id.uuid(),
        "name": key.name,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    })
}

fn list(keys: &[ApiKey]) -> Output {
    let row =
        |key: &ApiKey| [key.name.clone(), key.created_at.to_string(), or_dash(key.revoked_at)];
    let text = table(["name", "made", "revoked"], keys.iter().map(row));
    let items: Vec<_> = keys.iter().map(shown).collect();
    Output::new(json!({ "items": items, "next_cursor": null }), text)
}
