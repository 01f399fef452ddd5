//! Changing a router: new users in bulk, everything else step by step.

use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::controller::{
    Change, ChangeOutcome, LoginAdd, Mark, ObjectId, Progress, Step, UserPatch,
};
use mkbill_core::provisioning::line::LineField;
use secrecy::SecretString;

use super::fault::chain;
use crate::client::{Answer, Client, Link, bulk};
use crate::command::hotspot::{self, Cookie, NewUser, User, UserChange};
use crate::command::ppp::{self, Secret};
use crate::command::{Command, ItemId, Record as _, Switch, remove};
use crate::error::{Error, ErrorKind};

pub(super) async fn add_all(
    link: &Link,
    adds: &[LoginAdd],
    mark: &dyn Mark,
    progress: &dyn Progress,
) -> Vec<ChangeOutcome> {
    let items: Vec<bulk::NamedAdd> = adds.iter().map(named).collect();
    let outcomes =
        bulk::add_all(link, &items, |seen| progress.advanced(seen.settled, seen.total)).await;
    outcomes.into_iter().zip(adds).map(|(outcome, add)| judged(outcome, add, mark)).collect()
}

fn named(add: &LoginAdd) -> bulk::NamedAdd {
    bulk::NamedAdd {
        menu: menu(add.kind).to_owned(),
        name: add.name.clone(),
        add: added(add),
        mark: add.comment.clone().into_bytes(),
    }
}

fn menu(kind: LoginKind) -> &'static str {
    match kind {
        LoginKind::Hotspot => User::MENU,
        LoginKind::Pppoe => Secret::MENU,
    }
}

fn added(add: &LoginAdd) -> Command {
    let command = match add.kind {
        LoginKind::Hotspot => new_user(add).add(),
        LoginKind::Pppoe => Command::new("/ppp/secret/add")
            .with("name", &add.name)
            .with("password", &add.password)
            .with("profile", &add.profile)
            .with("comment", &add.comment),
    };
    add.line.fields().fold(command, |command, (field, value)| with(command, add.kind, field, value))
}

fn with(command: Command, kind: LoginKind, field: LineField, value: &str) -> Command {
    match field.on_router(kind) {
        Some(name) => command.with(name, value),
        None => command,
    }
}

fn new_user(add: &LoginAdd) -> NewUser {
    NewUser {
        name: add.name.clone(),
        password: SecretString::from(add.password.clone()),
        profile: add.profile.clone(),
        server: None,
        limit_uptime: add.limit_uptime,
        limit_bytes_total: add.limit_bytes,
        comment: add.comment.clone(),
    }
}

fn judged(outcome: bulk::ItemOutcome, add: &LoginAdd, mark: &dyn Mark) -> ChangeOutcome {
    match outcome {
        bulk::ItemOutcome::Added(_) | bulk::ItemOutcome::Adopted(_) => ChangeOutcome::Applied,
        bulk::ItemOutcome::Conflict(existing) => {
            let comment = String::from_utf8_lossy(&existing.comment);
            if mark.is_same(&comment, &add.comment) {
                ChangeOutcome::Unfinished("it stands on the router with older settings".to_owned())
            } else {
                ChangeOutcome::NameTaken
            }
        }
        bulk::ItemOutcome::Rejected(error) => failed(&error, add.kind, &add.profile),
        bulk::ItemOutcome::Unknown => {
            ChangeOutcome::Unfinished("the router did not say whether it was added".to_owned())
        }
    }
}

fn failed(error: &Error, kind: LoginKind, profile: &str) -> ChangeOutcome {
    let detail = chain(error);
    match error.kind() {
        ErrorKind::BadReference { field } if field == "profile" => ChangeOutcome::Refused(format!(
            "the router has no {kind} profile `{profile}`: create it there, then retry ({detail})"
        )),
        ErrorKind::BadReference { .. } | ErrorKind::BadRequest | ErrorKind::Denied => {
            ChangeOutcome::Refused(detail)
        }
        _ => ChangeOutcome::Unfinished(detail),
    }
}

/// Runs the steps of all changes: the first step of each, then the second of each, and so on, so
/// that one login's steps keep their order while many logins advance together.
pub(super) async fn changes(client: &Client, changes: &[Change]) -> Vec<ChangeOutcome> {
    let mut outcomes = vec![ChangeOutcome::Applied; changes.len()];
    let rounds = changes.iter().map(|change| change.steps.len()).max().unwrap_or(0);
    for round in 0..rounds {
        let running: Vec<(usize, LoginKind, &Step)> = changes
            .iter()
            .enumerate()
            .filter(|(index, _)| outcomes[*index] == ChangeOutcome::Applied)
            .filter_map(|(index, change)| Some((index, change.kind, change.steps.get(round)?)))
            .collect();
        let commands = running.iter().map(|(_, kind, step)| command(*kind, step));
        let answers = client.run_all(commands.collect::<Vec<_>>()).await;
        for ((index, kind, step), answer) in running.into_iter().zip(answers) {
            outcomes[index] = outcome(kind, step, answer);
        }
    }
    outcomes
}

fn item(id: &ObjectId) -> ItemId {
    ItemId::from(id.0.clone())
}

fn command(kind: LoginKind, step: &Step) -> Command {
    match (step, kind) {
        (Step::SetUser(id, patch), LoginKind::Hotspot) => {
            let command = change_of(patch).set(&item(id));
            patch
                .line
                .iter()
                .fold(command, |command, (field, value)| with(command, kind, *field, value))
        }
        (Step::SetUser(id, patch), LoginKind::Pppoe) => set_secret(id, patch),
        (Step::ClearField(id, field), _) => clear(kind, id, *field),
        (Step::RemoveCookie(id), _) => remove::<Cookie>(&[item(id)]),
        (Step::EndSession(id), LoginKind::Hotspot) => remove::<hotspot::Active>(&[item(id)]),
        (Step::EndSession(id), LoginKind::Pppoe) => remove::<ppp::Active>(&[item(id)]),
        (Step::RemoveUser(id), LoginKind::Hotspot) => remove::<User>(&[item(id)]),
        (Step::RemoveUser(id), LoginKind::Pppoe) => remove::<Secret>(&[item(id)]),
        (Step::AddUser(add), _) => added(add),
    }
}

/// Limits over all sessions are none of a secret's.
fn set_secret(id: &ObjectId, patch: &UserPatch) -> Command {
    let disabled = patch.disabled.map(|disabled| if disabled { "yes" } else { "no" });
    let command = Command::new("/ppp/secret/set")
        .with(".id", &id.0)
        .with_some("password", patch.password.as_ref())
        .with_some("profile", patch.profile.as_ref())
        .with_some("comment", patch.comment.as_ref())
        .with_some("disabled", disabled);
    let fields = patch.line.iter();
    fields.fold(command, |command, (field, value)| with(command, LoginKind::Pppoe, *field, value))
}

/// Texts are emptied, numbers are zero, and addresses, for which no value means "none", are unset.
fn clear(kind: LoginKind, id: &ObjectId, field: LineField) -> Command {
    let name = field.on_router(kind).unwrap_or_default();
    let set = |value: &str| {
        Command::new(format!("{}/set", menu(kind))).with(".id", &id.0).with(name, value)
    };
    match (kind, field) {
        (LoginKind::Pppoe, LineField::Service) => set("any"),
        (LoginKind::Pppoe, LineField::LimitBytesIn | LineField::LimitBytesOut) => set("0"),
        (
            LoginKind::Pppoe,
            LineField::LocalAddress | LineField::RemoteAddress | LineField::RemoteIpv6Prefix,
        ) => Command::new("/ppp/secret/unset").with(".id", &id.0).with("value-name", name),
        _ => set(""),
    }
}

fn change_of(patch: &UserPatch) -> UserChange {
    UserChange {
        password: patch.password.clone().map(SecretString::from),
        profile: patch.profile.clone(),
        mac_address: None,
        limit_uptime: patch.limit_uptime.map(Option::unwrap_or_default),
        limit_bytes_total: patch.limit_bytes.map(Option::unwrap_or_default),
        comment: patch.comment.clone().map(String::into_bytes),
        switch: patch
            .disabled
            .map(|disabled| if disabled { Switch::Disabled } else { Switch::Enabled }),
    }
}

fn outcome(kind: LoginKind, step: &Step, answer: Result<Answer, Error>) -> ChangeOutcome {
    let Err(error) = answer else { return ChangeOutcome::Applied };
    let removes = matches!(step, Step::RemoveCookie(_) | Step::EndSession(_) | Step::RemoveUser(_));
    match error.kind() {
        ErrorKind::NotFound if removes => ChangeOutcome::Applied,
        ErrorKind::NotFound | ErrorKind::Duplicate => {
            ChangeOutcome::Unfinished("the router changed after the look".to_owned())
        }
        _ => failed(&error, kind, profile_of(step)),
    }
}

fn profile_of(step: &Step) -> &str {
    match step {
        Step::AddUser(add) => &add.profile,
        Step::SetUser(_, patch) => patch.profile.as_deref().unwrap_or_default(),
        _ => "",
    }
}
