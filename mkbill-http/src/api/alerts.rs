//! Alerts and their rules over HTTP.

use axum::Json;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use mkbill_core::alert::rule::{
    AlertRule, Audience, Condition, EscalationStep, RuleName, Severity,
};
use mkbill_core::alert::store::{AlertFilter, AlertSort};
use mkbill_core::alert::{Alert, AlertStateName};
use mkbill_core::billing::Reader;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{AlertId, RouterId};
use mkbill_core::kernel::permission::needs::{AlertsAcknowledge, AlertsEdit, AlertsView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::{PageBody, choices, list_query};
use super::{Answer, Problems};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery, named_in};
use crate::problem::Problem;

choices! {
    /// How bad it is.
    SeverityBody as Severity for Severity {
        /// Worth knowing.
        Info,
        /// It will get worse.
        Warning,
        /// Customers feel it.
        Critical,
    }
}

choices! {
    /// Who is told.
    AudienceBody as Audience for Audience {
        /// Those who work with customers.
        Operator,
        /// Those who run the business.
        Admin,
        /// Those who own it.
        SuperAdmin,
    }
}

choices! {
    /// What is measured.
    ConditionBody as AlertCondition for Condition {
        /// For how many seconds a router could not be worked with.
        RouterDown,
        /// Load of a router's processors, in percent.
        CpuLoad,
        /// Memory that a router uses, in percent.
        MemoryUsed,
        /// Flash that a router uses, in percent.
        StorageUsed,
        /// How many seconds a router's clock is off.
        ClockOff,
        /// How many milliseconds a look at a router took.
        Latency,
        /// How much of the sessions that a router's licence allows is used, in percent.
        LicenceUsed,
        /// Sign-ins at a hotspot that failed since the look before.
        FailedLogins,
        /// Interfaces of a router that lost their link without being switched off.
        InterfacesDown,
        /// Places where a router and the books disagree.
        Drift,
        /// Logins that a router refuses, which wait for a person.
        LoginsBlocked,
        /// Subscriptions that the engine leaves alone until a person has looked at them.
        SubscriptionsInTrouble,
    }
}

choices! {
    /// Where an alert stands.
    AlertStateBody as AlertState for AlertStateName {
        /// Its condition holds, but not for long enough yet.
        Waiting,
        /// Raised.
        Open,
        /// Somebody takes care of it.
        Acknowledged,
        /// Over.
        Resolved,
    }
}

/// Somebody who is told of an alert that nobody has acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EscalationStep)]
pub(crate) struct EscalationStepBody {
    /// How long after the alert was raised, at most seven days.
    #[schema(minimum = 0, maximum = 604_800, example = 1_800)]
    pub(crate) after_seconds: u32,
    /// Who.
    pub(crate) tell: AudienceBody,
}

/// When an alert is raised, and what happens then.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertRuleTerms)]
pub(crate) struct AlertRuleTermsBody {
    /// What is measured.
    pub(crate) condition: ConditionBody,
    /// From which value on: seconds, percent, milliseconds or a count, as the condition says.
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_u64, example = 80)]
    pub(crate) threshold: u64,
    /// For how long the value has to stay there, at most a day; absent raises the alert at once.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 86_400, example = 300)]
    pub(crate) lasting_seconds: u32,
    /// How bad it is.
    pub(crate) severity: SeverityBody,
    /// An alert that comes back so soon after its end is the same one and is not told anew; at most
    /// seven days.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604_800, example = 1_800)]
    pub(crate) cool_down_seconds: u32,
    /// Of which router only: name or id when it is set, the id when it is shown; every one if absent.
    #[serde(default)]
    pub(crate) router: Option<String>,
    /// Who is told when, in the order of time; nobody if absent.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub(crate) escalation: Vec<EscalationStepBody>,
    /// Is it looked at? It is if absent.
    #[serde(default = "yes")]
    #[schema(required = false)]
    pub(crate) enabled: bool,
}

const fn yes() -> bool {
    true
}

impl AlertRuleTermsBody {
    pub(crate) async fn read(self, billing: &Reader, name: &str) -> Result<AlertRule, Error> {
        let router = match &self.router {
            Some(key) => Some(billing.router(key).await.map_err(named_in("router"))?.id),
            None => None,
        };
        let seconds = |seconds: u32| SignedDuration::from_secs(i64::from(seconds));
        let step = |step: &EscalationStepBody| EscalationStep {
            after: seconds(step.after_seconds),
            tell: step.tell.into(),
        };
        Ok(AlertRule {
            name: name.parse()?,
            condition: self.condition.into(),
            threshold: self.threshold,
            lasting: seconds(self.lasting_seconds),
            severity: self.severity.into(),
            cool_down: seconds(self.cool_down_seconds),
            router,
            escalation: self.escalation.iter().map(step).collect(),
            enabled: self.enabled,
            updated_at: billing.now(),
        })
    }
}

/// A rule of alerts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertRule)]
pub(crate) struct AlertRuleBody {
    /// Unique name.
    #[schema(example = "cpu-high")]
    pub(crate) name: String,
    /// When an alert is raised, and what happens then: what a client sends to change it.
    pub(crate) terms: AlertRuleTermsBody,
    /// When it was last changed; 1970 for one that nobody changed yet.
    pub(crate) updated_at: Timestamp,
}

impl From<AlertRule> for AlertRuleBody {
    fn from(rule: AlertRule) -> Self {
        let seconds = |span: SignedDuration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
        let step = |step: &EscalationStep| EscalationStepBody {
            after_seconds: seconds(step.after),
            tell: step.tell.into(),
        };
        let terms = AlertRuleTermsBody {
            condition: rule.condition.into(),
            threshold: rule.threshold,
            lasting_seconds: seconds(rule.lasting),
            severity: rule.severity.into(),
            cool_down_seconds: seconds(rule.cool_down),
            router: rule.router.map(|router| router.to_string()),
            escalation: rule.escalation.iter().map(step).collect(),
            enabled: rule.enabled,
        };
        Self { name: rule.name.to_string(), terms, updated_at: rule.updated_at }
    }
}

/// All rules of alerts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertRules)]
pub(crate) struct AlertRulesBody {
    /// By name.
    pub(crate) items: Vec<AlertRuleBody>,
}

/// Something that is wrong, or was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub(crate) struct AlertBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// The name of its rule.
    pub(crate) rule: String,
    /// The id of its router; null for what is not measured of routers.
    pub(crate) router_id: Option<Uuid>,
    /// What is measured.
    pub(crate) condition: ConditionBody,
    /// The value at the last step it made.
    pub(crate) value: u64,
    /// From which value on it was raised.
    pub(crate) threshold: u64,
    /// How bad it is.
    pub(crate) severity: SeverityBody,
    /// Where it stands.
    pub(crate) state: AlertStateBody,
    /// Since when its condition held.
    pub(crate) began_at: Timestamp,
    /// When it was raised, or came back last; null while it waits.
    pub(crate) raised_at: Option<Timestamp>,
    /// When somebody said that they take care of it.
    pub(crate) acknowledged_at: Option<Timestamp>,
    /// Who.
    pub(crate) acknowledged_by: Option<String>,
    /// What they said.
    pub(crate) acknowledged_because: Option<String>,
    /// When it was over.
    pub(crate) resolved_at: Option<Timestamp>,
    /// How many steps of the escalation were told.
    pub(crate) told: u32,
    /// How often it came back within its cool-down.
    pub(crate) returns: u32,
}

impl From<Alert> for AlertBody {
    fn from(alert: Alert) -> Self {
        let acknowledged = alert.state.acknowledged().cloned();
        Self {
            id: alert.id.uuid(),
            rule: alert.rule.to_string(),
            router_id: alert.router.map(RouterId::uuid),
            condition: alert.condition.into(),
            value: alert.value,
            threshold: alert.threshold,
            severity: alert.severity.into(),
            state: alert.state.name().into(),
            began_at: alert.began_at,
            raised_at: alert.raised_at,
            acknowledged_at: acknowledged.as_ref().map(|by| by.at),
            acknowledged_by: acknowledged.as_ref().map(|by| by.by.clone()),
            acknowledged_because: acknowledged.and_then(|by| by.because),
            resolved_at: alert.state.resolved_at(),
            told: alert.told,
            returns: alert.returns,
        }
    }
}

list_query! {
    /// Which alerts, and which page of them.
    AlertsQuery by AlertSort {
        /// In this state; all but those that wait if absent.
        #[param(inline)]
        state: Option<AlertStateBody>,
        /// On this router: name or id.
        router: Option<String>,
    }
}

impl AlertsQuery {
    pub(crate) async fn filter(&self, billing: &Reader) -> Result<AlertFilter, Error> {
        let router = match &self.router {
            Some(key) => Some(billing.router(key).await.map_err(named_in("router"))?.id),
            None => None,
        };
        Ok(AlertFilter { state: self.state.map(AlertStateName::from), router })
    }
}

/// Alerts, newest first.
#[utoipa::path(get, path = "/alerts", tag = "alerts", params(AlertsQuery),
    responses((status = 200, description = "A page", body = PageBody<AlertBody>), Problems))]
pub(crate) async fn list_alerts(
    billing: Reads<AlertsView>,
    Query(query): Query<AlertsQuery>,
) -> Answer<PageBody<AlertBody>> {
    let filter = query.filter(&billing).await?;
    let page = query.page()?;
    Ok(Json(PageBody::of(billing.alerts(filter, page).await?, AlertBody::from)))
}

/// Says that the caller takes care of an alert: nobody else is told of it. The reason is kept with it.
#[utoipa::path(post, path = "/alerts/{alert}/acknowledge", tag = "alerts",
    params(("alert" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "It is in good hands", body = AlertBody), Problems))]
pub(crate) async fn acknowledge_alert(
    billing: Writes<AlertsAcknowledge>,
    Path(id): Path<Uuid>,
) -> Answer<AlertBody> {
    Ok(Json(billing.acknowledge_alert(&billing.caller, AlertId::from_uuid(id)).await?.into()))
}

/// All rules of alerts, by name.
#[utoipa::path(get, path = "/alert-rules", tag = "alerts",
    responses((status = 200, description = "All rules", body = AlertRulesBody), Problems))]
pub(crate) async fn list_alert_rules(billing: Reads<AlertsView>) -> Answer<AlertRulesBody> {
    let items = billing.alert_rules().await?.into_iter().map(AlertRuleBody::from).collect();
    Ok(Json(AlertRulesBody { items }))
}

/// Adds a rule, or takes it in place of the one of its name.
#[utoipa::path(put, path = "/alert-rules/{name}", tag = "alerts",
    params(("name" = String, Path, description = "1 to 40 lower-case letters, digits and dashes"),
        WriteHeaders, WriteQuery),
    request_body = AlertRuleTermsBody,
    responses((status = 200, description = "The rule", body = AlertRuleBody), Problems))]
pub(crate) async fn set_alert_rule(
    billing: Writes<AlertsEdit>,
    Path(name): Path<String>,
    Body(body): Body<AlertRuleTermsBody>,
) -> Answer<AlertRuleBody> {
    let rule = body.read(&billing, &name).await?;
    Ok(Json(billing.set_alert_rule(&billing.caller, rule).await?.into()))
}

/// Takes a rule away. Its alerts are over with the next look at them.
#[utoipa::path(delete, path = "/alert-rules/{name}", tag = "alerts",
    params(("name" = String, Path, description = "Its name"), WriteHeaders, WriteQuery),
    responses((status = 204, description = "It is gone"), Problems))]
pub(crate) async fn remove_alert_rule(
    billing: Writes<AlertsEdit>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let name: RuleName = name.parse()?;
    billing.remove_alert_rule(&billing.caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
