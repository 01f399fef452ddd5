//! Which accounts have to be looked at.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kernel::ids::{CustomerId, SubscriptionId};
use crate::store::StoreError;

/// Finds and locks accounts that are due.
#[async_trait]
pub trait AccountStore: Send {
    /// Locks customers with a subscription that is due or, if there are none, with an invoice to be
    /// reminded of; those that another worker has locked are left to it.
    async fn customers_due(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<CustomerId>, StoreError>;
    /// Locks customers with credit who were not told of it since `before`.
    async fn customers_credit_due(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<CustomerId>, StoreError>;
    /// Notes since when a customer's debt is high, and when the customer was told of credit.
    async fn customer_watch(
        &mut self,
        customer: CustomerId,
        high_debt_since: Option<Timestamp>,
        credit_reminded_at: Option<Timestamp>,
    ) -> Result<(), StoreError>;
    /// When the next subscription is due, or the next reminder of an invoice, if any.
    async fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError>;
    /// Leaves the due subscriptions of a customer alone until a person has looked at them, and reminds of
    /// none of the invoices that are due for it. Answers how many subscriptions.
    async fn account_park(
        &mut self,
        customer: CustomerId,
        now: Timestamp,
        trouble: &str,
    ) -> Result<u64, StoreError>;
    /// Lets the engine look at a subscription again; `false` if it was not in trouble.
    async fn subscription_unpark(&mut self, id: SubscriptionId) -> Result<bool, StoreError>;
}
