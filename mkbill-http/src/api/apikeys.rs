//! API keys over HTTP.

use axum::Json;
use jiff::Timestamp;
use mkbill_core::apikey::{ApiKey, NewApiKey};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::permission::needs::{ApiKeysCreate, ApiKeysDelete, ApiKeysView};
use mkbill_core::kernel::permission::{Permissions, Role};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::staff::RoleBody;
use super::values::PageBody;
use super::{Answer, Made, Problems, created};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, WriteHeaders, WriteQuery};

/// A key to be made. What it is for is named by scopes or by a role; at least one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApiKey)]
pub(crate) struct NewApiKeyBody {
    /// The holder's name: 1 to 60 letters, digits, dots, dashes and underscores; unique.
    #[schema(
        example = "front-desk",
        min_length = 1,
        max_length = 60,
        pattern = "^[A-Za-z0-9._-]+$"
    )]
    pub(crate) name: String,
    /// Permissions by name, `resource.*` for all of a resource, `*` for everything.
    #[serde(default)]
    #[schema(example = json!(["vouchers.*", "plans.view"]), max_items = 200)]
    pub(crate) scopes: Vec<String>,
    /// Everything that this role may do now.
    #[serde(default)]
    pub(crate) role: Option<RoleBody>,
    /// Until when it is good; for ever if absent.
    #[serde(default)]
    pub(crate) expires_at: Option<Timestamp>,
}

impl NewApiKeyBody {
    pub(crate) fn read(self) -> Result<NewApiKey, Error> {
        let scopes = Permissions::scopes(self.scopes.iter().map(String::as_str))?;
        let role = self.role.map_or(Permissions::NONE, |role| Role::from(role).permissions());
        Ok(NewApiKey { name: self.name, scopes: scopes.and(role), expires_at: self.expires_at })
    }
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// The holder's name.
    pub(crate) name: String,
    /// What it is for; `*` is everything.
    pub(crate) scopes: Vec<&'static str>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// Until when it is good.
    pub(crate) expires_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub(crate) last_used_at: Option<Timestamp>,
    /// Since when it is refused.
    pub(crate) revoked_at: Option<Timestamp>,
}

impl From<ApiKey> for ApiKeyBody {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.uuid(),
            name: key.name,
            scopes: key.scopes.names(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// A key that was made just now, with its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeApiKey)]
pub(crate) struct MadeApiKeyBody {
    /// The key.
    #[serde(flatten)]
    pub(crate) api_key: ApiKeyBody,
    /// What its holder sends as `Authorization: Bearer …`; shown this once.
    #[schema(example = "mk_…", read_only)]
    pub(crate) key: String,
}

impl MadeApiKeyBody {
    pub(crate) fn of((api_key, secret): (ApiKey, SecretString)) -> Self {
        Self { api_key: api_key.into(), key: secret.expose_secret().to_owned() }
    }
}

/// Makes a key; its secret is shown once. Nobody can give a key what they may not do themselves.
#[utoipa::path(post, path = "/api-keys", tag = "api-keys", params(WriteHeaders, WriteQuery),
    request_body = NewApiKeyBody,
    responses((status = 201, description = "Made; `Location` says where", body = MadeApiKeyBody),
        (status = 200, description = "Only tried", body = MadeApiKeyBody), Problems))]
pub(crate) async fn create_api_key(
    billing: Writes<ApiKeysCreate>,
    Body(body): Body<NewApiKeyBody>,
) -> Made {
    let made = billing.create_api_key(&billing.caller, &body.read()?).await?;
    let place = format!("/api/v1/api-keys/{}", made.0.name);
    Ok(created(&billing.caller, &place, MadeApiKeyBody::of(made)))
}

/// Lists keys by name, without their secrets.
#[utoipa::path(get, path = "/api-keys", tag = "api-keys",
    responses((status = 200, description = "All of them", body = PageBody<ApiKeyBody>), Problems))]
pub(crate) async fn list_api_keys(billing: Reads<ApiKeysView>) -> Answer<PageBody<ApiKeyBody>> {
    Ok(Json(PageBody::whole(billing.api_keys().await?, ApiKeyBody::from)))
}

/// Shows a key, without its secret.
#[utoipa::path(get, path = "/api-keys/{name}", tag = "api-keys",
    params(("name" = String, Path, description = "The holder's name")),
    responses((status = 200, description = "The key", body = ApiKeyBody), Problems))]
pub(crate) async fn show_api_key(
    billing: Reads<ApiKeysView>,
    Path(name): Path<String>,
) -> Answer<ApiKeyBody> {
    Ok(Json(billing.api_key(&name).await?.into()))
}

/// Refuses a key from now on.
#[utoipa::path(delete, path = "/api-keys/{name}", tag = "api-keys",
    params(WriteHeaders, WriteQuery, ("name" = String, Path, description = "The holder's name")),
    responses((status = 200, description = "Revoked", body = ApiKeyBody), Problems))]
pub(crate) async fn revoke_api_key(
    billing: Writes<ApiKeysDelete>,
    Path(name): Path<String>,
) -> Answer<ApiKeyBody> {
    Ok(Json(billing.revoke_api_key(&billing.caller, &name).await?.into()))
}
