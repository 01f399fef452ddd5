//! Files of subscribers' logins over HTTP.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use mkbill_core::billing::Reader;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::permission::needs::{LoginsCreate, LoginsEdit};
use mkbill_core::operation::wish::Wish;
use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::export::Passwords;
use mkbill_core::provisioning::import::ImportReport;
use mkbill_core::provisioning::store::ExportFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::customer_details::LineErrorBody;
use super::logins::LoginKindBody;
use super::operations::{Accepted, taken_on};
use super::{Made, Problems, mark_replayed};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Csv, Query, WriteHeaders, WriteQuery, named_in};
use crate::prefer::{PreferHeader, Preference};
use crate::problem::Problem;

/// Which logins are exported, and whether with their passwords.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginExportQuery {
    /// On this router: name or id.
    pub(crate) router: Option<String>,
    /// In this menu.
    #[param(inline)]
    pub(crate) kind: Option<LoginKindBody>,
    /// With their passwords; their column is empty otherwise.
    #[serde(default)]
    #[param(required = false)]
    pub(crate) include_passwords: bool,
}

impl LoginExportQuery {
    pub(crate) async fn csv(&self, billing: &Reader) -> Result<Vec<u8>, Error> {
        let router = match &self.router {
            Some(key) => Some(billing.router(key).await.map_err(named_in("router"))?.id),
            None => None,
        };
        let filter = ExportFilter { router, kind: self.kind.map(LoginKind::from) };
        let passwords = if self.include_passwords { Passwords::Show } else { Passwords::Hide };
        billing.export_logins(filter, passwords).await
    }
}

/// What became of a file of logins.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoginImportReport)]
pub(crate) struct LoginImportReportBody {
    /// How many lines spoke of a login.
    pub(crate) total: u64,
    /// How many subscriptions with their logins were made, or had been made by the same request.
    pub(crate) imported: u64,
    /// The lines whose customer has the login already; it was left as it is.
    pub(crate) existing: Vec<LineErrorBody>,
    /// How many lines were bad.
    pub(crate) failed: u64,
    /// What was wrong with them; a line may have several errors.
    pub(crate) errors: Vec<LineErrorBody>,
}

impl From<ImportReport> for LoginImportReportBody {
    fn from(report: ImportReport) -> Self {
        let ImportReport { total, imported, existing, failed, errors } = report;
        let existing = existing.into_iter().map(LineErrorBody::from).collect();
        let errors = errors.into_iter().map(LineErrorBody::from).collect();
        Self { total, imported, existing, failed, errors }
    }
}

/// Makes the subscriptions of a CSV file with their logins, each by itself: good lines are made, bad ones
/// reported, and those whose customer has the login already are left as they are.
///
/// Columns: `whatsapp` (or `nomor_hp`), `plan` (or `paket`) and `router` by their names; `login`, or
/// `prefix` to count it; `password`, by chance if empty; the fields of a line, such as `caller_id` and
/// `remote_address`; `adopt` with `yes` or `no`; separated by commas or semicolons; at most 10,000
/// logins. What an export has besides is not read.
///
/// A large file may take longer than a request may: send it with `Prefer: respond-async`. Without, what
/// was made stays; send the file again, with the same `Idempotency-Key` if it had one, and the rest is
/// made.
#[utoipa::path(post, path = "/logins/import", tag = "logins",
    params(WriteHeaders, PreferHeader, WriteQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(Accepted, (status = 200, description = "What became of it", body = LoginImportReportBody),
        Problems))]
pub(crate) async fn import_logins(
    billing: Writes<LoginsCreate>,
    prefers: Preference,
    Csv(csv): Csv,
) -> Made {
    if prefers.is_async(&billing.caller) {
        return taken_on(&billing, &billing.caller, Wish::ImportLogins(csv.into())).await;
    }
    let receipt = billing.import_logins(&billing.caller, &csv).await?;
    let response = Json(LoginImportReportBody::from(receipt.value)).into_response();
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Subscribers' logins that are not over as CSV, which an import reads again.
#[utoipa::path(get, path = "/logins/export", tag = "logins", params(LoginExportQuery),
    responses((status = 200, description = "The logins", body = String, content_type = "text/csv"),
        Problems))]
pub(crate) async fn export_logins(
    billing: Reads<LoginsEdit>,
    Query(query): Query<LoginExportQuery>,
) -> Result<Response, Problem> {
    let csv = query.csv(&billing).await?;
    let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
    let name = [(header::CONTENT_DISPOSITION, "attachment; filename=\"logins.csv\"")];
    Ok((kind, name, csv).into_response())
}
