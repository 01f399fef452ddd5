//! API keys.

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::apikey::{self, ApiKey, ApiKeyRefusal, KeyDigest, NewApiKey};
use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::ApiKeyId;
use crate::kernel::language::said;
use crate::kernel::permission::{Permission, Permissions};
use crate::kernel::thing::Thing;
use crate::request::{Asked, once_about};
use crate::store::Tx;
use crate::transact::{reading, transact};

use super::{Billing, Reader};

impl Billing {
    /// Makes a key. The secret is answered once and stored only as a digest.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name out of bounds, [`Error::Conflict`] for a taken one, or an
    /// [`ApiKeyRefusal`].
    pub async fn create_api_key(
        &self,
        caller: &Caller,
        request: &NewApiKey,
    ) -> Result<(ApiKey, SecretString), Error> {
        let context = self.permitted(caller, Permission::ApiKeysCreate)?;
        let secret = apikey::generate(context.entropy);
        let key = checked(context, request)?;
        let digest = apikey::digest(&secret);
        transact!(self.store(), caller.mode, |tx| insert(tx, context, &key, digest).await)?;
        Ok((key, secret))
    }

    /// Refuses a key from now on.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none of that name.
    pub async fn revoke_api_key(&self, caller: &Caller, name: &str) -> Result<ApiKey, Error> {
        let context = self.permitted(caller, Permission::ApiKeysDelete)?;
        transact!(self.store(), caller.mode, |tx| revoke(tx, context, name).await)
    }
}

impl Reader {
    /// All keys, by name, without their secrets.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, Error> {
        reading!(self.store(), |tx| tx.api_key_list().await)
    }

    /// The key of this name.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn api_key(&self, name: &str) -> Result<ApiKey, Error> {
        let found = reading!(self.store(), |tx| tx.api_key_by_name(name).await)?;
        found.ok_or_else(|| Error::not_found(Thing::ApiKey, name))
    }
}

fn checked(context: Context<'_>, request: &NewApiKey) -> Result<ApiKey, Error> {
    if request.scopes == Permissions::NONE {
        return Err(ApiKeyRefusal::NoScope.into());
    }
    if request.scopes.common(context.caller.permissions) != request.scopes {
        return Err(ApiKeyRefusal::BeyondMaker.into());
    }
    if request.expires_at.is_some_and(|expires_at| expires_at <= context.now) {
        return Err(ApiKeyRefusal::Over.into());
    }
    Ok(ApiKey {
        id: ApiKeyId::new(context.now, context.entropy),
        name: apikey::checked_name(&request.name)?,
        scopes: request.scopes,
        created_at: context.now,
        expires_at: request.expires_at,
        last_used_at: None,
        revoked_at: None,
    })
}

fn record(context: Context<'_>, action: &'static str, key: &ApiKey) -> Record {
    let act = Act { action, subject_kind: "api_key", subject: key.id.uuid() };
    let after = json!({
        "name": key.name,
        "scopes": key.scopes.names(),
        "expires_at": key.expires_at.map(|at| at.to_string()),
    });
    Record::new(context, act, Value::Null, after)
}

async fn insert(
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &ApiKey,
    digest: KeyDigest,
) -> Result<(), Error> {
    if !tx.api_key_insert(key, digest).await? {
        return Err(Error::conflict(
            Thing::ApiKey,
            said!("the name `{name}` is taken", "nama `{name}` sudah dipakai", name = key.name),
        ));
    }
    Ok(tx.audit_append(&[record(context, "api_key.create", key)]).await?)
}

async fn revoke(tx: &mut dyn Tx, context: Context<'_>, name: &str) -> Result<ApiKey, Error> {
    let found =
        tx.api_key_by_name(name).await?.ok_or_else(|| Error::not_found(Thing::ApiKey, name));
    let input = Fingerprint::of("api_key.revoke", &[&name]);
    let key = match once_about(tx, context, input, found, |key| key.id.uuid()).await? {
        Asked::First(key) => key,
        Asked::Again(_) => {
            let again = tx.api_key_by_name(name).await?;
            return again.ok_or_else(|| Error::not_found(Thing::ApiKey, name));
        }
    };
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    tx.api_key_revoke(key.id, context.now).await?;
    tx.audit_append(&[record(context, "api_key.revoke", &key)]).await?;
    Ok(ApiKey { revoked_at: Some(context.now), ..key })
}
