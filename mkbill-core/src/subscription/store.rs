//! Subscriptions at rest.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::ids::{CustomerId, LoginId, PlanId, RouterId, SubscriptionId};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::period::BilledPeriod;
use super::period_use::PeriodUse;
use super::{StateName, Subscription};

/// Which subscriptions are wanted; what is absent does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubscriptionFilter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// On this plan.
    pub plan: Option<PlanId>,
    /// In this state.
    pub state: Option<StateName>,
    /// That the engine leaves alone until a person has looked at them.
    pub in_trouble: bool,
    /// With a login on this router.
    pub router: Option<RouterId>,
    /// Whose first day that is not granted is this one or later.
    pub due_from: Option<Date>,
    /// Whose first day that is not granted is this one or earlier.
    pub due_to: Option<Date>,
}

sorts! {
    /// What subscriptions may be sorted by.
    pub SubscriptionSort of "subscriptions", descending Created {
        /// When they were made.
        Created = "created": Identity,
        /// The first day that is not granted.
        Due = "due": Day,
        /// The day from which they are cancelled.
        Ends = "ends": Day,
    }
}

/// Keeps subscriptions and their periods.
#[async_trait]
pub trait SubscriptionStore: Send {
    /// Writes new subscriptions (revision 1) and changed ones, which must still have the revision
    /// that was read.
    async fn subscriptions_write(&mut self, all: &[Subscription]) -> Result<(), StoreError>;
    /// Writes new and changed periods.
    async fn periods_write(&mut self, all: &[BilledPeriod]) -> Result<(), StoreError>;
    /// One by identity.
    async fn subscription_by_id(
        &mut self,
        id: SubscriptionId,
    ) -> Result<Option<Subscription>, StoreError>;
    /// Those of some customers that are not over, in the order of making.
    async fn subscriptions_live_of(
        &mut self,
        customers: &[CustomerId],
    ) -> Result<Vec<Subscription>, StoreError>;
    /// The latest periods of some subscriptions, and all that nothing is paid for, in their order.
    async fn periods_recent(
        &mut self,
        of: &[SubscriptionId],
    ) -> Result<Vec<BilledPeriod>, StoreError>;
    /// All periods of one subscription, in their order.
    async fn periods_of(&mut self, id: SubscriptionId) -> Result<Vec<BilledPeriod>, StoreError>;
    /// A page.
    async fn subscription_page(
        &mut self,
        filter: &SubscriptionFilter,
        page: PageRequest<SubscriptionSort>,
    ) -> Result<Page<Subscription>, StoreError>;
    /// Gives all who keep a plan its present terms with their next period, unless they move to another
    /// plan then; answers how many.
    async fn subscriptions_renew_terms(&mut self, plan: PlanId) -> Result<u64, StoreError>;
    /// How many get the present terms of their plan with their next period.
    async fn subscriptions_awaiting_terms(&mut self, plan: PlanId) -> Result<u64, StoreError>;
    /// How many there are in each state.
    async fn subscription_tally(&mut self) -> Result<Vec<(StateName, u64)>, StoreError>;
}

/// Bytes that a subscription used since the look before: from the customer, and to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BytesUsed {
    /// Whose.
    pub subscription: SubscriptionId,
    /// From the customer.
    pub bytes_in: u64,
    /// To the customer.
    pub bytes_out: u64,
}

/// Keeps what is used in periods, for rules of fair use.
#[async_trait]
pub trait PeriodUseStore: Send {
    /// Which of some logins belong to subscriptions with a rule of fair use.
    async fn uses_counted(
        &mut self,
        logins: &[LoginId],
    ) -> Result<Vec<(LoginId, SubscriptionId)>, StoreError>;
    /// Adds what was used since the look at `from`, unless a period has begun since then. What passes a
    /// step is due at `now`, as is what is counted for the first time.
    async fn uses_add(
        &mut self,
        used: &[BytesUsed],
        from: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Subscriptions whose rule has to be looked at, and who keeps them.
    async fn uses_due(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(CustomerId, SubscriptionId)>, StoreError>;
    /// Locks what is counted of some subscriptions until the transaction ends.
    async fn uses_lock(&mut self, ids: &[SubscriptionId]) -> Result<Vec<PeriodUse>, StoreError>;
    /// What is counted of one; `None` if nothing is.
    async fn use_of(&mut self, id: SubscriptionId) -> Result<Option<PeriodUse>, StoreError>;
    /// Writes what was decided about some that are locked.
    async fn uses_write(&mut self, all: &[PeriodUse]) -> Result<(), StoreError>;
    /// Counts nothing any more of some.
    async fn uses_forget(&mut self, ids: &[SubscriptionId]) -> Result<(), StoreError>;
    /// Has the rules of some looked at, because the subscriptions changed.
    async fn uses_touch(
        &mut self,
        ids: &[SubscriptionId],
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
