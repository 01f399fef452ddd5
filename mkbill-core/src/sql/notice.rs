//! Notices in SQL.

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::kernel::ids::{CustomerId, MessageId, NoticeId};
use crate::kernel::page::{Page, PageRequest};
use crate::notice::store::{NoticeFilter, NoticeRow, NoticeSort, NoticeStore};
use crate::notice::{Notice, NoticeKind};
use crate::outbox::store::OutboxStore as _;
use crate::outbox::{Message, Payload};
use crate::store::StoreError;

use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known};

macro_rules! page {
    ($condition:literal) => {
        concat!(
            "SELECT id, kind, customer_id, subject_kind, subject, facts, cause, not_before, \
             created_at{value} FROM notice WHERE {past} ",
            $condition,
            " {page}"
        )
    };
}

statements! {
    ADDED: "looking which notices are new" = "SELECT id FROM notice WHERE id {in_uuids:$1}";
}

listing! {
    PAGE of NoticeSort: "listing notices" = page!(""), by "id" { Created: Column::Identity }
}
listing! {
    PAGE_OF_KIND of NoticeSort: "listing notices" = page!("AND kind = $1"),
    by "id" { Created: Column::Identity }
}
listing! {
    PAGE_OF_CUSTOMER of NoticeSort: "listing notices" =
        page!("AND customer_id = $1 AND (CAST($2 AS text) IS NULL OR kind = $2)"),
    by "id" { Created: Column::Identity }
}

fn row(notice: &Notice) -> Vec<(&'static str, Value)> {
    vec![
        ("id", notice.id.uuid().into()),
        ("kind", notice.kind.name().into()),
        ("customer_id", notice.customer.map(CustomerId::uuid).into()),
        ("subject_kind", notice.subject_kind.into()),
        ("subject", notice.subject.into()),
        ("facts", notice.facts.clone().into()),
        ("cause", notice.cause.as_str().into()),
        ("not_before", notice.not_before.into()),
        ("created_at", notice.created_at.into()),
    ]
}

fn read(row: &impl Record) -> Result<NoticeRow, ReadError> {
    Ok(NoticeRow {
        id: NoticeId::from_uuid(row.uuid("id")?),
        kind: known("notice", "kind", &row.text("kind")?, NoticeKind::named)?,
        customer: row.uuid_or_none("customer_id")?.map(CustomerId::from_uuid),
        subject: row.uuid("subject")?,
        subject_kind: row.text("subject_kind")?,
        facts: row.json_or_none("facts")?.unwrap_or(Json::Null),
        cause: row.text("cause")?,
        not_before: row.instant("not_before")?,
        created_at: row.instant("created_at")?,
    })
}

fn message(notice: &Notice) -> Message {
    Message {
        id: MessageId::from_uuid(notice.id.uuid()),
        payload: Payload::Notice(notice.id),
        run_at: notice.not_before,
    }
}

#[async_trait]
impl<D: Dialect> NoticeStore for SqlTx<D> {
    async fn notices_push(&mut self, notices: &[Notice]) -> Result<u64, StoreError> {
        let columns = transpose(notices.iter().map(row));
        let once = "ON CONFLICT (cause) DO NOTHING";
        let added = self.insert_all_or("adding notices", "notice", columns, once).await?;
        if added == 0 {
            return Ok(0);
        }
        let ids = notices.iter().map(|notice| notice.id.uuid()).collect::<Vec<_>>();
        let new = self.all(ADDED, vec![ids.into()], |row| Ok(row.uuid("id")?)).await?;
        let new: std::collections::HashSet<_> = new.into_iter().collect();
        let told = notices.iter().filter(|notice| new.contains(&notice.id.uuid()));
        let messages: Vec<Message> = told.map(message).collect();
        self.outbox_push_all(&messages).await?;
        Ok(added)
    }

    async fn notice_page(
        &mut self,
        filter: NoticeFilter,
        page: PageRequest<NoticeSort>,
    ) -> Result<Page<NoticeRow>, StoreError> {
        let kind = filter.kind.map(NoticeKind::name);
        let (listing, values): (_, Vec<Value>) = match (filter.customer, kind) {
            (Some(customer), kind) => {
                (&PAGE_OF_CUSTOMER, vec![customer.uuid().into(), kind.into()])
            }
            (None, Some(kind)) => (&PAGE_OF_KIND, vec![kind.into()]),
            (None, None) => (&PAGE, Vec::new()),
        };
        self.page(listing, values, &page, read).await
    }
}
