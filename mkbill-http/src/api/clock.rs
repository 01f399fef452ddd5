//! The clock over HTTP.

use axum::Json;
use jiff::Timestamp;
use jiff::civil::Date;
use mkbill_core::billing::{BillingRun, Reader};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::SubscriptionId;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::permission::needs::{ClockAdvance, SystemView};
use mkbill_core::worker::Worker;
use mkbill_core::worker::advance::Advanced;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Answer, Problems};
use crate::auth::access::{Reads, Writes};
use crate::extract::Json as Body;

/// What time it is for the engine.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Clock)]
pub(crate) struct ClockBody {
    /// `system` on real time, `test` on a clock that stands still until it is moved.
    #[schema(example = "system")]
    pub(crate) mode: &'static str,
    /// The present instant.
    pub(crate) now: Timestamp,
    /// The present business day.
    pub(crate) today: Date,
}

impl ClockBody {
    pub(crate) fn of(billing: &Reader) -> Self {
        let now = billing.now();
        let mode = if billing.test_clock().is_some() { "test" } else { "system" };
        Self { mode, now, today: billing.zone().date(now) }
    }
}

/// Where a test clock is moved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AdvanceClock)]
pub(crate) struct AdvanceBody {
    /// An instant, or a business day, which means its beginning.
    #[schema(example = "2026-03-01")]
    pub(crate) to: String,
}

/// An instant, or the beginning of a business day.
pub(crate) fn instant(
    billing: &Reader,
    field: &'static str,
    text: &str,
) -> Result<Timestamp, Error> {
    let wrong = || {
        Error::invalid(
            field,
            said!(
                "use 2026-03-01 or 2026-03-01T12:00:00Z",
                "gunakan 2026-03-01 atau 2026-03-01T12:00:00Z"
            ),
        )
    };
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let day = text.parse::<Date>().map_err(|_| wrong())?;
    billing.zone().start_of(day).map_err(|_| wrong())
}

/// What a run over everything that was due did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillingRun)]
pub(crate) struct BillingRunBody {
    /// Invoices issued.
    pub(crate) issued: usize,
    /// Of those, paid from credit at once.
    pub(crate) paid_from_credit: usize,
    /// Subscriptions cut.
    pub(crate) suspended: usize,
    /// Notices left to be sent.
    pub(crate) notices: usize,
    /// Subscriptions that could not be billed.
    pub(crate) failed: Vec<FailedBody>,
}

impl From<BillingRun> for BillingRunBody {
    fn from(run: BillingRun) -> Self {
        let failed = |(id, error): (SubscriptionId, String)| FailedBody {
            subscription_id: id.uuid(),
            error,
        };
        Self {
            issued: run.issued,
            paid_from_credit: run.paid_from_credit,
            suspended: run.suspended,
            notices: run.notices,
            failed: run.failed.into_iter().map(failed).collect(),
        }
    }
}

/// A subscription that could not be billed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedBilling)]
pub(crate) struct FailedBody {
    /// Which.
    pub(crate) subscription_id: Uuid,
    /// Why.
    pub(crate) error: String,
}

/// What happened while a test clock was moved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Advanced)]
pub(crate) struct AdvancedBody {
    /// Where it stands now.
    pub(crate) now: Timestamp,
    /// Moments at which something was due.
    pub(crate) moments: usize,
    /// What fell due on the way.
    #[serde(flatten)]
    pub(crate) run: BillingRunBody,
    /// Vouchers ended.
    pub(crate) expired: usize,
}

impl AdvancedBody {
    pub(crate) fn of(billing: &Reader, advanced: Advanced) -> Self {
        let Advanced { moments, billing: run, expired } = advanced;
        Self { now: billing.now(), moments, run: run.into(), expired }
    }
}

/// Tells what time it is for the engine.
#[utoipa::path(get, path = "/clock", tag = "clock",
    responses((status = 200, description = "The clock", body = ClockBody), Problems))]
pub(crate) async fn show_clock(billing: Reads<SystemView>) -> Answer<ClockBody> {
    Ok(Json(ClockBody::of(&billing)))
}

/// Moves a test clock and does everything that falls due on the way.
///
/// Only where the database was given a test clock with `mkbill clock start`. Moving it again to the
/// same instant does nothing.
#[utoipa::path(post, path = "/clock/advance", tag = "clock", request_body = AdvanceBody,
    responses((status = 200, description = "It stands there now", body = AdvancedBody), Problems))]
pub(crate) async fn advance_clock(
    billing: Writes<ClockAdvance>,
    Body(body): Body<AdvanceBody>,
) -> Answer<AdvancedBody> {
    let to = instant(&billing, "to", &body.to)?;
    let advanced = Worker::new(billing.clone()).advance_to(to).await?;
    Ok(Json(AdvancedBody::of(&billing, advanced)))
}
