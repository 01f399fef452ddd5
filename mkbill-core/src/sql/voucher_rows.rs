//! Batches and vouchers as rows.

use jiff::Timestamp;

use crate::kernel::ids::{BatchId, LoginId, PlanId, RouterId, VendorId, VoucherId};
use crate::voucher::Voucher;
use crate::voucher::batch::{Batch, BatchNumber};
use crate::voucher::code::{Code, CodeShape, LoginMode, Prefix};
use crate::voucher::first_login::{Evidence, FirstLogin};
use crate::voucher::state::{Activation, Expiry, Live, Quota, VoucherState};

use super::catalogue::{limits, price_and_limit_values, prices};
use super::record::Record;
use super::value::Value;
use super::{ReadError, known, small};

/// The state of a voucher, spread over its columns.
#[derive(Debug, Default)]
struct StateColumns<'a> {
    state: &'static str,
    resume: Option<&'static str>,
    activation: Option<&'a Activation>,
    ended_at: Option<Timestamp>,
    end_cause: Option<&'static str>,
}

fn live_name(live: &Live) -> &'static str {
    match live {
        Live::PendingPush => "pending_push",
        Live::Available => "available",
        Live::Active(_) => "active",
    }
}

fn expiry_name(cause: Expiry) -> &'static str {
    match cause {
        Expiry::Validity => "validity",
        Expiry::SellBy => "sell_by",
    }
}

fn quota_name(quota: Quota) -> &'static str {
    match quota {
        Quota::Uptime => "uptime",
        Quota::Data => "data",
    }
}

fn spread(state: &VoucherState) -> StateColumns<'_> {
    let (resume, ended_at, end_cause) = match state {
        VoucherState::Live(_) => (None, None, None),
        VoucherState::Disabled(live) => (Some(live_name(live)), None, None),
        VoucherState::Expired { cause, at, .. } => (None, Some(*at), Some(expiry_name(*cause))),
        VoucherState::UsedUp { quota, at, .. } => (None, Some(*at), Some(quota_name(*quota))),
        VoucherState::Cancelled { at } => (None, Some(*at), None),
    };
    StateColumns {
        state: state.name(),
        resume,
        activation: state.activation(),
        ended_at,
        end_cause,
    }
}

/// The columns that change over a voucher's life, in the order of the update statement.
pub(super) fn changing(voucher: &Voucher) -> Vec<(&'static str, Value)> {
    let columns = spread(&voucher.state);
    let first = columns.activation.map(|activation| &activation.first_login);
    vec![
        ("login_id", voucher.login.uuid().into()),
        ("code", voucher.code.as_str().into()),
        ("password", voucher.password.as_str().into()),
        ("uptime_quota_seconds", voucher.limits.uptime_quota.into()),
        ("data_quota_bytes", voucher.limits.data_quota.map(super::value::count).into()),
        ("validity_seconds", voucher.limits.validity.into()),
        ("state", columns.state.into()),
        ("resume_state", columns.resume.into()),
        ("first_login_at", first.map(|first| first.at).into()),
        ("first_login_earliest", first.map(|first| first.earliest).into()),
        ("first_login_latest", first.map(|first| first.latest).into()),
        ("first_login_evidence", first.map(|first| first.evidence.name()).into()),
        ("expires_at", columns.activation.and_then(|activation| activation.expires_at).into()),
        ("mac", columns.activation.and_then(|activation| activation.mac.clone()).into()),
        ("address", columns.activation.and_then(|activation| activation.address.clone()).into()),
        ("ended_at", columns.ended_at.into()),
        ("end_cause", columns.end_cause.into()),
        ("due_at", voucher.due().map(|(at, _)| at).into()),
    ]
}

/// Every column of a voucher.
pub(super) fn all(voucher: &Voucher) -> Vec<(&'static str, Value)> {
    let mut columns = vec![
        ("id", voucher.id.uuid().into()),
        ("batch_id", voucher.batch.uuid().into()),
        ("number", voucher.number.into()),
        ("router_id", voucher.router.uuid().into()),
        ("vendor_id", voucher.vendor.map(VendorId::uuid).into()),
        ("currency", voucher.prices.currency().code().into()),
        ("price_cost_minor", voucher.prices.cost().minor().into()),
        ("price_sell_minor", voucher.prices.sell().minor().into()),
        ("sell_by", voucher.sell_by.into()),
        ("revision", voucher.revision.into()),
    ];
    columns.extend(changing(voucher));
    columns
}

fn read_activation(row: &impl Record) -> Result<Option<Activation>, ReadError> {
    let Some(at) = row.instant_or_none("first_login_at")? else { return Ok(None) };
    let evidence = row.text_or_none("first_login_evidence")?.unwrap_or_default();
    Ok(Some(Activation {
        first_login: FirstLogin {
            at,
            earliest: row.instant("first_login_earliest")?,
            latest: row.instant("first_login_latest")?,
            evidence: known("voucher", "first_login_evidence", &evidence, Evidence::named)?,
        },
        expires_at: row.instant_or_none("expires_at")?,
        mac: row.text_or_none("mac")?,
        address: row.text_or_none("address")?,
    }))
}

fn live(name: &str, activation: Option<&Activation>) -> Option<Live> {
    match (name, activation) {
        ("pending_push", None) => Some(Live::PendingPush),
        ("available", None) => Some(Live::Available),
        ("active", Some(activation)) => Some(Live::Active(activation.clone())),
        _ => None,
    }
}

fn read_state(row: &impl Record) -> Result<VoucherState, ReadError> {
    let state = row.text("state")?;
    let resume = row.text_or_none("resume_state")?.unwrap_or_default();
    let activation = read_activation(row)?;
    let ended_at = row.instant_or_none("ended_at")?;
    let cause = row.text_or_none("end_cause")?.unwrap_or_default();
    known("voucher", "state", &state, |state| match (state, ended_at) {
        ("disabled", None) => live(&resume, activation.as_ref()).map(VoucherState::Disabled),
        ("expired", Some(at)) => {
            let cause = [Expiry::Validity, Expiry::SellBy]
                .into_iter()
                .find(|c| expiry_name(*c) == cause)?;
            Some(VoucherState::Expired { cause, at, activation })
        }
        ("used_up", Some(at)) => {
            let quota =
                [Quota::Uptime, Quota::Data].into_iter().find(|q| quota_name(*q) == cause)?;
            Some(VoucherState::UsedUp { quota, at, activation: activation? })
        }
        ("cancelled", Some(at)) => Some(VoucherState::Cancelled { at }),
        (state, None) => live(state, activation.as_ref()).map(VoucherState::Live),
        _ => None,
    })
}

pub(super) fn read_voucher(row: &impl Record) -> Result<Voucher, ReadError> {
    Ok(Voucher {
        id: VoucherId::from_uuid(row.uuid("id")?),
        batch: BatchId::from_uuid(row.uuid("batch_id")?),
        number: small(row.int("number")?),
        router: RouterId::from_uuid(row.uuid("router_id")?),
        vendor: row.uuid_or_none("vendor_id")?.map(VendorId::from_uuid),
        login: LoginId::from_uuid(row.uuid("login_id")?),
        code: read_code(row)?,
        password: row.text("password")?,
        prices: prices(row, "voucher")?,
        limits: limits(row)?,
        sell_by: row.instant_or_none("sell_by")?,
        state: read_state(row)?,
        revision: row.int("revision")?,
    })
}

pub(super) fn read_code(row: &impl Record) -> Result<Code, ReadError> {
    known("voucher", "code", &row.text("code")?, |code| code.parse().ok())
}

/// Every column of a batch but `cancelled_at`.
pub(super) fn batch_values(batch: &Batch) -> Vec<Value> {
    let mut values = vec![
        batch.id.uuid().into(),
        batch.number.as_str().into(),
        batch.router.uuid().into(),
        batch.plan.uuid().into(),
        batch.vendor.map(VendorId::uuid).into(),
        batch.count.into(),
        batch.profile.as_str().into(),
        batch.shape.prefix.as_str().into(),
        i64::from(batch.shape.random_chars).into(),
        batch.login_mode.name().into(),
    ];
    values.extend(price_and_limit_values(batch.prices, batch.limits));
    values.extend([
        batch.sell_by.into(),
        batch.created_at.into(),
        batch.created_by.as_str().into(),
    ]);
    values
}

pub(super) fn read_batch(row: &impl Record) -> Result<Batch, ReadError> {
    let chars = row.int("random_chars")?;
    Ok(Batch {
        id: BatchId::from_uuid(row.uuid("id")?),
        number: BatchNumber::stored(row.text("number")?),
        router: RouterId::from_uuid(row.uuid("router_id")?),
        plan: PlanId::from_uuid(row.uuid("plan_id")?),
        vendor: row.uuid_or_none("vendor_id")?.map(VendorId::from_uuid),
        count: small(row.int("count")?),
        profile: row.text("profile")?,
        shape: CodeShape {
            prefix: known("voucher_batch", "prefix", &row.text("prefix")?, |p| {
                p.parse::<Prefix>().ok()
            })?,
            random_chars: known("voucher_batch", "random_chars", &chars.to_string(), |_| {
                u8::try_from(chars).ok()
            })?,
        },
        login_mode: known(
            "voucher_batch",
            "login_mode",
            &row.text("login_mode")?,
            LoginMode::named,
        )?,
        prices: prices(row, "voucher_batch")?,
        limits: limits(row)?,
        sell_by: row.instant_or_none("sell_by")?,
        created_at: row.instant("created_at")?,
        created_by: row.text("created_by")?,
        cancelled_at: row.instant_or_none("cancelled_at")?,
    })
}
