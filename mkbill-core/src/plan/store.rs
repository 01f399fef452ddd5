//! Plans at rest.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::invoice::tax::{TaxName, TaxRule};
use crate::kernel::ids::PlanId;
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::search::SearchText;
use crate::store::StoreError;

use super::{Plan, PlanName};

/// Which plans are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanFilter {
    /// Only those that somebody new may get.
    pub on_sale: bool,
    /// Only those that are retired.
    pub retired: bool,
    /// Of this kind.
    pub kind: Option<PlanKind>,
    /// With this in their name.
    pub text: Option<SearchText>,
}

/// What a plan sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanKind {
    /// Vouchers.
    Voucher,
    /// What customers keep from period to period.
    Subscription,
}

sorts! {
    /// What plans may be sorted by.
    pub PlanSort of "plans", ascending Created {
        /// When they were added.
        Created = "created": Identity,
        /// Their name, whatever its case.
        Name = "name": Text,
        /// Their selling price in minor units, whatever the currency.
        Price = "price": Int,
    }
}

/// Keeps plans.
#[async_trait]
pub trait PlanStore: Send {
    /// Adds one; `false` if the name is taken.
    async fn plan_insert(&mut self, plan: &Plan) -> Result<bool, StoreError>;
    /// Writes a changed one, which must still have the revision that was read; `false` if it has
    /// another.
    async fn plan_replace(&mut self, plan: &Plan) -> Result<bool, StoreError>;
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
    /// Takes a tax rule away; `false` if there is none of that name and day.
    async fn tax_rule_delete(&mut self, name: &TaxName, since: Date) -> Result<bool, StoreError>;
    /// Whether an invoice with any tax was issued on a day or later.
    async fn taxed_since(&mut self, day: Date) -> Result<bool, StoreError>;
    /// Whether a plan, or a subscription that is not over, names a tax.
    async fn tax_in_use(&mut self, name: &TaxName) -> Result<bool, StoreError>;
    /// All tax rules, by name and day.
    async fn tax_rules_all(&mut self) -> Result<Vec<(TaxName, TaxRule)>, StoreError>;
    /// A page.
    async fn plan_page(
        &mut self,
        filter: PlanFilter,
        page: PageRequest<PlanSort>,
    ) -> Result<Page<Plan>, StoreError>;
}
