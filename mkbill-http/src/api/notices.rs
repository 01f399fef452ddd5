//! Notices over HTTP.

use axum::Json;
use jiff::Timestamp;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::kernel::permission::needs::NoticesView;
use mkbill_core::notice::store::{NoticeFilter, NoticeRow, NoticeSort};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::{PageBody, list_query};
use super::{Answer, Problems};
use crate::auth::access::Reads;
use crate::extract::Query;

list_query! {
    /// Which notices.
    NoticesQuery by NoticeSort {
        /// To this customer only: an id.
        customer: Option<Uuid>,
        /// Of this kind only.
        #[param(example = "invoice_issued")]
        kind: Option<String>,
    }
}

impl NoticesQuery {
    pub(crate) fn filter(&self) -> Result<NoticeFilter, Error> {
        let kind = self.kind.as_deref().map(str::parse).transpose()?;
        Ok(NoticeFilter { customer: self.customer.map(CustomerId::from_uuid), kind })
    }
}

/// Something that is told to a customer or an operator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notice)]
pub(crate) struct NoticeBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// What is told, such as `invoice_issued`.
    pub(crate) kind: &'static str,
    /// Whom it concerns; null if it concerns operators alone.
    pub(crate) customer_id: Option<Uuid>,
    /// The kind of thing it is about.
    pub(crate) subject_kind: String,
    /// The id of what it is about.
    pub(crate) subject_id: Uuid,
    /// Identifiers, amounts and dates that its text needs, and as `business` the name of the business if
    /// it has one.
    pub(crate) facts: Value,
    /// What it is told for; the same cause is told once.
    pub(crate) cause: String,
    /// It is not told before this instant.
    pub(crate) not_before: Timestamp,
    /// When its cause was written.
    pub(crate) created_at: Timestamp,
}

impl From<NoticeRow> for NoticeBody {
    fn from(notice: NoticeRow) -> Self {
        Self {
            id: notice.id.uuid(),
            kind: notice.kind.name(),
            customer_id: notice.customer.map(CustomerId::uuid),
            subject_kind: notice.subject_kind,
            subject_id: notice.subject,
            facts: notice.facts,
            cause: notice.cause,
            not_before: notice.not_before,
            created_at: notice.created_at,
        }
    }
}

/// Lists what was and will be told to customers and operators, newest first unless asked otherwise.
#[utoipa::path(get, path = "/notices", tag = "notices", params(NoticesQuery),
    responses((status = 200, description = "A page", body = PageBody<NoticeBody>), Problems))]
pub(crate) async fn list_notices(
    billing: Reads<NoticesView>,
    Query(query): Query<NoticesQuery>,
) -> Answer<PageBody<NoticeBody>> {
    let filter = query.filter()?;
    let page = query.page()?;
    Ok(Json(PageBody::of(billing.notices(filter, page).await?, NoticeBody::from)))
}
