//! Running a command that came by HTTP: in its time, with its faults, with its answer.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{proto::Sentence, value::Version};

use super::{
    answer::{Answer, Delivery, rows},
    request::{Asked, Form},
};
use crate::sim::{
    command::Command,
    console::Done,
    fault::{self, Effect},
    journal::{Stage, Verdict},
    menus,
    refusal::Refusal,
    rights::Caller,
    router::Router,
    shared::Shared,
};

/// How long a command may take; then it is killed with `Session closed` (MikroTik manual, "REST API").
const COMMAND_TIME_MAX: Duration = Duration::from_mins(1);
/// The first release that answers an addition by "201 Created".
const SAYS_CREATED: Version = Version::new(7, 24, 0);

/// The connection ends without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("answering: the connection is cut")]
pub(super) struct Cut;

/// What became of a command.
enum Outcome {
    Answered(Answer),
    /// It goes on and delivers nothing, as REST has no way to.
    Endless,
}

/// Runs one command in its time and with all that is scripted to go wrong.
pub(super) async fn perform(
    shared: &Shared,
    caller: &Caller,
    asked: &Asked,
) -> Result<(Answer, Delivery), Cut> {
    let seen = shared.journal().note(&asked.command);
    let effects = shared.faults.strike(&seen);
    let came = Instant::now();
    let killed = came + COMMAND_TIME_MAX;
    let due = {
        let mut schedule = shared.schedule();
        fault::stalls(&effects).for_each(|by| schedule.stall(came + by));
        schedule.book(came, fault::delay(&effects))
    };
    if due > killed {
        sleep_until(killed).await;
        return Ok((Answer::session_closed(), Delivery::Whole));
    }
    sleep_until(due).await;
    let before = shared.ask_hook(Stage::Before, &seen);
    if before == Verdict::DropBefore {
        return Err(Cut);
    }
    let spoiled = spoil(shared, &effects).await?;
    let outcome = match spoiled {
        Some(refusal) => Outcome::Answered(Answer::refused(&refusal, asked.command.verb())),
        None => run(&mut shared.router(), caller, asked),
    };
    let after = shared.ask_hook(Stage::After, &seen);
    let drops = before == Verdict::DropAfterApply || after != Verdict::Continue;
    if drops || effects.iter().any(cuts_the_answer) {
        return Err(Cut);
    }
    if effects.contains(&Effect::Mute) {
        std::future::pending::<()>().await;
    }
    sleep(lateness(&effects)).await;
    match outcome {
        Outcome::Answered(answer) => Ok((answer, delivery(&effects))),
        Outcome::Endless => {
            sleep_until(killed).await;
            Ok((Answer::session_closed(), Delivery::Whole))
        }
    }
}

/// Over HTTP an answer that is cut somewhere is as good as none.
fn cuts_the_answer(effect: &Effect) -> bool {
    matches!(effect, Effect::DropAfterApply | Effect::DropAfterBytes(_) | Effect::CutMidWord)
}

fn lateness(effects: &[Effect]) -> Duration {
    let by =
        |effect: &Effect| if let Effect::LateReply(by) = effect { *by } else { Duration::ZERO };
    effects.iter().map(by).sum()
}

fn delivery(effects: &[Effect]) -> Delivery {
    if effects.contains(&Effect::HostileLength) {
        Delivery::Hostile
    } else if effects.contains(&Effect::SplitReplies) {
        Delivery::Split
    } else {
        Delivery::Whole
    }
}

/// Lets the faults that come before an effect happen. Gives the refusal that takes the place of the effect.
async fn spoil(shared: &Shared, effects: &[Effect]) -> Result<Option<Refusal>, Cut> {
    for effect in effects {
        match effect {
            Effect::DropBefore | Effect::Fatal(_) => return Err(Cut),
            Effect::Hang | Effect::EndlessSentence => std::future::pending().await,
            Effect::Trap(refusal) => return Ok(Some(refusal.clone())),
            Effect::Reboot => {
                shared.router().reboot();
                return Err(Cut);
            }
            Effect::RenumberIds => shared.router().renumber_ids(),
            Effect::ClockJump(by) => shared.router().jump_clock(*by),
            Effect::NtpSync => shared.router().ntp_sync(),
            Effect::DropAfterApply
            | Effect::DropAfterBytes(_)
            | Effect::CutMidWord
            | Effect::Mute
            | Effect::Delay(_)
            | Effect::Stall(_)
            | Effect::LateReply(_)
            | Effect::DenyLogin
            | Effect::UnknownTags(_)
            | Effect::Untagged(_)
            | Effect::HostileLength
            | Effect::ControlByte
            | Effect::RepeatReply
            | Effect::SplitReplies => {}
        }
    }
    Ok(None)
}

fn run(router: &mut Router, caller: &Caller, asked: &Asked) -> Outcome {
    let command = &asked.command;
    let refused = |refusal: &Refusal| Outcome::Answered(Answer::refused(refusal, last(command)));
    if let Err(refusal) = caller.permit(command) {
        return refused(&refusal);
    }
    // The object may get another name by the change, and keeps its number.
    let changed = match &asked.form {
        Form::Changed(query) => match find(router, caller, command.menu(), query) {
            Some(object) => object[".id"].as_str().map(|id| format!("?.id={id}")),
            None => return refused(&Refusal::no_such_item()),
        },
        _ => None,
    };
    match router.execute_for(command, caller) {
        Ok(Done { follow: Some(_), .. } | Done { repeat: Some(_), .. }) => Outcome::Endless,
        Ok(done) => Outcome::Answered(answer(router, caller, asked, &done, changed.as_deref())),
        Err(refusal) => refused(&refusal),
    }
}

fn answer(
    router: &mut Router,
    caller: &Caller,
    asked: &Asked,
    done: &Done,
    changed: Option<&str>,
) -> Answer {
    let menu = asked.command.menu();
    let ret = done.ret.as_deref().map(String::from_utf8_lossy);
    match &asked.form {
        Form::Rows => Answer::ok(Value::Array(rows(&done.rows))),
        Form::Single => match rows(&done.rows).into_iter().next() {
            Some(row) => Answer::ok(row),
            None => Answer::refused(&Refusal::no_such_item(), menu),
        },
        Form::Added => {
            let is_late = router.routeros().version() >= SAYS_CREATED;
            let status = if is_late { StatusCode::CREATED } else { StatusCode::OK };
            let query = ret.map(|id| format!("?.id={id}"));
            let object = query.and_then(|query| find(router, caller, menu, &query));
            Answer::with(status, object.unwrap_or_else(|| json!({})))
        }
        Form::Changed(_) => {
            let object = changed.and_then(|query| find(router, caller, menu, query));
            Answer::ok(object.unwrap_or_else(|| json!({})))
        }
        Form::Removed => Answer::nothing(),
        Form::Outcome => match ret {
            Some(ret) => Answer::ok(json!({ "ret": ret })),
            None => Answer::ok(Value::Array(rows(&done.rows))),
        },
    }
}

/// The object that a query word finds.
fn find(router: &mut Router, caller: &Caller, menu: &str, query: &str) -> Option<Value> {
    let sentence = Sentence::command(&format!("{menu}/print")).with_word(query);
    let done = router.execute_for(&Command::parse(sentence)?, caller).ok()?;
    rows(&done.rows).into_iter().next()
}

/// What a router names when it does not know a command: the verb, or the last part of a menu that is not there.
fn last(command: &Command) -> &str {
    if menus::find(command.menu()).is_some() {
        return command.verb();
    }
    command.menu().rsplit('/').next().unwrap_or_default()
}
