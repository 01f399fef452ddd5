//! Answered requests, counters and API keys in SQL.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::apikey::store::ApiKeyStore;
use crate::apikey::{ApiKey, KeyDigest};
use crate::kernel::caller::{Actor, Fingerprint, IdempotencyKey};
use crate::kernel::ids::ApiKeyId;
use crate::kernel::permission::Permissions;
use crate::request::store::{KeyClaim, RequestStore};
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::{ReadError, SqlTx, known};

macro_rules! api_keys {
    ($tail:literal) => {
        concat!(
            "SELECT id, name, scopes, created_at, expires_at, last_used_at, revoked_at \
             FROM api_key ",
            $tail
        )
    };
}

statements! {
    KEY_CLAIM: "claiming an idempotency key" =
        "INSERT INTO request_key (actor, key, input, result, at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (actor, key) DO NOTHING";
    KEY_READ: "reading an idempotency key" =
        "SELECT input, result FROM request_key WHERE actor = $1 AND key = $2";
    COUNTER_TAKE: "counting" =
        "INSERT INTO counter (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value \
         RETURNING value AS n";
    API_KEY_INSERT: "adding an API key" =
        "INSERT INTO api_key (id, name, digest, created_at, scopes, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (name) DO NOTHING";
    API_KEY_BY_DIGEST: "looking up an API key" = api_keys!("WHERE digest = $1");
    API_KEY_BY_ID: "looking up an API key" = api_keys!("WHERE id = $1");
    API_KEY_BY_NAME: "looking up an API key" = api_keys!("WHERE name = $1");
    API_KEY_LIST: "listing API keys" = api_keys!("ORDER BY name");
    API_KEY_USED: "noting that an API key was used" =
        "UPDATE api_key SET last_used_at = $2 WHERE id = $1 \
         AND (last_used_at IS NULL OR last_used_at < $2)";
    API_KEY_REVOKE: "revoking an API key" =
        "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}

fn read_key(row: &impl Record) -> Result<ApiKey, ReadError> {
    Ok(ApiKey {
        id: ApiKeyId::from_uuid(row.uuid("id")?),
        name: row.text("name")?,
        scopes: known("api_key", "scopes", &row.text("scopes")?, |scopes| {
            Permissions::scopes(scopes.split_whitespace()).ok()
        })?,
        created_at: row.instant("created_at")?,
        expires_at: row.instant_or_none("expires_at")?,
        last_used_at: row.instant_or_none("last_used_at")?,
        revoked_at: row.instant_or_none("revoked_at")?,
    })
}

#[async_trait]
impl<D: Dialect> RequestStore for SqlTx<D> {
    async fn key_claim(
        &mut self,
        actor: &Actor,
        key: &IdempotencyKey,
        input: Fingerprint,
        result: Uuid,
        now: Timestamp,
    ) -> Result<KeyClaim, StoreError> {
        let values = vec![
            actor.as_str().into(),
            key.as_str().into(),
            input.as_bytes().into(),
            result.into(),
            now.into(),
        ];
        if self.execute(KEY_CLAIM, values).await? == 1 {
            return Ok(KeyClaim::Ours);
        }
        let values = vec![actor.as_str().into(), key.as_str().into()];
        let read = |row: &D::Found| Ok((row.bytes("input")?, row.uuid("result")?));
        Ok(match self.one(KEY_READ, values, read).await? {
            Some((stored, answer)) if stored == input.as_bytes() => KeyClaim::Answered(answer),
            _ => KeyClaim::Reused,
        })
    }

    async fn counter_take(&mut self, name: &str, count: i64) -> Result<i64, StoreError> {
        let last = self.number(COUNTER_TAKE, vec![name.into(), count.into()]).await?;
        Ok(last - count + 1)
    }

    async fn counter_next(&mut self, name: &str) -> Result<i64, StoreError> {
        self.counter_take(name, 1).await
    }
}

#[async_trait]
impl<D: Dialect> ApiKeyStore for SqlTx<D> {
    async fn api_key_insert(
        &mut self,
        key: &ApiKey,
        digest: KeyDigest,
    ) -> Result<bool, StoreError> {
        let values = vec![
            key.id.uuid().into(),
            key.name.as_str().into(),
            digest.as_bytes().into(),
            key.created_at.into(),
            key.scopes.names().join(" ").into(),
            key.expires_at.into(),
        ];
        Ok(self.execute(API_KEY_INSERT, values).await? == 1)
    }

    async fn api_key_by_digest(&mut self, digest: KeyDigest) -> Result<Option<ApiKey>, StoreError> {
        self.one(API_KEY_BY_DIGEST, vec![digest.as_bytes().into()], read_key).await
    }

    async fn api_key_by_id(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.one(API_KEY_BY_ID, vec![id.uuid().into()], read_key).await
    }

    async fn api_key_by_name(&mut self, name: &str) -> Result<Option<ApiKey>, StoreError> {
        self.one(API_KEY_BY_NAME, vec![name.into()], read_key).await
    }

    async fn api_key_list(&mut self) -> Result<Vec<ApiKey>, StoreError> {
        self.all(API_KEY_LIST, Vec::new(), read_key).await
    }

    async fn api_key_used(&mut self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.execute(API_KEY_USED, vec![id.uuid().into(), at.into()]).await.map(drop)
    }

    async fn api_key_revoke(&mut self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.has_access = true;
        self.execute(API_KEY_REVOKE, vec![id.uuid().into(), at.into()]).await.map(drop)
    }
}
