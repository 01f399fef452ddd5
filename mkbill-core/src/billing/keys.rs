//! API keys.

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::apikey::{self, ApiKey, KeyDigest};
use crate::audit::{Act, Record};
use crate::kernel::caller::Caller;
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::ApiKeyId;
use crate::store::Tx;
use crate::transact::{reading, transact};

use super::Billing;

impl Billing {
    /// Makes a key. The secret is answered once and stored only as a digest.
    pub async fn create_api_key(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(ApiKey, SecretString), Error> {
        let context = self.context(caller);
        let secret = apikey::generate(context.entropy);
        let key = ApiKey {
            id: ApiKeyId::new(context.now, context.entropy),
            name: apikey::checked_name(name)?,
            created_at: context.now,
            revoked_at: None,
        };
        let digest = apikey::digest(&secret);
        transact!(self.store(), caller.mode, |tx| insert(tx, context, &key, digest).await)?;
        Ok((key, secret))
    }

    /// The key somebody presents; `None` if it is unknown or revoked.
    pub async fn authenticate(&self, presented: &SecretString) -> Result<Option<ApiKey>, Error> {
        let digest = apikey::digest(presented);
        let found = reading!(self.store(), |tx| tx.api_key_by_digest(digest).await)?;
        Ok(found.filter(|key| key.revoked_at.is_none()))
    }

    /// All keys, by name, without their secrets.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, Error> {
        reading!(self.store(), |tx| tx.api_key_list().await)
    }

    /// Refuses a key from now on.
    pub async fn revoke_api_key(&self, caller: &Caller, name: &str) -> Result<ApiKey, Error> {
        let context = self.context(caller);
        transact!(self.store(), caller.mode, |tx| revoke(tx, context, name).await)
    }
}

fn record(context: Context<'_>, action: &'static str, key: &ApiKey) -> Record {
    let act = Act { action, subject_kind: "api_key", subject: key.id.uuid() };
    let after = json!({ "name": key.name });
    Record::new(context, act, Value::Null, after)
}

async fn insert(
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &ApiKey,
    digest: KeyDigest,
) -> Result<(), Error> {
    if !tx.api_key_insert(key, digest).await? {
        return Err(Error::conflict("api_key", format!("the name `{}` is taken", key.name)));
    }
    Ok(tx.audit_append(&[record(context, "api_key.create", key)]).await?)
}

async fn revoke(tx: &mut dyn Tx, context: Context<'_>, name: &str) -> Result<ApiKey, Error> {
    let found = tx.api_key_by_name(name).await?;
    let key = found.ok_or_else(|| Error::not_found("api_key", name))?;
    tx.api_key_revoke(key.id, context.now).await?;
    tx.audit_append(&[record(context, "api_key.revoke", &key)]).await?;
    Ok(ApiKey { revoked_at: key.revoked_at.or(Some(context.now)), ..key })
}
