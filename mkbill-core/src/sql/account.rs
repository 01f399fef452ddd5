//! Accounts that are due, in SQL.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::account::store::AccountStore;
use crate::kernel::ids::{CustomerId, SubscriptionId};
use crate::store::StoreError;

use super::SqlTx;
use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};

statements! {
    DUE: "finding due customers" =
        "SELECT c.id FROM subscription s JOIN customer c ON c.id = s.customer_id \
         WHERE s.due_at <= $1 AND s.trouble IS NULL ORDER BY s.due_at, s.customer_id LIMIT $2 \
         {skip_locked:c}";
    REMINDERS_DUE: "finding invoices to remind of" =
        "SELECT c.id FROM invoice i JOIN customer c ON c.id = i.customer_id \
         WHERE i.remind_at <= $1 ORDER BY i.remind_at, i.customer_id LIMIT $2 {skip_locked:c}";
    CREDIT_DUE: "finding customers with credit" =
        "SELECT c.id FROM customer c WHERE c.deleted_at IS NULL \
         AND (c.credit_reminded_at IS NULL OR c.credit_reminded_at <= $1) \
         AND c.id IN (SELECT b.customer_id FROM customer_balance b \
         WHERE b.account = 'customer_credit' AND b.amount_minor < 0) \
         ORDER BY c.id LIMIT $2 {skip_locked:c}";
    WATCH: "watching a customer" =
        "UPDATE customer SET high_debt_since = $2, credit_reminded_at = $3 WHERE id = $1";
    NEXT_DUE: "finding what is due next" =
        "SELECT MIN(due.at) AS at FROM (SELECT MIN(due_at) AS at FROM subscription \
         WHERE due_at IS NOT NULL AND trouble IS NULL UNION ALL \
         SELECT MIN(remind_at) AS at FROM invoice WHERE remind_at IS NOT NULL UNION ALL \
         SELECT MIN(due_at) AS at FROM subscription_use) AS due";
    PARK: "parking a subscription" =
        "UPDATE subscription SET trouble = $3, revision = revision + 1 \
         WHERE customer_id = $1 AND due_at <= $2 AND trouble IS NULL";
    SILENCE: "leaving invoices alone" =
        "UPDATE invoice SET remind_at = NULL, revision = revision + 1 \
         WHERE customer_id = $1 AND remind_at <= $2";
    UNPARK: "unparking a subscription" =
        "UPDATE subscription SET trouble = NULL, revision = revision + 1 \
         WHERE id = $1 AND trouble IS NOT NULL";
}

#[async_trait]
impl<D: Dialect> AccountStore for SqlTx<D> {
    async fn customers_due(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<CustomerId>, StoreError> {
        let read = |row: &D::Found| Ok(CustomerId::from_uuid(row.uuid("id")?));
        let mut due = self.all(DUE, vec![now.into(), limit.into()], read).await?;
        if due.is_empty() {
            due = self.all(REMINDERS_DUE, vec![now.into(), limit.into()], read).await?;
        }
        due.sort_unstable();
        due.dedup();
        Ok(due)
    }

    async fn customers_credit_due(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<CustomerId>, StoreError> {
        let read = |row: &D::Found| Ok(CustomerId::from_uuid(row.uuid("id")?));
        self.all(CREDIT_DUE, vec![before.into(), limit.into()], read).await
    }

    async fn customer_watch(
        &mut self,
        customer: CustomerId,
        high_debt_since: Option<Timestamp>,
        credit_reminded_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let values =
            vec![customer.uuid().into(), high_debt_since.into(), credit_reminded_at.into()];
        self.execute(WATCH, values).await.map(drop)
    }

    async fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let next = self.one(NEXT_DUE, Vec::new(), |row| Ok(row.instant_or_none("at")?)).await?;
        Ok(next.flatten())
    }

    async fn account_park(
        &mut self,
        customer: CustomerId,
        now: Timestamp,
        trouble: &str,
    ) -> Result<u64, StoreError> {
        self.execute(SILENCE, vec![customer.uuid().into(), now.into()]).await?;
        self.execute(PARK, vec![customer.uuid().into(), now.into(), trouble.into()]).await
    }

    async fn subscription_unpark(&mut self, id: SubscriptionId) -> Result<bool, StoreError> {
        Ok(self.execute(UNPARK, vec![id.uuid().into()]).await? == 1)
    }
}
