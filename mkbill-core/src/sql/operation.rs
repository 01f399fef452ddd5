//! Operations in SQL.

use std::net::IpAddr;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::kernel::caller::{Actor, Authority, Fingerprint, IdempotencyKey, Origin};
use crate::kernel::ids::{ApiKeyId, OperationId, StaffId};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permissions;
use crate::kernel::secret::Sealed;
use crate::kernel::table::LineError;
use crate::operation::failure::Failure;
use crate::operation::store::{OperationFilter, OperationSort, OperationStore};
use crate::operation::{
    Asker, Lines, Operation, OperationKind, OperationState, Progress, StateName, Subject,
    SubjectKind, Work,
};
use crate::store::StoreError;

use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::{Value, count};
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, unsigned};

const TABLE: &str = "operation";

macro_rules! operations {
    ($tail:literal) => {
        operations!("", $tail)
    };
    ($more:literal, $tail:literal) => {
        concat!(
            "SELECT id, kind, state, actor, authority, authority_id, permissions, address, agent, \
             reason, key, input, made_at, started_at, done, blocked, total, subject_kind, subject, \
             subject_name, ended_at, ended_by, problem, lines",
            $more,
            " FROM operation WHERE ",
            $tail
        )
    };
}

statements! {
    BY_ID: "reading an operation" = operations!("id = $1");
    BY_KEY: "reading an operation" = operations!("actor = $1 AND key = $2");
    LOCK: "reading an operation" = operations!("id = $1 {for_update}");
    WISH: "reading what is wished" =
        "SELECT wish_sealed FROM operation WHERE id = $1 AND wish_sealed IS NOT NULL";
    SETTLE: "settling an operation" =
        "UPDATE operation SET state = $2, started_at = $3, done = $4, blocked = $5, total = $6, \
         subject_kind = $7, subject = $8, subject_name = $9, ended_at = $10, ended_by = $11, \
         problem = $12, lines = $13, \
         wish_sealed = CASE WHEN CAST($10 AS timestamptz) IS NULL THEN wish_sealed END \
         WHERE id = $1";
    OPEN_HOLD: "looking which operations are under way" =
        "SELECT id FROM operation WHERE actor = $1 AND ended_at IS NULL ORDER BY id {for_update}";
    OPEN: "counting operations under way" =
        "SELECT COUNT(*) AS n FROM operation WHERE actor = $1 AND ended_at IS NULL";
    FORGET: "forgetting operations" =
        "DELETE FROM operation WHERE id IN (SELECT id FROM operation WHERE ended_at < $1 \
         ORDER BY ended_at LIMIT $2)";
}

listing! {
    PAGE of OperationSort: "listing operations" = operations!(
        "{value}",
        "{past} AND (CAST($1 AS text) IS NULL OR state = $1) \
         AND (CAST($2 AS text) IS NULL OR kind = $2) \
         AND (CAST($3 AS text) IS NULL OR (authority = $3 \
         AND (authority_id = $4 OR (CAST($4 AS uuid) IS NULL AND actor = $5)))) {page}"),
    by "id" { Created: Column::Identity }
}

const fn authority_name(authority: Authority) -> &'static str {
    match authority {
        Authority::Program => "program",
        Authority::Staff(_) => "staff",
        Authority::ApiKey(_) => "api_key",
    }
}

const fn authority_id(authority: Authority) -> Option<uuid::Uuid> {
    match authority {
        Authority::Program => None,
        Authority::Staff(id) => Some(id.uuid()),
        Authority::ApiKey(id) => Some(id.uuid()),
    }
}

fn read_authority(row: &impl Record) -> Result<Authority, ReadError> {
    let (name, id) = (row.text("authority")?, row.uuid_or_none("authority_id")?);
    known(TABLE, "authority", &name, |name| match (name, id) {
        ("program", None) => Some(Authority::Program),
        ("staff", Some(id)) => Some(Authority::Staff(StaffId::from_uuid(id))),
        ("api_key", Some(id)) => Some(Authority::ApiKey(ApiKeyId::from_uuid(id))),
        _ => None,
    })
}

fn read_asker(row: &impl Record) -> Result<Asker, ReadError> {
    let address = row.text_or_none("address")?;
    let address = address
        .map(|text| known(TABLE, "address", &text, |text| text.parse::<IpAddr>().ok()))
        .transpose()?;
    Ok(Asker {
        actor: Actor::stored(row.text("actor")?),
        authority: read_authority(row)?,
        permissions: known(TABLE, "permissions", &row.text("permissions")?, |names| {
            Permissions::scopes(names.split_whitespace()).ok()
        })?,
        origin: Origin { address, agent: row.text_or_none("agent")? },
        reason: row.text_or_none("reason")?,
    })
}

fn read_work(row: &impl Record) -> Result<Option<Work>, ReadError> {
    let Some(since) = row.instant_or_none("started_at")? else { return Ok(None) };
    let progress = Progress {
        done: unsigned(row.int("done")?),
        blocked: unsigned(row.int("blocked")?),
        total: unsigned(row.int("total")?),
    };
    let subject = match row.text_or_none("subject_kind")? {
        None => None,
        Some(kind) => Some(Subject {
            kind: known(TABLE, "subject_kind", &kind, SubjectKind::named)?,
            id: row.uuid("subject")?,
            name: row.text("subject_name")?,
        }),
    };
    Ok(Some(Work { since, progress, subject }))
}

fn read_state(row: &impl Record) -> Result<OperationState, ReadError> {
    let name = row.text("state")?;
    let work = read_work(row)?;
    let begun = |work: Option<Work>| known(TABLE, "started_at", "null", |_| work);
    let at = || row.instant("ended_at");
    Ok(match known(TABLE, "state", &name, StateName::named)? {
        StateName::Waiting => OperationState::Waiting,
        StateName::Running => OperationState::Running(begun(work)?),
        StateName::Succeeded => {
            let lines = row.json_or_none("lines")?;
            let lines = lines.map(|lines| known(TABLE, "lines", "…", |_| read_lines(&lines)));
            OperationState::Succeeded { work: begun(work)?, at: at()?, lines: lines.transpose()? }
        }
        StateName::Failed => {
            let problem = row.json_or_none("problem")?.unwrap_or(Json::Null);
            let text = problem.to_string();
            let problem = known(TABLE, "problem", &text, |_| Failure::from_json(&problem))?;
            OperationState::Failed { work, at: at()?, problem }
        }
        StateName::Cancelled => {
            let by = Actor::stored(row.text("ended_by")?);
            OperationState::Cancelled { work, at: at()?, by }
        }
    })
}

fn read(row: &impl Record) -> Result<Operation, ReadError> {
    let kind = row.text("kind")?;
    let key = row.text_or_none("key")?;
    let key = key
        .map(|key| known(TABLE, "key", &key, |key| key.parse::<IdempotencyKey>().ok()))
        .transpose()?;
    let input = row.bytes("input")?;
    Ok(Operation {
        id: OperationId::from_uuid(row.uuid("id")?),
        kind: known(TABLE, "kind", &kind, OperationKind::named)?,
        state: read_state(row)?,
        asker: read_asker(row)?,
        key,
        input: known(TABLE, "input", "bytes of another length", |_| Fingerprint::stored(&input))?,
        made_at: row.instant("made_at")?,
    })
}

fn line_errors(errors: &[LineError]) -> Json {
    let error = |error: &LineError| json!([error.line, error.field, error.problem]);
    errors.iter().map(error).collect()
}

fn read_line_errors(errors: &Json) -> Option<Vec<LineError>> {
    let error = |error: &Json| {
        Some(LineError::new(error[0].as_u64()?, error[1].as_str()?, error[2].as_str()?))
    };
    errors.as_array()?.iter().map(error).collect()
}

fn lines_json(lines: &Lines) -> Json {
    json!({
        "total": lines.total,
        "imported": lines.imported,
        "existing": line_errors(&lines.existing),
        "failed": lines.failed,
        "errors": line_errors(&lines.errors),
    })
}

fn read_lines(lines: &Json) -> Option<Lines> {
    Some(Lines {
        total: lines["total"].as_u64()?,
        imported: lines["imported"].as_u64()?,
        existing: read_line_errors(&lines["existing"])?,
        failed: lines["failed"].as_u64()?,
        errors: read_line_errors(&lines["errors"])?,
    })
}

/// Where an operation stands, in the order of the statement.
fn standing(operation: &Operation) -> [(&'static str, Value); 13] {
    let state = &operation.state;
    let work = state.work();
    let progress = work.map(|work| work.progress).unwrap_or_default();
    let subject = work.and_then(|work| work.subject.as_ref());
    let (mut by, mut problem, mut kept) = (None, None, None);
    match state {
        OperationState::Succeeded { lines, .. } => kept = lines.as_ref().map(lines_json),
        OperationState::Failed { problem: failure, .. } => problem = Some(failure.to_json()),
        OperationState::Cancelled { by: actor, .. } => by = Some(actor.as_str()),
        OperationState::Waiting | OperationState::Running(_) => {}
    }
    [
        ("id", operation.id.uuid().into()),
        ("state", state.name().name().into()),
        ("started_at", work.map(|work| work.since).into()),
        ("done", count(progress.done).into()),
        ("blocked", count(progress.blocked).into()),
        ("total", count(progress.total).into()),
        ("subject_kind", subject.map(|subject| subject.kind.name()).into()),
        ("subject", subject.map(|subject| subject.id).into()),
        ("subject_name", subject.map(|subject| subject.name.as_str()).into()),
        ("ended_at", state.ended_at().into()),
        ("ended_by", by.into()),
        ("problem", problem.into()),
        ("lines", kept.into()),
    ]
}

fn row(operation: &Operation, wish: &Sealed) -> Vec<(&'static str, Value)> {
    let Operation { kind, asker, key, input, made_at, .. } = operation;
    let mut row = Vec::from(standing(operation));
    row.extend([
        ("kind", kind.name().into()),
        ("actor", asker.actor.as_str().into()),
        ("authority", authority_name(asker.authority).into()),
        ("authority_id", authority_id(asker.authority).into()),
        ("permissions", asker.permissions.names().join(" ").into()),
        ("address", asker.origin.address.map(|address| address.to_string()).into()),
        ("agent", asker.origin.agent.as_deref().into()),
        ("reason", asker.reason.as_deref().into()),
        ("key", key.as_ref().map(IdempotencyKey::as_str).into()),
        ("input", input.as_bytes().into()),
        ("made_at", (*made_at).into()),
        ("wish_sealed", wish.as_bytes().into()),
    ]);
    row
}

#[async_trait]
impl<D: Dialect> OperationStore for SqlTx<D> {
    async fn operation_insert(
        &mut self,
        operation: &Operation,
        wish: &Sealed,
    ) -> Result<bool, StoreError> {
        let columns = transpose(std::iter::once(row(operation, wish)));
        let conflict = "ON CONFLICT (actor, key) DO NOTHING";
        let added = self.insert_all_or("adding an operation", TABLE, columns, conflict).await?;
        Ok(added == 1)
    }

    async fn operation_by_id(&mut self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read).await
    }

    async fn operation_by_key(
        &mut self,
        actor: &Actor,
        key: &IdempotencyKey,
    ) -> Result<Option<Operation>, StoreError> {
        self.one(BY_KEY, vec![actor.as_str().into(), key.as_str().into()], read).await
    }

    async fn operation_lock(&mut self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        self.one(LOCK, vec![id.uuid().into()], read).await
    }

    async fn operation_wish(&mut self, id: OperationId) -> Result<Option<Sealed>, StoreError> {
        let read = |row: &D::Found| Ok(Sealed::from_bytes(row.bytes("wish_sealed")?));
        self.one(WISH, vec![id.uuid().into()], read).await
    }

    async fn operation_settle(&mut self, operation: &Operation) -> Result<(), StoreError> {
        let values = standing(operation).map(|(_, value)| value);
        self.execute(SETTLE, values.into()).await.map(drop)
    }

    async fn operation_page(
        &mut self,
        filter: &OperationFilter,
        page: PageRequest<OperationSort>,
    ) -> Result<Page<Operation>, StoreError> {
        let asker = filter.asker.as_ref();
        let values = vec![
            filter.state.map(StateName::name).into(),
            filter.kind.map(OperationKind::name).into(),
            asker.map(|asker| authority_name(asker.authority)).into(),
            asker.and_then(|asker| authority_id(asker.authority)).into(),
            asker.map(|asker| asker.actor.as_str()).into(),
        ];
        self.page(&PAGE, values, &page, read).await
    }

    async fn operations_open(&mut self, actor: &Actor) -> Result<u64, StoreError> {
        let actor = || vec![actor.as_str().into()];
        self.all(OPEN_HOLD, actor(), |_| Ok(())).await?;
        self.number(OPEN, actor()).await.map(unsigned)
    }

    async fn operations_forget(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.execute(FORGET, vec![before.into(), limit.into()]).await
    }
}
