//! The outbox in SQL.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::MessageId;
use crate::kernel::time::saturating_add;
use crate::outbox::store::{OutboxStore, OutboxTally};
use crate::outbox::{Claimed, Message, Outcome, Payload};
use crate::store::StoreError;

use super::engine::{Dialect, Record};
use super::statement::{Statement, statements};
use super::{SqlTx, small, unsigned};

statements! {
    PUSH: "queueing a message" =
        "INSERT INTO outbox (id, dedup, kind, subject, run_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (dedup) DO UPDATE SET generation = outbox.generation + 1, dead = FALSE, \
         run_at = CASE WHEN outbox.run_at < excluded.run_at THEN outbox.run_at ELSE excluded.run_at END";
    DUE: "finding due messages" =
        "SELECT id FROM outbox WHERE NOT dead AND run_at <= $1 \
         AND (locked_until IS NULL OR locked_until <= $1) ORDER BY run_at LIMIT $2 {skip_locked}";
    LEASE: "leasing messages" =
        "UPDATE outbox SET locked_until = $2, lease = lease + 1 WHERE id {in_uuids:$1} \
         RETURNING id, kind, subject, generation, attempts, lease";
    AGAIN: "settling a message" =
        "UPDATE outbox SET locked_until = NULL, attempts = 0, last_error = NULL, \
         run_at = CASE WHEN generation = $3 THEN $4 ELSE run_at END \
         WHERE id = $1 AND lease = $2 AND locked_until IS NOT NULL";
    FAILED: "settling a message" =
        "UPDATE outbox SET locked_until = NULL, attempts = attempts + 1, last_error = $4, run_at = $3 \
         WHERE id = $1 AND lease = $2 AND locked_until IS NOT NULL";
    DEAD: "settling a message" =
        "UPDATE outbox SET locked_until = NULL, dead = TRUE, last_error = $3 \
         WHERE id = $1 AND lease = $2 AND locked_until IS NOT NULL";
    NEXT: "finding the next message" =
        "SELECT MIN(CASE WHEN locked_until > run_at THEN locked_until ELSE run_at END) AS at \
         FROM outbox WHERE NOT dead";
    TALLY: "counting messages" =
        "SELECT COUNT(CASE WHEN NOT dead AND run_at <= $1 THEN 1 END) AS due, \
         COUNT(CASE WHEN NOT dead AND attempts > 0 THEN 1 END) AS failing, \
         COUNT(CASE WHEN dead THEN 1 END) AS dead FROM outbox";
}

#[async_trait]
impl<D: Dialect> OutboxStore for SqlTx<D> {
    async fn outbox_push(&mut self, message: &Message) -> Result<(), StoreError> {
        let values = vec![
            message.id.uuid().into(),
            message.payload.dedup_key().into(),
            message.payload.kind().into(),
            message.payload.subject().into(),
            message.run_at.into(),
        ];
        self.execute(PUSH, values).await.map(drop)
    }

    async fn outbox_claim(
        &mut self,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        let due = self.all(DUE, vec![now.into(), limit.into()], |row| Ok(row.uuid("id")?)).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let read = |row: &D::Row| {
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
                values.extend([(*retry_at).into(), error.as_str().into()]);
                FAILED
            }
            Outcome::Dead { error } => {
                values.push(error.as_str().into());
                DEAD
            }
        };
        Ok(self.execute(statement, values).await? == 1)
    }

    async fn outbox_next(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let next = self.one(NEXT, Vec::new(), |row| Ok(row.instant_or_none("at")?)).await?;
        Ok(next.flatten())
    }

    async fn outbox_tally(&mut self, now: Timestamp) -> Result<OutboxTally, StoreError> {
        let read = |row: &D::Row| {
            Ok(OutboxTally {
                due: unsigned(row.int("due")?),
                failing: unsigned(row.int("failing")?),
                dead: unsigned(row.int("dead")?),
            })
        };
        Ok(self.one(TALLY, vec![now.into()], read).await?.unwrap_or_default())
    }
}
