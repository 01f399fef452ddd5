//! What subscriptions use of their periods, over HTTP.

use axum::Json;
use jiff::Timestamp;
use mkbill_core::billing::Reader;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::SubscriptionId;
use mkbill_core::kernel::permission::needs::{SubscriptionsEdit, SubscriptionsView};
use mkbill_core::subscription::period_use::PeriodUse;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Answer, Problems};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Path, WriteHeaders, WriteQuery};

/// What a subscription has used of its present period, as far as its rule of fair use counts.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = PeriodUse)]
pub(crate) struct PeriodUseBody {
    /// When the period began; null while nothing is counted: there is no rule, or no use yet.
    pub(crate) began_at: Option<Timestamp>,
    /// When it ends, and all begins anew.
    pub(crate) ends_at: Option<Timestamp>,
    /// Bytes from the customer.
    pub(crate) bytes_in: u64,
    /// Bytes to the customer.
    pub(crate) bytes_out: u64,
    /// How many steps of the rule are passed; 0 is full speed.
    pub(crate) use_step: u32,
    /// From how many bytes in both directions on the next step begins; null if there is none.
    pub(crate) next_at_bytes: Option<u64>,
}

impl PeriodUseBody {
    pub(crate) async fn of(
        billing: &Reader,
        id: SubscriptionId,
        used: Option<PeriodUse>,
    ) -> Result<Self, Error> {
        let subscription = billing.subscription(id).await?.subscription;
        let rule = subscription.terms.fair_use.as_ref();
        Ok(match used {
            None => {
                Self { next_at_bytes: rule.and_then(|rule| rule.next_at(0)), ..Self::default() }
            }
            Some(used) => Self {
                began_at: used.began_at,
                ends_at: used.began_at.map(|_| used.due_at),
                bytes_in: used.bytes_in,
                bytes_out: used.bytes_out,
                use_step: rule.map_or(0, |rule| rule.passed(used.bytes())),
                next_at_bytes: used.next_at,
            },
        })
    }
}

/// What a subscription has used of its present period, up to the last look at its router.
#[utoipa::path(get, path = "/subscriptions/{subscription}/use", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "What was used", body = PeriodUseBody), Problems))]
pub(crate) async fn show_use(
    billing: Reads<SubscriptionsView>,
    Path(id): Path<Uuid>,
) -> Answer<PeriodUseBody> {
    let id = SubscriptionId::from_uuid(id);
    let used = billing.period_use(id).await?;
    Ok(Json(PeriodUseBody::of(&billing, id, used).await?))
}

/// Begins to count at zero again before the period is over: full speed, until so much is used again.
#[utoipa::path(post, path = "/subscriptions/{subscription}/use/reset", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Counted anew", body = PeriodUseBody), Problems))]
pub(crate) async fn reset_use(
    billing: Writes<SubscriptionsEdit>,
    Path(id): Path<Uuid>,
) -> Answer<PeriodUseBody> {
    let id = SubscriptionId::from_uuid(id);
    let used = billing.reset_use(&billing.caller, id).await?;
    Ok(Json(PeriodUseBody::of(&billing, id, used).await?))
}
