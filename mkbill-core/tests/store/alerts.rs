//! Alerts and their rules at rest.

use jiff::SignedDuration;
use mkbill_core::alert::rule::{AlertRule, Audience, Condition, EscalationStep, Severity};
use mkbill_core::alert::store::AlertFilter;
use mkbill_core::alert::{Acknowledgement, Alert, AlertState, AlertStateName};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::AlertId;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::store::StoreError;
use mkbill_core::testkit::Engine;

use crate::support::{Story, beginning, stories};
use crate::{fresh, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    a_rule_comes_back_as_it_was_written,
    an_alert_comes_back_in_every_state,
    there_is_one_alert_of_a_rule_at_a_time,
    an_alert_that_somebody_changed_meanwhile_is_not_overwritten,
];

fn alert(number: u64) -> Alert {
    Alert {
        id: AlertId::in_run(beginning(), number, &OsEntropy),
        rule: "billing-stuck".parse().unwrap(),
        router: None,
        condition: Condition::SubscriptionsInTrouble,
        threshold: 1,
        value: 2,
        severity: Severity::Critical,
        state: AlertState::Open,
        began_at: beginning(),
        raised_at: Some(beginning()),
        told: 1,
        owes_end: true,
        returns: 3,
        revision: 0,
    }
}

async fn a_rule_comes_back_as_it_was_written(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let hours = SignedDuration::from_hours;
    let rule = AlertRule {
        name: "a-first".parse().unwrap(),
        condition: Condition::Latency,
        threshold: 900,
        lasting: SignedDuration::from_secs(90),
        severity: Severity::Info,
        cool_down: hours(2),
        router: None,
        escalation: vec![EscalationStep { after: hours(1), tell: Audience::SuperAdmin }],
        enabled: false,
        updated_at: beginning(),
    };
    let mut tx = write(&store).await;
    tx.alert_rule_put(&rule).await.unwrap();
    tx.alert_rule_put(&AlertRule { threshold: 901, ..rule.clone() }).await.unwrap();
    let rules = tx.alert_rules().await.unwrap();
    assert_eq!(rules[0], AlertRule { threshold: 901, ..rule.clone() });
    assert!(rules.len() > 5, "there are rules to begin with");
    assert!(rules.into_iter().skip(1).all(|rule| rule.checked().is_ok()));
    assert!(tx.alert_rule_delete(&rule.name).await.unwrap());
    assert!(!tx.alert_rule_delete(&rule.name).await.unwrap());
}

async fn an_alert_comes_back_in_every_state(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let by = Acknowledgement { at: beginning(), by: "siti".to_owned(), because: None };
    let states = [
        AlertState::Open,
        AlertState::Acknowledged(by.clone()),
        AlertState::Resolved { at: beginning(), acknowledged: None },
        AlertState::Resolved { at: beginning(), acknowledged: Some(by) },
    ];
    let mut tx = write(&store).await;
    let mut kept = alert(1);
    for state in states {
        kept.state = state;
        tx.alert_write(&kept).await.unwrap();
        kept.revision += 1;
        assert_eq!(tx.alert_by_id(kept.id).await.unwrap(), Some(kept.clone()));
    }
    let waiting = Alert { state: AlertState::Waiting, raised_at: None, ..alert(2) };
    tx.alert_write(&waiting).await.unwrap();
    let all = tx.alert_page(AlertFilter::default(), PageRequest::default()).await.unwrap();
    assert_eq!(all.items, [kept.clone()], "those that wait are not listed");
    let filter = AlertFilter { state: Some(AlertStateName::Waiting), router: None };
    let waits = tx.alert_page(filter, PageRequest::default()).await.unwrap();
    assert_eq!(waits.items[0].id, waiting.id);
    let current = tx.alerts_current(beginning()).await.unwrap();
    assert_eq!(current.len(), 1, "what ended then is not recent any more");
    tx.alert_forget(waiting.id).await.unwrap();
    assert_eq!(tx.alerts_forget(beginning() + SignedDuration::from_secs(1), 9).await.unwrap(), 1);
}

async fn there_is_one_alert_of_a_rule_at_a_time(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    tx.alert_write(&alert(1)).await.unwrap();
    let second = tx.alert_write(&alert(2)).await.unwrap_err();
    assert!(matches!(second, StoreError::Unique { .. }), "{second}");
}

async fn an_alert_that_somebody_changed_meanwhile_is_not_overwritten(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    tx.alert_write(&alert(1)).await.unwrap();
    let stale = tx.alert_page(AlertFilter::default(), PageRequest::default()).await.unwrap();
    let stale = stale.items.into_iter().next().unwrap();
    tx.alert_write(&stale).await.unwrap();
    let refused = tx.alert_write(&stale).await.unwrap_err();
    assert!(refused.is_retryable(), "{refused}");
}
