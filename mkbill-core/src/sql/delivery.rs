//! Deliveries to webhooks in SQL.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kernel::ids::{DeliveryId, WebhookId};
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::webhook::delivery::{
    ATTEMPTS_KEPT_MAX, Attempt, AttemptResult, Delivery, DeliveryState,
};
use crate::webhook::store::{DeliverySort, DeliveryStore};

use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, small};

macro_rules! deliveries {
    ($tail:literal) => {
        deliveries!("", $tail)
    };
    ($more:literal, $tail:literal) => {
        concat!(
            "SELECT id, webhook_id, position, kind, state, tries, attempts, due_at, created_at, \
             settled_at",
            $more,
            " FROM webhook_delivery WHERE ",
            $tail
        )
    };
}

statements! {
    BY_ID: "reading a delivery" = deliveries!("id = $1");
    DUE: "reading due deliveries" = deliveries!(
        "webhook_id = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $3");
    NEXT: "finding the next delivery" =
        "SELECT MIN(due_at) AS at FROM webhook_delivery WHERE webhook_id = $1 \
         AND due_at IS NOT NULL";
    SETTLE: "settling a delivery" =
        "UPDATE webhook_delivery SET state = $3, tries = $4, attempts = $5, due_at = $6, \
         settled_at = $7 WHERE id = $1 AND attempts = $2";
    OLD_ATTEMPTS: "forgetting attempts" =
        "DELETE FROM webhook_attempt WHERE delivery_id = $1 AND number <= $2";
    GIVE_UP: "giving up deliveries" =
        "UPDATE webhook_delivery SET state = 'failed', due_at = NULL, settled_at = $2 \
         WHERE webhook_id = $1 AND due_at IS NOT NULL";
    RESEND: "asking for a delivery again" =
        "UPDATE webhook_delivery SET state = 'pending', tries = 0, due_at = $2, settled_at = NULL \
         WHERE id = $1";
    RESEND_FAILED: "asking for failed deliveries again" =
        "UPDATE webhook_delivery SET state = 'pending', tries = 0, due_at = $3, settled_at = NULL \
         WHERE id IN (SELECT id FROM webhook_delivery WHERE webhook_id = $1 AND state = 'failed' \
         AND created_at >= $2 ORDER BY id LIMIT $4)";
    ATTEMPTS: "reading the attempts of a delivery" =
        "SELECT number, at, duration_ms, status, answer, error FROM webhook_attempt \
         WHERE delivery_id = $1 ORDER BY number";
    FORGET: "forgetting deliveries" =
        "DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM webhook_delivery \
         WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
}

listing! {
    PAGE of DeliverySort: "listing deliveries" = deliveries!(
        "{value}",
        "{past} AND webhook_id = $1 AND (CAST($2 AS text) IS NULL OR state = $2) {page}"),
    by "id" { Created: Column::Identity }
}

fn read(row: &impl Record) -> Result<Delivery, ReadError> {
    let state = row.text("state")?;
    Ok(Delivery {
        id: DeliveryId::from_uuid(row.uuid("id")?),
        webhook: WebhookId::from_uuid(row.uuid("webhook_id")?),
        position: row.int_or_none("position")?,
        kind: row.text("kind")?,
        state: known("webhook_delivery", "state", &state, DeliveryState::named)?,
        tries: small(row.int("tries")?),
        attempts: small(row.int("attempts")?),
        due_at: row.instant_or_none("due_at")?,
        created_at: row.instant("created_at")?,
        settled_at: row.instant_or_none("settled_at")?,
    })
}

fn row(delivery: &Delivery) -> Vec<(&'static str, Value)> {
    vec![
        ("id", delivery.id.uuid().into()),
        ("webhook_id", delivery.webhook.uuid().into()),
        ("position", delivery.position.into()),
        ("kind", delivery.kind.as_str().into()),
        ("state", delivery.state.name().into()),
        ("tries", delivery.tries.into()),
        ("attempts", delivery.attempts.into()),
        ("due_at", delivery.due_at.into()),
        ("created_at", delivery.created_at.into()),
        ("settled_at", delivery.settled_at.into()),
    ]
}

fn attempt_row(delivery: DeliveryId, attempt: &Attempt) -> Vec<(&'static str, Value)> {
    let (status, answer, error) = match &attempt.result {
        AttemptResult::Answered { status, answer } => {
            (Some(i64::from(*status)), Some(answer.as_str()), None)
        }
        AttemptResult::Unanswered { error } => (None, None, Some(error.as_str())),
    };
    vec![
        ("delivery_id", delivery.uuid().into()),
        ("number", attempt.number.into()),
        ("at", attempt.at.into()),
        ("duration_ms", attempt.duration_ms.into()),
        ("status", status.into()),
        ("answer", answer.into()),
        ("error", error.into()),
    ]
}

fn read_attempt(row: &impl Record) -> Result<Attempt, ReadError> {
    let result = match row.int_or_none("status")? {
        Some(status) => AttemptResult::Answered {
            status: known("webhook_attempt", "status", &status.to_string(), |text| {
                text.parse().ok()
            })?,
            answer: row.text("answer")?,
        },
        None => AttemptResult::Unanswered { error: row.text("error")? },
    };
    Ok(Attempt {
        number: small(row.int("number")?),
        at: row.instant("at")?,
        duration_ms: small(row.int("duration_ms")?),
        result,
    })
}

#[async_trait]
impl<D: Dialect> DeliveryStore for SqlTx<D> {
    async fn deliveries_insert(&mut self, deliveries: &[Delivery]) -> Result<u64, StoreError> {
        let columns = transpose(deliveries.iter().map(row));
        let once = "ON CONFLICT (webhook_id, position) DO NOTHING";
        self.insert_all_or("adding deliveries", "webhook_delivery", columns, once).await
    }

    async fn delivery_by_id(&mut self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read).await
    }

    async fn delivery_page(
        &mut self,
        webhook: WebhookId,
        state: Option<DeliveryState>,
        page: PageRequest<DeliverySort>,
    ) -> Result<Page<Delivery>, StoreError> {
        let values = vec![webhook.uuid().into(), state.map(DeliveryState::name).into()];
        self.page(&PAGE, values, &page, read).await
    }

    async fn deliveries_due(
        &mut self,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.all(DUE, vec![webhook.uuid().into(), now.into(), limit.into()], read).await
    }

    async fn delivery_next(&mut self, webhook: WebhookId) -> Result<Option<Timestamp>, StoreError> {
        let read = |row: &D::Found| Ok(row.instant_or_none("at")?);
        Ok(self.one(NEXT, vec![webhook.uuid().into()], read).await?.flatten())
    }

    async fn delivery_settle(
        &mut self,
        delivery: &Delivery,
        attempt: &Attempt,
    ) -> Result<bool, StoreError> {
        let id: Value = delivery.id.uuid().into();
        let values = vec![
            id.clone(),
            attempt.number.saturating_sub(1).into(),
            delivery.state.name().into(),
            delivery.tries.into(),
            attempt.number.into(),
            delivery.due_at.into(),
            delivery.settled_at.into(),
        ];
        if self.execute(SETTLE, values).await? == 0 {
            return Ok(false);
        }
        let columns = transpose(std::iter::once(attempt_row(delivery.id, attempt)));
        self.insert_all("noting an attempt", "webhook_attempt", columns).await?;
        if let Some(old @ 1..) = attempt.number.checked_sub(ATTEMPTS_KEPT_MAX) {
            self.execute(OLD_ATTEMPTS, vec![id, old.into()]).await?;
        }
        Ok(true)
    }

    async fn deliveries_give_up(
        &mut self,
        webhook: WebhookId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.execute(GIVE_UP, vec![webhook.uuid().into(), now.into()]).await
    }

    async fn delivery_resend(&mut self, id: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
        self.execute(RESEND, vec![id.uuid().into(), now.into()]).await.map(drop)
    }

    async fn deliveries_resend(
        &mut self,
        webhook: WebhookId,
        since: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let values = vec![webhook.uuid().into(), since.into(), now.into(), limit.into()];
        self.execute(RESEND_FAILED, values).await
    }

    async fn delivery_attempts(&mut self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        self.all(ATTEMPTS, vec![id.uuid().into()], read_attempt).await
    }

    async fn deliveries_forget(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.execute(FORGET, vec![before.into(), limit.into()]).await
    }
}
