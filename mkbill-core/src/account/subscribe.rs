//! A customer begins to keep a plan.

use jiff::civil::Date;

use crate::kernel::error::Error;
use crate::kernel::ids::{LoginId, PlanId, SubscriptionId};
use crate::kernel::time::BusinessZone;
use crate::ledger::carry_over::prepaid_periods;
use crate::notice::NoticeKind;
use crate::plan::terms::{Activation, BillingMode};
use crate::subscription::period::BilledPeriod;
use crate::subscription::{Discount, Schedule, Subscription, SubscriptionState};

use super::book::{CustomerAccount, Kept};
use super::desk::Desk;
use super::tracked::Tracked;

/// No more periods than this are paid in advance at once.
pub const PREPAID_PERIODS_MAX: u32 = 120;

/// A subscription to be made.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// Its identity.
    pub id: SubscriptionId,
    /// The plan that is kept.
    pub plan: PlanId,
    /// Its login on a router.
    pub login: Option<LoginId>,
    /// The zone in which its days begin.
    pub zone: BusinessZone,
    /// What is taken off its price.
    pub discount: Discount,
}

impl CustomerAccount {
    /// Makes a subscription on the terms of its plan and issues its first invoice, unless it is paid
    /// afterwards. It is served at once or with its first payment, as the plan says.
    ///
    /// # Errors
    ///
    /// A plan that sells vouchers or is retired, or amounts and dates out of range.
    pub fn subscribe(&mut self, desk: &Desk<'_>, new: NewSubscription) -> Result<usize, Error> {
        let plan = desk.plan(new.plan)?;
        plan.may_be_sold()?;
        let terms = plan.terms_for_subscription()?.clone();
        let today = desk.date_in(&new.zone);
        let waits =
            terms.billing == BillingMode::Prepaid && terms.activation == Activation::OnPayment;
        let subscription = Subscription {
            id: new.id,
            customer: self.holder.id,
            plan: new.plan,
            profile: plan.router_profile.clone(),
            next_plan: None,
            login: new.login,
            zone: new.zone,
            schedule: Schedule { anchor: today, anchor_number: 0, next: 0 },
            service_until: None,
            state: first_state(waits, today),
            ends_on: None,
            discount: new.discount,
            use_step: 0,
            due_at: None,
            trouble: None,
            created_at: desk.context.now,
            revision: 1,
            terms,
        };
        let kept = Kept { subscription: Tracked::new(subscription), periods: Vec::new() };
        self.kept.push(kept);
        let index = self.kept.len() - 1;
        self.note_change(desk, index, "subscription.add", serde_json::Value::Null);
        self.begin(desk, index, waits)?;
        self.set_alarm(desk, index);
        Ok(index)
    }

    fn begin(&mut self, desk: &Desk<'_>, index: usize, waits: bool) -> Result<(), Error> {
        let first = self.period_to_bill(index)?;
        let kept = &mut self.kept[index];
        if kept.subscription.terms.billing == BillingMode::Postpaid {
            let subscription = kept.subscription.id;
            let row = BilledPeriod { subscription, number: 0, period: first, granted_days: 0 };
            kept.periods.push(Tracked::new(row));
        } else {
            if !waits {
                kept.subscription.edit().service_until = Some(first.end);
            }
            self.issue_period(desk, index)?;
        }
        self.serve(index);
        if waits {
            return Ok(());
        }
        self.tell_of_service(desk, NoticeKind::SubscriptionStarted, index);
        Ok(())
    }

    /// Bills as many of the next periods as the credit of a subscription pays for in full; answers how
    /// many that were.
    ///
    /// # Errors
    ///
    /// Amounts or dates out of range.
    pub fn prepay(&mut self, desk: &Desk<'_>, index: usize) -> Result<u32, Error> {
        let subscription = &self.kept[index].subscription;
        let price = subscription.terms.prices.sell();
        let own = self.credit_for(Some(subscription.id), price.currency());
        let all = self.credit_for(None, price.currency()).checked_add(own)?;
        let (periods, _) = prepaid_periods(all, price)?;
        let periods = periods.min(PREPAID_PERIODS_MAX);
        for _ in 0..periods {
            self.issue_period(desk, index)?;
        }
        self.set_alarm(desk, index);
        Ok(periods)
    }
}

const fn first_state(waits: bool, today: Date) -> SubscriptionState {
    if waits {
        SubscriptionState::Pending { since: today }
    } else {
        SubscriptionState::Active { since: today }
    }
}
