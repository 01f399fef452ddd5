//! The audit trail in SQL.

use async_trait::async_trait;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::audit::Record as AuditRecord;
use crate::audit::store::{AuditRow, AuditStore};
use crate::event::NewEvent;
use crate::kernel::caller::Actor;
use crate::kernel::ids::AuditId;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::catalogue::page_values;
use super::engine::{Dialect, Record};
use super::statement::{Statement, statements};
use super::value::Value;
use super::{ReadError, SqlTx};

statements! {
    PAGE: "reading the audit trail" =
        "SELECT id, at, actor, reason, action, subject_kind, subject, before, after FROM audit \
         WHERE (CAST($1 AS uuid) IS NULL OR id < $1) AND (CAST($3 AS uuid) IS NULL OR subject = $3) \
         ORDER BY id DESC LIMIT $2";
}

fn read(row: &impl Record) -> Result<AuditRow, ReadError> {
    Ok(AuditRow {
        id: AuditId::from_uuid(row.uuid("id")?),
        at: row.instant("at")?,
        actor: Actor::stored(row.text("actor")?),
        reason: row.text_or_none("reason")?,
        action: row.text("action")?,
        subject_kind: row.text("subject_kind")?,
        subject: row.uuid("subject")?,
        before: row.json_or_none("before")?.unwrap_or(Json::Null),
        after: row.json_or_none("after")?.unwrap_or(Json::Null),
    })
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

#[async_trait]
impl<D: Dialect> AuditStore for SqlTx<D> {
    async fn audit_append(&mut self, records: &[AuditRecord]) -> Result<(), StoreError> {
        let column =
            |value: fn(&AuditRecord) -> Value| records.iter().map(value).collect::<Vec<_>>();
        let columns = vec![
            ("id", column(|r| r.id.uuid().into())),
            ("at", column(|r| r.at.into())),
            ("actor", column(|r| r.actor.as_str().into())),
            ("reason", column(|r| r.reason.clone().into())),
            ("action", column(|r| r.action.into())),
            ("subject_kind", column(|r| r.subject_kind.into())),
            ("subject", column(|r| r.subject.into())),
            ("before", column(|r| r.before.clone().into())),
            ("after", column(|r| r.after.clone().into())),
        ];
        self.events.extend(records.iter().map(event_of));
        self.insert_all("writing the audit trail", "audit", columns).await
    }

    async fn audit_page(
        &mut self,
        subject: Option<Uuid>,
        page: PageRequest,
    ) -> Result<Page<AuditRow>, StoreError> {
        let [after, limit] = page_values(page);
        let items = self.all(PAGE, vec![after, limit, subject.into()], read).await?;
        Ok(Page::cut(items, page, |row| row.id.uuid()))
    }
}
