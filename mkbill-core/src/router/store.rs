//! Routers at rest.

use async_trait::async_trait;

use crate::kernel::ids::RouterId;
use crate::store::StoreError;

use super::{Router, RouterHealth, RouterName};

/// The most routers one installation may have.
pub const ROUTERS_MAX: i64 = 1_000;

/// Keeps routers.
#[async_trait]
pub trait RouterStore: Send {
    /// Adds one; `false` if the name is taken.
    async fn router_insert(&mut self, router: &Router) -> Result<bool, StoreError>;
    /// One by identity.
    async fn router_by_id(&mut self, id: RouterId) -> Result<Option<Router>, StoreError>;
    /// One by its unique name.
    async fn router_by_name(&mut self, name: &RouterName) -> Result<Option<Router>, StoreError>;
    /// All, by name, at most [`ROUTERS_MAX`].
    async fn router_list(&mut self) -> Result<Vec<Router>, StoreError>;
    /// Writes what was learnt of its health.
    async fn router_health_set(
        &mut self,
        id: RouterId,
        health: &RouterHealth,
    ) -> Result<(), StoreError>;
}
