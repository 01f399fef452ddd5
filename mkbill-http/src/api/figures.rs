//! Figures of those who keep plans over HTTP.

use axum::Json;
use mkbill_core::kernel::permission::needs::ReportsView;
use mkbill_core::report::subscribers::{
    SubscriberFigures, SubscriptionFigures, TopBy, TopCustomer, Window,
};
use mkbill_core::subscription::StateName;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::values::{MoneyBody, choices};
use super::{Answer, Problems};
use crate::auth::access::Reads;
use crate::extract::Query;

choices! {
    /// How far back figures look.
    WindowBody as Window for Window {
        /// 7 days.
        Week,
        /// 30 days.
        Month,
        /// 90 days.
        Quarter,
        /// 365 days.
        Year,
        /// All there is.
        All,
    }
}

choices! {
    /// By what customers are ranked.
    TopByBody as TopBy for TopBy {
        /// What they paid, less what was taken back.
        Received,
        /// How many subscriptions they have that are not over.
        Subscriptions,
        /// Their balance, whether they owe it or hold it.
        Balance,
    }
}

/// How far back is looked.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowQuery {
    /// 30 days if absent.
    #[serde(default = "month")]
    #[param(inline)]
    pub(crate) window: WindowBody,
}

/// Which ranking is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopQuery {
    /// By what; what was received if absent.
    #[serde(default = "received")]
    #[param(inline)]
    pub(crate) by: TopByBody,
    /// How far back what was received counts; 30 days if absent.
    #[serde(default = "month")]
    #[param(inline)]
    pub(crate) window: WindowBody,
    /// How many customers; 10 if absent.
    #[serde(default = "ten")]
    #[param(minimum = 1, maximum = 100)]
    pub(crate) limit: u32,
}

const fn month() -> WindowBody {
    WindowBody::Month
}

const fn received() -> TopByBody {
    TopByBody::Received
}

const fn ten() -> u32 {
    10
}

/// How many customers come, stay and leave, and what they bring.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubscriberFigures)]
pub(crate) struct SubscriberFiguresBody {
    /// How far back it looks.
    pub(crate) window: WindowBody,
    /// How many were added in the window.
    pub(crate) new: u64,
    /// How many have a subscription that is served.
    pub(crate) active: u64,
    /// How many had a subscription, have none any more, and have not paid for 30 days.
    pub(crate) churned: u64,
    /// What customers paid in the window, less what was taken back.
    pub(crate) received: MoneyBody,
    /// What was received in the window for each active customer (ARPU), rounded down.
    pub(crate) per_active: MoneyBody,
    /// What each customer who ever paid has paid on average (LTV), rounded down.
    pub(crate) lifetime_average: MoneyBody,
    /// The most that one customer has paid.
    pub(crate) lifetime_most: MoneyBody,
}

impl SubscriberFiguresBody {
    pub(crate) fn of(window: WindowBody, figures: SubscriberFigures) -> Self {
        let SubscriberFigures {
            new,
            active,
            churned,
            received,
            per_active,
            lifetime_average,
            lifetime_most,
        } = figures;
        Self {
            window,
            new,
            active,
            churned,
            received: received.into(),
            per_active: per_active.into(),
            lifetime_average: lifetime_average.into(),
            lifetime_most: lifetime_most.into(),
        }
    }
}

/// A customer of a ranking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TopCustomer)]
pub(crate) struct TopCustomerBody {
    /// Who.
    pub(crate) customer_id: Uuid,
    /// Their name.
    pub(crate) name: String,
    /// Minor units of the currency of the business, or a number of subscriptions.
    pub(crate) value: i64,
}

/// The first customers of a ranking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TopCustomers)]
pub(crate) struct TopCustomersBody {
    /// The highest first.
    pub(crate) items: Vec<TopCustomerBody>,
}

impl TopCustomersBody {
    pub(crate) fn of(ranking: Vec<TopCustomer>) -> Self {
        let body = |top: TopCustomer| TopCustomerBody {
            customer_id: top.customer.uuid(),
            name: top.name,
            value: top.value,
        };
        Self { items: ranking.into_iter().map(body).collect() }
    }
}

/// How many subscriptions began in a month.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MonthOfSubscriptions)]
pub(crate) struct BegunBody {
    /// The month.
    #[schema(example = "2026-03")]
    pub(crate) month: String,
    /// How many.
    pub(crate) begun: u64,
}

/// How many subscriptions there are, what they cost, and how many began of late.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionFigures)]
pub(crate) struct SubscriptionFiguresBody {
    /// How many wait for their first payment.
    pub(crate) pending: u64,
    /// How many are served.
    pub(crate) active: u64,
    /// How many are cut because they were not paid in time.
    pub(crate) overdue: u64,
    /// How many are stopped by wish.
    pub(crate) paused: u64,
    /// How many are over.
    pub(crate) cancelled: u64,
    /// The average price of a period of those that are not over, rounded down.
    pub(crate) average_price: MoneyBody,
    /// What open invoices took over from earlier ones.
    pub(crate) carried_over: MoneyBody,
    /// Twelve months in which any began, newest first.
    pub(crate) months: Vec<BegunBody>,
}

impl From<SubscriptionFigures> for SubscriptionFiguresBody {
    fn from(figures: SubscriptionFigures) -> Self {
        let of = |wanted: StateName| {
            let own = figures.by_state.iter().filter(|(state, _)| *state == wanted);
            own.map(|(_, count)| count).sum()
        };
        let begun = |(month, begun)| BegunBody { month, begun };
        Self {
            pending: of(StateName::Pending),
            active: of(StateName::Active),
            overdue: of(StateName::Overdue),
            paused: of(StateName::Paused),
            cancelled: of(StateName::Cancelled),
            average_price: figures.average_price.into(),
            carried_over: figures.carried_over.into(),
            months: figures.begun.into_iter().map(begun).collect(),
        }
    }
}

/// Tells how many customers come, stay and leave, and what they bring.
#[utoipa::path(get, operation_id = "report_subscribers", path = "/reports/subscribers", tag = "reports", params(WindowQuery),
    responses((status = 200, description = "Figures", body = SubscriberFiguresBody), Problems))]
pub(crate) async fn subscribers(
    billing: Reads<ReportsView>,
    Query(query): Query<WindowQuery>,
) -> Answer<SubscriberFiguresBody> {
    let figures = billing.subscriber_figures(query.window.into()).await?;
    Ok(Json(SubscriberFiguresBody::of(query.window, figures)))
}

/// Ranks customers.
#[utoipa::path(get, operation_id = "report_top_customers", path = "/reports/top-customers", tag = "reports", params(TopQuery),
    responses((status = 200, description = "The ranking", body = TopCustomersBody), Problems))]
pub(crate) async fn top_customers(
    billing: Reads<ReportsView>,
    Query(query): Query<TopQuery>,
) -> Answer<TopCustomersBody> {
    let TopQuery { by, window, limit } = query;
    let ranking = billing.top_customers(by.into(), window.into(), limit).await?;
    Ok(Json(TopCustomersBody::of(ranking)))
}

/// Tells how many subscriptions there are, what they cost, and how many began of late.
#[utoipa::path(get, operation_id = "report_subscriptions", path = "/reports/subscriptions", tag = "reports",
    responses((status = 200, description = "Figures", body = SubscriptionFiguresBody), Problems))]
pub(crate) async fn subscriptions(billing: Reads<ReportsView>) -> Answer<SubscriptionFiguresBody> {
    Ok(Json(billing.subscription_figures().await?.into()))
}
