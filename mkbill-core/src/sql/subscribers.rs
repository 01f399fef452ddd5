//! Figures of those who keep plans, in SQL.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::ids::CustomerId;
use crate::kernel::money::{Currency, Money};
use crate::report::store::SubscriberStore;
use crate::report::subscribers::{Received, TopBy, TopCustomer};
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::{SqlTx, unsigned};

/// What stays of payments whose customer is known, since a day or ever.
macro_rules! kept_payments {
    () => {
        "FROM payment p WHERE p.customer_id IS NOT NULL AND p.reversed_at IS NULL \
         AND p.currency = $2 AND (CAST($1 AS date) IS NULL OR p.received_on >= $1)"
    };
}

statements! {
    COUNTS: "counting subscribers" =
        "SELECT COUNT(CASE WHEN CAST($1 AS timestamptz) IS NULL OR c.created_at >= $1 THEN 1 END) \
         AS added, \
         COUNT(CASE WHEN EXISTS (SELECT 1 FROM subscription s WHERE s.customer_id = c.id \
         AND s.state = 'active') THEN 1 END) AS active, \
         COUNT(CASE WHEN EXISTS (SELECT 1 FROM subscription s WHERE s.customer_id = c.id) \
         AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.customer_id = c.id \
         AND s.state <> 'cancelled') \
         AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.customer_id = c.id \
         AND p.reversed_at IS NULL AND p.received_on >= $2) THEN 1 END) AS churned \
         FROM customer c WHERE c.deleted_at IS NULL";
    RECEIVED: "adding up what customers paid" = concat!(
        "SELECT COUNT(*) AS payers, CAST(COALESCE(SUM(n), 0) AS bigint) AS total, \
         CAST(COALESCE(MAX(n), 0) AS bigint) AS most \
         FROM (SELECT SUM(p.amount_minor) AS n ", kept_payments!(),
        " GROUP BY p.customer_id) AS paid");
    TOP_RECEIVED: "ranking customers" = concat!(
        "SELECT c.id, c.name, t.n FROM (SELECT p.customer_id, \
         CAST(SUM(p.amount_minor) AS bigint) AS n ", kept_payments!(),
        " GROUP BY p.customer_id) AS t JOIN customer c ON c.id = t.customer_id \
         WHERE c.deleted_at IS NULL ORDER BY t.n DESC, c.id LIMIT $3");
    TOP_SUBSCRIPTIONS: "ranking customers" =
        "SELECT c.id, c.name, t.n FROM (SELECT s.customer_id, COUNT(*) AS n FROM subscription s \
         WHERE s.state <> 'cancelled' GROUP BY s.customer_id) AS t \
         JOIN customer c ON c.id = t.customer_id WHERE c.deleted_at IS NULL \
         ORDER BY t.n DESC, c.id LIMIT $1";
    TOP_BALANCE: "ranking customers" =
        "SELECT c.id, c.name, t.n FROM (SELECT b.customer_id, \
         CAST(-SUM(b.amount_minor) AS bigint) AS n FROM customer_balance b WHERE b.currency = $1 \
         GROUP BY b.customer_id) AS t JOIN customer c ON c.id = t.customer_id \
         WHERE c.deleted_at IS NULL AND t.n <> 0 ORDER BY ABS(t.n) DESC, c.id LIMIT $2";
    AMOUNTS: "adding up subscriptions" =
        "SELECT (SELECT COALESCE(CAST(SUM(s.price_sell_minor) AS bigint) / COUNT(*), 0) \
         FROM subscription s WHERE s.state <> 'cancelled' AND s.currency = $1) AS price, \
         (SELECT CAST(COALESCE(SUM(i.carried_minor), 0) AS bigint) FROM invoice i \
         WHERE i.state = 'open' AND i.currency = $1) AS carried";
    BEGUN: "counting new subscriptions" =
        "SELECT substr(CAST(start_on AS text), 1, 7) AS grp, COUNT(*) AS n \
         FROM subscription_period WHERE number = 0 GROUP BY grp ORDER BY grp DESC LIMIT $1";
}

fn read_top(row: &impl Record) -> Result<TopCustomer, super::ReadError> {
    Ok(TopCustomer {
        customer: CustomerId::from_uuid(row.uuid("id")?),
        name: row.text("name")?,
        value: row.int("n")?,
    })
}

#[async_trait]
impl<D: Dialect> SubscriberStore for SqlTx<D> {
    async fn subscriber_counts(
        &mut self,
        added_since: Option<Timestamp>,
        unpaid_since: Date,
    ) -> Result<[u64; 3], StoreError> {
        let read = |row: &D::Found| {
            let [added, active, churned] = ["added", "active", "churned"].map(|name| row.int(name));
            Ok([added?, active?, churned?].map(unsigned))
        };
        let values = vec![added_since.into(), unpaid_since.into()];
        Ok(self.one(COUNTS, values, read).await?.unwrap_or_default())
    }

    async fn received(
        &mut self,
        since: Option<Date>,
        currency: Currency,
    ) -> Result<Received, StoreError> {
        let read = |row: &D::Found| {
            let money = |column| row.int(column).map(|minor| Money::new(minor, currency));
            let payers = unsigned(row.int("payers")?);
            Ok(Received { payers, total: money("total")?, most: money("most")? })
        };
        let found = self.one(RECEIVED, vec![since.into(), currency.code().into()], read).await?;
        let none = Money::zero(currency);
        Ok(found.unwrap_or(Received { payers: 0, total: none, most: none }))
    }

    async fn top_customers(
        &mut self,
        by: TopBy,
        since: Option<Date>,
        currency: Currency,
        limit: u32,
    ) -> Result<Vec<TopCustomer>, StoreError> {
        let (statement, values) = match by {
            TopBy::Received => {
                (TOP_RECEIVED, vec![since.into(), currency.code().into(), limit.into()])
            }
            TopBy::Subscriptions => (TOP_SUBSCRIPTIONS, vec![limit.into()]),
            TopBy::Balance => (TOP_BALANCE, vec![currency.code().into(), limit.into()]),
        };
        self.all(statement, values, read_top).await
    }

    async fn subscription_amounts(
        &mut self,
        currency: Currency,
    ) -> Result<(Money, Money), StoreError> {
        let read = |row: &D::Found| {
            let money = |column| row.int(column).map(|minor| Money::new(minor, currency));
            Ok((money("price")?, money("carried")?))
        };
        let found = self.one(AMOUNTS, vec![currency.code().into()], read).await?;
        Ok(found.unwrap_or((Money::zero(currency), Money::zero(currency))))
    }

    async fn subscriptions_begun(&mut self, months: u32) -> Result<Vec<(String, u64)>, StoreError> {
        let read = |row: &D::Found| Ok((row.text("grp")?, unsigned(row.int("n")?)));
        self.all(BEGUN, vec![months.into()], read).await
    }
}
