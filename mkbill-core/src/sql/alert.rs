//! Alerts and their rules in SQL.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::alert::rule::{AlertRule, Condition, RuleName, Severity};
use crate::alert::store::{AlertFilter, AlertSort, AlertStore, AlertTallies};
use crate::alert::{Acknowledgement, Alert, AlertState, AlertStateName};
use crate::kernel::ids::{AlertId, RouterId};
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::{Value, count};
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, small, unsigned};

macro_rules! rules {
    ($tail:literal) => {
        concat!(
            "SELECT name, condition, threshold, lasting_seconds, severity, cool_down_seconds, \
             router_id, escalation, enabled, updated_at FROM alert_rule ORDER BY name ",
            $tail
        )
    };
}

macro_rules! alerts {
    ($condition:literal) => {
        alerts!("", $condition)
    };
    ($more:literal, $condition:literal) => {
        concat!(
            "SELECT id, rule, router_id, condition, threshold, value, severity, state, began_at, \
             raised_at, acknowledged_at, acknowledged_by, acknowledged_because, resolved_at, told, \
             owes_end, returns, revision",
            $more,
            " FROM alert WHERE ",
            $condition
        )
    };
}

statements! {
    RULES: "reading the rules of alerts" = rules!("");
    RULES_LOCK: "reading the rules of alerts" = rules!("{for_update}");
    RULE_PUT: "writing a rule of alerts" =
        "INSERT INTO alert_rule (name, condition, threshold, lasting_seconds, severity, \
         cool_down_seconds, router_id, escalation, enabled, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO UPDATE SET \
         condition = excluded.condition, threshold = excluded.threshold, \
         lasting_seconds = excluded.lasting_seconds, severity = excluded.severity, \
         cool_down_seconds = excluded.cool_down_seconds, router_id = excluded.router_id, \
         escalation = excluded.escalation, enabled = excluded.enabled, \
         updated_at = excluded.updated_at";
    RULE_DELETE: "taking a rule of alerts away" = "DELETE FROM alert_rule WHERE name = $1";
    CURRENT: "reading alerts" =
        alerts!("resolved_at IS NULL OR resolved_at > $1 ORDER BY id");
    BY_ID: "reading an alert" = alerts!("id = $1");
    FORGET_ONE: "forgetting an alert" = "DELETE FROM alert WHERE id = $1 AND state = 'waiting'";
    FORGET: "forgetting alerts" =
        "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE resolved_at < $1 \
         ORDER BY resolved_at LIMIT $2)";
    AWAY: "looking which routers are away" =
        "SELECT router_id, began_at FROM router_outage WHERE ended_at IS NULL ORDER BY router_id";
    DRIFT: "counting drift" =
        "SELECT router_id, COUNT(*) AS n FROM router_drift GROUP BY router_id ORDER BY router_id";
    UNLINKED: "counting interfaces without a link" =
        "SELECT router_id, COUNT(*) AS n FROM router_interface WHERE down_since IS NOT NULL \
         GROUP BY router_id ORDER BY router_id";
    BLOCKED: "counting refused logins" =
        "SELECT router_id, COUNT(*) AS n FROM login WHERE sync = 'blocked' GROUP BY router_id \
         ORDER BY router_id";
    IN_TROUBLE: "counting subscriptions that wait for a person" =
        "SELECT COUNT(*) AS n FROM subscription WHERE trouble IS NOT NULL";
}

listing! {
    PAGE of AlertSort: "listing alerts" = alerts!(
        "{value}",
        "{past} AND (CAST($1 AS uuid) IS NULL OR router_id = $1) \
         AND (CASE WHEN CAST($2 AS text) IS NULL THEN state <> 'waiting' ELSE state = $2 END) {page}"),
    by "id" { Created: Column::Identity }
}

const CHANGED: &str = "ON CONFLICT (id) DO UPDATE SET threshold = excluded.threshold, \
    value = excluded.value, severity = excluded.severity, state = excluded.state, \
    began_at = excluded.began_at, raised_at = excluded.raised_at, \
    acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by, \
    acknowledged_because = excluded.acknowledged_because, resolved_at = excluded.resolved_at, \
    told = excluded.told, owes_end = excluded.owes_end, returns = excluded.returns, \
    revision = excluded.revision WHERE alert.revision = excluded.revision - 1";

fn read_rule(row: &impl Record) -> Result<AlertRule, ReadError> {
    let table = "alert_rule";
    let steps = row.json_or_none("escalation")?.unwrap_or(Json::Null);
    Ok(AlertRule {
        name: known(table, "name", &row.text("name")?, |name| name.parse::<RuleName>().ok())?,
        condition: known(table, "condition", &row.text("condition")?, Condition::named)?,
        threshold: unsigned(row.int("threshold")?),
        lasting: SignedDuration::from_secs(row.int("lasting_seconds")?),
        severity: known(table, "severity", &row.text("severity")?, Severity::named)?,
        cool_down: SignedDuration::from_secs(row.int("cool_down_seconds")?),
        router: row.uuid_or_none("router_id")?.map(RouterId::from_uuid),
        escalation: known(table, "escalation", &steps.to_string(), |_| {
            AlertRule::escalation_from(&steps)
        })?,
        enabled: row.flag("enabled")?,
        updated_at: row.instant("updated_at")?,
    })
}

fn row(alert: &Alert) -> Vec<(&'static str, Value)> {
    let acknowledged = alert.state.acknowledged();
    vec![
        ("id", alert.id.uuid().into()),
        ("rule", alert.rule.as_str().into()),
        ("router_id", alert.router.map(RouterId::uuid).into()),
        ("condition", alert.condition.name().into()),
        ("threshold", count(alert.threshold).into()),
        ("value", count(alert.value).into()),
        ("severity", alert.severity.name().into()),
        ("state", alert.state.name().name().into()),
        ("began_at", alert.began_at.into()),
        ("raised_at", alert.raised_at.into()),
        ("acknowledged_at", acknowledged.map(|by| by.at).into()),
        ("acknowledged_by", acknowledged.map(|by| by.by.as_str()).into()),
        ("acknowledged_because", acknowledged.and_then(|by| by.because.clone()).into()),
        ("resolved_at", alert.state.resolved_at().into()),
        ("told", alert.told.into()),
        ("owes_end", alert.owes_end.into()),
        ("returns", alert.returns.into()),
        ("revision", (alert.revision + 1).into()),
    ]
}

fn read_state(row: &impl Record) -> Result<AlertState, ReadError> {
    let acknowledged = match row.instant_or_none("acknowledged_at")? {
        Some(at) => Some(Acknowledgement {
            at,
            by: row.text("acknowledged_by")?,
            because: row.text_or_none("acknowledged_because")?,
        }),
        None => None,
    };
    let text = row.text("state")?;
    let name = known("alert", "state", &text, AlertStateName::named)?;
    Ok(match (name, acknowledged) {
        (AlertStateName::Waiting, _) => AlertState::Waiting,
        (AlertStateName::Acknowledged, Some(by)) => AlertState::Acknowledged(by),
        (AlertStateName::Open | AlertStateName::Acknowledged, _) => AlertState::Open,
        (AlertStateName::Resolved, acknowledged) => {
            AlertState::Resolved { at: row.instant("resolved_at")?, acknowledged }
        }
    })
}

fn read(row: &impl Record) -> Result<Alert, ReadError> {
    Ok(Alert {
        id: AlertId::from_uuid(row.uuid("id")?),
        rule: known("alert", "rule", &row.text("rule")?, |name| name.parse::<RuleName>().ok())?,
        router: row.uuid_or_none("router_id")?.map(RouterId::from_uuid),
        condition: known("alert", "condition", &row.text("condition")?, Condition::named)?,
        threshold: unsigned(row.int("threshold")?),
        value: unsigned(row.int("value")?),
        severity: known("alert", "severity", &row.text("severity")?, Severity::named)?,
        state: read_state(row)?,
        began_at: row.instant("began_at")?,
        raised_at: row.instant_or_none("raised_at")?,
        told: small(row.int("told")?),
        owes_end: row.flag("owes_end")?,
        returns: small(row.int("returns")?),
        revision: row.int("revision")?,
    })
}

fn router_of(row: &impl Record) -> Result<RouterId, ReadError> {
    Ok(RouterId::from_uuid(row.uuid("router_id")?))
}

fn tally(row: &impl Record) -> Result<(RouterId, u64), ReadError> {
    Ok((router_of(row)?, unsigned(row.int("n")?)))
}

#[async_trait]
impl<D: Dialect> AlertStore for SqlTx<D> {
    async fn alert_rules(&mut self) -> Result<Vec<AlertRule>, StoreError> {
        self.all(RULES, Vec::new(), read_rule).await
    }

    async fn alert_rules_lock(&mut self) -> Result<Vec<AlertRule>, StoreError> {
        self.all(RULES_LOCK, Vec::new(), read_rule).await
    }

    async fn alert_rule_put(&mut self, rule: &AlertRule) -> Result<(), StoreError> {
        let values = vec![
            rule.name.as_str().into(),
            rule.condition.name().into(),
            count(rule.threshold).into(),
            rule.lasting.into(),
            rule.severity.name().into(),
            rule.cool_down.into(),
            rule.router.map(RouterId::uuid).into(),
            rule.escalation_json().into(),
            rule.enabled.into(),
            rule.updated_at.into(),
        ];
        self.execute(RULE_PUT, values).await.map(drop)
    }

    async fn alert_rule_delete(&mut self, name: &RuleName) -> Result<bool, StoreError> {
        Ok(self.execute(RULE_DELETE, vec![name.as_str().into()]).await? == 1)
    }

    async fn alerts_current(&mut self, since: Timestamp) -> Result<Vec<Alert>, StoreError> {
        self.all(CURRENT, vec![since.into()], read).await
    }

    async fn alert_by_id(&mut self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read).await
    }

    async fn alert_page(
        &mut self,
        filter: AlertFilter,
        page: PageRequest<AlertSort>,
    ) -> Result<Page<Alert>, StoreError> {
        let state = filter.state.map(AlertStateName::name);
        let values = vec![filter.router.map(RouterId::uuid).into(), state.into()];
        self.page(&PAGE, values, &page, read).await
    }

    async fn alert_write(&mut self, alert: &Alert) -> Result<(), StoreError> {
        let columns = transpose(std::iter::once(row(alert)));
        match self.insert_all_or("writing an alert", "alert", columns, CHANGED).await? {
            1 => Ok(()),
            _ => Err(StoreError::Overtaken { what: "alert" }),
        }
    }

    async fn alert_forget(&mut self, id: AlertId) -> Result<(), StoreError> {
        self.execute(FORGET_ONE, vec![id.uuid().into()]).await.map(drop)
    }

    async fn alert_tallies(&mut self) -> Result<AlertTallies, StoreError> {
        let away = |row: &D::Found| Ok((router_of(row)?, row.instant("began_at")?));
        Ok(AlertTallies {
            away: self.all(AWAY, Vec::new(), away).await?,
            drift: self.all(DRIFT, Vec::new(), tally).await?,
            unlinked: self.all(UNLINKED, Vec::new(), tally).await?,
            blocked: self.all(BLOCKED, Vec::new(), tally).await?,
            in_trouble: self.number(IN_TROUBLE, Vec::new()).await.map(unsigned)?,
        })
    }

    async fn alerts_forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.execute(FORGET, vec![before.into(), limit.into()]).await
    }
}
