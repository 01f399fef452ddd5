//! Vouchers over HTTP.

use axum::Json;
use jiff::Timestamp;
use mkbill_core::billing::Reader;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::VendorId;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::permission::needs::{VouchersDelete, VouchersEdit, VouchersView};
use mkbill_core::voucher::Voucher;
use mkbill_core::voucher::first_login::FirstLogin;
use mkbill_core::voucher::state::{Activation, Expiry, Extension, Quota, VoucherState};
use mkbill_core::voucher::store::{VoucherFilter, VoucherSort};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::batches::MadeFrom;
use super::values::{LimitsBody, MoneyBody, PageBody, list_query, span};
use super::{Answer, Problems};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery, named_in};
use crate::tag::{Shown, Tagged};

/// When a voucher was first used, and how that is known.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FirstLogin)]
pub(crate) struct FirstLoginBody {
    /// The instant from which its validity counts; never moved later.
    pub(crate) at: Timestamp,
    /// Not before this instant.
    pub(crate) earliest: Timestamp,
    /// Not after this instant.
    pub(crate) latest: Timestamp,
    /// What it was concluded from.
    pub(crate) evidence: &'static str,
    /// Only the bounds are known, not the instant.
    pub(crate) estimated: bool,
}

impl From<&FirstLogin> for FirstLoginBody {
    fn from(first: &FirstLogin) -> Self {
        Self {
            at: first.at,
            earliest: first.earliest,
            latest: first.latest,
            evidence: first.evidence.name(),
            estimated: first.evidence.is_estimated(),
        }
    }
}

/// One voucher.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Voucher)]
pub(crate) struct VoucherBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Its batch's id.
    pub(crate) batch_id: Uuid,
    /// Its place in the batch, from 1.
    pub(crate) number: u32,
    /// The id of the router it works on.
    pub(crate) router_id: Uuid,
    /// The id of the vendor who sells it.
    pub(crate) vendor_id: Option<Uuid>,
    /// What the customer types.
    pub(crate) code: String,
    /// Its password; the code itself in login mode `same`.
    pub(crate) password: String,
    /// `pending_push`, `available`, `active`, `disabled`, `expired`, `used_up` or `cancelled`.
    pub(crate) state: &'static str,
    /// What it cost you.
    pub(crate) cost: MoneyBody,
    /// What it sells for.
    pub(crate) sell: MoneyBody,
    /// Its limits, extensions included.
    #[serde(flatten)]
    pub(crate) limits: LimitsBody,
    /// From this instant on it is over if it was not used.
    pub(crate) sell_by: Option<Timestamp>,
    /// Its first login; null while it is unused.
    pub(crate) first_login: Option<FirstLoginBody>,
    /// When its validity ends or ended.
    pub(crate) expires_at: Option<Timestamp>,
    /// The device of its first session, if one was seen.
    pub(crate) mac: Option<String>,
    /// The address of its first session, if one was seen.
    pub(crate) address: Option<String>,
    /// When it ended.
    pub(crate) ended_at: Option<Timestamp>,
    /// What ended it: `validity`, `sell_by`, `uptime_quota`, `data_quota` or `cancelled`.
    pub(crate) ended_by: Option<&'static str>,
}

impl From<Voucher> for VoucherBody {
    fn from(voucher: Voucher) -> Self {
        let activation = voucher.state.activation();
        let (ended_at, ended_by) = end(&voucher.state).unzip();
        Self {
            id: voucher.id.uuid(),
            batch_id: voucher.batch.uuid(),
            number: voucher.number,
            router_id: voucher.router.uuid(),
            vendor_id: voucher.vendor.map(VendorId::uuid),
            code: voucher.code.as_str().to_owned(),
            state: voucher.state.name(),
            cost: voucher.prices.cost().into(),
            sell: voucher.prices.sell().into(),
            limits: voucher.limits.into(),
            sell_by: voucher.sell_by,
            first_login: activation.map(|activation| (&activation.first_login).into()),
            expires_at: activation.and_then(|activation| activation.expires_at),
            mac: text_of(activation, |activation| &activation.mac),
            address: text_of(activation, |activation| &activation.address),
            ended_at,
            ended_by,
            password: voucher.password,
        }
    }
}

fn text_of(
    activation: Option<&Activation>,
    field: fn(&Activation) -> &Option<String>,
) -> Option<String> {
    activation.and_then(|activation| field(activation).clone())
}

fn end(state: &VoucherState) -> Option<(Timestamp, &'static str)> {
    match state {
        VoucherState::Expired { cause: Expiry::Validity, at, .. } => Some((*at, "validity")),
        VoucherState::Expired { cause: Expiry::SellBy, at, .. } => Some((*at, "sell_by")),
        VoucherState::UsedUp { quota: Quota::Uptime, at, .. } => Some((*at, "uptime_quota")),
        VoucherState::UsedUp { quota: Quota::Data, at, .. } => Some((*at, "data_quota")),
        VoucherState::Cancelled { at } => Some((*at, "cancelled")),
        VoucherState::Live(_) | VoucherState::Disabled(_) => None,
    }
}

list_query! {
    /// Which vouchers, and which page of them.
    VouchersQuery by VoucherSort {
        /// Of this batch: number or id.
        batch: Option<String>,
        /// In this state.
        #[param(example = "available")]
        state: Option<String>,
        /// With this very code.
        code: Option<String>,
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
    }
}

impl VouchersQuery {
    pub(crate) async fn filter(&self, billing: &Reader) -> Result<VoucherFilter, Error> {
        let batch = match &self.batch {
            Some(key) => Some(billing.batch(key).await.map_err(named_in("batch"))?.batch.id),
            None => None,
        };
        let state = self.state.as_deref().map(state_named).transpose()?;
        let code = self.code.as_deref().map(str::parse).transpose()?;
        let from = MadeFrom {
            plan: self.plan.clone(),
            router: self.router.clone(),
            vendor: self.vendor.clone(),
            created_from: self.created_from,
            created_until: self.created_until,
        };
        Ok(VoucherFilter { batch, state, code, batches: from.filter(billing).await? })
    }
}

fn state_named(name: &str) -> Result<&'static str, Error> {
    let found = VoucherState::NAMES.into_iter().find(|known| *known == name);
    found.ok_or_else(|| {
        let known = VoucherState::NAMES.join(", ");
        Error::invalid(
            "state",
            said!("`{name}` is not one of {known}", "`{name}` bukan salah satu dari {known}"),
        )
    })
}

/// What is added to a voucher in use; only limits it has can grow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Extension)]
pub(crate) struct ExtensionBody {
    /// Seconds added to the end of its validity.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 316_224_000, example = 86_400)]
    pub(crate) validity_seconds: Option<u64>,
    /// Seconds added to its time online.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 316_224_000)]
    pub(crate) uptime_quota_seconds: Option<u64>,
    /// Bytes added to its data.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_125_899_906_842_624_u64)]
    pub(crate) data_quota_bytes: Option<u64>,
}

impl ExtensionBody {
    pub(crate) fn read(&self) -> Result<Extension, Error> {
        Ok(Extension {
            validity: span("validity_seconds", self.validity_seconds)?,
            uptime: span("uptime_quota_seconds", self.uptime_quota_seconds)?,
            data: self.data_quota_bytes,
        })
    }
}

/// Lists vouchers in the order of making.
#[utoipa::path(get, path = "/vouchers", tag = "vouchers", params(VouchersQuery),
    responses((status = 200, description = "A page", body = PageBody<VoucherBody>), Problems))]
pub(crate) async fn list_vouchers(
    billing: Reads<VouchersView>,
    Query(query): Query<VouchersQuery>,
) -> Answer<PageBody<VoucherBody>> {
    let filter = query.filter(&billing).await?;
    let page = billing.vouchers(&filter, query.page()?).await?;
    Ok(Json(PageBody::of(page, VoucherBody::from)))
}

/// Shows a voucher.
#[utoipa::path(get, path = "/vouchers/{voucher}", tag = "vouchers",
    params(("voucher" = String, Path, description = "Code or id")),
    responses((status = 200, description = "The voucher", body = VoucherBody), Problems))]
pub(crate) async fn show_voucher(
    billing: Reads<VouchersView>,
    Path(voucher): Path<String>,
) -> Shown<VoucherBody> {
    Ok(Tagged::from(billing.voucher(&voucher).await?))
}

/// Adds time or data to a voucher in use.
#[utoipa::path(post, path = "/vouchers/{voucher}/extend", tag = "vouchers",
    params(("voucher" = String, Path, description = "Code or id"), WriteHeaders, WriteQuery),
    request_body = ExtensionBody,
    responses((status = 200, description = "Extended", body = VoucherBody), Problems))]
pub(crate) async fn extend_voucher(
    billing: Writes<VouchersEdit>,
    Path(voucher): Path<String>,
    Body(body): Body<ExtensionBody>,
) -> Shown<VoucherBody> {
    Ok(Tagged::from(billing.extend_voucher(&billing.caller, &voucher, body.read()?).await?))
}

/// Gives an unsold voucher a new code; it has to be pushed again.
#[utoipa::path(post, path = "/vouchers/{voucher}/regenerate", tag = "vouchers",
    params(("voucher" = String, Path, description = "Code or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "It has a new code", body = VoucherBody), Problems))]
pub(crate) async fn regenerate_voucher(
    billing: Writes<VouchersEdit>,
    Path(voucher): Path<String>,
) -> Shown<VoucherBody> {
    Ok(Tagged::from(billing.regenerate_voucher(&billing.caller, &voucher).await?))
}

/// Closes a voucher; whoever is online with it is cut off. Its calendar runs on.
#[utoipa::path(post, path = "/vouchers/{voucher}/disable", tag = "vouchers",
    params(("voucher" = String, Path, description = "Code or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Closed", body = VoucherBody), Problems))]
pub(crate) async fn disable_voucher(
    billing: Writes<VouchersEdit>,
    Path(voucher): Path<String>,
) -> Shown<VoucherBody> {
    Ok(Tagged::from(billing.disable_voucher(&billing.caller, &voucher).await?))
}

/// Opens a closed voucher again.
#[utoipa::path(post, path = "/vouchers/{voucher}/enable", tag = "vouchers",
    params(("voucher" = String, Path, description = "Code or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Open", body = VoucherBody), Problems))]
pub(crate) async fn enable_voucher(
    billing: Writes<VouchersEdit>,
    Path(voucher): Path<String>,
) -> Shown<VoucherBody> {
    Ok(Tagged::from(billing.enable_voucher(&billing.caller, &voucher).await?))
}

/// Withdraws a voucher that was never used.
#[utoipa::path(post, path = "/vouchers/{voucher}/cancel", tag = "vouchers",
    params(("voucher" = String, Path, description = "Code or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Withdrawn", body = VoucherBody), Problems))]
pub(crate) async fn cancel_voucher(
    billing: Writes<VouchersDelete>,
    Path(voucher): Path<String>,
) -> Shown<VoucherBody> {
    Ok(Tagged::from(billing.cancel_voucher(&billing.caller, &voucher).await?))
}
