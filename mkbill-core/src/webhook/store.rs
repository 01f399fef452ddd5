//! Webhooks and their deliveries at rest.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kernel::ids::{DeliveryId, WebhookId};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::secret::Sealed;
use crate::store::StoreError;

use super::Webhook;
use super::delivery::{Attempt, Delivery, DeliveryState};

/// A secret as it is kept.
#[derive(Debug, Clone)]
pub struct KeptSecret {
    /// Counts the secrets of a webhook from 1; it is sealed for this number.
    pub number: i64,
    /// The secret.
    pub sealed: Sealed,
    /// Until when it is good; absent for the present one.
    pub good_until: Option<Timestamp>,
}

/// Where an event stands, and what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead {
    /// Where.
    pub position: i64,
    /// What.
    pub kind: String,
}

/// Keeps webhooks.
#[async_trait]
pub trait WebhookStore: Send {
    /// Adds one.
    async fn webhook_insert(&mut self, webhook: &Webhook) -> Result<(), StoreError>;
    /// Writes what people and the engine decide of one; how far it was told stays.
    async fn webhook_replace(&mut self, webhook: &Webhook) -> Result<(), StoreError>;
    /// All that are not removed, in the order in which they were added.
    async fn webhook_list(&mut self) -> Result<Vec<Webhook>, StoreError>;
    /// The same; nobody else changes them until the transaction ends.
    async fn webhook_list_lock(&mut self) -> Result<Vec<Webhook>, StoreError>;
    /// One, removed or not.
    async fn webhook_by_id(&mut self, id: WebhookId) -> Result<Option<Webhook>, StoreError>;
    /// The same; nobody else changes it until the transaction ends.
    async fn webhook_lock(&mut self, id: WebhookId) -> Result<Option<Webhook>, StoreError>;
    /// How many are told of events and were not told of the newest.
    async fn webhooks_behind(&mut self) -> Result<u64, StoreError>;
    /// Those, without the ones that others have locked; nobody else changes them until the transaction
    /// ends.
    async fn webhooks_behind_lock(&mut self) -> Result<Vec<Webhook>, StoreError>;
    /// Notes for which event deliveries were made last.
    async fn webhook_follow(&mut self, id: WebhookId, position: i64) -> Result<(), StoreError>;
    /// Forgets those that were removed before an instant and have no deliveries any more.
    async fn webhooks_forget(&mut self, before: Timestamp) -> Result<u64, StoreError>;
    /// What happened after a position, in its order.
    async fn event_heads(&mut self, after: i64, limit: u32) -> Result<Vec<EventHead>, StoreError>;
    /// The secrets of a webhook, the newest first.
    async fn webhook_secrets(&mut self, id: WebhookId) -> Result<Vec<KeptSecret>, StoreError>;
    /// Adds one, which takes the place of the present one. That is good until an instant, and any other
    /// is forgotten.
    async fn webhook_secret_renew(
        &mut self,
        id: WebhookId,
        secret: &KeptSecret,
        old_until: Timestamp,
    ) -> Result<(), StoreError>;
    /// Forgets all secrets of a webhook.
    async fn webhook_secrets_forget(&mut self, id: WebhookId) -> Result<(), StoreError>;
}

sorts! {
    /// What deliveries may be sorted by.
    pub DeliverySort of "webhook-deliveries", descending Created {
        /// When they were made.
        Created = "created": Identity,
    }
}

/// Keeps deliveries to webhooks.
#[async_trait]
pub trait DeliveryStore: Send {
    /// Adds those whose event has none for its webhook yet; answers how many.
    async fn deliveries_insert(&mut self, deliveries: &[Delivery]) -> Result<u64, StoreError>;
    /// One by identity.
    async fn delivery_by_id(&mut self, id: DeliveryId) -> Result<Option<Delivery>, StoreError>;
    /// A page of a webhook's, in one state or in all.
    async fn delivery_page(
        &mut self,
        webhook: WebhookId,
        state: Option<DeliveryState>,
        page: PageRequest<DeliverySort>,
    ) -> Result<Page<Delivery>, StoreError>;
    /// A webhook's that are due, the longest first.
    async fn deliveries_due(
        &mut self,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;
    /// When the next of a webhook's is due.
    async fn delivery_next(&mut self, webhook: WebhookId) -> Result<Option<Timestamp>, StoreError>;
    /// Writes what became of a delivery by an attempt, and the attempt. `false` if it had another one
    /// meanwhile, and nothing was written.
    async fn delivery_settle(
        &mut self,
        delivery: &Delivery,
        attempt: &Attempt,
    ) -> Result<bool, StoreError>;
    /// Gives up all of a webhook's that are pending; answers how many.
    async fn deliveries_give_up(
        &mut self,
        webhook: WebhookId,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
    /// Asks for one again.
    async fn delivery_resend(&mut self, id: DeliveryId, now: Timestamp) -> Result<(), StoreError>;
    /// Asks again for at most `limit` of a webhook's that failed and were made since an instant, the
    /// oldest first; answers how many.
    async fn deliveries_resend(
        &mut self,
        webhook: WebhookId,
        since: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;
    /// The attempts that are kept, in their order.
    async fn delivery_attempts(&mut self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError>;
    /// Forgets at most `limit` that were made before an instant, with their attempts; answers how many.
    async fn deliveries_forget(&mut self, before: Timestamp, limit: u32)
    -> Result<u64, StoreError>;
}
