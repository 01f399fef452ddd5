//! The audit trail over HTTP.

use axum::Json;
use jiff::Timestamp;
use mkbill_core::audit::store::AuditRow;
use mkbill_core::kernel::permission::needs::AuditView;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::values::{PageBody, PageQuery};
use super::{Answer, Problems};
use crate::auth::access::Reads;
use crate::extract::Query;

/// Which rows of the trail.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// About this thing only: the id of a voucher, batch, plan, vendor, router or API key.
    subject: Option<Uuid>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// How many items, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// One write: who, what, why, before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub(crate) struct AuditBody {
    /// Identity.
    id: Uuid,
    /// When.
    at: Timestamp,
    /// Who, such as `api_key:front-desk`.
    actor: String,
    /// Why, in the caller's words.
    reason: Option<String>,
    /// What was done, such as `voucher.extend`.
    action: String,
    /// The kind of thing it was done to.
    subject_kind: String,
    /// Its id.
    subject_id: Uuid,
    /// How it was; null when it was made.
    before: Value,
    /// How it became.
    after: Value,
}

impl From<AuditRow> for AuditBody {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id.uuid(),
            at: row.at,
            actor: row.actor.to_string(),
            reason: row.reason,
            action: row.action,
            subject_kind: row.subject_kind,
            subject_id: row.subject,
            before: row.before,
            after: row.after,
        }
    }
}

/// Lists what was written, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "A page", body = PageBody<AuditBody>), Problems))]
pub(crate) async fn list_audit(
    billing: Reads<AuditView>,
    Query(query): Query<AuditQuery>,
) -> Answer<PageBody<AuditBody>> {
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.read()?;
    Ok(Json(PageBody::of(billing.audit(query.subject, page).await?, AuditBody::from)))
}
