//! Use cases around alerts.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::alert::rule::{
    AlertRefusal, AlertRule, Audience, COOL_DOWN_MAX, Condition, RULES_MAX, RuleName,
};
use crate::alert::store::{AlertFilter, AlertSort, AlertTallies};
use crate::alert::watch::{AlertNews, Measured, Turn, watch};
use crate::alert::{Acknowledgement, Alert, AlertState};
use crate::audit::{Act, Record};
use crate::event::NewEvent;
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{AlertId, NoticeId, RouterId};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::notice::{Notice, NoticeKind};
use crate::request::{Once, once};
use crate::router::Router;
use crate::router::licence::LicenceUse;
use crate::store::Tx;
use crate::transact::{reading, snapshot, transact};

use super::{Billing, Reader};

/// A look is out of date for alerts after so many polls.
const POLLS_UNTIL_OLD: i32 = 3;
/// All of something.
const PERCENT: u128 = 100;

impl Billing {
    /// Adds a rule or takes it in place of the one of its name.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for numbers out of bounds, [`AlertRefusal::TooMany`].
    pub async fn set_alert_rule(
        &self,
        caller: &Caller,
        rule: AlertRule,
    ) -> Result<AlertRule, Error> {
        let context = self.permitted(caller, Permission::AlertsEdit)?;
        let rule = AlertRule { updated_at: context.now, ..rule }.checked()?;
        transact!(self.store(), caller.mode, |tx| set(tx, context, &rule).await)
    }

    /// Takes a rule away. Its alerts are over with the next look at them.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none of that name.
    pub async fn remove_alert_rule(&self, caller: &Caller, name: &RuleName) -> Result<(), Error> {
        let context = self.permitted(caller, Permission::AlertsEdit)?;
        transact!(self.store(), caller.mode, |tx| remove(tx, context, name).await)
    }

    /// Says that the caller takes care of an alert: nobody else is told of it. The reason of the caller
    /// is kept with it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, [`AlertRefusal::Over`] if it is over.
    pub async fn acknowledge_alert(&self, caller: &Caller, id: AlertId) -> Result<Alert, Error> {
        let context = self.permitted(caller, Permission::AlertsAcknowledge)?;
        transact!(self.store(), caller.mode, |tx| acknowledge(tx, context, id).await)
    }

    /// Compares rules with what is known now: raises alerts, tells the next steps of those that nobody
    /// takes care of, and ends those that are over. Answers how many changed.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn watch_alerts(&self) -> Result<usize, Error> {
        let caller = Caller::engine();
        let context = self.context(&caller);
        let old = self.poll_every() * POLLS_UNTIL_OLD;
        let seen = snapshot!(self.store(), |tx| {
            let rules = tx.alert_rules().await?;
            look(tx, context, &rules, old).await
        })?;
        if seen.0.is_empty() {
            return Ok(0);
        }
        transact!(self.store(), Mode::Commit, |tx| {
            let rules = tx.alert_rules_lock().await?;
            let (news, routers) = look(tx, context, &rules, old).await?;
            write(tx, context, &news, &routers).await?;
            Ok::<_, Error>(news.len())
        })
    }
}

impl Reader {
    /// All rules of alerts, by name.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn alert_rules(&self) -> Result<Vec<AlertRule>, Error> {
        reading!(self.store(), |tx| tx.alert_rules().await)
    }

    /// Alerts; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn alerts(
        &self,
        filter: AlertFilter,
        page: PageRequest<AlertSort>,
    ) -> Result<Page<Alert>, Error> {
        reading!(self.store(), |tx| tx.alert_page(filter, page).await)
    }
}

/// What changes of alerts, and the routers that were compared.
async fn look(
    tx: &mut dyn Tx,
    context: Context<'_>,
    rules: &[AlertRule],
    old: SignedDuration,
) -> Result<(Vec<AlertNews>, Vec<Router>), Error> {
    let now = context.now;
    let since = now.checked_sub(COOL_DOWN_MAX).unwrap_or(Timestamp::MIN);
    let known = tx.alerts_current(since).await?;
    let (routers, tallies) = (tx.router_list().await?, tx.alert_tallies().await?);
    let measured = measure(&routers, &tallies, now, old);
    let mut position = 0;
    let new_id = || {
        position += 1;
        AlertId::in_run(now, position, context.entropy)
    };
    Ok((watch(rules, &known, &measured, now, new_id), routers))
}

/// What is known of every router and of the engine. What a router said of itself counts as long as it
/// can be worked with and was looked at lately.
fn measure(
    routers: &[Router],
    tallies: &AlertTallies,
    now: Timestamp,
    old: SignedDuration,
) -> Vec<Measured> {
    let away: HashMap<RouterId, Timestamp> = tallies.away.iter().copied().collect();
    let drift: HashMap<RouterId, u64> = tallies.drift.iter().copied().collect();
    let blocked: HashMap<RouterId, u64> = tallies.blocked.iter().copied().collect();
    let unlinked: HashMap<RouterId, u64> = tallies.unlinked.iter().copied().collect();
    let of_router = |router: &Router| {
        let since = away.get(&router.id).map(|since| now.duration_since(*since).as_secs());
        let down = since.map_or(0, |seconds| seconds.max(1).unsigned_abs());
        let tally = |counts: &HashMap<RouterId, u64>| counts.get(&router.id).copied().unwrap_or(0);
        let mut values = HashMap::from([
            (Condition::RouterDown, down),
            (Condition::LoginsBlocked, tally(&blocked)),
        ]);
        let looked = router.health.observed_at;
        if down == 0 && looked.is_some_and(|at| now.duration_since(at) < old) {
            values.insert(Condition::Drift, tally(&drift));
            values.insert(Condition::InterfacesDown, tally(&unlinked));
            values.extend(of_vitals(router));
        }
        Measured { router: Some(router.id), values }
    };
    let engine = HashMap::from([(Condition::SubscriptionsInTrouble, tallies.in_trouble)]);
    let engine = Measured { router: None, values: engine };
    routers.iter().map(of_router).chain([engine]).collect()
}

fn of_vitals(router: &Router) -> impl Iterator<Item = (Condition, u64)> {
    let vitals = &router.health.vitals;
    let latency = vitals.latency.and_then(|latency| u64::try_from(latency.as_millis()).ok());
    let values = [
        (Condition::CpuLoad, vitals.cpu_load),
        (Condition::MemoryUsed, used(vitals.memory_free, vitals.memory_total)),
        (Condition::StorageUsed, used(vitals.storage_free, vitals.storage_total)),
        (Condition::ClockOff, vitals.clock_ahead.map(i64::unsigned_abs)),
        (Condition::Latency, latency),
        (Condition::LicenceUsed, vitals.licence_used().map(LicenceUse::percent)),
        (Condition::FailedLogins, vitals.failed_logins),
    ];
    values.into_iter().filter_map(|(condition, value)| Some((condition, value?)))
}

/// How much of a whole is used, in percent.
fn used(free: Option<u64>, total: Option<u64>) -> Option<u64> {
    let (free, total) = (u128::from(free?), u128::from(total?));
    let used = total.saturating_sub(free).checked_mul(PERCENT)?.checked_div(total)?;
    u64::try_from(used).ok()
}

async fn write(
    tx: &mut dyn Tx,
    context: Context<'_>,
    news: &[AlertNews],
    routers: &[Router],
) -> Result<(), Error> {
    let names: HashMap<RouterId, &str> =
        routers.iter().map(|router| (router.id, router.name.as_str())).collect();
    let mut notices = Vec::new();
    for news in news {
        let mut alert = news.alert.clone();
        let router = alert.router.and_then(|id| names.get(&id).copied());
        match news.turn {
            Turn::Waits => tx.alert_write(&alert).await?,
            Turn::Passed => tx.alert_forget(alert.id).await?,
            Turn::Raised | Turn::Returned | Turn::Escalated | Turn::Resolved => {
                let ends = news.turn == Turn::Resolved && alert.owes_end;
                notices.extend(told(context, news, router));
                alert.owes_end &= !ends;
                if ends {
                    notices.push(notice(context, &alert, NoticeKind::AlertResolved, None, router));
                }
                tx.alert_write(&alert).await?;
                tx.events_push(vec![event(context, &alert, news.turn, router)]);
            }
        }
    }
    if !notices.is_empty() {
        tx.notices_push(&notices).await?;
    }
    Ok(())
}

fn told(context: Context<'_>, news: &AlertNews, router: Option<&str>) -> Vec<Notice> {
    let tell = news.tell.iter();
    tell.map(|tell| notice(context, &news.alert, NoticeKind::Alert, Some(*tell), router)).collect()
}

fn notice(
    context: Context<'_>,
    alert: &Alert,
    kind: NoticeKind,
    tell: Option<Audience>,
    router: Option<&str>,
) -> Notice {
    let mut facts = picture(alert, router);
    facts["tell"] = tell.map(Audience::name).into();
    let occasion =
        tell.map_or_else(|| alert.returns.to_string(), |tell| format!("{}:{tell}", alert.told));
    Notice {
        id: NoticeId::new(context.now, context.entropy),
        kind,
        customer: None,
        subject: alert.id.uuid(),
        subject_kind: "alert",
        facts,
        cause: format!("{kind}:{}:{occasion}", alert.id),
        not_before: context.now,
        created_at: context.now,
    }
}

fn event(context: Context<'_>, alert: &Alert, turn: Turn, router: Option<&str>) -> NewEvent {
    let kind = match turn {
        Turn::Raised | Turn::Returned => "alert.raise",
        Turn::Escalated => "alert.escalate",
        _ => "alert.resolve",
    };
    NewEvent::seen(context, kind, ("alert", alert.id.uuid()), picture(alert, router))
}

fn picture(alert: &Alert, router: Option<&str>) -> Value {
    json!({
        "rule": alert.rule.as_str(),
        "router": router,
        "condition": alert.condition.name(),
        "value": alert.value,
        "threshold": alert.threshold,
        "severity": alert.severity.name(),
        "began_at": alert.began_at.to_string(),
    })
}

async fn acknowledge(tx: &mut dyn Tx, context: Context<'_>, id: AlertId) -> Result<Alert, Error> {
    let alert = tx.alert_by_id(id).await?.ok_or_else(|| Error::not_found(Thing::Alert, id))?;
    let input = Fingerprint::of("alert.acknowledge", &[&id]);
    let again = once(tx, context, input, id.uuid()).await? != Once::First;
    match &alert.state {
        AlertState::Acknowledged(_) => return Ok(alert),
        _ if again => return Ok(alert),
        AlertState::Open => {}
        AlertState::Waiting | AlertState::Resolved { .. } => return Err(AlertRefusal::Over.into()),
    }
    let by = Acknowledgement {
        at: context.now,
        by: context.caller.actor.to_string(),
        because: context.caller.reason.clone(),
    };
    let now = Alert { state: AlertState::Acknowledged(by), ..alert.clone() };
    tx.alert_write(&now).await?;
    let act = Act { action: "alert.acknowledge", subject_kind: "alert", subject: id.uuid() };
    let state = |alert: &Alert| json!({ "state": alert.state.name().name() });
    let record = Record::new(context, act, state(&alert), state(&now));
    tx.audit_append(&[record]).await?;
    Ok(Alert { revision: alert.revision + 1, ..now })
}

async fn set(tx: &mut dyn Tx, context: Context<'_>, rule: &AlertRule) -> Result<AlertRule, Error> {
    let wanted = AlertRule { updated_at: Timestamp::UNIX_EPOCH, ..rule.clone() };
    let input = Fingerprint::of("alert_rule.set", &[&wanted]);
    let again = once(tx, context, input, uuid::Uuid::nil()).await? != Once::First;
    let rules = tx.alert_rules_lock().await?;
    let before = rules.iter().find(|before| before.name == rule.name);
    match before {
        Some(before) if again => return Ok(before.clone()),
        None if rules.len() >= RULES_MAX => return Err(AlertRefusal::TooMany.into()),
        _ => {}
    }
    tx.alert_rule_put(rule).await?;
    note(tx, context, "alert_rule.set", before, Some(rule)).await?;
    Ok(rule.clone())
}

async fn remove(tx: &mut dyn Tx, context: Context<'_>, name: &RuleName) -> Result<(), Error> {
    let input = Fingerprint::of("alert_rule.remove", &[name]);
    if once(tx, context, input, uuid::Uuid::nil()).await? != Once::First {
        return Ok(());
    }
    let rules = tx.alert_rules_lock().await?;
    let before = rules.iter().find(|rule| rule.name == *name);
    if !tx.alert_rule_delete(name).await? {
        return Err(Error::not_found(Thing::AlertRule, name));
    }
    note(tx, context, "alert_rule.remove", before, None).await
}

/// A rule has no identity of its own: its rows of the trail name it.
async fn note(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    before: Option<&AlertRule>,
    after: Option<&AlertRule>,
) -> Result<(), Error> {
    let picture = |rule: Option<&AlertRule>| {
        rule.map_or(Value::Null, |rule| {
            json!({
                "name": rule.name.as_str(),
                "condition": rule.condition.name(),
                "threshold": rule.threshold,
                "lasting_seconds": rule.lasting.as_secs(),
                "severity": rule.severity.name(),
                "cool_down_seconds": rule.cool_down.as_secs(),
                "router": rule.router.map(|router| router.to_string()),
                "escalation": rule.escalation_json(),
                "enabled": rule.enabled,
            })
        })
    };
    let act = Act { action, subject_kind: "alert_rule", subject: uuid::Uuid::nil() };
    let record = Record::new(context, act, picture(before), picture(after));
    Ok(tx.audit_append(&[record]).await?)
}
