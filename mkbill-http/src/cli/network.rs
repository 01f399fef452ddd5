//! `mkbill session …`, and what `mkbill router` says of the network.

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::store::SessionSort;

use crate::api::logins::LoginKindBody;
use crate::api::network::{
    DriftBody, DriftsBody, OutageBody, PlannedChangeBody, RouterPlanBody, SessionBody,
    SessionsQuery, UsageBody,
};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::PageArgs;
use super::output::{Output, listing, or_dash, table};

#[derive(Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// List who is online, as the last look saw it
    Online(ListArgs),
    /// List sessions, newest first
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// On this router only: name or id
    #[arg(long)]
    router: Option<String>,
    /// In this menu only
    #[arg(long)]
    kind: Option<LoginKindBody>,
    /// With this very name only
    #[arg(long)]
    name: Option<String>,
    /// Only of names that the books do not know
    #[arg(long)]
    unknown: bool,
    #[command(flatten)]
    page: PageArgs<SessionSort>,
}

pub(super) async fn sessions(
    billing: &Billing,
    command: SessionCommand,
) -> Result<Output, Failure> {
    let (arguments, open) = match command {
        SessionCommand::Online(arguments) => (arguments, true),
        SessionCommand::List(arguments) => (arguments, false),
    };
    let ListArgs { router, kind, name, unknown, page } = arguments;
    let query = SessionsQuery { router, kind, name, open, unknown, ..SessionsQuery::default() };
    let page = billing.sessions(&query.filter(billing).await?, page.read()?).await?;
    let page = PageBody::of(page, SessionBody::from);
    let heads = ["name", "kind", "address", "device", "since", "until", "seconds", "in", "out"];
    Ok(listing(&page, heads, |session| {
        [
            session.name.clone(),
            LoginKind::from(session.kind).to_string(),
            or_dash(session.address.as_ref()),
            or_dash(session.device.as_ref()),
            session.started_at.to_string(),
            or_dash(session.ended_at),
            session.uptime_seconds.to_string(),
            session.bytes_in.to_string(),
            session.bytes_out.to_string(),
        ]
    }))
}

pub(super) fn usage(usage: UsageBody) -> Output {
    let row = |day: &crate::api::network::UsageDayBody| {
        let numbers = [day.uptime_seconds.to_string(), day.bytes_in.to_string()];
        let [uptime, bytes_in] = numbers;
        [day.day.to_string(), uptime, bytes_in, day.bytes_out.to_string()]
    };
    let text = table(["day", "seconds online", "in", "out"], usage.items.iter().map(row));
    Output::new(usage, text)
}

pub(super) fn outages(page: &PageBody<OutageBody>) -> Output {
    let heads = ["router", "began", "ended", "why"];
    listing(page, heads, |outage| {
        [
            outage.router_id.to_string(),
            outage.began_at.to_string(),
            or_dash(outage.ended_at),
            outage.last_error.clone(),
        ]
    })
}

pub(super) fn drift(items: Vec<DriftBody>) -> Output {
    let row = |drift: &DriftBody| {
        [
            LoginKind::from(drift.kind).to_string(),
            drift.name.clone(),
            drift.what.to_owned(),
            drift.fields.join(", "),
            drift.found_at.to_string(),
        ]
    };
    let text = table(["kind", "name", "what", "fields", "since"], items.iter().map(row));
    Output::new(DriftsBody { items }, text)
}

pub(super) fn plan(plan: RouterPlanBody) -> Output {
    let row = |change: &PlannedChangeBody| {
        let kind = LoginKind::from(change.kind).to_string();
        [change.act.to_owned(), kind, change.name.clone(), change.steps.join("; ")]
    };
    let mut text = table(["act", "kind", "name", "steps"], plan.changes.iter().map(row));
    text = format!("{text}\n{} in step", plan.in_step);
    if !plan.taken.is_empty() {
        text = format!("{text}; left alone: {}", plan.taken.join(", "));
    }
    Output::new(plan, text)
}
