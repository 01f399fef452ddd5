//! First answers in SQL.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::kernel::caller::{Actor, Fingerprint, IdempotencyKey};
use crate::kernel::secret::Sealed;
use crate::kernel::time::saturating_add;
use crate::request::answer::{ANSWER_LEASE, AnswerLease, AnswerRow, SealedAnswer};
use crate::request::store::AnswerStore;
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::{ReadError, SqlTx, known};

statements! {
    CLAIM: "claiming a request" =
        "INSERT INTO request_answer (actor, key, input, state, lease, locked_until, at) \
         VALUES ($1, $2, $3, 'working', $4, $5, $6) \
         ON CONFLICT (actor, key) DO UPDATE SET input = excluded.input, state = 'working', \
         lease = excluded.lease, locked_until = excluded.locked_until, at = excluded.at, \
         status = NULL, head = NULL, body_sealed = NULL \
         WHERE request_answer.at <= $7 OR (request_answer.state = 'working' \
         AND request_answer.input = excluded.input AND request_answer.locked_until <= $6)";
    BY_KEY: "looking up an answer" =
        "SELECT input, at, locked_until, status, head, body_sealed FROM request_answer \
         WHERE actor = $1 AND key = $2";
    SETTLE: "keeping an answer" =
        "UPDATE request_answer SET state = 'answered', status = $4, head = $5, body_sealed = $6 \
         WHERE actor = $1 AND key = $2 AND lease = $3 AND state = 'working'";
    LET_GO: "letting go of a request" =
        "DELETE FROM request_answer \
         WHERE actor = $1 AND key = $2 AND lease = $3 AND state = 'working'";
    FORGET: "forgetting answers" =
        "DELETE FROM request_answer WHERE (actor, key) IN (SELECT actor, key FROM request_answer \
         WHERE at <= $1 ORDER BY at LIMIT $2)";
}

fn read(row: &impl Record) -> Result<AnswerRow, ReadError> {
    let input = row.bytes("input")?;
    Ok(AnswerRow {
        input: known("request_answer", "input", "bytes of another length", |_| {
            Fingerprint::stored(&input)
        })?,
        at: row.instant("at")?,
        locked_until: row.instant("locked_until")?,
        answer: match row.int_or_none("status")? {
            None => None,
            Some(status) => Some(SealedAnswer {
                status: u16::try_from(status).unwrap_or(u16::MAX),
                head: read_head(&row.json_or_none("head")?.unwrap_or(Json::Null))?,
                body: Sealed::from_bytes(row.bytes("body_sealed")?),
            }),
        },
    })
}

fn read_head(head: &Json) -> Result<Vec<(String, String)>, ReadError> {
    let pair = |pair: &Json| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()));
    known("request_answer", "head", &head.to_string(), |_| {
        head.as_array()?.iter().map(pair).collect()
    })
}

#[async_trait]
impl<D: Dialect> AnswerStore for SqlTx<D> {
    async fn answer_claim(
        &mut self,
        lease: &AnswerLease,
        now: Timestamp,
        over: Timestamp,
    ) -> Result<bool, StoreError> {
        let request = &lease.request;
        let values = vec![
            request.actor.as_str().into(),
            request.key.as_str().into(),
            request.input.as_bytes().into(),
            lease.lease.into(),
            saturating_add(now, ANSWER_LEASE).into(),
            now.into(),
            over.into(),
        ];
        Ok(self.execute(CLAIM, values).await? == 1)
    }

    async fn answer_by_key(
        &mut self,
        actor: &Actor,
        key: &IdempotencyKey,
    ) -> Result<Option<AnswerRow>, StoreError> {
        self.one(BY_KEY, vec![actor.as_str().into(), key.as_str().into()], read).await
    }

    async fn answer_settle(
        &mut self,
        lease: &AnswerLease,
        answer: &SealedAnswer,
    ) -> Result<bool, StoreError> {
        let head = answer.head.iter().map(|(name, value)| json!([name, value]));
        let values = vec![
            lease.request.actor.as_str().into(),
            lease.request.key.as_str().into(),
            lease.lease.into(),
            i64::from(answer.status).into(),
            Json::from(head.collect::<Vec<_>>()).into(),
            answer.body.as_bytes().into(),
        ];
        Ok(self.execute(SETTLE, values).await? == 1)
    }

    async fn answer_let_go(&mut self, lease: &AnswerLease) -> Result<(), StoreError> {
        let values = vec![
            lease.request.actor.as_str().into(),
            lease.request.key.as_str().into(),
            lease.lease.into(),
        ];
        self.execute(LET_GO, values).await.map(drop)
    }

    async fn answers_forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.execute(FORGET, vec![before.into(), limit.into()]).await
    }
}
