//! Subscriptions in SQL.

use async_trait::async_trait;

use crate::kernel::ids::{CustomerId, LoginId, PlanId, RouterId, SubscriptionId};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::time::BusinessZone;
use crate::store::StoreError;
use crate::subscription::cycle::Period;
use crate::subscription::period::BilledPeriod;
use crate::subscription::store::{SubscriptionFilter, SubscriptionSort, SubscriptionStore};
use crate::subscription::{Discount, Schedule, StateName, Subscription, SubscriptionState};

use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::terms::{TERMS, read_terms, terms_columns, terms_values};
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, small, unsigned};

macro_rules! columns {
    () => {
        concat!(
            "id, customer_id, plan_id, ",
            terms_columns!(),
            ", profile, next_plan_id, login_id, zone, anchor, anchor_number, next_number, \
             service_until, state, state_since, resume_on, ends_on, discount_minor, discount_bp, \
             discount_periods, use_step, due_at, trouble, created_at, revision"
        )
    };
}

const CHANGED: &str = "ON CONFLICT (id) DO UPDATE SET plan_id = excluded.plan_id, \
    currency = excluded.currency, price_cost_minor = excluded.price_cost_minor, \
    price_sell_minor = excluded.price_sell_minor, service = excluded.service, \
    cycle = excluded.cycle, cycle_days = excluded.cycle_days, billing = excluded.billing, \
    activation = excluded.activation, lead_days = excluded.lead_days, \
    grace_days = excluded.grace_days, late_renewal = excluded.late_renewal, \
    overdue_profile = excluded.overdue_profile, fair_use = excluded.fair_use, \
    tax = excluded.tax, profile = excluded.profile, \
    next_plan_id = excluded.next_plan_id, login_id = excluded.login_id, zone = excluded.zone, \
    anchor = excluded.anchor, anchor_number = excluded.anchor_number, \
    next_number = excluded.next_number, service_until = excluded.service_until, \
    state = excluded.state, state_since = excluded.state_since, resume_on = excluded.resume_on, \
    ends_on = excluded.ends_on, discount_minor = excluded.discount_minor, \
    discount_bp = excluded.discount_bp, discount_periods = excluded.discount_periods, \
    use_step = excluded.use_step, \
    due_at = excluded.due_at, trouble = excluded.trouble, revision = excluded.revision \
    WHERE subscription.revision = excluded.revision - 1";
const PERIOD_CHANGED: &str = "ON CONFLICT (subscription_id, number) DO UPDATE SET \
    start_on = excluded.start_on, end_on = excluded.end_on, granted_days = excluded.granted_days";

macro_rules! periods {
    ($condition:literal) => {
        concat!(
            "SELECT p.subscription_id, p.number, p.start_on, p.end_on, p.granted_days \
             FROM subscription_period p WHERE ",
            $condition,
            " ORDER BY p.subscription_id, p.number"
        )
    };
}

statements! {
    BY_ID: "reading a subscription" =
        concat!("SELECT ", columns!(), " FROM subscription WHERE id = $1");
    LIVE_OF: "reading subscriptions" = concat!(
        "SELECT ", columns!(), " FROM subscription \
         WHERE customer_id {in_uuids:$1} AND state <> 'cancelled' ORDER BY id");
    PERIODS_RECENT: "reading periods" = periods!(
        "p.subscription_id {in_uuids:$1} AND (p.granted_days = 0 OR p.number >= \
         (SELECT s.next_number - 2 FROM subscription s WHERE s.id = p.subscription_id))");
    PERIODS_OF: "reading periods" = periods!("p.subscription_id = $1");
    RENEW_TERMS: "giving subscribers the terms of their plan" =
        "UPDATE subscription SET next_plan_id = plan_id, revision = revision + 1 \
         WHERE plan_id = $1 AND state <> 'cancelled' AND next_plan_id IS NULL";
    AWAITING_TERMS: "counting who gets the terms of their plan" =
        "SELECT COUNT(*) AS n FROM subscription \
         WHERE plan_id = $1 AND state <> 'cancelled' AND next_plan_id = plan_id";
    TALLY: "counting subscriptions" =
        "SELECT state, COUNT(*) AS n FROM subscription GROUP BY state ORDER BY state";
}

listing! {
    PAGE of SubscriptionSort: "listing subscriptions" = concat!(
        "SELECT ", columns!(), "{value} FROM subscription WHERE {past} \
         AND (CAST($1 AS uuid) IS NULL OR customer_id = $1) \
         AND (CAST($2 AS uuid) IS NULL OR plan_id = $2) \
         AND (CAST($3 AS text) IS NULL OR state = $3) \
         AND (NOT $4 OR trouble IS NOT NULL) \
         AND (CAST($5 AS uuid) IS NULL OR login_id IN (SELECT l.id FROM login l \
         WHERE l.router_id = $5 AND l.subscription_id IS NOT NULL)) \
         AND (CAST($6 AS date) IS NULL OR service_until >= $6) \
         AND (CAST($7 AS date) IS NULL OR service_until <= $7) {page}"),
    by "id" {
        Created: Column::Identity,
        Due: Column::Perhaps("service_until"),
        Ends: Column::Perhaps("ends_on"),
    }
}

fn row(subscription: &Subscription) -> Vec<(&'static str, Value)> {
    let Subscription { schedule, discount, state, .. } = subscription;
    let mut row = vec![
        ("id", subscription.id.uuid().into()),
        ("customer_id", subscription.customer.uuid().into()),
        ("plan_id", subscription.plan.uuid().into()),
    ];
    row.extend(TERMS.into_iter().zip(terms_values(&subscription.terms)));
    row.extend([
        ("profile", subscription.profile.as_str().into()),
        ("next_plan_id", subscription.next_plan.map(PlanId::uuid).into()),
        ("login_id", subscription.login.map(LoginId::uuid).into()),
        ("zone", subscription.zone.name().into()),
        ("anchor", schedule.anchor.into()),
        ("anchor_number", schedule.anchor_number.into()),
        ("next_number", schedule.next.into()),
        ("service_until", subscription.service_until.into()),
        ("state", state.name().name().into()),
        ("state_since", state.since().into()),
        ("resume_on", state.resume_on().into()),
        ("ends_on", subscription.ends_on.into()),
        ("discount_minor", discount.minor.into()),
        ("discount_bp", discount.basis_points.into()),
        ("discount_periods", discount.periods.map(i64::from).into()),
        ("use_step", subscription.use_step.into()),
        ("due_at", subscription.due_at.into()),
        ("trouble", subscription.trouble.clone().into()),
        ("created_at", subscription.created_at.into()),
        ("revision", subscription.revision.into()),
    ]);
    row
}

fn read_state(row: &impl Record) -> Result<SubscriptionState, ReadError> {
    let since = row.date("state_since")?;
    let resume_on = row.date_or_none("resume_on")?;
    let name = known("subscription", "state", &row.text("state")?, StateName::named)?;
    Ok(match name {
        StateName::Pending => SubscriptionState::Pending { since },
        StateName::Active => SubscriptionState::Active { since },
        StateName::Overdue => SubscriptionState::Overdue { since },
        StateName::Paused => SubscriptionState::Paused { since, resume_on },
        StateName::Cancelled => SubscriptionState::Cancelled { since },
    })
}

fn read(row: &impl Record) -> Result<Subscription, ReadError> {
    let zone =
        known("subscription", "zone", &row.text("zone")?, |zone| BusinessZone::named(zone).ok())?;
    Ok(Subscription {
        id: SubscriptionId::from_uuid(row.uuid("id")?),
        customer: CustomerId::from_uuid(row.uuid("customer_id")?),
        plan: PlanId::from_uuid(row.uuid("plan_id")?),
        terms: read_terms(row, "subscription")?,
        profile: row.text("profile")?,
        next_plan: row.uuid_or_none("next_plan_id")?.map(PlanId::from_uuid),
        login: row.uuid_or_none("login_id")?.map(LoginId::from_uuid),
        zone,
        schedule: Schedule {
            anchor: row.date("anchor")?,
            anchor_number: small(row.int("anchor_number")?),
            next: small(row.int("next_number")?),
        },
        service_until: row.date_or_none("service_until")?,
        state: read_state(row)?,
        ends_on: row.date_or_none("ends_on")?,
        discount: Discount {
            minor: row.int("discount_minor")?,
            basis_points: small(row.int("discount_bp")?),
            periods: row.int_or_none("discount_periods")?.map(small),
        },
        use_step: small(row.int("use_step")?),
        due_at: row.instant_or_none("due_at")?,
        trouble: row.text_or_none("trouble")?,
        created_at: row.instant("created_at")?,
        revision: row.int("revision")?,
    })
}

fn period_row(row: &BilledPeriod) -> Vec<(&'static str, Value)> {
    vec![
        ("subscription_id", row.subscription.uuid().into()),
        ("number", row.number.into()),
        ("start_on", row.period.start.into()),
        ("end_on", row.period.end.into()),
        ("granted_days", row.granted_days.into()),
    ]
}

fn read_period(row: &impl Record) -> Result<BilledPeriod, ReadError> {
    Ok(BilledPeriod {
        subscription: SubscriptionId::from_uuid(row.uuid("subscription_id")?),
        number: small(row.int("number")?),
        period: Period { start: row.date("start_on")?, end: row.date("end_on")? },
        granted_days: small(row.int("granted_days")?),
    })
}

/// The list of customers as a parameter.
pub(super) fn customers(ids: &[CustomerId]) -> Value {
    Value::Uuids(ids.iter().map(|id| id.uuid()).collect())
}

#[async_trait]
impl<D: Dialect> SubscriptionStore for SqlTx<D> {
    async fn subscriptions_write(&mut self, all: &[Subscription]) -> Result<(), StoreError> {
        let columns = transpose(all.iter().map(row));
        let act = "writing subscriptions";
        let written = self.insert_all_or(act, "subscription", columns, CHANGED).await?;
        if written == all.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::Overtaken { what: "subscription" })
        }
    }

    async fn periods_write(&mut self, all: &[BilledPeriod]) -> Result<(), StoreError> {
        let columns = transpose(all.iter().map(period_row));
        let act = "writing periods";
        self.insert_all_or(act, "subscription_period", columns, PERIOD_CHANGED).await.map(drop)
    }

    async fn subscription_by_id(
        &mut self,
        id: SubscriptionId,
    ) -> Result<Option<Subscription>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read).await
    }

    async fn subscriptions_live_of(
        &mut self,
        ids: &[CustomerId],
    ) -> Result<Vec<Subscription>, StoreError> {
        self.all(LIVE_OF, vec![customers(ids)], read).await
    }

    async fn periods_recent(
        &mut self,
        of: &[SubscriptionId],
    ) -> Result<Vec<BilledPeriod>, StoreError> {
        let ids = Value::Uuids(of.iter().map(|id| id.uuid()).collect());
        self.all(PERIODS_RECENT, vec![ids], read_period).await
    }

    async fn periods_of(&mut self, id: SubscriptionId) -> Result<Vec<BilledPeriod>, StoreError> {
        self.all(PERIODS_OF, vec![id.uuid().into()], read_period).await
    }

    async fn subscription_page(
        &mut self,
        filter: &SubscriptionFilter,
        page: PageRequest<SubscriptionSort>,
    ) -> Result<Page<Subscription>, StoreError> {
        let values = vec![
            filter.customer.map(CustomerId::uuid).into(),
            filter.plan.map(PlanId::uuid).into(),
            filter.state.map(StateName::name).into(),
            filter.in_trouble.into(),
            filter.router.map(RouterId::uuid).into(),
            filter.due_from.into(),
            filter.due_to.into(),
        ];
        self.page(&PAGE, values, &page, read).await
    }

    async fn subscriptions_renew_terms(&mut self, plan: PlanId) -> Result<u64, StoreError> {
        self.execute(RENEW_TERMS, vec![plan.uuid().into()]).await
    }

    async fn subscriptions_awaiting_terms(&mut self, plan: PlanId) -> Result<u64, StoreError> {
        self.number(AWAITING_TERMS, vec![plan.uuid().into()]).await.map(unsigned)
    }

    async fn subscription_tally(&mut self) -> Result<Vec<(StateName, u64)>, StoreError> {
        let read = |row: &D::Found| {
            let state = known("subscription", "state", &row.text("state")?, StateName::named)?;
            Ok((state, unsigned(row.int("n")?)))
        };
        self.all(TALLY, Vec::new(), read).await
    }
}
