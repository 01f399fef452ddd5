//! Voucher batches over HTTP.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use mkbill_core::billing::{BatchView, Reader, Receipt, Unpushed};
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::error::{Error, Wrongs};
use mkbill_core::kernel::ids::VendorId;
use mkbill_core::kernel::permission::needs::{VouchersCreate, VouchersDelete, VouchersView};
use mkbill_core::operation::wish::Wish;
use mkbill_core::plan::{Plan, Prices};
use mkbill_core::voucher::batch::{Batch, BatchTally, NewBatch, PushReport, check_count};
use mkbill_core::voucher::code::{CodeShape, LoginMode};
use mkbill_core::voucher::store::{BatchFilter, BatchSort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::operations::{Accepted, taken_on};
use super::values::{LimitsBody, MoneyBody, PageBody, list_query};
use super::{Answer, Made, Problems, created, mark_replayed};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery, named_in};
use crate::prefer::{PreferHeader, Preference};
use crate::problem::Problem;

/// What a voucher's password is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = LoginMode)]
pub(crate) enum LoginModeBody {
    /// The code itself.
    #[default]
    Same,
    /// A random one of its own.
    Separate,
}

/// A batch to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBatch)]
pub(crate) struct NewBatchBody {
    /// On which router: name or id.
    #[schema(example = "rt-05")]
    pub(crate) router: String,
    /// Of which plan: name or id.
    #[schema(example = "Harian 24 jam")]
    pub(crate) plan: String,
    /// For which vendor: code or id.
    #[serde(default)]
    pub(crate) vendor: Option<String>,
    /// How many vouchers.
    #[schema(minimum = 1, maximum = 10_000, example = 500)]
    pub(crate) count: u32,
    /// Begins every code: up to 10 of A-Z, 0-9 and -.
    #[serde(default)]
    #[schema(max_length = 10, pattern = "^[A-Z0-9-]*$")]
    pub(crate) prefix: String,
    /// Random characters behind the prefix; 9 if absent.
    #[serde(default)]
    #[schema(minimum = 4, maximum = 20)]
    pub(crate) random_chars: Option<u8>,
    /// What the password is.
    #[serde(default)]
    pub(crate) login_mode: LoginModeBody,
    /// Cost of one voucher instead of the plan's.
    #[serde(default)]
    pub(crate) cost: Option<MoneyBody>,
    /// Selling price of one voucher instead of the plan's.
    #[serde(default)]
    pub(crate) sell: Option<MoneyBody>,
    /// The last business day on which an unused voucher may begin.
    #[serde(default)]
    pub(crate) sell_by: Option<Date>,
}

impl NewBatchBody {
    /// Finds what the names stand for. A name that stands for nothing is a problem of its field.
    pub(crate) async fn read(self, billing: &Reader) -> Result<NewBatch, Error> {
        let mut wrongs = Wrongs::default();
        wrongs.good(check_count(self.count))?;
        let shape = wrongs.good(self.shape().and_then(CodeShape::checked))?;
        let router = billing.router(&self.router).await.map_err(named_in("router"));
        let router = wrongs.good(router)?;
        let plan = wrongs.good(billing.plan(&self.plan).await.map_err(named_in("plan")))?;
        let vendor = match &self.vendor {
            Some(key) => wrongs.good(billing.vendor(key).await.map_err(named_in("vendor")))?,
            None => None,
        };
        let (Some(shape), Some(router), Some(plan)) = (shape, router, plan) else {
            return Err(wrongs.told());
        };
        wrongs.none()?;
        Ok(NewBatch {
            router: router.id,
            plan: plan.id,
            vendor: vendor.map(|vendor| vendor.id),
            count: self.count,
            shape,
            login_mode: self.login_mode.into(),
            prices: self.prices(&plan)?,
            sell_by: self.sell_by,
        })
    }

    fn shape(&self) -> Result<CodeShape, Error> {
        let random_chars = self.random_chars.unwrap_or(CodeShape::default().random_chars);
        Ok(CodeShape { prefix: self.prefix.parse()?, random_chars })
    }

    fn prices(&self, plan: &Plan) -> Result<Option<Prices>, Error> {
        if self.cost.is_none() && self.sell.is_none() {
            return Ok(None);
        }
        let usual = plan.prices;
        let cost = self.cost.as_ref().map_or(Ok(usual.cost()), |cost| cost.read("cost"))?;
        let price = self.sell.as_ref().map_or(Ok(usual.sell()), |sell| sell.read("sell"))?;
        Ok(Some(Prices::new(cost, price)?))
    }
}

impl From<LoginModeBody> for LoginMode {
    fn from(mode: LoginModeBody) -> Self {
        match mode {
            LoginModeBody::Same => Self::Same,
            LoginModeBody::Separate => Self::Separate,
        }
    }
}

impl From<LoginMode> for LoginModeBody {
    fn from(mode: LoginMode) -> Self {
        match mode {
            LoginMode::Same => Self::Same,
            LoginMode::Separate => Self::Separate,
        }
    }
}

/// A batch as it was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Batch)]
pub(crate) struct BatchBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Its number for people.
    #[schema(example = "BATCH-20260131-001")]
    pub(crate) number: String,
    /// The router's id.
    pub(crate) router_id: Uuid,
    /// The plan's id.
    pub(crate) plan_id: Uuid,
    /// The vendor's id.
    pub(crate) vendor_id: Option<Uuid>,
    /// How many vouchers.
    pub(crate) count: u32,
    /// The router profile its logins use.
    pub(crate) router_profile: String,
    /// Begins every code.
    pub(crate) prefix: String,
    /// Random characters behind the prefix.
    pub(crate) random_chars: u8,
    /// What the password is.
    pub(crate) login_mode: LoginModeBody,
    /// Cost of one voucher.
    pub(crate) cost: MoneyBody,
    /// Selling price of one voucher.
    pub(crate) sell: MoneyBody,
    /// Limits of each voucher when made.
    #[serde(flatten)]
    pub(crate) limits: LimitsBody,
    /// From this instant on unused vouchers are over.
    pub(crate) sell_by: Option<Timestamp>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// By whom.
    pub(crate) created_by: String,
    /// When it was cancelled as a whole.
    pub(crate) cancelled_at: Option<Timestamp>,
}

impl From<Batch> for BatchBody {
    fn from(batch: Batch) -> Self {
        Self {
            id: batch.id.uuid(),
            number: batch.number.to_string(),
            router_id: batch.router.uuid(),
            plan_id: batch.plan.uuid(),
            vendor_id: batch.vendor.map(VendorId::uuid),
            count: batch.count,
            router_profile: batch.profile,
            prefix: batch.shape.prefix.as_str().to_owned(),
            random_chars: batch.shape.random_chars,
            login_mode: batch.login_mode.into(),
            cost: batch.prices.cost().into(),
            sell: batch.prices.sell().into(),
            limits: batch.limits.into(),
            sell_by: batch.sell_by,
            created_at: batch.created_at,
            created_by: batch.created_by,
            cancelled_at: batch.cancelled_at,
        }
    }
}

/// How many vouchers of a batch stand where, and what they earned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchTally)]
pub(crate) struct TallyBody {
    /// Waiting for the router.
    pub(crate) pending_push: u32,
    /// Waiting, and the router refuses them until somebody acts.
    pub(crate) blocked: u32,
    /// Ready for sale.
    pub(crate) available: u32,
    /// In use.
    pub(crate) active: u32,
    /// Closed by a person.
    pub(crate) disabled: u32,
    /// Ended by the calendar.
    pub(crate) expired: u32,
    /// Ended by a quota.
    pub(crate) used_up: u32,
    /// Withdrawn.
    pub(crate) cancelled: u32,
    /// Revenue of those that were used.
    pub(crate) revenue: MoneyBody,
    /// Cost of those that were used.
    pub(crate) cost_of_sales: MoneyBody,
}

impl From<BatchTally> for TallyBody {
    fn from(tally: BatchTally) -> Self {
        Self {
            pending_push: tally.pending_push,
            blocked: tally.blocked,
            available: tally.available,
            active: tally.active,
            disabled: tally.disabled,
            expired: tally.expired,
            used_up: tally.used_up,
            cancelled: tally.cancelled,
            revenue: tally.revenue.into(),
            cost_of_sales: tally.cost.into(),
        }
    }
}

/// How the push of a batch fares.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Push)]
pub(crate) struct PushBody {
    /// The most tries any login has seen without an acknowledgement.
    pub(crate) attempts: u32,
    /// The latest reason why a login is not on the router.
    pub(crate) last_error: Option<String>,
}

impl From<PushReport> for PushBody {
    fn from(report: PushReport) -> Self {
        Self { attempts: report.attempts, last_error: report.last_error }
    }
}

/// A batch with everything one wants to know beside it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchView)]
pub(crate) struct BatchViewBody {
    /// The batch.
    #[serde(flatten)]
    pub(crate) batch: BatchBody,
    /// The router's name.
    pub(crate) router: String,
    /// The plan's name.
    pub(crate) plan: String,
    /// The vendor's code.
    pub(crate) vendor: Option<String>,
    /// How its vouchers stand.
    pub(crate) tally: TallyBody,
    /// How its push fares.
    pub(crate) push: PushBody,
    /// Says so when some codes do not work on the router yet: do not print them.
    pub(crate) warning: Option<String>,
}

impl From<BatchView> for BatchViewBody {
    fn from(view: BatchView) -> Self {
        Self {
            warning: warning(&view),
            batch: view.batch.into(),
            router: view.router_name.to_string(),
            plan: view.plan.name.to_string(),
            vendor: view.vendor.map(|vendor| vendor.code.to_string()),
            tally: view.tally.into(),
            push: view.push.into(),
        }
    }
}

fn warning(view: &BatchView) -> Option<String> {
    let (waiting, count) = (view.tally.pending_push, view.batch.count);
    (waiting > 0).then(|| {
        format!("{waiting} of {count} vouchers are not on router {} yet", view.router_name)
    })
}

/// Which vouchers an export holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    /// What to do about vouchers that the router has not acknowledged.
    #[serde(default)]
    #[param(inline, required = false)]
    unpushed: UnpushedBody,
}

/// What to do about vouchers that the router has not acknowledged.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnpushedBody {
    /// Refuse to hand out codes that do not work yet.
    #[default]
    Refuse,
    /// Hand them out all the same.
    Include,
}

impl From<UnpushedBody> for Unpushed {
    fn from(wish: UnpushedBody) -> Self {
        match wish {
            UnpushedBody::Refuse => Self::Refuse,
            UnpushedBody::Include => Self::Include,
        }
    }
}

fn answer(caller: &Caller, receipt: Receipt<BatchView>) -> Response {
    let place = format!("/api/v1/voucher-batches/{}", receipt.value.batch.number);
    let response = created(caller, &place, BatchViewBody::from(receipt.value));
    if receipt.replayed { mark_replayed(response) } else { response }
}

/// Makes a batch: all its vouchers at once, or none. The push to the router follows by itself.
///
/// With `Prefer: respond-async` the answer comes at once, and the operation is over when every voucher is
/// on the router, or refused there until a person acts.
#[utoipa::path(post, path = "/voucher-batches", tag = "voucher-batches",
    params(WriteHeaders, PreferHeader, WriteQuery), request_body = NewBatchBody,
    responses(Accepted, (status = 201, description = "Made, now or by an earlier equal request, which \
        `Idempotency-Replayed` tells; `Location` says where", body = BatchViewBody),
        (status = 200, description = "Only tried", body = BatchViewBody), Problems))]
pub(crate) async fn create_batch(
    billing: Writes<VouchersCreate>,
    prefers: Preference,
    Body(body): Body<NewBatchBody>,
) -> Made {
    let request = body.read(&billing).await?;
    if prefers.is_async(&billing.caller) {
        return taken_on(&billing, &billing.caller, Wish::CreateBatch(request)).await;
    }
    let receipt = billing.create_batch(&billing.caller, request).await?;
    Ok(answer(&billing.caller, receipt))
}

list_query! {
    /// Which batches, and which page of them.
    BatchesQuery by BatchSort {
        /// Of this plan: name or id.
        plan: Option<String>,
        /// On this router: name or id.
        router: Option<String>,
        /// Of this vendor: code or id.
        vendor: Option<String>,
        /// Made at this instant or later.
        created_from: Option<Timestamp>,
        /// Made before this instant.
        created_until: Option<Timestamp>,
        /// Only those that were cancelled as a whole, or only those that were not.
        cancelled: Option<bool>,
    }
}

impl BatchesQuery {
    pub(crate) async fn filter(&self, billing: &Reader) -> Result<BatchFilter, Error> {
        let from = MadeFrom {
            plan: self.plan.clone(),
            router: self.router.clone(),
            vendor: self.vendor.clone(),
            created_from: self.created_from,
            created_until: self.created_until,
        };
        Ok(BatchFilter { cancelled: self.cancelled, ..from.filter(billing).await? })
    }
}

/// Batches, or vouchers of batches, by what they were made from and when.
#[derive(Debug, clap::Args)]
pub(crate) struct MadeFrom {
    /// Of this plan: name or id.
    #[arg(long)]
    pub(crate) plan: Option<String>,
    /// On this router: name or id.
    #[arg(long)]
    pub(crate) router: Option<String>,
    /// Of this vendor: code or id.
    #[arg(long)]
    pub(crate) vendor: Option<String>,
    /// Made at this instant or later.
    #[arg(long, value_name = "INSTANT")]
    pub(crate) created_from: Option<Timestamp>,
    /// Made before this instant.
    #[arg(long, value_name = "INSTANT")]
    pub(crate) created_until: Option<Timestamp>,
}

impl MadeFrom {
    /// The batches, cancelled or not.
    pub(crate) async fn filter(&self, billing: &Reader) -> Result<BatchFilter, Error> {
        let mut filter = BatchFilter {
            created_from: self.created_from,
            created_until: self.created_until,
            ..BatchFilter::default()
        };
        if let Some(key) = &self.plan {
            filter.plan = Some(billing.plan(key).await.map_err(named_in("plan"))?.id);
        }
        if let Some(key) = &self.router {
            let router = billing.router_or_removed(key).await.map_err(named_in("router"))?;
            filter.router = Some(router.id);
        }
        if let Some(key) = &self.vendor {
            filter.vendor = Some(billing.vendor(key).await.map_err(named_in("vendor"))?.id);
        }
        Ok(filter)
    }
}

/// Lists batches, newest first unless asked otherwise.
#[utoipa::path(get, path = "/voucher-batches", tag = "voucher-batches", params(BatchesQuery),
    responses((status = 200, description = "A page", body = PageBody<BatchBody>), Problems))]
pub(crate) async fn list_batches(
    billing: Reads<VouchersView>,
    Query(query): Query<BatchesQuery>,
) -> Answer<PageBody<BatchBody>> {
    let filter = query.filter(&billing).await?;
    Ok(Json(PageBody::of(billing.batches(&filter, query.page()?).await?, BatchBody::from)))
}

/// Shows a batch, how its vouchers stand and how its push fares.
#[utoipa::path(get, path = "/voucher-batches/{batch}", tag = "voucher-batches",
    params(("batch" = String, Path, description = "Number or id")),
    responses((status = 200, description = "The batch", body = BatchViewBody), Problems))]
pub(crate) async fn show_batch(
    billing: Reads<VouchersView>,
    Path(batch): Path<String>,
) -> Answer<BatchViewBody> {
    Ok(Json(billing.batch(&batch).await?.into()))
}

/// Tries refused logins of a batch again and pushes now.
#[utoipa::path(post, path = "/voucher-batches/{batch}/retry", tag = "voucher-batches",
    params(("batch" = String, Path, description = "Number or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "The push goes on", body = BatchViewBody), Problems))]
pub(crate) async fn retry_batch(
    billing: Writes<VouchersCreate>,
    Path(batch): Path<String>,
) -> Answer<BatchViewBody> {
    Ok(Json(billing.retry_batch(&billing.caller, &batch).await?.into()))
}

/// Withdraws every voucher of a batch that was never used; those in use stay as they are.
#[utoipa::path(post, path = "/voucher-batches/{batch}/cancel", tag = "voucher-batches",
    params(("batch" = String, Path, description = "Number or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Withdrawn", body = BatchViewBody), Problems))]
pub(crate) async fn cancel_batch(
    billing: Writes<VouchersDelete>,
    Path(batch): Path<String>,
) -> Answer<BatchViewBody> {
    Ok(Json(billing.cancel_batch(&billing.caller, &batch).await?.into()))
}

/// The vouchers of a batch as CSV, codes and passwords included.
#[utoipa::path(get, path = "/voucher-batches/{batch}/export", tag = "voucher-batches",
    params(("batch" = String, Path, description = "Number or id"), ExportQuery),
    responses((status = 200, description = "The vouchers", body = String,
        content_type = "text/csv"), Problems))]
pub(crate) async fn export_batch(
    billing: Reads<VouchersView>,
    Path(batch): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let csv = billing.export_batch(&batch, query.unpushed.into()).await?;
    let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
    let name = [(header::CONTENT_DISPOSITION, "attachment; filename=\"vouchers.csv\"")];
    Ok((kind, name, csv).into_response())
}
