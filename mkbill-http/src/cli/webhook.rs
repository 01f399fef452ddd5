//! `mkbill webhook …`

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::ids::{DeliveryId, WebhookId};
use mkbill_core::webhook::DisabledBecause;
use mkbill_core::webhook::delivery::DeliveryState;
use mkbill_core::webhook::store::DeliverySort;

use crate::api::values::{Given, PageBody};
use crate::api::webhooks::{
    AttemptBody, DeliveryBody, DeliveryStateBody, DeliveryViewBody, NewWebhookBody, ResentBody,
    WebhookBody, WebhookChangeBody, WebhookMadeBody, WebhooksBody,
};
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, facts, listing, or_dash, table};
use super::quantity::seconds;

#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// Add a webhook; its secret is shown once
    Add(AddArgs),
    /// List all webhooks
    List,
    /// Show a webhook
    Show {
        /// Id
        webhook: WebhookId,
    },
    /// Change a webhook
    Change(ChangeArgs),
    /// Remove a webhook, with its secrets
    Remove(OneArgs),
    /// Make a new secret; it is shown once
    Rotate {
        #[command(flatten)]
        one: OneArgs,
        /// Sign with the old secret as well for so long, such as 24h; at most 7 days
        #[arg(long, value_name = "SPAN", value_parser = span)]
        overlap: Option<SignedDuration>,
    },
    /// Send a webhook a message that only tries it out
    Test(OneArgs),
    /// List deliveries to a webhook, newest first; or show one with its attempts
    Deliveries(DeliveriesArgs),
    /// Send one delivery again, or all that failed since an instant
    Resend(ResendArgs),
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Id
    webhook: WebhookId,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Where it is told: the address of your receiver, by https
    url: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Of which events it is told, such as payment.record or payment.*; of all if none is named. May be
    /// given several times
    #[arg(long, value_name = "KIND")]
    event: Vec<String>,
    /// Keep it, but tell it nothing yet
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// Id
    webhook: WebhookId,
    /// Where it is told
    #[arg(long)]
    url: Option<String>,
    /// What it is for; an empty text takes it away
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Of which events it is told, in place of those before. May be given several times
    #[arg(long, value_name = "KIND", conflicts_with = "all_events")]
    event: Vec<String>,
    /// Tell it of all events
    #[arg(long)]
    all_events: bool,
    /// Tell it of what happens from now on
    #[arg(long, conflicts_with = "off")]
    on: bool,
    /// Tell it nothing any more
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct DeliveriesArgs {
    /// Id
    webhook: WebhookId,
    /// Show this delivery only, with its attempts: an id
    #[arg(long, value_name = "ID", conflicts_with_all = ["state", "limit", "cursor"])]
    delivery: Option<DeliveryId>,
    /// In this state only
    #[arg(long)]
    state: Option<DeliveryStateBody>,
    #[command(flatten)]
    page: PageArgs<DeliverySort>,
}

#[derive(Debug, Args)]
pub(super) struct ResendArgs {
    /// Id
    webhook: WebhookId,
    /// This delivery: an id
    #[arg(
        long,
        value_name = "ID",
        conflicts_with = "failed_since",
        required_unless_present = "failed_since"
    )]
    delivery: Option<DeliveryId>,
    /// All that failed and were made since then, such as 2026-03-01T00:00:00Z
    #[arg(long, value_name = "INSTANT")]
    failed_since: Option<Timestamp>,
    #[command(flatten)]
    write: WriteArgs,
}

fn span(text: &str) -> Result<SignedDuration, String> {
    let seconds = i64::try_from(seconds(text)?).map_err(|_| "use a shorter span".to_owned())?;
    Ok(SignedDuration::from_secs(seconds))
}

pub(super) async fn run(billing: &Billing, command: WebhookCommand) -> Result<Output, Failure> {
    match command {
        WebhookCommand::Add(arguments) => add(billing, arguments).await,
        WebhookCommand::List => {
            let webhooks = billing.webhooks().await?;
            Ok(listed(webhooks.into_iter().map(WebhookBody::from).collect()))
        }
        WebhookCommand::Show { webhook } => {
            let webhook = WebhookBody::from(billing.webhook(webhook).await?);
            let text = shown(&webhook);
            Ok(Output::new(webhook, text))
        }
        WebhookCommand::Change(arguments) => change(billing, arguments).await,
        WebhookCommand::Remove(OneArgs { webhook, write }) => {
            billing.remove_webhook(&write.caller()?, webhook).await?;
            Ok(Output::verbatim(write.verdict(&format!("webhook {webhook} is gone"))))
        }
        WebhookCommand::Rotate { one, overlap } => {
            let caller = one.write.caller()?;
            let made = billing.rotate_webhook_secret(&caller, one.webhook, overlap).await?;
            Ok(made_shown(made.value.into(), &one.write))
        }
        WebhookCommand::Test(OneArgs { webhook, write }) => {
            let made = billing.test_webhook(&write.caller()?, webhook).await?;
            let delivery = DeliveryBody::from(made.value);
            let text = write.verdict(&format!("delivery {} is on its way", delivery.id));
            Ok(Output::new(delivery, text))
        }
        WebhookCommand::Deliveries(arguments) => deliveries(billing, arguments).await,
        WebhookCommand::Resend(arguments) => resend(billing, arguments).await,
    }
}

async fn add(billing: &Billing, arguments: AddArgs) -> Result<Output, Failure> {
    let AddArgs { url, description, event, off, write } = arguments;
    let description = description.unwrap_or_default();
    let body = NewWebhookBody { url, description, events: event, enabled: !off };
    let made = billing.add_webhook(&write.caller()?, body.read()?).await?;
    Ok(made_shown(made.value.into(), &write))
}

async fn change(billing: &Billing, arguments: ChangeArgs) -> Result<Output, Failure> {
    let ChangeArgs { webhook, url, description, event, all_events, on, off, write } = arguments;
    let body = WebhookChangeBody {
        url,
        description: description.map_or(Given::Absent, Given::Value),
        events: match (all_events, event.is_empty()) {
            (true, _) => Given::Null,
            (false, true) => Given::Absent,
            (false, false) => Given::Value(event),
        },
        enabled: (on || off).then_some(on),
    };
    let changed = billing.change_webhook(&write.caller()?, webhook, body.read()?).await?;
    let changed = WebhookBody::from(changed);
    let text = write.verdict(&shown(&changed));
    Ok(Output::new(changed, text))
}

async fn deliveries(billing: &Billing, arguments: DeliveriesArgs) -> Result<Output, Failure> {
    let DeliveriesArgs { webhook, delivery, state, page } = arguments;
    if let Some(delivery) = delivery {
        return Ok(delivery_shown(billing.webhook_delivery(webhook, delivery).await?.into()));
    }
    let state = state.map(DeliveryState::from);
    let found = billing.webhook_deliveries(webhook, state, page.read()?).await?;
    let page = PageBody::of(found, DeliveryBody::from);
    let heads = ["id", "position", "kind", "state", "attempts", "made", "next try", "over"];
    Ok(listing(&page, heads, |delivery| {
        [
            delivery.id.to_string(),
            or_dash(delivery.position),
            delivery.kind.clone(),
            DeliveryState::from(delivery.state).to_string(),
            delivery.attempts.to_string(),
            delivery.created_at.to_string(),
            or_dash(delivery.due_at),
            or_dash(delivery.settled_at),
        ]
    }))
}

async fn resend(billing: &Billing, arguments: ResendArgs) -> Result<Output, Failure> {
    let ResendArgs { webhook, delivery, failed_since, write } = arguments;
    let caller = write.caller()?;
    if let Some(delivery) = delivery {
        let sent = billing.resend_delivery(&caller, webhook, delivery).await?;
        let text = write.verdict(&format!("delivery {delivery} is on its way"));
        return Ok(Output::new(DeliveryBody::from(sent), text));
    }
    let since = failed_since.unwrap_or(Timestamp::MIN);
    let deliveries = billing.resend_failed_deliveries(&caller, webhook, since).await?.value;
    let text = write.verdict(&format!("{deliveries} deliveries are on their way"));
    Ok(Output::new(ResentBody { deliveries }, text))
}

fn made_shown(made: WebhookMadeBody, write: &WriteArgs) -> Output {
    let secret = made.secret.as_ref();
    let secret = secret.map(|secret| format!("\nsecret, shown this once:\n{secret}"));
    let text = format!("{}{}", shown(&made.webhook), secret.unwrap_or_default());
    Output::new(made, write.verdict(&text))
}

fn told_of(webhook: &WebhookBody) -> String {
    if webhook.events.is_empty() { "all events".to_owned() } else { webhook.events.join(", ") }
}

fn because(webhook: &WebhookBody) -> String {
    let because = webhook.disabled_because.map(DisabledBecause::from);
    because.map_or_else(|| "enabled".to_owned(), |because| format!("disabled: {because}"))
}

fn shown(webhook: &WebhookBody) -> String {
    facts(&[
        ("webhook", webhook.id.to_string()),
        ("url", webhook.url.clone()),
        ("for", webhook.description.clone()),
        ("told of", told_of(webhook)),
        ("state", because(webhook)),
        ("failing since", or_dash(webhook.failing_since)),
        ("old secret until", or_dash(webhook.old_secret_until)),
    ])
}

fn listed(items: Vec<WebhookBody>) -> Output {
    let heads = ["id", "url", "for", "told of", "state", "failing since"];
    let row = |webhook: &WebhookBody| {
        [
            webhook.id.to_string(),
            webhook.url.clone(),
            webhook.description.clone(),
            told_of(webhook),
            because(webhook),
            or_dash(webhook.failing_since),
        ]
    };
    let text = table(heads, items.iter().map(row));
    Output::new(WebhooksBody { items }, text)
}

fn delivery_shown(view: DeliveryViewBody) -> Output {
    let row = |attempt: &AttemptBody| {
        [
            attempt.number.to_string(),
            attempt.at.to_string(),
            format!("{} ms", attempt.duration_ms),
            or_dash(attempt.status),
            or_dash(attempt.error.as_ref().or(attempt.answer.as_ref())),
        ]
    };
    let state = DeliveryState::from(view.delivery.state);
    let head = format!("{} {} is {state}", view.delivery.kind, view.delivery.id);
    let attempts = table(["attempt", "at", "took", "status", "said"], view.log.iter().map(row));
    Output::new(view, format!("{head}\n{attempts}"))
}
