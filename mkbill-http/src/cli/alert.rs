//! `mkbill alert …`

use clap::{Args, Subcommand};
use mkbill_core::alert::AlertStateName;
use mkbill_core::alert::rule::{Audience, Condition, Severity};
use mkbill_core::alert::store::AlertSort;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::ids::AlertId;

use crate::api::alerts::{
    AlertBody, AlertRuleBody, AlertRuleTermsBody, AlertRulesBody, AlertStateBody, AlertsQuery,
    AudienceBody, ConditionBody, EscalationStepBody, SeverityBody,
};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, facts, listing, or_dash, table};
use super::quantity::seconds;

#[derive(Debug, Subcommand)]
pub(super) enum AlertCommand {
    /// List alerts, newest first
    List(ListArgs),
    /// Say that you take care of an alert; nobody else is told of it
    Acknowledge {
        /// Id
        alert: AlertId,
        #[command(flatten)]
        write: WriteArgs,
    },
    /// When alerts are raised, and who is told
    #[command(subcommand)]
    Rule(RuleCommand),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// In this state only
    #[arg(long)]
    state: Option<AlertStateBody>,
    /// On this router only: name or id
    #[arg(long)]
    router: Option<String>,
    #[command(flatten)]
    page: PageArgs<AlertSort>,
}

#[derive(Debug, Subcommand)]
pub(super) enum RuleCommand {
    /// List all rules
    List,
    /// Add a rule, or take it in place of the one of its name
    Set(Box<RuleArgs>),
    /// Take a rule away; its alerts are over
    Remove {
        /// Its name
        name: String,
        #[command(flatten)]
        write: WriteArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct RuleArgs {
    /// Its name, such as cpu-high
    name: String,
    /// What is measured
    #[arg(long)]
    condition: ConditionBody,
    /// From which value on: seconds, percent, milliseconds or a count, as the condition says
    #[arg(long, value_name = "VALUE")]
    at: u64,
    /// For how long, such as 5m; at once if absent
    #[arg(long, value_name = "SPAN", value_parser = span)]
    lasting: Option<u32>,
    /// How bad it is
    #[arg(long)]
    severity: SeverityBody,
    /// One that comes back so soon is the same and is not told anew, such as 30m
    #[arg(long, value_name = "SPAN", value_parser = span)]
    cool_down: Option<u32>,
    /// Of this router only: name or id
    #[arg(long)]
    router: Option<String>,
    /// Who is told how long after it was raised, such as operator or admin=30m. May be given several
    /// times, in the order of time
    #[arg(long, value_name = "WHO[=SPAN]", value_parser = step)]
    tell: Vec<EscalationStepBody>,
    /// Keep the rule, but do not look at it
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    write: WriteArgs,
}

fn span(text: &str) -> Result<u32, String> {
    u32::try_from(seconds(text)?).map_err(|_| "use a shorter span".to_owned())
}

fn step(text: &str) -> Result<EscalationStepBody, String> {
    let (who, after_seconds) = match text.split_once('=') {
        Some((who, after)) => (who, span(after)?),
        None => (text, 0),
    };
    let tell: AudienceBody = clap::ValueEnum::from_str(who, false)
        .map_err(|_| "use operator, admin or super_admin".to_owned())?;
    Ok(EscalationStepBody { after_seconds, tell })
}

pub(super) async fn run(billing: &Billing, command: AlertCommand) -> Result<Output, Failure> {
    match command {
        AlertCommand::List(arguments) => list(billing, arguments).await,
        AlertCommand::Acknowledge { alert, write } => {
            let alert = billing.acknowledge_alert(&write.caller()?, alert).await?;
            let text = write.verdict(&format!("alert {} is in your hands", alert.id));
            Ok(Output::new(AlertBody::from(alert), text))
        }
        AlertCommand::Rule(RuleCommand::List) => {
            let rules = billing.alert_rules().await?;
            Ok(rules_shown(rules.into_iter().map(AlertRuleBody::from).collect()))
        }
        AlertCommand::Rule(RuleCommand::Set(arguments)) => set(billing, *arguments).await,
        AlertCommand::Rule(RuleCommand::Remove { name, write }) => {
            billing.remove_alert_rule(&write.caller()?, &name.parse()?).await?;
            Ok(Output::verbatim(write.verdict(&format!("rule {name} is gone"))))
        }
    }
}

async fn list(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let ListArgs { state, router, page } = arguments;
    let query = AlertsQuery { state, router, ..AlertsQuery::default() };
    let found = billing.alerts(query.filter(billing).await?, page.read()?).await?;
    let page = PageBody::of(found, AlertBody::from);
    let heads = ["id", "severity", "rule", "router", "value", "at", "state", "since", "over", "by"];
    Ok(listing(&page, heads, |alert| {
        [
            alert.id.to_string(),
            Severity::from(alert.severity).to_string(),
            alert.rule.clone(),
            or_dash(alert.router_id),
            alert.value.to_string(),
            alert.threshold.to_string(),
            AlertStateName::from(alert.state).to_string(),
            alert.began_at.to_string(),
            or_dash(alert.resolved_at),
            or_dash(alert.acknowledged_by.as_ref()),
        ]
    }))
}

async fn set(billing: &Billing, arguments: RuleArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let body = AlertRuleTermsBody {
        condition: arguments.condition,
        threshold: arguments.at,
        lasting_seconds: arguments.lasting.unwrap_or_default(),
        severity: arguments.severity,
        cool_down_seconds: arguments.cool_down.unwrap_or_default(),
        router: arguments.router,
        escalation: arguments.tell,
        enabled: !arguments.off,
    };
    let rule = body.read(billing, &arguments.name).await?;
    let rule = AlertRuleBody::from(billing.set_alert_rule(&caller, rule).await?);
    let text = facts(&[
        ("rule", rule.name.clone()),
        ("raised at", format!("{} {}", condition(&rule), rule.terms.threshold)),
        ("told to", escalation(&rule)),
    ]);
    Ok(Output::new(rule, arguments.write.verdict(&text)))
}

fn rules_shown(items: Vec<AlertRuleBody>) -> Output {
    let heads =
        ["name", "condition", "at", "lasting s", "severity", "cool-down s", "told to", "on"];
    let row = |rule: &AlertRuleBody| {
        [
            rule.name.clone(),
            condition(rule),
            rule.terms.threshold.to_string(),
            rule.terms.lasting_seconds.to_string(),
            Severity::from(rule.terms.severity).to_string(),
            rule.terms.cool_down_seconds.to_string(),
            escalation(rule),
            if rule.terms.enabled { "yes" } else { "no" }.to_owned(),
        ]
    };
    let text = table(heads, items.iter().map(row));
    Output::new(AlertRulesBody { items }, text)
}

fn condition(rule: &AlertRuleBody) -> String {
    Condition::from(rule.terms.condition).to_string()
}

fn escalation(rule: &AlertRuleBody) -> String {
    let step = |step: &EscalationStepBody| {
        let who = Audience::from(step.tell);
        format!("{who} after {} s", step.after_seconds)
    };
    rule.terms.escalation.iter().map(step).collect::<Vec<_>>().join(", ")
}
