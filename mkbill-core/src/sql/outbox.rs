//! The outbox in SQL.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::MessageId;
use crate::kernel::time::saturating_add;
use crate::outbox::store::{OutboxStore, OutboxTally};
use crate::outbox::{Claimed, Message, Outcome, Payload};
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::voucher::transpose;
use super::{SqlTx, small, unsigned};

/// What becomes of a message whose key is there already.
macro_rules! bring_forward {
    () => {
        "ON CONFLICT (dedup) DO UPDATE SET generation = outbox.generation + 1, dead = FALSE, \
         run_at = CASE WHEN outbox.run_at < excluded.run_at THEN outbox.run_at \
         ELSE excluded.run_at END"
    };
}

statements! {
    PUSH: "queueing a message" = concat!(
        "INSERT INTO outbox (id, dedup, kind, subject, run_at) VALUES ($1, $2, $3, $4, $5) ",
        bring_forward!());
    DUE: "finding due messages" =
        "SELECT id FROM outbox WHERE NOT dead AND kind {in_texts:$3} AND run_at <= $1 \
         AND (locked_until IS NULL OR locked_until <= $1) ORDER BY run_at LIMIT $2 \
         {skip_locked:outbox}";
    LEASE: "leasing messages" =
        "UPDATE outbox SET locked_until = $2, lease = lease + 1 WHERE id {in_uuids:$1} \
         RETURNING id, kind, subject, generation, attempts, lease";
    AGAIN: "settling a message" =
        "UPDATE outbox SET locked_until = NULL, attempts = 0, last_error = NULL, \
         run_at = CASE WHEN generation = $3 THEN $4 ELSE run_at END \
         WHERE id = $1 AND lease = $2 AND locked_until IS NOT NULL";
    FAILED: "settling a message" =
        "UPDATE outbox SET locked_until = NULL, attempts = attempts + 1, last_error = $5, \
         run_at = CASE WHEN generation = $3 THEN $4 ELSE run_at END \
         WHERE id = $1 AND lease = $2 AND locked_until IS NOT NULL";
    OVER: "settling a message" =
        "DELETE FROM outbox WHERE id = $1 AND lease = $2 AND locked_until IS NOT NULL";
    DEAD: "settling a message" =
        "UPDATE outbox SET locked_until = NULL, dead = TRUE, last_error = $3 \
         WHERE id = $1 AND lease = $2 AND locked_until IS NOT NULL";
    RENEW: "holding a message for longer" =
        "UPDATE outbox SET locked_until = $3 \
         WHERE id = $1 AND lease = $2 AND locked_until IS NOT NULL";
    NEXT: "finding the next message" =
        "SELECT MIN(CASE WHEN locked_until > run_at THEN locked_until ELSE run_at END) AS at \
         FROM outbox WHERE NOT dead AND kind {in_texts:$1}";
    TALLY: "counting messages" =
        "SELECT COUNT(CASE WHEN NOT dead AND ours AND run_at <= $1 THEN 1 END) AS due, \
         COUNT(CASE WHEN NOT dead AND ours AND attempts > 0 THEN 1 END) AS failing, \
         COUNT(CASE WHEN NOT dead AND NOT ours THEN 1 END) AS waiting, \
         COUNT(CASE WHEN dead THEN 1 END) AS dead \
         FROM (SELECT dead, run_at, attempts, kind {in_texts:$2} AS ours FROM outbox) AS message";
}

fn row(message: &Message) -> Vec<(&'static str, Value)> {
    vec![
        ("id", message.id.uuid().into()),
        ("dedup", message.payload.dedup_key().into()),
        ("kind", message.payload.kind().into()),
        ("subject", message.payload.subject().into()),
        ("run_at", message.run_at.into()),
    ]
}

/// One message for each key, the earliest, in the order of keys: every writer takes rows in the same
/// order then.
fn one_a_key(messages: &[Message]) -> impl Iterator<Item = &Message> {
    let mut by_key: BTreeMap<String, &Message> = BTreeMap::new();
    for message in messages {
        let kept = by_key.entry(message.payload.dedup_key()).or_insert(message);
        if message.run_at < kept.run_at {
            *kept = message;
        }
    }
    by_key.into_values()
}

fn list(kinds: &[&str]) -> Value {
    Value::Texts(kinds.iter().map(|kind| (*kind).to_owned()).collect())
}

#[async_trait]
impl<D: Dialect> OutboxStore for SqlTx<D> {
    async fn outbox_push(&mut self, message: &Message) -> Result<(), StoreError> {
        self.has_work = true;
        let values = row(message).into_iter().map(|(_, value)| value).collect();
        self.execute(PUSH, values).await.map(drop)
    }

    async fn outbox_push_all(&mut self, messages: &[Message]) -> Result<(), StoreError> {
        self.has_work = true;
        let columns = transpose(one_a_key(messages).map(row));
        let pushed = self.insert_all_or("queueing messages", "outbox", columns, bring_forward!());
        pushed.await.map(drop)
    }

    async fn outbox_claim(
        &mut self,
        kinds: &[&str],
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        let values = vec![now.into(), limit.into(), list(kinds)];
        let due = self.all(DUE, values, |row| Ok(row.uuid("id")?)).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let read = |row: &D::Found| {
            let kind = row.text("kind")?;
            Ok(Claimed {
                id: MessageId::from_uuid(row.uuid("id")?),
                payload: Payload::read(&kind, row.uuid("subject")?).ok_or(kind),
                generation: row.int("generation")?,
                attempts: small(row.int("attempts")?),
                lease: row.int("lease")?,
            })
        };
        self.all(LEASE, vec![due.into(), saturating_add(now, lease).into()], read).await
    }

    async fn outbox_settle(
        &mut self,
        claimed: &Claimed,
        outcome: &Outcome,
    ) -> Result<bool, StoreError> {
        let mut values = vec![claimed.id.uuid().into(), claimed.lease.into()];
        let statement = match outcome {
            Outcome::Again(at) => {
                values.extend([claimed.generation.into(), (*at).into()]);
                AGAIN
            }
            Outcome::Failed { retry_at, error } => {
                let generation = claimed.generation.into();
                values.extend([generation, (*retry_at).into(), error.as_str().into()]);
                FAILED
            }
            Outcome::Over => OVER,
            Outcome::Dead { error } => {
                values.push(error.as_str().into());
                DEAD
            }
        };
        Ok(self.execute(statement, values).await? == 1)
    }

    async fn outbox_renew(
        &mut self,
        claimed: &Claimed,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let values = vec![claimed.id.uuid().into(), claimed.lease.into(), until.into()];
        Ok(self.execute(RENEW, values).await? == 1)
    }

    async fn outbox_next(&mut self, kinds: &[&str]) -> Result<Option<Timestamp>, StoreError> {
        let read = |row: &D::Found| Ok(row.instant_or_none("at")?);
        Ok(self.one(NEXT, vec![list(kinds)], read).await?.flatten())
    }

    async fn outbox_tally(
        &mut self,
        kinds: &[&str],
        now: Timestamp,
    ) -> Result<OutboxTally, StoreError> {
        let read = |row: &D::Found| {
            Ok(OutboxTally {
                due: unsigned(row.int("due")?),
                failing: unsigned(row.int("failing")?),
                dead: unsigned(row.int("dead")?),
                waiting: unsigned(row.int("waiting")?),
            })
        };
        Ok(self.one(TALLY, vec![now.into(), list(kinds)], read).await?.unwrap_or_default())
    }
}
