//! What is used in periods, in SQL.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kernel::ids::{CustomerId, LoginId, SubscriptionId};
use crate::store::StoreError;
use crate::subscription::period_use::PeriodUse;
use crate::subscription::store::{BytesUsed, PeriodUseStore};

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::{Value, count};
use super::voucher::transpose;
use super::{ReadError, SqlTx, unsigned};

macro_rules! uses {
    ($condition:literal) => {
        concat!(
            "SELECT subscription_id, began_at, bytes_in, bytes_out, next_at, due_at \
             FROM subscription_use WHERE ",
            $condition
        )
    };
}

statements! {
    COUNTED: "finding whose use is counted" =
        "SELECT login_id, id FROM subscription \
         WHERE fair_use IS NOT NULL AND login_id {in_uuids:$1}";
    DUE: "finding whose use is to be looked at" =
        "SELECT s.customer_id, s.id FROM subscription_use u \
         JOIN subscription s ON s.id = u.subscription_id \
         WHERE u.due_at <= $1 ORDER BY u.due_at, s.id LIMIT $2";
    LOCK: "reading what was used" =
        uses!("subscription_id {in_uuids:$1} ORDER BY subscription_id {for_update}");
    ONE: "reading what was used" = uses!("subscription_id = $1");
    FORGET: "forgetting what was used" =
        "DELETE FROM subscription_use WHERE subscription_id {in_uuids:$1}";
    TOUCH: "asking for a look at what was used" =
        "UPDATE subscription_use SET due_at = $2 WHERE subscription_id {in_uuids:$1} \
         AND due_at > $2";
}

/// A period that began after the look before counts from its own first look on.
const TO_WHAT_WAS_USED: &str = "ON CONFLICT (subscription_id) DO UPDATE SET \
    bytes_in = subscription_use.bytes_in + CASE WHEN subscription_use.began_at \
    > excluded.counted_from THEN 0 ELSE excluded.bytes_in END, \
    bytes_out = subscription_use.bytes_out + CASE WHEN subscription_use.began_at \
    > excluded.counted_from THEN 0 ELSE excluded.bytes_out END, \
    counted_from = excluded.counted_from, \
    due_at = CASE WHEN subscription_use.bytes_in + excluded.bytes_in \
    + subscription_use.bytes_out + excluded.bytes_out >= subscription_use.next_at \
    AND excluded.due_at < subscription_use.due_at \
    THEN excluded.due_at ELSE subscription_use.due_at END";
const OVER_WHAT_WAS_COUNTED: &str = "ON CONFLICT (subscription_id) DO UPDATE SET \
    began_at = excluded.began_at, bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out, \
    next_at = excluded.next_at, due_at = excluded.due_at";

fn read(row: &impl Record) -> Result<PeriodUse, ReadError> {
    Ok(PeriodUse {
        subscription: SubscriptionId::from_uuid(row.uuid("subscription_id")?),
        began_at: row.instant_or_none("began_at")?,
        bytes_in: unsigned(row.int("bytes_in")?),
        bytes_out: unsigned(row.int("bytes_out")?),
        next_at: row.int_or_none("next_at")?.map(unsigned),
        due_at: row.instant("due_at")?,
    })
}

fn subscriptions(ids: &[SubscriptionId]) -> Value {
    Value::Uuids(ids.iter().map(|id| id.uuid()).collect())
}

#[async_trait]
impl<D: Dialect> PeriodUseStore for SqlTx<D> {
    async fn uses_counted(
        &mut self,
        logins: &[LoginId],
    ) -> Result<Vec<(LoginId, SubscriptionId)>, StoreError> {
        let read = |row: &D::Found| {
            let login = LoginId::from_uuid(row.uuid("login_id")?);
            Ok((login, SubscriptionId::from_uuid(row.uuid("id")?)))
        };
        let logins = logins.iter().map(|login| login.uuid()).collect();
        self.all(COUNTED, vec![Value::Uuids(logins)], read).await
    }

    async fn uses_add(
        &mut self,
        used: &[BytesUsed],
        from: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if used.is_empty() {
            return Ok(());
        }
        let row = |used: &BytesUsed| {
            vec![
                ("subscription_id", used.subscription.uuid().into()),
                ("bytes_in", count(used.bytes_in).into()),
                ("bytes_out", count(used.bytes_out).into()),
                ("counted_from", from.into()),
                ("due_at", now.into()),
            ]
        };
        let columns = transpose(used.iter().map(row));
        let act = "noting what was used in a period";
        self.insert_all_or(act, "subscription_use", columns, TO_WHAT_WAS_USED).await.map(drop)
    }

    async fn uses_due(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(CustomerId, SubscriptionId)>, StoreError> {
        let read = |row: &D::Found| {
            let customer = CustomerId::from_uuid(row.uuid("customer_id")?);
            Ok((customer, SubscriptionId::from_uuid(row.uuid("id")?)))
        };
        self.all(DUE, vec![now.into(), limit.into()], read).await
    }

    async fn uses_lock(&mut self, ids: &[SubscriptionId]) -> Result<Vec<PeriodUse>, StoreError> {
        self.all(LOCK, vec![subscriptions(ids)], read).await
    }

    async fn use_of(&mut self, id: SubscriptionId) -> Result<Option<PeriodUse>, StoreError> {
        self.one(ONE, vec![id.uuid().into()], read).await
    }

    async fn uses_write(&mut self, all: &[PeriodUse]) -> Result<(), StoreError> {
        if all.is_empty() {
            return Ok(());
        }
        let row = |used: &PeriodUse| {
            vec![
                ("subscription_id", used.subscription.uuid().into()),
                ("began_at", used.began_at.into()),
                ("bytes_in", count(used.bytes_in).into()),
                ("bytes_out", count(used.bytes_out).into()),
                ("next_at", used.next_at.map(count).into()),
                ("counted_from", used.began_at.unwrap_or(used.due_at).into()),
                ("due_at", used.due_at.into()),
            ]
        };
        let columns = transpose(all.iter().map(row));
        let act = "noting what was decided about use";
        self.insert_all_or(act, "subscription_use", columns, OVER_WHAT_WAS_COUNTED).await.map(drop)
    }

    async fn uses_forget(&mut self, ids: &[SubscriptionId]) -> Result<(), StoreError> {
        self.execute(FORGET, vec![subscriptions(ids)]).await.map(drop)
    }

    async fn uses_touch(
        &mut self,
        ids: &[SubscriptionId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(TOUCH, vec![subscriptions(ids), now.into()]).await.map(drop)
    }
}
