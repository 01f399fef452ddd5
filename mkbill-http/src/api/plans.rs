//! Plans over HTTP.

use axum::Json;
use jiff::Timestamp;
use mkbill_core::kernel::error::{Error, Wrongs};
use mkbill_core::kernel::permission::needs::{PlansCreate, PlansEdit, PlansView};
use mkbill_core::plan::store::{PlanFilter, PlanKind, PlanSort};
use mkbill_core::plan::{Limits, NewPlan, Plan, PlanChange, Prices};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::terms::{TermsBody, TermsChangeBody};
use super::values::{
    Given, LimitsBody, MoneyBody, PageBody, choices, list_query, search_in, span, whole_span,
};
use super::{Answer, Made, Problems, created};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery};
use crate::tag::{Shown, Tagged};

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
        let mut wrongs = Wrongs::default();
        let name = wrongs.good(self.name.parse())?;
        let cost = wrongs.good(self.cost.read("cost"))?;
        let price = wrongs.good(self.sell.read("sell"))?;
        let uptime_quota =
            wrongs.good(span("uptime_quota_seconds", self.uptime_quota_seconds))?.flatten();
        let validity = wrongs.good(span("validity_seconds", self.validity_seconds))?.flatten();
        let limits = Limits { uptime_quota, data_quota: self.data_quota_bytes, validity };
        let limits = wrongs.good(limits.checked())?;
        let (Some(name), Some(cost), Some(price), Some(limits)) = (name, cost, price, limits)
        else {
            return Err(wrongs.told());
        };
        wrongs.none()?;
        let prices = Prices::new(cost, price)?;
        Ok(NewPlan {
            name,
            router_profile: self.router_profile,
            prices,
            limits,
            terms: self.terms.map(|terms| terms.read(prices)).transpose()?,
        })
    }
}

/// What changes of a plan; what is absent stays as it is, and null takes a value away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanChange)]
pub(crate) struct PlanChangeBody {
    /// Another unique name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) name: Option<String>,
    /// Another profile on the router.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) router_profile: Option<String>,
    /// What one voucher, or one period, costs you.
    #[serde(default)]
    pub(crate) cost: Option<MoneyBody>,
    /// What one voucher, or one period, sells for; never below `cost`.
    #[serde(default)]
    pub(crate) sell: Option<MoneyBody>,
    /// Time online in seconds, added over all sessions; null for unlimited.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 316_224_000)]
    pub(crate) uptime_quota_seconds: Given<u64>,
    /// Bytes in both directions together; null for unlimited.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_125_899_906_842_624_u64)]
    pub(crate) data_quota_bytes: Given<u64>,
    /// Calendar time in seconds, counted from the first login; null for unlimited.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 316_224_000)]
    pub(crate) validity_seconds: Given<u64>,
    /// On which terms customers keep it.
    #[serde(default)]
    pub(crate) terms: TermsChangeBody,
}

impl PlanChangeBody {
    pub(crate) fn read(self) -> Result<PlanChange, Error> {
        Ok(PlanChange {
            name: self.name.as_deref().map(str::parse).transpose()?,
            router_profile: self.router_profile,
            cost: self.cost.map(|cost| cost.read("cost")).transpose()?,
            sell: self.sell.map(|sell| sell.read("sell")).transpose()?,
            uptime_quota: self
                .uptime_quota_seconds
                .read(|seconds| whole_span("uptime_quota_seconds", seconds))?,
            data_quota: self.data_quota_bytes.read(Ok)?,
            validity: self
                .validity_seconds
                .read(|seconds| whole_span("validity_seconds", seconds))?,
            terms: self.terms.read()?,
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
    /// Since when nobody new gets it.
    pub(crate) retired_at: Option<Timestamp>,
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
            retired_at: plan.retired_at,
        }
    }
}

/// Adds a plan.
#[utoipa::path(post, path = "/plans", tag = "plans", params(WriteHeaders, WriteQuery),
    request_body = NewPlanBody,
    responses((status = 201, description = "Added; `Location` says where", body = PlanBody),
        (status = 200, description = "Only tried", body = PlanBody), Problems))]
pub(crate) async fn add_plan(billing: Writes<PlansCreate>, Body(body): Body<NewPlanBody>) -> Made {
    let plan = PlanBody::from(billing.add_plan(&billing.caller, body.read()?).await?);
    Ok(created(&billing.caller, &format!("/api/v1/plans/{}", plan.id), plan))
}

choices! {
    /// What a plan sells.
    PlanKindBody as PlanKind for PlanKind {
        /// Vouchers.
        Voucher,
        /// What customers keep from period to period.
        Subscription,
    }
}

list_query! {
    /// Which plans are wanted.
    PlanQuery by PlanSort {
        /// Leave out those that are retired.
        #[serde(default)]
        on_sale: bool,
        /// Only those that are retired.
        #[serde(default)]
        #[param(required = false)]
        retired: bool,
        /// Of this kind only.
        #[param(inline)]
        kind: Option<PlanKindBody>,
        /// A part of the name, whatever its case.
        #[param(min_length = 1, max_length = 100, example = "harian")]
        search: Option<String>,
    }
}

impl PlanQuery {
    pub(crate) fn filter(&self) -> Result<PlanFilter, Error> {
        Ok(PlanFilter {
            on_sale: self.on_sale,
            retired: self.retired,
            kind: self.kind.map(PlanKind::from),
            text: search_in("search", self.search.as_deref())?,
        })
    }
}

/// Lists plans, oldest first unless asked otherwise.
#[utoipa::path(get, path = "/plans", tag = "plans", params(PlanQuery),
    responses((status = 200, description = "A page", body = PageBody<PlanBody>), Problems))]
pub(crate) async fn list_plans(
    billing: Reads<PlansView>,
    Query(query): Query<PlanQuery>,
) -> Answer<PageBody<PlanBody>> {
    let (filter, page) = (query.filter()?, query.page()?);
    Ok(Json(PageBody::of(billing.plans(filter, page).await?, PlanBody::from)))
}

/// Shows a plan.
#[utoipa::path(get, path = "/plans/{plan}", tag = "plans",
    params(("plan" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The plan", body = PlanBody), Problems))]
pub(crate) async fn show_plan(
    billing: Reads<PlansView>,
    Path(plan): Path<String>,
) -> Shown<PlanBody> {
    Ok(Tagged::from(billing.plan(&plan).await?))
}

/// Changes a plan. Vouchers that were made and subscriptions that run keep what they were sold with.
#[utoipa::path(patch, path = "/plans/{plan}", tag = "plans",
    params(("plan" = String, Path, description = "Name or id"), WriteHeaders, WriteQuery),
    request_body = PlanChangeBody,
    responses((status = 200, description = "The plan as it is now", body = PlanBody), Problems))]
pub(crate) async fn change_plan(
    billing: Writes<PlansEdit>,
    Path(plan): Path<String>,
    Body(body): Body<PlanChangeBody>,
) -> Shown<PlanBody> {
    Ok(Tagged::from(billing.change_plan(&billing.caller, &plan, body.read()?).await?))
}

/// Takes a plan out of the sale. Those who have it keep it, and their periods go on.
#[utoipa::path(post, path = "/plans/{plan}/retire", tag = "plans",
    params(("plan" = String, Path, description = "Name or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "It is retired", body = PlanBody), Problems))]
pub(crate) async fn retire_plan(
    billing: Writes<PlansEdit>,
    Path(plan): Path<String>,
) -> Shown<PlanBody> {
    Ok(Tagged::from(billing.retire_plan(&billing.caller, &plan).await?))
}

/// Puts a plan that was retired on sale again.
#[utoipa::path(post, path = "/plans/{plan}/restore", tag = "plans",
    params(("plan" = String, Path, description = "Name or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "It is on sale", body = PlanBody), Problems))]
pub(crate) async fn restore_plan(
    billing: Writes<PlansEdit>,
    Path(plan): Path<String>,
) -> Shown<PlanBody> {
    Ok(Tagged::from(billing.restore_plan(&billing.caller, &plan).await?))
}

/// Who gets the present terms of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RenewedTerms)]
pub(crate) struct RenewedTermsBody {
    /// How many subscriptions wait for their next period to get them.
    pub(crate) subscriptions: u64,
}

/// Gives all who keep a plan its present terms with their next period.
///
/// Those who move to another plan with it are left out.
#[utoipa::path(post, path = "/plans/{plan}/renew-terms", tag = "plans",
    params(("plan" = String, Path, description = "Name or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Whom it concerns", body = RenewedTermsBody), Problems))]
pub(crate) async fn renew_terms(
    billing: Writes<PlansEdit>,
    Path(plan): Path<String>,
) -> Answer<RenewedTermsBody> {
    let subscriptions = billing.renew_terms(&billing.caller, &plan).await?;
    Ok(Json(RenewedTermsBody { subscriptions }))
}
