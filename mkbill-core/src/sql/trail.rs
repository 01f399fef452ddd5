//! The audit trail in SQL.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::audit::Record as AuditRecord;
use crate::audit::chain::{ChainHash, End, Head};
use crate::audit::filter::{ActionFilter, AuditFilter, AuditSort};
use crate::audit::store::{AuditRow, AuditStore};
use crate::event::NewEvent;
use crate::kernel::caller::Actor;
use crate::kernel::ids::AuditId;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::customer::looked_for;
use super::engine::Dialect;
use super::listing::{Column, Listing, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::{ReadError, SqlTx, known};

/// The columns of a row.
macro_rules! columns {
    () => {
        "id, at, actor, address, agent, reason, action, subject_kind, subject, before, after, \
         position, hash"
    };
}

/// A page of rows. `$lead` names the filter whose index leads to them; the others sort out.
macro_rules! page {
    ($lead:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            "{value} FROM audit WHERE {past} AND id >= $1 AND id < $2",
            $lead,
            " AND (CAST($3 AS timestamptz) IS NULL OR at >= $3) \
             AND (CAST($4 AS timestamptz) IS NULL OR at < $4) \
             AND (CAST($5 AS uuid) IS NULL OR subject = $5) \
             AND (CAST($6 AS text) IS NULL OR actor = $6) \
             AND (CAST($7 AS text) IS NULL OR address = $7) \
             AND (CAST($8 AS text) IS NULL OR subject_kind = $8) \
             AND (CAST($9 AS text) IS NULL OR LOWER(reason) LIKE LOWER($9) ESCAPE '!') \
             AND ($10 OR action {in_texts:$11}) {page}"
        )
    };
}

listing! {
    ALL_ROWS of AuditSort: "reading the audit trail" = page!(""),
    by "id" { Created: Column::Identity }
}
listing! {
    OF_SUBJECT of AuditSort: "reading the audit trail" = page!(" AND subject = $5"),
    by "id" { Created: Column::Identity }
}
listing! {
    OF_ACTOR of AuditSort: "reading the audit trail" = page!(" AND actor = $6"),
    by "id" { Created: Column::Identity }
}
listing! {
    OF_ADDRESS of AuditSort: "reading the audit trail" = page!(" AND address = $7"),
    by "id" { Created: Column::Identity }
}
listing! {
    OF_ACTION of AuditSort: "reading the audit trail" = page!(" AND action {in_texts:$11}"),
    by "id" { Created: Column::Identity }
}

statements! {
    // One step through the index for each action that there is.
    ACTIONS: "looking which actions there were" =
        "WITH RECURSIVE known (action) AS (SELECT MIN(action) FROM audit UNION ALL \
         SELECT (SELECT MIN(a.action) FROM audit a WHERE a.action > known.action) \
         FROM known WHERE known.action IS NOT NULL) \
         SELECT action FROM known WHERE action IS NOT NULL";
    CHAIN: "following the audit trail" = concat!(
        "SELECT ", columns!(), " FROM audit WHERE position > $1 ORDER BY position LIMIT $2");
    END: "looking where the audit trail ends" =
        "SELECT (SELECT MAX(position) FROM audit) AS last, \
         (SELECT COUNT(*) FROM audit WHERE position IS NULL) AS unchained, \
         (SELECT chain_position FROM counter WHERE name = 'event') AS position, \
         (SELECT chain_hash FROM counter WHERE name = 'event') AS hash";
    HEAD_SET: "moving the end of the audit trail" =
        "UPDATE counter SET chain_position = $1, chain_hash = $2 WHERE name = 'event'";
}

fn read(row: &impl Record) -> Result<AuditRow, ReadError> {
    Ok(AuditRow {
        id: AuditId::from_uuid(row.uuid("id")?),
        at: row.instant("at")?,
        actor: Actor::stored(row.text("actor")?),
        address: row.text_or_none("address")?,
        agent: row.text_or_none("agent")?,
        reason: row.text_or_none("reason")?,
        action: row.text("action")?,
        subject_kind: row.text("subject_kind")?,
        subject: row.uuid("subject")?,
        before: row.json_or_none("before")?.unwrap_or(Json::Null),
        after: row.json_or_none("after")?.unwrap_or(Json::Null),
        link: read_head(row, "audit", "hash")?,
    })
}

/// A position and a hash that are both there or both absent.
pub(super) fn read_head(
    row: &impl Record,
    table: &'static str,
    column: &'static str,
) -> Result<Option<Head>, ReadError> {
    let Some(position) = row.int_or_none("position")? else { return Ok(None) };
    let bytes = row.bytes_or_none("hash")?.unwrap_or_default();
    let hash = known(table, column, "bytes of another length", |_| ChainHash::stored(&bytes))?;
    Ok(Some(Head { position, hash }))
}

/// Every write is an event; its details are in the trail.
fn event_of(record: &AuditRecord) -> NewEvent {
    NewEvent {
        at: record.at,
        kind: record.action,
        subject_kind: record.subject_kind,
        subject: record.subject,
        data: Json::Null,
    }
}

fn columns(records: &[AuditRecord], links: &[Head]) -> Vec<(&'static str, Vec<Value>)> {
    let column = |value: fn(&AuditRecord) -> Value| records.iter().map(value).collect::<Vec<_>>();
    let address = |r: &AuditRecord| r.origin.address.map(|address| address.to_string()).into();
    vec![
        ("id", column(|r| r.id.uuid().into())),
        ("at", column(|r| r.at.into())),
        ("actor", column(|r| r.actor.as_str().into())),
        ("address", column(address)),
        ("agent", column(|r| r.origin.agent.clone().into())),
        ("reason", column(|r| r.reason.clone().into())),
        ("action", column(|r| r.action.into())),
        ("subject_kind", column(|r| r.subject_kind.into())),
        ("subject", column(|r| r.subject.into())),
        ("before", column(|r| r.before.clone().into())),
        ("after", column(|r| r.after.clone().into())),
        ("position", links.iter().map(|link| link.position.into()).collect()),
        ("hash", links.iter().map(|link| link.hash.as_bytes().into()).collect()),
    ]
}

impl<D: Dialect> SqlTx<D> {
    /// Chains and writes what was appended, behind a head that is locked.
    pub(super) async fn write_records(&mut self, head: Head) -> Result<(), StoreError> {
        let records = std::mem::take(&mut self.records);
        let follow = |head: &mut Head, record: &AuditRecord| {
            *head = head.then(record);
            Some(*head)
        };
        let links: Vec<Head> = records.iter().scan(head, follow).collect();
        let Some(last) = links.last() else { return Ok(()) };
        self.insert_all("writing the audit trail", "audit", columns(&records, &links)).await?;
        let values = vec![last.position.into(), last.hash.as_bytes().into()];
        self.execute(HEAD_SET, values).await.map(drop)
    }

    /// The actions a filter means; `None` for all.
    async fn wanted_actions(
        &mut self,
        filter: &AuditFilter,
    ) -> Result<Option<Vec<String>>, StoreError> {
        Ok(match &filter.action {
            None => None,
            Some(ActionFilter::Exactly(action)) => Some(vec![action.clone()]),
            Some(ActionFilter::Beginning(words)) => {
                let read = |row: &D::Found| Ok(row.text("action")?);
                let mut known = self.all(ACTIONS, Vec::new(), read).await?;
                known.retain(|action| action.starts_with(words));
                Some(known)
            }
        })
    }
}

/// The least identity of a millisecond: identities begin with their instant, so a span of time is a
/// span of identities.
fn first_identity(millis: i64) -> Uuid {
    let millis = u64::try_from(millis).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// The statements whose index leads to the rows soonest.
const fn listing_of(filter: &AuditFilter) -> &'static Listing<AuditSort> {
    if filter.subject.is_some() {
        &OF_SUBJECT
    } else if filter.actor.is_some() {
        &OF_ACTOR
    } else if filter.address.is_some() {
        &OF_ADDRESS
    } else if filter.action.is_some() {
        &OF_ACTION
    } else {
        &ALL_ROWS
    }
}

#[async_trait]
impl<D: Dialect> AuditStore for SqlTx<D> {
    async fn audit_append(&mut self, records: &[AuditRecord]) -> Result<(), StoreError> {
        if records.iter().any(|record| record.is_unchecked) {
            return Err(StoreError::Unchecked);
        }
        self.events.extend(records.iter().map(event_of));
        self.records.extend_from_slice(records);
        Ok(())
    }

    async fn audit_page(
        &mut self,
        filter: &AuditFilter,
        page: PageRequest<AuditSort>,
    ) -> Result<Page<AuditRow>, StoreError> {
        let actions = self.wanted_actions(filter).await?;
        let first = filter.from.map_or(Uuid::nil(), |at| first_identity(at.as_millisecond()));
        let end = |at: Timestamp| first_identity(at.as_millisecond().saturating_add(1));
        let end = filter.until.map_or(Uuid::max(), end);
        let values = vec![
            first.into(),
            end.into(),
            filter.from.into(),
            filter.until.into(),
            filter.subject.into(),
            filter.actor.as_deref().into(),
            filter.address.map(|address| address.to_canonical().to_string()).into(),
            filter.subject_kind.as_deref().into(),
            filter.reason.as_ref().map(looked_for).into(),
            actions.is_none().into(),
            actions.unwrap_or_default().into(),
        ];
        self.page(listing_of(filter), values, &page, read).await
    }

    async fn audit_chain_after(
        &mut self,
        position: i64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.all(CHAIN, vec![position.into(), limit.into()], read).await
    }

    async fn audit_end(&mut self) -> Result<End, StoreError> {
        let read = |row: &D::Found| {
            Ok(End {
                head: read_head(row, "counter", "chain_hash")?.unwrap_or(Head::START),
                last: row.int_or_none("last")?.unwrap_or_default(),
                unchained: row.int("unchained")?,
            })
        };
        let end = self.one(END, Vec::new(), read).await?;
        Ok(end.unwrap_or(End { head: Head::START, last: 0, unchained: 0 }))
    }
}
