//! Changing a router: new users in bulk, everything else step by step.

use mkbill_core::provisioning::controller::{
    Change, ChangeOutcome, LoginAdd, Mark, ObjectId, Progress, Step, UserPatch,
};
use secrecy::SecretString;

use super::fault::chain;
use crate::client::{Answer, Client, Link, bulk};
use crate::command::hotspot::{Active, Cookie, NewUser, User, UserChange};
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
        menu: User::MENU.to_owned(),
        name: add.name.clone(),
        add: new_user(add).add(),
        mark: add.comment.clone().into_bytes(),
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
        bulk::ItemOutcome::Rejected(error) => failed(&error, &add.profile),
        bulk::ItemOutcome::Unknown => {
            ChangeOutcome::Unfinished("the router did not say whether it was added".to_owned())
        }
    }
}

fn failed(error: &Error, profile: &str) -> ChangeOutcome {
    let detail = chain(error);
    match error.kind() {
        ErrorKind::BadReference { field } if field == "profile" => ChangeOutcome::Refused(format!(
            "the router has no hotspot user profile `{profile}`: create it there, then retry ({detail})"
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
        let running: Vec<(usize, &Step)> = changes
            .iter()
            .enumerate()
            .filter(|(index, _)| outcomes[*index] == ChangeOutcome::Applied)
            .filter_map(|(index, change)| Some((index, change.steps.get(round)?)))
            .collect();
        let commands: Vec<Command> = running.iter().map(|(_, step)| command(step)).collect();
        let answers = client.run_all(commands).await;
        for ((index, step), answer) in running.into_iter().zip(answers) {
            outcomes[index] = outcome(step, answer);
        }
    }
    outcomes
}

fn item(id: &ObjectId) -> ItemId {
    ItemId::from(id.0.clone())
}

fn command(step: &Step) -> Command {
    match step {
        Step::SetUser(id, patch) => change_of(patch).set(&item(id)),
        Step::RemoveCookie(id) => remove::<Cookie>(&[item(id)]),
        Step::EndSession(id) => remove::<Active>(&[item(id)]),
        Step::RemoveUser(id) => remove::<User>(&[item(id)]),
        Step::AddUser(add) => new_user(add).add(),
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

fn outcome(step: &Step, answer: Result<Answer, Error>) -> ChangeOutcome {
    let Err(error) = answer else { return ChangeOutcome::Applied };
    let removes = matches!(step, Step::RemoveCookie(_) | Step::EndSession(_) | Step::RemoveUser(_));
    match error.kind() {
        ErrorKind::NotFound if removes => ChangeOutcome::Applied,
        ErrorKind::NotFound | ErrorKind::Duplicate => {
            ChangeOutcome::Unfinished("the router changed after the look".to_owned())
        }
        _ => failed(&error, profile_of(step)),
    }
}

fn profile_of(step: &Step) -> &str {
    match step {
        Step::AddUser(add) => &add.profile,
        Step::SetUser(_, patch) => patch.profile.as_deref().unwrap_or_default(),
        _ => "",
    }
}
