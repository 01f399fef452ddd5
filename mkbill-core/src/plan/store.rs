//! Plans at rest.

use async_trait::async_trait;

use crate::kernel::ids::PlanId;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::{Plan, PlanName};

/// Keeps plans.
#[async_trait]
pub trait PlanStore: Send {
    /// Adds one; `false` if the name is taken.
    async fn plan_insert(&mut self, plan: &Plan) -> Result<bool, StoreError>;
    /// One by identity.
    async fn plan_by_id(&mut self, id: PlanId) -> Result<Option<Plan>, StoreError>;
    /// One by its unique name.
    async fn plan_by_name(&mut self, name: &PlanName) -> Result<Option<Plan>, StoreError>;
    /// A page, oldest first.
    async fn plan_page(&mut self, page: PageRequest) -> Result<Page<Plan>, StoreError>;
}
