//! Plans over HTTP.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::error::Error;
use mkbill_core::plan::{Limits, NewPlan, Plan, Prices};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::terms::TermsBody;
use super::values::{LimitsBody, MoneyBody, PageBody, PageQuery, span};
use super::{Answer, Made, Problems, created};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery, Writer};

/// A plan to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPlan)]
pub(crate) struct NewPlanBody {
    /// Unique: 1 to 100 visible characters.
    #[schema(example = "Harian 24 jam", min_length = 1, max_length = 100)]
    pub(crate) name: String,
    /// The hotspot user profile on the router.
    #[schema(example = "default", min_length = 1, max_length = 100)]
    pub(crate) router_profile: String,
    /// What one voucher, or one period, costs you.
    pub(crate) cost: MoneyBody,
    /// What one voucher, or one period, sells for; never below `cost`.
    pub(crate) sell: MoneyBody,
    /// Time online in seconds, added over all sessions; absent means unlimited.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 316_224_000)]
    pub(crate) uptime_quota_seconds: Option<u64>,
    /// Bytes in both directions together; absent means unlimited.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_125_899_906_842_624_u64)]
    pub(crate) data_quota_bytes: Option<u64>,
    /// Calendar time in seconds, counted from the first login; absent means unlimited.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 316_224_000, example = 86_400)]
    pub(crate) validity_seconds: Option<u64>,
    /// On which terms customers keep it, `cost` and `sell` being those of one period; absent means that
    /// it sells vouchers.
    #[serde(default)]
    pub(crate) terms: Option<TermsBody>,
}

impl NewPlanBody {
    pub(crate) fn read(self) -> Result<NewPlan, Error> {
        let prices = Prices::new(self.cost.read("cost")?, self.sell.read("sell")?)?;
        Ok(NewPlan {
            name: self.name.parse()?,
            router_profile: self.router_profile,
            prices,
            limits: Limits {
                uptime_quota: span("uptime_quota_seconds", self.uptime_quota_seconds)?,
                data_quota: self.data_quota_bytes,
                validity: span("validity_seconds", self.validity_seconds)?,
            },
            terms: self.terms.map(|terms| terms.read(prices)).transpose()?,
        })
    }
}

/// What is sold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct PlanBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Unique name.
    pub(crate) name: String,
    /// The hotspot user profile on the router.
    pub(crate) router_profile: String,
    /// What one voucher, or one period, costs you.
    pub(crate) cost: MoneyBody,
    /// What one voucher, or one period, sells for.
    pub(crate) sell: MoneyBody,
    /// Limits of one voucher.
    #[serde(flatten)]
    pub(crate) limits: LimitsBody,
    /// On which terms customers keep it; null if it sells vouchers.
    pub(crate) terms: Option<TermsBody>,
    /// When it was added.
    pub(crate) created_at: Timestamp,
}

impl From<Plan> for PlanBody {
    fn from(plan: Plan) -> Self {
        Self {
            id: plan.id.uuid(),
            name: plan.name.to_string(),
            router_profile: plan.router_profile,
            cost: plan.prices.cost().into(),
            sell: plan.prices.sell().into(),
            limits: plan.limits.into(),
            terms: plan.terms.map(TermsBody::from),
            created_at: plan.created_at,
        }
    }
}

/// Adds a plan.
#[utoipa::path(post, path = "/plans", tag = "plans", params(WriteHeaders, WriteQuery),
    request_body = NewPlanBody,
    responses((status = 201, description = "Added; `Location` says where", body = PlanBody),
        (status = 200, description = "Only tried", body = PlanBody), Problems))]
pub(crate) async fn add_plan(
    State(billing): State<Billing>,
    writer: Writer,
    Body(body): Body<NewPlanBody>,
) -> Made {
    let plan = PlanBody::from(billing.add_plan(&writer.0, body.read()?).await?);
    Ok(created(&writer, &format!("/api/v1/plans/{}", plan.id), plan))
}

/// Lists plans, oldest first.
#[utoipa::path(get, path = "/plans", tag = "plans", params(PageQuery),
    responses((status = 200, description = "A page", body = PageBody<PlanBody>), Problems))]
pub(crate) async fn list_plans(
    State(billing): State<Billing>,
    Query(page): Query<PageQuery>,
) -> Answer<PageBody<PlanBody>> {
    Ok(Json(PageBody::of(billing.plans(page.read()?).await?, PlanBody::from)))
}

/// Shows a plan.
#[utoipa::path(get, path = "/plans/{plan}", tag = "plans",
    params(("plan" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The plan", body = PlanBody), Problems))]
pub(crate) async fn show_plan(
    State(billing): State<Billing>,
    Path(plan): Path<String>,
) -> Answer<PlanBody> {
    Ok(Json(billing.plan(&plan).await?.into()))
}
