//! Profiles that a router ought to have.

use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::controller::ChangeOutcome;
use mkbill_core::provisioning::profile::ProfileFacts;

use super::fault::chain;
use crate::client::Client;
use crate::command::hotspot::UserProfile;
use crate::command::{Command, Record as _, ppp};
use crate::error::{Error, ErrorKind};
use crate::value::duration;

/// One after the other: there are few, and a router has to be asked first which of them are there.
pub(super) async fn put_all(client: &Client, profiles: &[ProfileFacts]) -> Vec<ChangeOutcome> {
    let mut outcomes = Vec::with_capacity(profiles.len());
    for profile in profiles {
        outcomes.push(match put(client, profile).await {
            Ok(()) => ChangeOutcome::Applied,
            Err(error) => outcome(&error),
        });
    }
    outcomes
}

fn outcome(error: &Error) -> ChangeOutcome {
    match error.kind() {
        ErrorKind::BadReference { .. } | ErrorKind::BadRequest | ErrorKind::Denied => {
            ChangeOutcome::Refused(chain(error))
        }
        _ => ChangeOutcome::Unfinished(chain(error)),
    }
}

async fn put(client: &Client, profile: &ProfileFacts) -> Result<(), Error> {
    let menu = match profile.kind {
        LoginKind::Hotspot => UserProfile::MENU,
        LoginKind::Pppoe => ppp::Profile::MENU,
    };
    let there = Command::new(format!("{menu}/print")).fields(&[".id"]);
    let there = client.run(there.where_is("name", &profile.name)).await?;
    let id = there.rows.first().and_then(|row| row.text(".id"));
    let command = match id {
        Some(id) => Command::new(format!("{menu}/set")).with(".id", id.as_bytes()),
        None => Command::new(format!("{menu}/add")).with("name", &profile.name),
    };
    client.run(said(command, profile)).await.map(drop)
}

fn said(command: Command, profile: &ProfileFacts) -> Command {
    let command = command
        .with_some("rate-limit", profile.rate_limit.as_ref())
        .with_some("session-timeout", profile.session_timeout.map(duration::format))
        .with_some("idle-timeout", profile.idle_timeout.map(duration::format))
        .with_some("address-list", profile.address_list.as_ref());
    match profile.kind {
        LoginKind::Hotspot => command
            .with_some("address-pool", profile.remote_address.as_ref())
            .with_some("shared-users", profile.sessions_max.map(|most| most.to_string())),
        LoginKind::Pppoe => command
            .with_some("remote-address", profile.remote_address.as_ref())
            .with_some("local-address", profile.local_address.as_ref())
            .with_some("only-one", profile.sessions_max.map(|_| "yes")),
    }
}
