//! Webhooks and their deliveries over HTTP.

use axum::Json;
use axum::http::StatusCode;
use jiff::Timestamp;
use mkbill_core::billing::{DeliveryView, WebhookMade};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{DeliveryId, WebhookId};
use mkbill_core::kernel::patch::Patch;
use mkbill_core::kernel::permission::needs::{
    WebhooksCreate, WebhooksDelete, WebhooksEdit, WebhooksView,
};
use mkbill_core::webhook::delivery::{Attempt, AttemptResult, Delivery, DeliveryState};
use mkbill_core::webhook::filter::KindFilter;
use mkbill_core::webhook::secret::WebhookSecret;
use mkbill_core::webhook::store::DeliverySort;
use mkbill_core::webhook::{DisabledBecause, NewWebhook, Webhook, WebhookChange};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::{Given, PageBody, choices, list_query, whole_span};
use super::{Answer, Made, Problems, created, mark_replayed};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery};
use crate::problem::Problem;

choices! {
    /// Why a webhook is told nothing.
    DisabledBecauseBody as WebhookDisabledBecause for DisabledBecause {
        /// A person wanted it so.
        Person,
        /// It answered 410: it is gone for good.
        Gone,
        /// It has had nothing but failures for five days.
        Failing,
    }
}

choices! {
    /// Where a delivery stands.
    DeliveryStateBody as DeliveryState for DeliveryState {
        /// It will be tried.
        Pending,
        /// The receiver took it.
        Succeeded,
        /// It is not tried any more.
        Failed,
    }
}

const fn yes() -> bool {
    true
}

/// A webhook to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook)]
pub(crate) struct NewWebhookBody {
    /// Where it is told, by https. Private addresses only where the server is set up for them.
    #[schema(example = "https://shop.example/hooks/mkbill", max_length = 2_000)]
    pub(crate) url: String,
    /// What it is for, in your words.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub(crate) description: String,
    /// Of which events it is told: exact kinds, or all below a word. Of all if absent or empty.
    #[serde(default)]
    #[schema(example = json!(["payment.*", "router.down"]), max_items = 50)]
    pub(crate) events: Vec<String>,
    /// Is it told from the beginning? It is if absent.
    #[serde(default = "yes")]
    #[schema(required = false)]
    pub(crate) enabled: bool,
}

impl NewWebhookBody {
    pub(crate) fn read(self) -> Result<NewWebhook, Error> {
        Ok(NewWebhook {
            url: self.url.parse()?,
            description: self.description,
            events: KindFilter::of(&self.events)?,
            enabled: self.enabled,
        })
    }
}

/// What changes of a webhook; what is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookChange)]
pub(crate) struct WebhookChangeBody {
    /// Where it is told.
    #[serde(default)]
    #[schema(max_length = 2_000)]
    pub(crate) url: Option<String>,
    /// What it is for; null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub(crate) description: Given<String>,
    /// Of which events it is told; of all if empty or null.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    pub(crate) events: Given<Vec<String>>,
    /// Is it told? One that is enabled again is told of what happens from then on.
    #[serde(default)]
    pub(crate) enabled: Option<bool>,
}

impl WebhookChangeBody {
    pub(crate) fn read(self) -> Result<WebhookChange, Error> {
        let description: Patch<String> = self.description.read(Ok)?;
        Ok(WebhookChange {
            url: self.url.as_deref().map(str::parse).transpose()?,
            description,
            events: self.events.read(|events| KindFilter::of(&events))?,
            enabled: self.enabled,
        })
    }
}

/// How a secret is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookRotation)]
pub(crate) struct RotationBody {
    /// For how long deliveries are signed with the old secret as well, at most seven days; a day if
    /// absent.
    #[serde(default)]
    #[schema(maximum = 604_800, example = 86_400)]
    pub(crate) overlap_seconds: Option<u64>,
}

/// Which failed deliveries are sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookResend)]
pub(crate) struct ResendBody {
    /// Those that were made since then, at most 10,000, the oldest first.
    pub(crate) failed_since: Timestamp,
}

/// How many deliveries are sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookResent)]
pub(crate) struct ResentBody {
    /// How many; 0 if the same request was answered before.
    pub(crate) deliveries: u64,
}

/// A program elsewhere that is told of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Where it is told.
    pub(crate) url: String,
    /// What it is for.
    pub(crate) description: String,
    /// Of which events it is told; of all if empty.
    pub(crate) events: Vec<String>,
    /// Is it told?
    pub(crate) enabled: bool,
    /// Since when it is not.
    pub(crate) disabled_at: Option<Timestamp>,
    /// Why it is not.
    pub(crate) disabled_because: Option<DisabledBecauseBody>,
    /// Since when it has had nothing but failures; null if the last delivery went well.
    pub(crate) failing_since: Option<Timestamp>,
    /// Until when deliveries are signed with the old secret as well.
    pub(crate) old_secret_until: Option<Timestamp>,
    /// The position of the last event for which deliveries were made.
    pub(crate) followed_to: i64,
    /// When it was added.
    pub(crate) created_at: Timestamp,
    /// When it was changed last.
    pub(crate) changed_at: Timestamp,
}

impl From<Webhook> for WebhookBody {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.uuid(),
            url: webhook.url.as_str().to_owned(),
            events: webhook.events.patterns().map(str::to_owned).collect(),
            enabled: webhook.is_told(),
            disabled_at: webhook.disabled.map(|disabled| disabled.at),
            disabled_because: webhook.disabled.map(|disabled| disabled.because.into()),
            description: webhook.description,
            failing_since: webhook.failing_since,
            old_secret_until: webhook.old_secret_until,
            followed_to: webhook.followed_to,
            created_at: webhook.created_at,
            changed_at: webhook.changed_at,
        }
    }
}

/// A webhook and a secret that was made for it just now.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
pub(crate) struct WebhookMadeBody {
    /// The webhook.
    #[serde(flatten)]
    pub(crate) webhook: WebhookBody,
    /// What its receiver checks deliveries with, shown this once. Null in a dry run, and if the same
    /// request was answered before: rotate the secret if you lost it.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub(crate) secret: Option<String>,
}

impl From<WebhookMade> for WebhookMadeBody {
    fn from(made: WebhookMade) -> Self {
        let text = |secret: WebhookSecret| secret.text().expose_secret().to_owned();
        Self { webhook: made.webhook.into(), secret: made.secret.map(text) }
    }
}

/// All webhooks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhooks)]
pub(crate) struct WebhooksBody {
    /// In the order in which they were added.
    pub(crate) items: Vec<WebhookBody>,
}

/// One event on its way to a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(crate) struct DeliveryBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// The id of its webhook.
    pub(crate) webhook_id: Uuid,
    /// Where the event stands in the one order; null for `webhook.ping`.
    pub(crate) position: Option<i64>,
    /// What happened.
    #[schema(example = "payment.record")]
    pub(crate) kind: String,
    /// Where it stands.
    pub(crate) state: DeliveryStateBody,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// When it is tried next; null if it is not.
    pub(crate) due_at: Option<Timestamp>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// When it came to its end.
    pub(crate) settled_at: Option<Timestamp>,
}

impl From<Delivery> for DeliveryBody {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.uuid(),
            webhook_id: delivery.webhook.uuid(),
            position: delivery.position,
            kind: delivery.kind,
            state: delivery.state.into(),
            attempts: delivery.attempts,
            due_at: delivery.due_at,
            created_at: delivery.created_at,
            settled_at: delivery.settled_at,
        }
    }
}

/// One attempt at a delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
pub(crate) struct AttemptBody {
    /// Counts from 1.
    pub(crate) number: u32,
    /// When it began.
    pub(crate) at: Timestamp,
    /// How long it took.
    pub(crate) duration_ms: u32,
    /// The HTTP status of the answer; null without one.
    pub(crate) status: Option<u16>,
    /// The beginning of the answer, at most one kibibyte; null without one.
    pub(crate) answer: Option<String>,
    /// Why there was none.
    pub(crate) error: Option<String>,
}

impl From<Attempt> for AttemptBody {
    fn from(attempt: Attempt) -> Self {
        let (status, answer, error) = match attempt.result {
            AttemptResult::Answered { status, answer } => (Some(status), Some(answer), None),
            AttemptResult::Unanswered { error } => (None, None, Some(error)),
        };
        let Attempt { number, at, duration_ms, .. } = attempt;
        Self { number, at, duration_ms, status, answer, error }
    }
}

/// A delivery with its attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDeliveryWithAttempts)]
pub(crate) struct DeliveryViewBody {
    /// The delivery.
    #[serde(flatten)]
    pub(crate) delivery: DeliveryBody,
    /// Its last attempts, in their order.
    pub(crate) log: Vec<AttemptBody>,
}

impl From<DeliveryView> for DeliveryViewBody {
    fn from(view: DeliveryView) -> Self {
        let log = view.attempts.into_iter().map(AttemptBody::from).collect();
        Self { delivery: view.delivery.into(), log }
    }
}

list_query! {
    /// Which deliveries, and which page of them.
    DeliveriesQuery by DeliverySort {
        /// In this state only.
        #[param(inline)]
        state: Option<DeliveryStateBody>,
    }
}

/// Adds a webhook: it is told of what happens from now on, each delivery signed by the Standard Webhooks
/// specification. Its secret is answered this once.
#[utoipa::path(post, path = "/webhooks", tag = "webhooks", params(WriteHeaders, WriteQuery),
    request_body = NewWebhookBody,
    responses((status = 201, description = "Added", body = WebhookMadeBody,
        headers(("Location" = String, description = "Where it is"))),
        (status = 200, description = "Only tried", body = WebhookMadeBody), Problems))]
pub(crate) async fn add_webhook(
    billing: Writes<WebhooksCreate>,
    Body(body): Body<NewWebhookBody>,
) -> Made {
    let receipt = billing.add_webhook(&billing.caller, body.read()?).await?;
    let made = WebhookMadeBody::from(receipt.value);
    let place = format!("/api/v1/webhooks/{}", made.webhook.id);
    let response = created(&billing.caller, &place, made);
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Lists all webhooks, in the order in which they were added.
#[utoipa::path(get, path = "/webhooks", tag = "webhooks",
    responses((status = 200, description = "All webhooks", body = WebhooksBody), Problems))]
pub(crate) async fn list_webhooks(billing: Reads<WebhooksView>) -> Answer<WebhooksBody> {
    let items = billing.webhooks().await?.into_iter().map(WebhookBody::from).collect();
    Ok(Json(WebhooksBody { items }))
}

/// Shows a webhook.
#[utoipa::path(get, path = "/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "The webhook", body = WebhookBody), Problems))]
pub(crate) async fn show_webhook(
    billing: Reads<WebhooksView>,
    Path(webhook): Path<Uuid>,
) -> Answer<WebhookBody> {
    Ok(Json(billing.webhook(WebhookId::from_uuid(webhook)).await?.into()))
}

/// Changes a webhook. Deliveries on their way to one that is disabled have failed; one that is enabled
/// again is told of what happens from then on.
#[utoipa::path(patch, path = "/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = WebhookChangeBody,
    responses((status = 200, description = "Changed", body = WebhookBody), Problems))]
pub(crate) async fn change_webhook(
    billing: Writes<WebhooksEdit>,
    Path(webhook): Path<Uuid>,
    Body(body): Body<WebhookChangeBody>,
) -> Answer<WebhookBody> {
    let id = WebhookId::from_uuid(webhook);
    Ok(Json(billing.change_webhook(&billing.caller, id, body.read()?).await?.into()))
}

/// Removes a webhook, with its secrets and the list of its deliveries.
#[utoipa::path(delete, path = "/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 204, description = "It is gone"), Problems))]
pub(crate) async fn remove_webhook(
    billing: Writes<WebhooksDelete>,
    Path(webhook): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    billing.remove_webhook(&billing.caller, WebhookId::from_uuid(webhook)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new secret and answers it this once. Until the overlap is over, deliveries are signed with
/// the old one as well.
#[utoipa::path(post, path = "/webhooks/{webhook}/rotate", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = RotationBody,
    responses((status = 200, description = "The new secret", body = WebhookMadeBody), Problems))]
pub(crate) async fn rotate_webhook_secret(
    billing: Writes<WebhooksEdit>,
    Path(webhook): Path<Uuid>,
    Body(body): Body<RotationBody>,
) -> Made {
    let overlap = body.overlap_seconds.map(|seconds| whole_span("overlap_seconds", seconds));
    let id = WebhookId::from_uuid(webhook);
    let receipt = billing.rotate_webhook_secret(&billing.caller, id, overlap.transpose()?).await?;
    let response =
        axum::response::IntoResponse::into_response(Json(WebhookMadeBody::from(receipt.value)));
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Sends a webhook a message of the kind `webhook.ping`, whatever it is told of otherwise.
#[utoipa::path(post, path = "/webhooks/{webhook}/test", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 201, description = "On its way", body = DeliveryBody,
        headers(("Location" = String, description = "Where it is"))),
        (status = 200, description = "Only tried", body = DeliveryBody), Problems))]
pub(crate) async fn test_webhook(billing: Writes<WebhooksEdit>, Path(webhook): Path<Uuid>) -> Made {
    let receipt = billing.test_webhook(&billing.caller, WebhookId::from_uuid(webhook)).await?;
    let delivery = DeliveryBody::from(receipt.value);
    let place = format!("/api/v1/webhooks/{webhook}/deliveries/{}", delivery.id);
    let response = created(&billing.caller, &place, delivery);
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Sends all deliveries of a webhook again that failed and were made since an instant.
#[utoipa::path(post, path = "/webhooks/{webhook}/resend", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = ResendBody,
    responses((status = 200, description = "How many", body = ResentBody), Problems))]
pub(crate) async fn resend_failed_deliveries(
    billing: Writes<WebhooksEdit>,
    Path(webhook): Path<Uuid>,
    Body(body): Body<ResendBody>,
) -> Answer<ResentBody> {
    let id = WebhookId::from_uuid(webhook);
    let sent = billing.resend_failed_deliveries(&billing.caller, id, body.failed_since).await?;
    Ok(Json(ResentBody { deliveries: sent.value }))
}

/// Lists deliveries of a webhook, newest first unless asked otherwise. They are kept for 30 days.
#[utoipa::path(get, path = "/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Id"), DeliveriesQuery),
    responses((status = 200, description = "A page", body = PageBody<DeliveryBody>), Problems))]
pub(crate) async fn list_deliveries(
    billing: Reads<WebhooksView>,
    Path(webhook): Path<Uuid>,
    Query(query): Query<DeliveriesQuery>,
) -> Answer<PageBody<DeliveryBody>> {
    let state = query.state.map(DeliveryState::from);
    let page = query.page()?;
    let id = WebhookId::from_uuid(webhook);
    let found = billing.webhook_deliveries(id, state, page).await?;
    Ok(Json(PageBody::of(found, DeliveryBody::from)))
}

/// Shows a delivery with its attempts.
#[utoipa::path(get, path = "/webhooks/{webhook}/deliveries/{delivery}", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Id"),
        ("delivery" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "The delivery", body = DeliveryViewBody), Problems))]
pub(crate) async fn show_delivery(
    billing: Reads<WebhooksView>,
    Path((webhook, delivery)): Path<(Uuid, Uuid)>,
) -> Answer<DeliveryViewBody> {
    let (id, delivery) = (WebhookId::from_uuid(webhook), DeliveryId::from_uuid(delivery));
    Ok(Json(billing.webhook_delivery(id, delivery).await?.into()))
}

/// Sends one delivery again, whatever became of it, under the id that it had. One that is on its way is
/// left as it is.
#[utoipa::path(post, path = "/webhooks/{webhook}/deliveries/{delivery}/resend", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Id"),
        ("delivery" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "On its way", body = DeliveryBody), Problems))]
pub(crate) async fn resend_delivery(
    billing: Writes<WebhooksEdit>,
    Path((webhook, delivery)): Path<(Uuid, Uuid)>,
) -> Answer<DeliveryBody> {
    let (id, delivery) = (WebhookId::from_uuid(webhook), DeliveryId::from_uuid(delivery));
    Ok(Json(billing.resend_delivery(&billing.caller, id, delivery).await?.into()))
}
