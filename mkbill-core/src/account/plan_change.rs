//! A change of plan in the middle of a period: the rest of the period is charged at the new price and
//! given back at the old one.

use crate::invoice::draft::{Draft, Item, prorated};
use crate::invoice::{InvoiceKind, LineKind};
use crate::kernel::error::Error;
use crate::kernel::ids::{InvoiceId, PlanId};
use crate::kernel::language::said;
use crate::kernel::money::Money;
use crate::plan::Plan;
use crate::plan::terms::BillingMode;
use crate::subscription::cycle::{Period, add_days};
use crate::subscription::{SubscriptionRefusal, SubscriptionState};

use super::book::CustomerAccount;
use super::desk::Desk;
use super::issue::{Heading, line_text};
use super::service::{picture, refuse};

/// What a change of plan comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Both cost the same for the rest of the period.
    Nothing,
    /// An invoice for what the new plan costs more.
    Invoiced(InvoiceId),
    /// What the new plan costs less, to be given back by a credit note on the period's invoice.
    Owed(Money),
}

impl CustomerAccount {
    /// Moves a subscription to another plan with the next period that is billed. Its own plan takes such
    /// a move back, or, if the plan was changed since, brings the present terms.
    ///
    /// # Errors
    ///
    /// A [`SubscriptionRefusal`] if it is over or for another currency, and a
    /// [`PlanRefusal`](crate::plan::PlanRefusal) for a plan that is retired or sells vouchers.
    pub fn change_plan_later(
        &mut self,
        desk: &Desk<'_>,
        index: usize,
        to: PlanId,
    ) -> Result<(), Error> {
        self.check_plan(desk, index, to)?;
        let before = picture(&self.kept[index].subscription);
        let same = self.is_as_agreed(desk, index, to)?;
        self.kept[index].subscription.edit().next_plan = Some(to).filter(|_| !same);
        self.note_change(desk, index, "subscription.change_plan_later", before);
        Ok(())
    }

    /// Moves a subscription to another plan now and charges, or owes, the difference for what is left
    /// of the period.
    ///
    /// # Errors
    ///
    /// A [`SubscriptionRefusal`] unless it is active without an open invoice, or if the new plan has
    /// another currency or cycle.
    pub fn change_plan_now(
        &mut self,
        desk: &Desk<'_>,
        index: usize,
        to: PlanId,
    ) -> Result<Difference, Error> {
        let plan = self.check_plan(desk, index, to)?.clone();
        let terms = plan.terms_for_subscription()?.clone();
        if self.is_as_agreed(desk, index, to)? {
            return Err(SubscriptionRefusal::SamePlan.into());
        }
        let subscription = &self.kept[index].subscription;
        if !matches!(subscription.state, SubscriptionState::Active { .. }) {
            let act = said!("moved to another plan now", "dipindah ke paket lain sekarang");
            let advice =
                said!("change it with the next period instead", "ubah mulai periode berikutnya");
            return Err(refuse(subscription, act, advice));
        }
        if subscription.terms.cycle != terms.cycle || subscription.terms.billing != terms.billing {
            let text = said!(
                "a plan of another cycle or billing can only begin with the next period",
                "paket dengan siklus atau cara tagih lain hanya bisa mulai pada periode berikutnya"
            );
            return Err(SubscriptionRefusal::Days(text).into());
        }
        if self.open_of(subscription.id).next().is_some() {
            return Err(SubscriptionRefusal::InvoiceOpen.into());
        }
        let draft = self.difference(desk, index, &plan)?;
        let before = picture(&self.kept[index].subscription);
        let edited = self.kept[index].subscription.edit();
        (edited.plan, edited.terms, edited.next_plan) = (to, terms, None);
        edited.profile.clone_from(&plan.router_profile);
        self.serve(index);
        self.note_change(desk, index, "subscription.change_plan", before);
        self.settle_difference(desk, index, draft)
    }

    fn settle_difference(
        &mut self,
        desk: &Desk<'_>,
        index: usize,
        draft: Draft,
    ) -> Result<Difference, Error> {
        let total = draft.total()?;
        if total.is_zero() {
            return Ok(Difference::Nothing);
        }
        if total.is_negative() {
            return Ok(Difference::Owed(total.checked_neg()?));
        }
        let subscription = &self.kept[index].subscription;
        let today = desk.today();
        let due_on = add_days(today, subscription.terms.lead_days).unwrap_or(today);
        let heading = Heading {
            id: desk.id(InvoiceId::in_run),
            kind: InvoiceKind::PlanChange,
            subscription: Some(subscription.id),
            plan: Some(subscription.plan),
            period: None,
            due_on,
        };
        let id = self.add_invoice(desk, heading, draft, &[])?;
        self.spend(desk, None, None)?;
        Ok(Difference::Invoiced(id))
    }

    /// What the new plan costs more than the old one. Before a period was billed at its end, the days
    /// that are over count, since the whole period will be charged at the new price.
    fn difference(&self, desk: &Desk<'_>, index: usize, to: &Plan) -> Result<Draft, Error> {
        let subscription = &self.kept[index].subscription;
        let today = desk.date_in(&subscription.zone);
        let days = self.period_on(index, today)?;
        let (left, of) = (days.days_left(today), days.days());
        let terms = to.terms_for_subscription()?;
        let (old, new) = (subscription.terms.prices.sell(), terms.prices.sell());
        let (old_name, new_name) = (&desk.plan(subscription.plan)?.name, &to.name);
        let (gives, takes, part) = match subscription.terms.billing {
            BillingMode::Prepaid => ((old, old_name), (new, new_name), left),
            BillingMode::Postpaid => ((new, new_name), (old, old_name), of - left),
        };
        let rest = match subscription.terms.billing {
            BillingMode::Prepaid => Period { start: today.max(days.start), end: days.end },
            BillingMode::Postpaid => Period { start: days.start, end: today.max(days.start) },
        };
        let mut draft = Draft::new(old.currency());
        let rule = desk.tax(terms.tax.as_ref());
        let back = prorated(gives.0, part, of)?.checked_neg()?;
        let text = line_text(gives.1.as_str(), rest);
        draft.add(Item { kind: LineKind::Credit, text, quantity: 1, unit: back }, rule)?;
        let text = line_text(takes.1.as_str(), rest);
        let unit = prorated(takes.0, part, of)?;
        draft.add(Item { kind: LineKind::Charge, text, quantity: 1, unit }, rule)?;
        Ok(draft)
    }

    /// The period that a day belongs to, of those that are written down.
    pub(super) fn period_on(&self, index: usize, day: jiff::civil::Date) -> Result<Period, Error> {
        let row = self.kept[index].periods.iter().find(|row| row.period.contains(day));
        let text = said!(
            "there is no period now: change the plan with the next period",
            "sekarang tidak ada periode: ubah paket mulai periode berikutnya"
        );
        row.map(|row| row.period).ok_or_else(|| SubscriptionRefusal::Days(text).into())
    }

    /// Is it the plan, on the terms, that a subscription has?
    fn is_as_agreed(&self, desk: &Desk<'_>, index: usize, plan: PlanId) -> Result<bool, Error> {
        let subscription = &self.kept[index].subscription;
        let Plan { terms, router_profile, .. } = desk.plan(plan)?;
        let same_terms = terms.as_ref() == Some(&subscription.terms);
        Ok(subscription.plan == plan && same_terms && *router_profile == subscription.profile)
    }

    fn check_plan<'d>(
        &self,
        desk: &'d Desk<'_>,
        index: usize,
        to: PlanId,
    ) -> Result<&'d Plan, Error> {
        let subscription = &self.kept[index].subscription;
        if matches!(subscription.state, SubscriptionState::Cancelled { .. }) {
            return Err(refuse(
                subscription,
                said!("moved to another plan", "dipindah ke paket lain"),
                said!("make a new subscription", "buat langganan baru"),
            ));
        }
        let plan = desk.plan(to)?;
        let terms = plan.terms_for_subscription()?;
        if plan.id != subscription.plan {
            plan.may_be_sold()?;
        }
        if terms.prices.currency() != subscription.terms.prices.currency() {
            return Err(SubscriptionRefusal::Currency.into());
        }
        Ok(plan)
    }
}
