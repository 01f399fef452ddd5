//! Plans at rest.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::invoice::tax::{TaxName, TaxRule};
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
    /// Adds a dated tax rule; `false` if there is one of that name and day.
    async fn tax_rule_insert(
        &mut self,
        name: &TaxName,
        rule: TaxRule,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// All tax rules, by name and day.
    async fn tax_rules_all(&mut self) -> Result<Vec<(TaxName, TaxRule)>, StoreError>;
    /// A page, oldest first.
    async fn plan_page(&mut self, page: PageRequest) -> Result<Page<Plan>, StoreError>;
}
