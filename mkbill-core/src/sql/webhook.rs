//! Webhooks in SQL.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::kernel::ids::WebhookId;
use crate::kernel::secret::Sealed;
use crate::kernel::web::WebUrl;
use crate::store::StoreError;
use crate::webhook::filter::KindFilter;
use crate::webhook::store::{EventHead, KeptSecret, WebhookStore};
use crate::webhook::{Disabled, DisabledBecause, Webhook};

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, unsigned};

macro_rules! webhooks {
    ($tail:literal) => {
        concat!(
            "SELECT id, url, description, events, disabled_at, disabled_because, failing_since, \
             followed_to, created_at, changed_at, removed_at, (SELECT MAX(good_until) FROM \
             webhook_secret WHERE webhook_id = webhook.id) AS old_secret_until FROM webhook WHERE ",
            $tail
        )
    };
}

macro_rules! behind {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "disabled_at IS NULL AND removed_at IS NULL \
             AND followed_to < (SELECT MAX(position) FROM event)",
            $after
        )
    };
}

statements! {
    REPLACE: "changing a webhook" =
        "UPDATE webhook SET url = $2, description = $3, events = $4, disabled_at = $5, \
         disabled_because = $6, failing_since = $7, changed_at = $8, removed_at = $9 WHERE id = $1";
    LIST: "listing webhooks" = webhooks!("removed_at IS NULL ORDER BY id");
    LIST_LOCK: "listing webhooks" = webhooks!("removed_at IS NULL ORDER BY id {for_update}");
    BY_ID: "reading a webhook" = webhooks!("id = $1");
    LOCK: "reading a webhook" = webhooks!("id = $1 {for_update}");
    BEHIND: "looking which webhooks are behind" =
        behind!("SELECT COUNT(*) AS n FROM webhook WHERE ", "");
    BEHIND_IDS: "looking which webhooks are behind" =
        behind!("SELECT id FROM webhook WHERE ", " ORDER BY id {skip_locked:webhook}");
    BY_IDS: "reading webhooks" = webhooks!("id {in_uuids:$1} ORDER BY id");
    FOLLOW: "noting how far a webhook was told" =
        "UPDATE webhook SET followed_to = $2 WHERE id = $1";
    FORGET: "forgetting webhooks" =
        "DELETE FROM webhook WHERE removed_at < $1 \
         AND NOT EXISTS (SELECT 1 FROM webhook_delivery WHERE webhook_id = webhook.id)";
    HEADS: "reading what happened" =
        "SELECT position, kind FROM event WHERE position > $1 ORDER BY position LIMIT $2";
    SECRETS: "reading the secrets of a webhook" =
        "SELECT number, sealed, good_until FROM webhook_secret WHERE webhook_id = $1 \
         ORDER BY number DESC";
    SECRETS_OLD: "forgetting the old secrets of a webhook" =
        "DELETE FROM webhook_secret WHERE webhook_id = $1 AND good_until IS NOT NULL";
    SECRET_RETIRE: "ending the secret of a webhook" =
        "UPDATE webhook_secret SET good_until = $2 WHERE webhook_id = $1";
    SECRETS_FORGET: "forgetting the secrets of a webhook" =
        "DELETE FROM webhook_secret WHERE webhook_id = $1";
}

fn read(row: &impl Record) -> Result<Webhook, ReadError> {
    let events = row.json_or_none("events")?.unwrap_or(Json::Null);
    let because = row.text_or_none("disabled_because")?;
    let because = because
        .map(|text| known("webhook", "disabled_because", &text, DisabledBecause::named))
        .transpose()?;
    let at = row.instant_or_none("disabled_at")?;
    Ok(Webhook {
        id: WebhookId::from_uuid(row.uuid("id")?),
        // What stands in an address may open doors, so a bad one is not named.
        url: row
            .text("url")?
            .parse::<WebUrl>()
            .or_else(|_| known("webhook", "url", "…", |_| None))?,
        description: row.text("description")?,
        events: known("webhook", "events", &events.to_string(), |_| {
            KindFilter::from_json(&events)
        })?,
        disabled: at.zip(because).map(|(at, because)| Disabled { at, because }),
        failing_since: row.instant_or_none("failing_since")?,
        old_secret_until: row.instant_or_none("old_secret_until")?,
        followed_to: row.int("followed_to")?,
        created_at: row.instant("created_at")?,
        changed_at: row.instant("changed_at")?,
        removed_at: row.instant_or_none("removed_at")?,
    })
}

/// What is decided of a webhook, in the order of the statement.
fn decided(webhook: &Webhook) -> [(&'static str, Value); 9] {
    [
        ("id", webhook.id.uuid().into()),
        ("url", webhook.url.as_str().into()),
        ("description", webhook.description.as_str().into()),
        ("events", webhook.events.to_json().into()),
        ("disabled_at", webhook.disabled.map(|disabled| disabled.at).into()),
        ("disabled_because", webhook.disabled.map(|disabled| disabled.because.name()).into()),
        ("failing_since", webhook.failing_since.into()),
        ("changed_at", webhook.changed_at.into()),
        ("removed_at", webhook.removed_at.into()),
    ]
}

#[async_trait]
impl<D: Dialect> WebhookStore for SqlTx<D> {
    async fn webhook_insert(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        let mut row = Vec::from(decided(webhook));
        row.push(("followed_to", webhook.followed_to.into()));
        row.push(("created_at", webhook.created_at.into()));
        let columns = transpose(std::iter::once(row));
        self.insert_all("adding a webhook", "webhook", columns).await
    }

    async fn webhook_replace(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        let values = decided(webhook).map(|(_, value)| value);
        self.execute(REPLACE, values.into()).await.map(drop)
    }

    async fn webhook_list(&mut self) -> Result<Vec<Webhook>, StoreError> {
        self.all(LIST, Vec::new(), read).await
    }

    async fn webhook_list_lock(&mut self) -> Result<Vec<Webhook>, StoreError> {
        self.all(LIST_LOCK, Vec::new(), read).await
    }

    async fn webhook_by_id(&mut self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read).await
    }

    async fn webhook_lock(&mut self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        self.one(LOCK, vec![id.uuid().into()], read).await
    }

    async fn webhooks_behind(&mut self) -> Result<u64, StoreError> {
        self.number(BEHIND, Vec::new()).await.map(unsigned)
    }

    async fn webhooks_behind_lock(&mut self) -> Result<Vec<Webhook>, StoreError> {
        let ids = self.all(BEHIND_IDS, Vec::new(), |row| Ok(row.uuid("id")?)).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.all(BY_IDS, vec![ids.into()], read).await
    }

    async fn webhook_follow(&mut self, id: WebhookId, position: i64) -> Result<(), StoreError> {
        self.execute(FOLLOW, vec![id.uuid().into(), position.into()]).await.map(drop)
    }

    async fn webhooks_forget(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, vec![before.into()]).await
    }

    async fn event_heads(&mut self, after: i64, limit: u32) -> Result<Vec<EventHead>, StoreError> {
        let read = |row: &D::Found| {
            Ok(EventHead { position: row.int("position")?, kind: row.text("kind")? })
        };
        self.all(HEADS, vec![after.into(), limit.into()], read).await
    }

    async fn webhook_secrets(&mut self, id: WebhookId) -> Result<Vec<KeptSecret>, StoreError> {
        let read = |row: &D::Found| {
            Ok(KeptSecret {
                number: row.int("number")?,
                sealed: Sealed::from_bytes(row.bytes("sealed")?),
                good_until: row.instant_or_none("good_until")?,
            })
        };
        self.all(SECRETS, vec![id.uuid().into()], read).await
    }

    async fn webhook_secret_renew(
        &mut self,
        id: WebhookId,
        secret: &KeptSecret,
        old_until: Timestamp,
    ) -> Result<(), StoreError> {
        let webhook: Value = id.uuid().into();
        self.execute(SECRETS_OLD, vec![webhook.clone()]).await?;
        self.execute(SECRET_RETIRE, vec![webhook.clone(), old_until.into()]).await?;
        let row = vec![
            ("webhook_id", webhook),
            ("number", secret.number.into()),
            ("sealed", secret.sealed.as_bytes().into()),
        ];
        let columns = transpose(std::iter::once(row));
        self.insert_all("adding the secret of a webhook", "webhook_secret", columns).await
    }

    async fn webhook_secrets_forget(&mut self, id: WebhookId) -> Result<(), StoreError> {
        self.execute(SECRETS_FORGET, vec![id.uuid().into()]).await.map(drop)
    }
}
