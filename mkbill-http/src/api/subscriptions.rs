//! Subscriptions over HTTP.

use axum::Json;
use jiff::Timestamp;
use jiff::civil::Date;
use mkbill_core::billing::{
    Billing, CancelAt, ChangeAt, Reader, Receipt, Subscribe, SubscriptionView,
};
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::error::{Error, Wrongs};
use mkbill_core::kernel::ids::{CustomerId, LoginId, PlanId, SubscriptionId};
use mkbill_core::kernel::permission::needs::{
    LoginsCreate, SubscriptionsCreate, SubscriptionsDelete, SubscriptionsEdit, SubscriptionsView,
};
use mkbill_core::kernel::time::BusinessZone;
use mkbill_core::kernel::wrong::Wrong;
use mkbill_core::subscription::period::BilledPeriod;
use mkbill_core::subscription::store::{SubscriptionFilter, SubscriptionSort};
use mkbill_core::subscription::{Discount, Subscription};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::invoices::InvoiceBody;
use super::logins::{LoginBody, NewLoginBody};
use super::terms::TermsBody;
use super::values::{MoneyBody, PageBody, choices, list_query};
use super::{Answer, Made, Problems, created, mark_replayed};
use crate::auth::access::{Reads, Writes};
use crate::extract::{
    Json as Body, Path, Query, WriteHeaders, WriteQuery, named_in, named_in_one_of,
};
use crate::problem::{Problem, ProblemBody};
use crate::tag::{Shown, Tagged};

/// What is taken off the price of each period that is billed from now on.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Discount)]
pub(crate) struct DiscountBody {
    /// Minor units in the currency of the price; 0 if absent.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub(crate) minor: i64,
    /// Basis points of the price: 10000 is all of it; 0 if absent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10_000)]
    pub(crate) basis_points: u32,
    /// For how many more periods; absent means for ever.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub(crate) periods: Option<u32>,
}

impl From<DiscountBody> for Discount {
    fn from(body: DiscountBody) -> Self {
        let DiscountBody { minor, basis_points, periods } = body;
        Self { minor, basis_points, periods }
    }
}

impl From<Discount> for DiscountBody {
    fn from(discount: Discount) -> Self {
        let Discount { minor, basis_points, periods } = discount;
        Self { minor, basis_points, periods }
    }
}

/// A subscription to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSubscription)]
pub(crate) struct NewSubscriptionBody {
    /// Who keeps it: an id.
    pub(crate) customer: Uuid,
    /// Which plan: name or id. It needs terms.
    #[schema(example = "Rumah 10 Mbps")]
    pub(crate) plan: String,
    /// The zone of its days; that of the customer, else that of the business, if absent.
    #[serde(default)]
    #[schema(example = "Asia/Jakarta")]
    pub(crate) zone: Option<String>,
    /// What is taken off its price.
    #[serde(default)]
    pub(crate) discount: Option<DiscountBody>,
    /// The login on a router that it opens and closes.
    #[serde(default)]
    pub(crate) login: Option<NewLoginBody>,
}

impl NewSubscriptionBody {
    pub(crate) async fn read(self, billing: &Reader) -> Result<Subscribe, Error> {
        let mut wrongs = Wrongs::default();
        let zone = wrongs.good(self.zone.as_deref().map(zone_named).transpose())?;
        let plan = wrongs.good(billing.plan(&self.plan).await.map_err(named_in("plan")))?;
        let discount = Discount::from(self.discount.unwrap_or_default());
        let discount = wrongs.good(discount.checked())?;
        let login = match self.login {
            Some(login) => wrongs.good(login.read(billing).await)?,
            None => None,
        };
        let (Some(plan), Some(discount)) = (plan, discount) else { return Err(wrongs.told()) };
        wrongs.none()?;
        Ok(Subscribe {
            customer: CustomerId::from_uuid(self.customer),
            plan: plan.id,
            zone: zone.flatten(),
            discount,
            login,
        })
    }
}

fn zone_named(name: &str) -> Result<BusinessZone, Error> {
    BusinessZone::named(name).map_err(|_| Error::invalid("zone", Wrong::Zone("Asia/Jakarta")))
}

/// A plan that a customer keeps.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub(crate) struct SubscriptionBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// The id of who keeps it.
    pub(crate) customer_id: Uuid,
    /// The id of its plan.
    pub(crate) plan_id: Uuid,
    /// `pending`, `active`, `overdue`, `paused` or `cancelled`.
    pub(crate) state: &'static str,
    /// The day on which the state began.
    pub(crate) since: Date,
    /// The day on which a paused subscription goes on by itself.
    pub(crate) resume_on: Option<Date>,
    /// The day from which it is cancelled.
    pub(crate) ends_on: Option<Date>,
    /// The first day that is not granted; null if service is not granted by periods.
    pub(crate) service_until: Option<Date>,
    /// The cost of one period.
    pub(crate) cost: MoneyBody,
    /// The price of one period.
    pub(crate) sell: MoneyBody,
    /// The terms it was made on, or moved to.
    pub(crate) terms: TermsBody,
    /// What is taken off its price.
    pub(crate) discount: DiscountBody,
    /// The router profile while it is served.
    pub(crate) router_profile: String,
    /// The id of the plan it moves to with the next period that is billed.
    pub(crate) next_plan_id: Option<Uuid>,
    /// The number of the period that is billed next, counted from 0.
    pub(crate) next_period: u32,
    /// The id of its login on a router.
    pub(crate) login_id: Option<Uuid>,
    /// The zone in which its days begin.
    pub(crate) zone: String,
    /// How many steps of the fair use of its terms the present period has passed; 0 is full speed.
    pub(crate) use_step: u32,
    /// When the engine looks at it next.
    pub(crate) due_at: Option<Timestamp>,
    /// Why the engine leaves it alone until a person has looked at it.
    pub(crate) trouble: Option<String>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
}

impl From<Subscription> for SubscriptionBody {
    fn from(subscription: Subscription) -> Self {
        let prices = subscription.terms.prices;
        Self {
            id: subscription.id.uuid(),
            customer_id: subscription.customer.uuid(),
            plan_id: subscription.plan.uuid(),
            state: subscription.state.name().name(),
            since: subscription.state.since(),
            resume_on: subscription.state.resume_on(),
            ends_on: subscription.ends_on,
            service_until: subscription.service_until,
            cost: prices.cost().into(),
            sell: prices.sell().into(),
            terms: subscription.terms.into(),
            discount: subscription.discount.into(),
            router_profile: subscription.profile,
            next_plan_id: subscription.next_plan.map(PlanId::uuid),
            next_period: subscription.schedule.next,
            login_id: subscription.login.map(LoginId::uuid),
            zone: subscription.zone.name().to_owned(),
            use_step: subscription.use_step,
            due_at: subscription.due_at,
            trouble: subscription.trouble,
            created_at: subscription.created_at,
        }
    }
}

/// A period that was billed, or is being served to be billed at its end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BilledPeriod)]
pub(crate) struct BilledPeriodBody {
    /// Its number, counted from 0.
    pub(crate) number: u32,
    /// Its first day.
    pub(crate) start: Date,
    /// The first day after it.
    pub(crate) end: Date,
    /// How many of its days are paid for.
    pub(crate) granted_days: u32,
}

impl From<BilledPeriod> for BilledPeriodBody {
    fn from(row: BilledPeriod) -> Self {
        let BilledPeriod { number, period, granted_days, .. } = row;
        Self { number, start: period.start, end: period.end, granted_days }
    }
}

/// A subscription with everything one wants to know beside it.
#[derive(Serialize, ToSchema)]
#[schema(as = SubscriptionView)]
pub(crate) struct SubscriptionViewBody {
    /// The subscription.
    #[serde(flatten)]
    pub(crate) subscription: SubscriptionBody,
    /// The name of its plan.
    pub(crate) plan: String,
    /// All its periods, in their order.
    pub(crate) periods: Vec<BilledPeriodBody>,
    /// Its open invoices, in the order of issue.
    pub(crate) open_invoices: Vec<InvoiceBody>,
    /// Its login on a router.
    pub(crate) login: Option<LoginBody>,
}

impl SubscriptionViewBody {
    pub(crate) fn of(view: SubscriptionView) -> Result<Self, Error> {
        let open = view.open.into_iter().map(InvoiceBody::of);
        Ok(Self {
            subscription: view.subscription.into(),
            plan: view.plan.name.to_string(),
            periods: view.periods.into_iter().map(BilledPeriodBody::from).collect(),
            open_invoices: open.collect::<Result<_, _>>()?,
            login: view.login.map(LoginBody::from),
        })
    }
}

/// Subscriptions to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSubscriptions)]
pub(crate) struct NewSubscriptionsBody {
    /// 1 to 1,000.
    #[schema(min_items = 1, max_items = 1_000)]
    pub(crate) items: Vec<NewSubscriptionBody>,
}

impl NewSubscriptionsBody {
    /// Makes those that can be read, and says of the others why not.
    pub(crate) async fn make(
        self,
        billing: &Billing,
        caller: &Caller,
    ) -> Result<BulkSubscriptionsBody, Error> {
        let mut requests = Vec::with_capacity(self.items.len());
        for body in self.items {
            requests.push(body.read(billing).await);
        }
        let outcomes = billing.subscribe_many(caller, requests).await?;
        let items = outcomes.into_iter().enumerate().map(|(position, made)| {
            BulkSubscriptionBody::of(position, made.map_err(named_in_one_of(&["customer"])))
        });
        let items = items.collect::<Result<Vec<_>, Error>>()?;
        let failed = items.iter().filter(|item| item.problem.is_some()).count();
        Ok(BulkSubscriptionsBody { made: items.len() - failed, failed, items })
    }
}

/// What became of one of many subscriptions.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkSubscription)]
pub(crate) struct BulkSubscriptionBody {
    /// Its place in the request, from 0.
    pub(crate) position: usize,
    /// What was made.
    pub(crate) subscription: Option<SubscriptionViewBody>,
    /// Why nothing was made.
    pub(crate) problem: Option<ProblemBody>,
}

impl BulkSubscriptionBody {
    fn of(position: usize, made: Result<Receipt<SubscriptionView>, Error>) -> Result<Self, Error> {
        Ok(match made {
            Ok(receipt) => {
                let subscription = Some(SubscriptionViewBody::of(receipt.value)?);
                Self { position, subscription, problem: None }
            }
            Err(error) => {
                let problem = Some(Problem::from(error).body());
                Self { position, subscription: None, problem }
            }
        })
    }
}

/// What became of many subscriptions.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkSubscriptions)]
pub(crate) struct BulkSubscriptionsBody {
    /// How many were made, or had been made by the same request.
    pub(crate) made: usize,
    /// How many were not.
    pub(crate) failed: usize,
    /// Each, in the order of the request.
    pub(crate) items: Vec<BulkSubscriptionBody>,
}

list_query! {
    /// Which subscriptions, and which page of them.
    SubscriptionsQuery by SubscriptionSort {
        /// Of this customer: an id.
        customer: Option<Uuid>,
        /// On this plan: name or id.
        plan: Option<String>,
        /// In this state.
        #[param(example = "active")]
        state: Option<String>,
        /// Only those that the engine leaves alone until a person has looked at them.
        #[serde(default)]
        #[param(required = false)]
        in_trouble: bool,
        /// With a login on this router: name or id.
        router: Option<String>,
        /// Whose first day that is not granted is this one or later.
        due_from: Option<Date>,
        /// Whose first day that is not granted is this one or earlier.
        due_to: Option<Date>,
    }
}

impl SubscriptionsQuery {
    pub(crate) async fn filter(&self, billing: &Reader) -> Result<SubscriptionFilter, Error> {
        let plan = match &self.plan {
            Some(key) => Some(billing.plan(key).await.map_err(named_in("plan"))?.id),
            None => None,
        };
        let router = match &self.router {
            Some(key) => Some(billing.router_or_removed(key).await.map_err(named_in("router"))?.id),
            None => None,
        };
        Ok(SubscriptionFilter {
            customer: self.customer.map(CustomerId::from_uuid),
            plan,
            state: self.state.as_deref().map(str::parse).transpose()?,
            in_trouble: self.in_trouble,
            router,
            due_from: self.due_from,
            due_to: self.due_to,
        })
    }
}

choices! {
    /// When a plan changes.
    ChangeAtBody as ChangeAt for ChangeAt {
        /// Now; the rest of the period is charged at the new price and given back at the old one.
        Now,
        /// With the next period that is billed.
        NextPeriod,
    }
}

choices! {
    /// When a subscription ends.
    CancelAtBody as CancelAt for CancelAt {
        /// Now; what was paid for days to come is not given back.
        Now,
        /// Now; what was paid for days to come becomes credit.
        NowWithCredit,
        /// With the period that is being served.
        PeriodEnd,
    }
}

/// Until when a subscription stops.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Pause)]
pub(crate) struct PauseBody {
    /// The day on which it goes on by itself; absent means when it is resumed.
    #[serde(default)]
    pub(crate) resume_on: Option<Date>,
}

/// When a subscription ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Cancellation)]
pub(crate) struct CancelBody {
    /// When.
    pub(crate) at: CancelAtBody,
}

/// To which plan a subscription moves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanMove)]
pub(crate) struct PlanMoveBody {
    /// Which plan: name or id.
    pub(crate) plan: String,
    /// When.
    pub(crate) at: ChangeAtBody,
}

/// Makes a subscription on the terms of its plan and issues its first invoice.
#[utoipa::path(post, path = "/subscriptions", tag = "subscriptions",
    params(WriteHeaders, WriteQuery), request_body = NewSubscriptionBody,
    responses((status = 201, description = "Made; `Location` says where", body = SubscriptionViewBody),
        (status = 200, description = "Only tried", body = SubscriptionViewBody), Problems))]
pub(crate) async fn subscribe(
    billing: Writes<SubscriptionsCreate>,
    Body(body): Body<NewSubscriptionBody>,
) -> Made {
    let made = billing.subscribe(&billing.caller, body.read(&billing).await?).await;
    let receipt = made.map_err(named_in_one_of(&["customer"]))?;
    let view = SubscriptionViewBody::of(receipt.value)?;
    let place = format!("/api/v1/subscriptions/{}", view.subscription.id);
    let response = created(&billing.caller, &place, view);
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Makes up to 1,000 subscriptions, each by itself: one that is refused holds up no other. With an
/// `Idempotency-Key`, the same request again goes on where it was interrupted. `dry_run` tries each
/// alone and does not see that two of them want the same name.
#[utoipa::path(post, path = "/subscriptions/bulk", tag = "subscriptions",
    params(WriteHeaders, WriteQuery), request_body = NewSubscriptionsBody,
    responses((status = 200, description = "What became of each", body = BulkSubscriptionsBody),
        Problems))]
pub(crate) async fn subscribe_many(
    billing: Writes<SubscriptionsCreate>,
    Body(body): Body<NewSubscriptionsBody>,
) -> Answer<BulkSubscriptionsBody> {
    Ok(Json(body.make(&billing, &billing.caller).await?))
}

/// Gives a subscription a login, in place of the one it has: another name, another router.
#[utoipa::path(post, path = "/subscriptions/{subscription}/login", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = NewLoginBody,
    responses((status = 200, description = "The new login", body = LoginBody), Problems))]
pub(crate) async fn give_login(
    billing: Writes<LoginsCreate>,
    Path(id): Path<Uuid>,
    Body(body): Body<NewLoginBody>,
) -> Shown<LoginBody> {
    let wanted = body.read(&billing).await?;
    let login = billing.give_login(&billing.caller, SubscriptionId::from_uuid(id), wanted).await?;
    Ok(Tagged::from(login))
}

/// Lists subscriptions, newest first unless asked otherwise.
#[utoipa::path(get, path = "/subscriptions", tag = "subscriptions", params(SubscriptionsQuery),
    responses((status = 200, description = "A page", body = PageBody<SubscriptionBody>), Problems))]
pub(crate) async fn list_subscriptions(
    billing: Reads<SubscriptionsView>,
    Query(query): Query<SubscriptionsQuery>,
) -> Answer<PageBody<SubscriptionBody>> {
    let filter = query.filter(&billing).await?;
    let page = query.page()?;
    Ok(Json(PageBody::of(billing.subscriptions(&filter, page).await?, SubscriptionBody::from)))
}

/// Shows a subscription, its periods, its open invoices and its login.
#[utoipa::path(get, path = "/subscriptions/{subscription}", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "The subscription", body = SubscriptionViewBody), Problems))]
pub(crate) async fn show_subscription(
    billing: Reads<SubscriptionsView>,
    Path(id): Path<Uuid>,
) -> Shown<SubscriptionViewBody> {
    let view = billing.subscription(SubscriptionId::from_uuid(id)).await?;
    Tagged::of(view, SubscriptionViewBody::of)
}

/// Stops a subscription by wish. Nothing is served and nothing is charged meanwhile.
#[utoipa::path(post, path = "/subscriptions/{subscription}/pause", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = PauseBody,
    responses((status = 200, description = "Paused", body = SubscriptionViewBody), Problems))]
pub(crate) async fn pause_subscription(
    billing: Writes<SubscriptionsEdit>,
    Path(id): Path<Uuid>,
    Body(body): Body<PauseBody>,
) -> Shown<SubscriptionViewBody> {
    let id = SubscriptionId::from_uuid(id);
    let view = billing.pause_subscription(&billing.caller, id, body.resume_on).await?;
    Tagged::of(view, SubscriptionViewBody::of)
}

/// Lets a paused subscription go on.
#[utoipa::path(post, path = "/subscriptions/{subscription}/resume", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "It goes on", body = SubscriptionViewBody), Problems))]
pub(crate) async fn resume_subscription(
    billing: Writes<SubscriptionsEdit>,
    Path(id): Path<Uuid>,
) -> Shown<SubscriptionViewBody> {
    let view = billing.resume_subscription(&billing.caller, SubscriptionId::from_uuid(id)).await?;
    Tagged::of(view, SubscriptionViewBody::of)
}

/// Ends a subscription. Invoices for days that were not begun are withdrawn.
#[utoipa::path(post, path = "/subscriptions/{subscription}/cancel", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = CancelBody,
    responses((status = 200, description = "It ends", body = SubscriptionViewBody), Problems))]
pub(crate) async fn cancel_subscription(
    billing: Writes<SubscriptionsDelete>,
    Path(id): Path<Uuid>,
    Body(body): Body<CancelBody>,
) -> Shown<SubscriptionViewBody> {
    let id = SubscriptionId::from_uuid(id);
    let view = billing.cancel_subscription(&billing.caller, id, body.at.into()).await?;
    Tagged::of(view, SubscriptionViewBody::of)
}

/// Moves a subscription to another plan.
#[utoipa::path(post, operation_id = "change_subscription_plan", path = "/subscriptions/{subscription}/change-plan", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = PlanMoveBody,
    responses((status = 200, description = "It moves", body = SubscriptionViewBody), Problems))]
pub(crate) async fn change_plan(
    billing: Writes<SubscriptionsEdit>,
    Path(id): Path<Uuid>,
    Body(body): Body<PlanMoveBody>,
) -> Shown<SubscriptionViewBody> {
    let plan = billing.plan(&body.plan).await.map_err(named_in("plan"))?.id;
    let id = SubscriptionId::from_uuid(id);
    let view = billing.change_subscription_plan(&billing.caller, id, plan, body.at.into()).await?;
    Tagged::of(view, SubscriptionViewBody::of)
}

/// Changes what is taken off the price of the periods that are billed from now on.
#[utoipa::path(post, path = "/subscriptions/{subscription}/discount", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = DiscountBody,
    responses((status = 200, description = "Changed", body = SubscriptionViewBody), Problems))]
pub(crate) async fn discount_subscription(
    billing: Writes<SubscriptionsEdit>,
    Path(id): Path<Uuid>,
    Body(body): Body<DiscountBody>,
) -> Shown<SubscriptionViewBody> {
    let id = SubscriptionId::from_uuid(id);
    let view = billing.discount_subscription(&billing.caller, id, body.into()).await?;
    Tagged::of(view, SubscriptionViewBody::of)
}

/// Issues the invoice of the next period now, whenever it would be due.
#[utoipa::path(post, path = "/subscriptions/{subscription}/bill", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Issued", body = SubscriptionViewBody), Problems))]
pub(crate) async fn bill_subscription(
    billing: Writes<SubscriptionsEdit>,
    Path(id): Path<Uuid>,
) -> Shown<SubscriptionViewBody> {
    let view = billing.bill_subscription(&billing.caller, SubscriptionId::from_uuid(id)).await?;
    Tagged::of(view, SubscriptionViewBody::of)
}

/// Bills as many of the next periods as the customer's credit pays for in full.
#[utoipa::path(post, path = "/subscriptions/{subscription}/prepay", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Billed", body = SubscriptionViewBody), Problems))]
pub(crate) async fn prepay_subscription(
    billing: Writes<SubscriptionsEdit>,
    Path(id): Path<Uuid>,
) -> Shown<SubscriptionViewBody> {
    let view = billing.prepay_subscription(&billing.caller, SubscriptionId::from_uuid(id)).await?;
    Tagged::of(view, SubscriptionViewBody::of)
}

/// Lets the engine look again at a subscription that it could not bill, or whose login the router refused.
#[utoipa::path(post, path = "/subscriptions/{subscription}/retry", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "It is looked at again", body = SubscriptionViewBody),
        Problems))]
pub(crate) async fn retry_subscription(
    billing: Writes<SubscriptionsEdit>,
    Path(id): Path<Uuid>,
) -> Shown<SubscriptionViewBody> {
    let view = billing.retry_subscription(&billing.caller, SubscriptionId::from_uuid(id)).await?;
    Tagged::of(view, SubscriptionViewBody::of)
}
