//! API keys at rest.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kernel::ids::ApiKeyId;
use crate::store::StoreError;

use super::{ApiKey, KeyDigest};

/// Keeps API keys.
#[async_trait]
pub trait ApiKeyStore: Send {
    /// Adds one; `false` if the name is taken.
    async fn api_key_insert(&mut self, key: &ApiKey, digest: KeyDigest)
    -> Result<bool, StoreError>;
    /// The key with this digest, revoked or not.
    async fn api_key_by_digest(&mut self, digest: KeyDigest) -> Result<Option<ApiKey>, StoreError>;
    /// A key, revoked or not.
    async fn api_key_by_id(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;
    /// The key with this name.
    async fn api_key_by_name(&mut self, name: &str) -> Result<Option<ApiKey>, StoreError>;
    /// All, by name.
    async fn api_key_list(&mut self) -> Result<Vec<ApiKey>, StoreError>;
    /// Notes that it was used.
    async fn api_key_used(&mut self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError>;
    /// Refuses it from now on.
    async fn api_key_revoke(&mut self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError>;
}
