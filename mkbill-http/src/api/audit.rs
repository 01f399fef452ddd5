//! The audit trail over HTTP.

use std::net::IpAddr;

use axum::Json;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::try_unfold;
use jiff::Timestamp;
use mkbill_core::audit::chain::{Flaw, Head, Verification};
use mkbill_core::audit::export::AuditFormat;
use mkbill_core::audit::filter::{AuditFilter, AuditSort};
use mkbill_core::audit::store::AuditRow;
use mkbill_core::billing::Reader;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::permission::needs::AuditView;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::values::{PageBody, choices, orders, page_request, search_in};
use super::{Answer, Problems};
use crate::auth::access::Reads;
use crate::extract::Query;
use crate::problem::Problem;

/// Rows of one export over HTTP.
const EXPORT_ROWS_MAX: usize = 50_000;

choices! {
    /// How the trail is written into a file.
    AuditFormatBody as AuditFormat for AuditFormat {
        /// For spreadsheets.
        Csv,
        /// For programs: a JSON object a line.
        Jsonl,
    }
}

choices! {
    /// Why a chain does not hold.
    FlawBody as AuditFlaw for Flaw {
        /// A record is not what was chained at its position.
        Altered,
        /// There is no record at a position.
        Missing,
        /// A record stands at the position of another one.
        OutOfOrder,
        /// The chain ends elsewhere than its head says, or with another hash.
        Head,
        /// The chain does not pass through the hash that was expected.
        Unexpected,
    }
}

/// Declares a query that has the filters of the trail, and fields of its own.
macro_rules! audit_query {
    ($(#[$doc:meta])* $name:ident { $($(#[$own_doc:meta])* $own:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize, IntoParams)]
        #[into_params(parameter_in = Query)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            /// By this actor only, such as `api_key:front-desk`.
            pub(crate) actor: Option<String>,
            /// This action only, such as `voucher.extend`, or all that begin alike, such as `voucher.*`.
            pub(crate) action: Option<String>,
            /// About this kind of thing only, such as `voucher`.
            pub(crate) subject_kind: Option<String>,
            /// About this thing only: the id of a voucher, batch, plan, vendor, router or API key.
            pub(crate) subject: Option<Uuid>,
            /// Not before this instant.
            pub(crate) from: Option<Timestamp>,
            /// Before this instant.
            pub(crate) to: Option<Timestamp>,
            /// From this address only.
            #[param(value_type = Option<String>, example = "192.0.2.7")]
            pub(crate) address: Option<IpAddr>,
            /// With this in the reason, whatever its case.
            #[param(min_length = 1, max_length = 100)]
            pub(crate) q: Option<String>,
            $($(#[$own_doc])* pub(crate) $own: $type,)+
        }

        impl $name {
            pub(crate) fn filter(&self) -> Result<AuditFilter, Error> {
                Ok(AuditFilter {
                    actor: self.actor.clone(),
                    action: self.action.as_deref().map(str::parse).transpose()?,
                    subject_kind: self.subject_kind.clone(),
                    subject: self.subject,
                    from: self.from,
                    until: self.to,
                    address: self.address,
                    reason: search_in("q", self.q.as_deref())?,
                })
            }
        }
    };
}

audit_query! {
    /// Which rows of the trail, and in which order.
    AuditQuery {
        /// In which order: the newest first, or the oldest.
        #[param(schema_with = orders::<AuditSort>)]
        sort: Option<String>,
        /// The `next_cursor` of the page before, in the same order; absent for the first page.
        cursor: Option<String>,
        /// How many items, 1 to 200; 50 if absent.
        #[param(minimum = 1, maximum = 200)]
        limit: Option<u32>,
    }
}

audit_query! {
    /// Which rows of the trail, and as what.
    AuditExportQuery {
        /// CSV if absent.
        #[param(inline)]
        format: Option<AuditFormatBody>,
    }
}

impl AuditQuery {
    pub(crate) fn page(&self) -> Result<PageRequest<AuditSort>, Error> {
        page_request(self.sort.as_deref(), self.cursor.as_deref(), self.limit)
    }

    pub(crate) async fn read(
        &self,
        billing: &Reader,
        page: PageRequest<AuditSort>,
    ) -> Result<PageBody<AuditBody>, Error> {
        let rows = billing.audit_rows(&self.filter()?, page).await?;
        Ok(PageBody::of(rows, AuditBody::from))
    }
}

/// One write: who, what, why, before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub(crate) struct AuditBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Where it stands in the chain, from 1 without a gap; null for a row from before the chain.
    pub(crate) position: Option<i64>,
    /// When.
    pub(crate) at: Timestamp,
    /// Who, such as `api_key:front-desk`.
    pub(crate) actor: String,
    /// From which address.
    pub(crate) address: Option<String>,
    /// By which program, in its own words.
    pub(crate) agent: Option<String>,
    /// Why, in the caller's words.
    pub(crate) reason: Option<String>,
    /// What was done, such as `voucher.extend`.
    pub(crate) action: String,
    /// The kind of thing it was done to.
    pub(crate) subject_kind: String,
    /// Its id.
    pub(crate) subject_id: Uuid,
    /// How it was; null when it was made.
    pub(crate) before: Value,
    /// How it became.
    pub(crate) after: Value,
    /// The hash of it and of all rows before it; null for a row from before the chain.
    pub(crate) hash: Option<String>,
}

impl From<AuditRow> for AuditBody {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id.uuid(),
            position: row.link.map(|link| link.position),
            at: row.at,
            actor: row.actor.to_string(),
            address: row.address,
            agent: row.agent,
            reason: row.reason,
            action: row.action,
            subject_kind: row.subject_kind,
            subject_id: row.subject,
            before: row.before,
            after: row.after,
            hash: row.link.map(|link| link.hash.to_string()),
        }
    }
}

/// Lists what was written.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "A page", body = PageBody<AuditBody>), Problems))]
pub(crate) async fn list_audit(
    billing: Reads<AuditView>,
    Query(query): Query<AuditQuery>,
) -> Answer<PageBody<AuditBody>> {
    Ok(Json(query.read(&billing, query.page()?).await?))
}

/// What was written as a file, oldest first, at most 50,000 rows. Ask on from the instant of the last
/// one for more.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(AuditExportQuery),
    responses((status = 200, description = "The rows", body = String, content_type = "text/csv"),
        Problems))]
pub(crate) async fn export_audit(
    billing: Reads<AuditView>,
    Query(query): Query<AuditExportQuery>,
) -> Result<Response, Problem> {
    let format = query.format.map_or(AuditFormat::Csv, AuditFormat::from);
    let (kind, name) = match format {
        AuditFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        AuditFormat::Jsonl => ("application/jsonl", "attachment; filename=\"audit.jsonl\""),
    };
    let mut export = billing.export_audit(query.filter()?, format, EXPORT_ROWS_MAX)?;
    // What goes wrong at once is told as a problem; later it can only break the answer off.
    let first = export.next().await?;
    let parts = try_unfold((first, export), |(part, mut export)| async move {
        let Some(part) = part else { return Ok::<_, Error>(None) };
        let next = export.next().await?;
        Ok(Some((part, (next, export))))
    });
    let head = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
    Ok((head, Body::from_stream(parts)).into_response())
}

/// What the chain has to pass through.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerificationQuery {
    /// The `head` of an earlier verification, as it was written down.
    #[param(example = "4711:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub(crate) expect: Option<String>,
}

/// What was found when the chain was followed from its beginning.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditVerification)]
pub(crate) struct VerificationBody {
    /// Does the whole chain hold?
    pub(crate) holds: bool,
    /// How many records hold, from the first on.
    pub(crate) records: i64,
    /// How many records there are from before the chain; nothing is known of them.
    pub(crate) unchained: i64,
    /// How far it holds, as POSITION:HASH; null if nothing does. Write it down elsewhere: the chain has
    /// to pass through it for ever.
    pub(crate) head: Option<String>,
    /// The first position that does not hold.
    pub(crate) broken_at: Option<i64>,
    /// Why it does not.
    pub(crate) flaw: Option<FlawBody>,
}

impl From<Verification> for VerificationBody {
    fn from(found: Verification) -> Self {
        Self {
            holds: found.holds(),
            records: found.records,
            unchained: found.unchained,
            head: (found.head != Head::START).then(|| found.head.to_string()),
            broken_at: found.broken.map(|broken| broken.position),
            flaw: found.broken.map(|broken| broken.flaw.into()),
        }
    }
}

impl VerificationQuery {
    pub(crate) async fn read(&self, billing: &Reader) -> Result<VerificationBody, Error> {
        let expected = self.expect.as_deref().map(str::parse).transpose()?;
        Ok(billing.verify_audit(expected).await?.into())
    }
}

/// Follows the chain of the trail, and tells whether and how far it holds.
#[utoipa::path(get, path = "/audit/verification", tag = "audit", params(VerificationQuery),
    responses((status = 200, description = "What was found", body = VerificationBody), Problems))]
pub(crate) async fn verify_audit(
    billing: Reads<AuditView>,
    Query(query): Query<VerificationQuery>,
) -> Answer<VerificationBody> {
    Ok(Json(query.read(&billing).await?))
}
