use jiff::SignedDuration;
use proptest::{prop_assert, prop_assert_eq, proptest};
use uuid::Uuid;

use super::super::rule::{EscalationStep, Severity};
use super::super::{Acknowledgement, AlertStateName};
use super::*;

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Warns from 80 on for five minutes; told at once, after half an hour and after an hour; one that
/// comes back within ten minutes is the same.
fn rule() -> AlertRule {
    let step = |after, tell| EscalationStep { after: minutes(after), tell };
    AlertRule {
        name: "cpu-high".parse().unwrap(),
        condition: Condition::CpuLoad,
        threshold: 80,
        lasting: minutes(5),
        severity: Severity::Warning,
        cool_down: minutes(10),
        router: None,
        escalation: vec![
            step(0, Audience::Operator),
            step(30, Audience::Admin),
            step(60, Audience::SuperAdmin),
        ],
        enabled: true,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn router() -> RouterId {
    RouterId::from_uuid(Uuid::from_u128(7))
}

/// Keeps alerts as a store would, and looks again each minute.
struct Desk {
    rules: Vec<AlertRule>,
    alerts: Vec<Alert>,
    now: Timestamp,
    made: u128,
}

impl Desk {
    fn new() -> Self {
        Self { rules: vec![rule()], alerts: Vec::new(), now: Timestamp::UNIX_EPOCH, made: 0 }
    }

    fn look(&mut self, value: Option<u64>) -> Vec<AlertNews> {
        let values = value.map(|value| (Condition::CpuLoad, value)).into_iter().collect();
        let measured = [Measured { router: Some(router()), values }];
        let made = &mut self.made;
        let news = watch(&self.rules, &self.alerts, &measured, self.now, || {
            *made += 1;
            AlertId::from_uuid(Uuid::from_u128(*made))
        });
        for news in &news {
            self.alerts.retain(|alert| alert.id != news.alert.id);
            if news.turn != Turn::Passed {
                self.alerts.push(news.alert.clone());
            }
        }
        self.now += minutes(1);
        news
    }

    /// A minute at this value.
    fn minute(&mut self, value: u64) -> Vec<(Turn, Vec<Audience>)> {
        self.look(Some(value)).into_iter().map(|news| (news.turn, news.tell)).collect()
    }

    /// Minutes at this value, in which nothing new comes up.
    fn quiet(&mut self, minutes: u32, value: u64) {
        for minute in 0..minutes {
            assert_eq!(self.minute(value), [], "minute {minute}");
        }
    }

    fn states(&self) -> Vec<AlertStateName> {
        self.alerts.iter().map(|alert| alert.state.name()).collect()
    }
}

#[test]
fn an_alert_is_raised_when_its_condition_has_lasted_and_told_step_by_step() {
    let mut desk = Desk::new();
    desk.quiet(3, 79);
    assert_eq!(desk.minute(80), [(Turn::Waits, vec![])]);
    desk.quiet(4, 99);
    assert_eq!(desk.minute(95), [(Turn::Raised, vec![Audience::Operator])]);
    assert_eq!(desk.alerts[0].value, 95);
    desk.quiet(29, 95);
    assert_eq!(desk.minute(95), [(Turn::Escalated, vec![Audience::Admin])]);
    desk.quiet(29, 95);
    assert_eq!(desk.minute(95), [(Turn::Escalated, vec![Audience::SuperAdmin])]);
    desk.quiet(500, 95);
    assert_eq!(desk.minute(10), [(Turn::Resolved, vec![])]);
    desk.quiet(5, 10);
    assert_eq!(desk.states(), [AlertStateName::Resolved]);
}

#[test]
fn what_does_not_last_is_forgotten() {
    let mut desk = Desk::new();
    assert_eq!(desk.minute(99), [(Turn::Waits, vec![])]);
    desk.quiet(3, 99);
    assert_eq!(desk.minute(1), [(Turn::Passed, vec![])]);
    assert_eq!(desk.states(), []);
}

#[test]
fn one_that_comes_back_within_its_cool_down_is_the_same_and_is_not_told_anew() {
    let mut desk = Desk::new();
    desk.look(Some(99));
    desk.quiet(4, 99);
    desk.minute(99);
    let id = desk.alerts[0].id;
    desk.minute(1);
    desk.quiet(2, 1);
    assert_eq!(desk.minute(99), [(Turn::Waits, vec![])]);
    desk.quiet(4, 99);
    assert_eq!(desk.minute(99), [(Turn::Passed, vec![]), (Turn::Returned, vec![])]);
    assert_eq!((desk.alerts.len(), desk.alerts[0].id, desk.alerts[0].returns), (1, id, 1));
    desk.quiet(29, 99);
    assert_eq!(desk.minute(99), [(Turn::Escalated, vec![Audience::Admin])], "the next step");
    desk.minute(1);
    desk.quiet(10, 1);
    desk.look(Some(99));
    desk.quiet(4, 99);
    assert_eq!(desk.minute(99), [(Turn::Raised, vec![Audience::Operator])], "a new one");
}

#[test]
fn what_somebody_takes_care_of_is_told_to_nobody_else() {
    let mut desk = Desk { rules: vec![AlertRule { lasting: minutes(0), ..rule() }], ..Desk::new() };
    assert_eq!(desk.minute(99), [(Turn::Raised, vec![Audience::Operator])]);
    let by = Acknowledgement { at: desk.now, by: "siti".to_owned(), because: None };
    desk.alerts[0].state = AlertState::Acknowledged(by.clone());
    desk.quiet(100, 99);
    assert_eq!(desk.minute(1), [(Turn::Resolved, vec![])]);
    assert_eq!(desk.alerts[0].state.acknowledged(), Some(&by));
    assert_eq!(desk.minute(99), [(Turn::Returned, vec![])]);
    assert_eq!(desk.states(), [AlertStateName::Acknowledged], "still in the same hands");
}

#[test]
fn what_is_not_known_changes_nothing() {
    let mut desk = Desk { rules: vec![AlertRule { lasting: minutes(0), ..rule() }], ..Desk::new() };
    assert!(desk.look(None).is_empty());
    desk.minute(99);
    assert!(desk.look(None).is_empty());
    assert_eq!(desk.states(), [AlertStateName::Open]);
}

#[test]
fn a_rule_that_is_off_or_gone_or_about_another_router_ends_its_alerts() {
    let other = RouterId::from_uuid(Uuid::from_u128(8));
    let changes: [fn(&mut Vec<AlertRule>, RouterId); 3] = [
        |rules, _| rules.clear(),
        |rules, _| rules[0].enabled = false,
        |rules, other| rules[0].router = Some(other),
    ];
    for change in changes {
        let now = AlertRule { lasting: minutes(0), ..rule() };
        let mut desk = Desk { rules: vec![now], ..Desk::new() };
        desk.minute(99);
        change(&mut desk.rules, other);
        assert_eq!(desk.minute(99), [(Turn::Resolved, vec![])]);
        desk.quiet(3, 99);
    }
}

proptest! {
    #[test]
    fn there_is_one_alert_at_a_time_told_in_order_and_at_rest_when_all_is_well(
        values in proptest::collection::vec(proptest::option::weighted(0.9, 60_u64..100), 1..120),
    ) {
        let mut desk = Desk::new();
        let mut told: std::collections::HashMap<AlertId, Vec<Audience>> = std::collections::HashMap::new();
        for value in values {
            for news in desk.look(value) {
                told.entry(news.alert.id).or_default().extend(news.tell);
            }
            let current = desk.alerts.iter().filter(|alert| alert.state.resolved_at().is_none());
            prop_assert!(current.count() <= 1);
        }
        for steps in told.values() {
            let whole: Vec<Audience> = rule().escalation.iter().map(|step| step.tell).collect();
            prop_assert!(whole.starts_with(steps), "{steps:?}");
        }
        desk.look(Some(0));
        prop_assert!(desk.alerts.iter().all(|alert| alert.state.resolved_at().is_some()));
        prop_assert_eq!(desk.look(Some(0)), []);
    }
}
