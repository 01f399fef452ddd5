//! What measurements do to alerts. Pure.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::kernel::ids::{AlertId, RouterId};

use super::rule::{AlertRule, Audience, Condition, RuleName};
use super::{Alert, AlertState};

/// What is known of a router now, or of the engine. What is not known is absent: an alert about it
/// stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// The router; `None` for the engine.
    pub router: Option<RouterId>,
    /// The values.
    pub values: HashMap<Condition, u64>,
}

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Its condition holds, and it waits.
    Waits,
    /// It did not hold for long enough.
    Passed,
    /// It was raised.
    Raised,
    /// It is back within its cool-down.
    Returned,
    /// Another step of its escalation is told.
    Escalated,
    /// It is over.
    Resolved,
}

/// A change of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNews {
    /// As it is from now on.
    pub alert: Alert,
    /// What became of it.
    pub turn: Turn,
    /// Who has to be told.
    pub tell: Vec<Audience>,
}

impl AlertNews {
    fn of(alert: Alert, turn: Turn) -> Self {
        Self { alert, turn, tell: Vec::new() }
    }
}

type Key<'a> = (&'a RuleName, Option<RouterId>);

fn key(alert: &Alert) -> Key<'_> {
    (&alert.rule, alert.router)
}

/// Compares all rules with all measurements. `known` are the alerts that are not over, and those whose
/// end is recent.
pub fn watch(
    rules: &[AlertRule],
    known: &[Alert],
    measured: &[Measured],
    now: Timestamp,
    mut new_id: impl FnMut() -> AlertId,
) -> Vec<AlertNews> {
    let (over, current): (Vec<&Alert>, Vec<&Alert>) =
        known.iter().partition(|alert| alert.state.resolved_at().is_some());
    let current: HashMap<Key<'_>, &Alert> =
        current.into_iter().map(|alert| (key(alert), alert)).collect();
    let mut recent: HashMap<Key<'_>, &Alert> = HashMap::new();
    for alert in over {
        let latest = recent.entry(key(alert)).or_insert(alert);
        if latest.state.resolved_at() < alert.state.resolved_at() {
            *latest = alert;
        }
    }
    let mut news = Vec::new();
    let mut watched: HashSet<Key<'_>> = HashSet::new();
    for rule in rules.iter().filter(|rule| rule.enabled) {
        for at in measured.iter().filter(|at| rule.is_about(at.router)) {
            let key = (&rule.name, at.router);
            watched.insert(key);
            let Some(value) = at.values.get(&rule.condition).copied() else { continue };
            let before = recent.get(&key).copied().filter(|over| is_recent(rule, over, now));
            let case = Case { rule, router: at.router, value, now };
            news.extend(case.decide(current.get(&key).copied(), before, &mut new_id));
        }
    }
    let unwatched = current.into_iter().filter(|(key, _)| !watched.contains(key));
    let mut left: Vec<&Alert> = unwatched.map(|(_, alert)| alert).collect();
    left.sort_by_key(|alert| alert.id);
    news.extend(left.into_iter().map(|alert| end(alert, alert.value, now)));
    news
}

fn is_recent(rule: &AlertRule, over: &Alert, now: Timestamp) -> bool {
    over.state.resolved_at().is_some_and(|at| now.duration_since(at) < rule.cool_down)
}

/// One value of one rule.
struct Case<'a> {
    rule: &'a AlertRule,
    router: Option<RouterId>,
    value: u64,
    now: Timestamp,
}

impl Case<'_> {
    fn decide(
        &self,
        current: Option<&Alert>,
        before: Option<&Alert>,
        new_id: &mut impl FnMut() -> AlertId,
    ) -> Vec<AlertNews> {
        let holds = self.value >= self.rule.threshold;
        match (holds, current) {
            (false, None) => Vec::new(),
            (false, Some(alert)) => vec![end(alert, self.value, self.now)],
            (true, None) => self.begin(&self.fresh(new_id()), before, true),
            (true, Some(alert)) => match alert.state {
                AlertState::Waiting => self.begin(alert, before, false),
                AlertState::Open => self.escalate(alert).into_iter().collect(),
                AlertState::Acknowledged(_) | AlertState::Resolved { .. } => Vec::new(),
            },
        }
    }

    fn fresh(&self, id: AlertId) -> Alert {
        Alert {
            id,
            rule: self.rule.name.clone(),
            router: self.router,
            condition: self.rule.condition,
            threshold: self.rule.threshold,
            value: self.value,
            severity: self.rule.severity,
            state: AlertState::Waiting,
            began_at: self.now,
            raised_at: None,
            told: 0,
            owes_end: false,
            returns: 0,
            revision: 0,
        }
    }

    /// Raises an alert whose condition has held for long enough. One that is over only just is raised
    /// again in its place.
    fn begin(&self, alert: &Alert, before: Option<&Alert>, is_new: bool) -> Vec<AlertNews> {
        if self.now.duration_since(alert.began_at) < self.rule.lasting {
            let waits = AlertNews::of(alert.clone(), Turn::Waits);
            return if is_new { vec![waits] } else { Vec::new() };
        }
        let Some(before) = before else {
            let open = Alert { state: AlertState::Open, ..alert.clone() };
            return vec![self.told(self.raised(open), Turn::Raised)];
        };
        let state = match before.state.acknowledged() {
            Some(by) => AlertState::Acknowledged(by.clone()),
            None => AlertState::Open,
        };
        let again = Alert { state, returns: before.returns.saturating_add(1), ..before.clone() };
        let mut news = vec![AlertNews::of(self.raised(again), Turn::Returned)];
        if !is_new {
            news.insert(0, AlertNews::of(alert.clone(), Turn::Passed));
        }
        news
    }

    fn raised(&self, alert: Alert) -> Alert {
        Alert {
            raised_at: Some(self.now),
            value: self.value,
            threshold: self.rule.threshold,
            severity: self.rule.severity,
            ..alert
        }
    }

    fn escalate(&self, alert: &Alert) -> Option<AlertNews> {
        let news = self.told(Alert { value: self.value, ..alert.clone() }, Turn::Escalated);
        (!news.tell.is_empty()).then_some(news)
    }

    /// Tells the steps whose time has come.
    fn told(&self, alert: Alert, turn: Turn) -> AlertNews {
        let raised_at = alert.raised_at.unwrap_or(self.now);
        let waited = self.now.duration_since(raised_at);
        let told = usize::try_from(alert.told).unwrap_or(usize::MAX);
        let due = self.rule.escalation.iter().skip(told).take_while(|step| step.after <= waited);
        let tell: Vec<Audience> = due.map(|step| step.tell).collect();
        let steps = u32::try_from(tell.len()).unwrap_or(u32::MAX);
        let owes_end = alert.owes_end || !tell.is_empty();
        let alert = Alert { told: alert.told.saturating_add(steps), owes_end, ..alert };
        AlertNews { alert, turn, tell }
    }
}

/// An alert whose condition does not hold any more. Whoever was told of it is told that.
fn end(alert: &Alert, value: u64, now: Timestamp) -> AlertNews {
    if alert.state == AlertState::Waiting {
        return AlertNews::of(alert.clone(), Turn::Passed);
    }
    let acknowledged = alert.state.acknowledged().cloned();
    let state = AlertState::Resolved { at: now, acknowledged };
    AlertNews::of(Alert { value, state, ..alert.clone() }, Turn::Resolved)
}

#[cfg(test)]
mod tests;
