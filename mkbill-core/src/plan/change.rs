//! Changes of plans.

use jiff::SignedDuration;

use crate::invoice::tax::TaxName;
use crate::kernel::error::Error;
use crate::kernel::money::Money;
use crate::kernel::patch::Patch;
use crate::subscription::cycle::Cycle;

use super::fair_use::FairUse;
use super::terms::{Activation, BillingMode, LateRenewal, OverdueAction, Terms};
use super::{Limits, NewPlan, Plan, PlanName, PlanRefusal, Prices};

/// What changes of a plan; what is absent or kept stays as it is. Vouchers that were made and
/// subscriptions that run keep what they were sold with.
#[derive(Debug, Clone, Default)]
pub struct PlanChange {
    /// Another unique name.
    pub name: Option<PlanName>,
    /// Another profile on the router.
    pub router_profile: Option<String>,
    /// What one voucher, or one period, costs us.
    pub cost: Option<Money>,
    /// What one voucher, or one period, sells for.
    pub sell: Option<Money>,
    /// Time online of one voucher.
    pub uptime_quota: Patch<SignedDuration>,
    /// Bytes of one voucher.
    pub data_quota: Patch<u64>,
    /// Calendar time of one voucher.
    pub validity: Patch<SignedDuration>,
    /// On which terms customers keep it.
    pub terms: TermsChange,
}

/// What changes of the terms of a plan; what is absent or kept stays as it is. A plan never changes the
/// kind of login it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermsChange {
    /// How long one period is.
    pub cycle: Option<Cycle>,
    /// Whether it is paid before or after.
    pub billing: Option<BillingMode>,
    /// When a new subscription begins.
    pub activation: Option<Activation>,
    /// How many days before it is due an invoice is issued.
    pub lead_days: Option<u32>,
    /// How many days after it was due an invoice may stay unpaid before the service is cut.
    pub grace_days: Option<u32>,
    /// From when a period counts that was paid too late.
    pub late_renewal: Option<LateRenewal>,
    /// What happens to the login when the service is cut.
    pub overdue_action: Option<OverdueAction>,
    /// What happens when much is used within a period.
    pub fair_use: Patch<FairUse>,
    /// The tax on it.
    pub tax: Patch<TaxName>,
}

impl PlanChange {
    /// The plan after the change.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with the field that is wrong, a [`PriceRefusal`](super::PriceRefusal), or a
    /// [`PlanRefusal`] for another currency, or for terms of a plan that sells vouchers.
    pub fn apply(self, plan: &Plan) -> Result<Plan, Error> {
        let Prices { cost, sell } = plan.prices;
        let prices = Prices::new(self.cost.unwrap_or(cost), self.sell.unwrap_or(sell))?;
        if prices.currency() != plan.prices.currency() {
            let currency = plan.prices.currency();
            return Err(PlanRefusal::OtherCurrency(plan.name.clone(), currency).into());
        }
        let Limits { mut uptime_quota, mut data_quota, mut validity } = plan.limits;
        self.uptime_quota.apply(&mut uptime_quota);
        self.data_quota.apply(&mut data_quota);
        self.validity.apply(&mut validity);
        let new = NewPlan {
            name: self.name.unwrap_or_else(|| plan.name.clone()),
            router_profile: self.router_profile.unwrap_or_else(|| plan.router_profile.clone()),
            prices,
            limits: Limits { uptime_quota, data_quota, validity },
            terms: match &plan.terms {
                Some(terms) => Some(self.terms.apply(terms, prices)),
                None if self.terms == TermsChange::default() => None,
                None => return Err(PlanRefusal::SellsVouchers(plan.name.clone()).into()),
            },
        };
        let NewPlan { name, router_profile, prices, limits, terms } = new.checked()?;
        Ok(Plan { name, router_profile, prices, limits, terms, ..plan.clone() })
    }
}

impl TermsChange {
    fn apply(self, terms: &Terms, prices: Prices) -> Terms {
        let Terms { mut tax, mut fair_use, .. } = terms.clone();
        self.tax.apply(&mut tax);
        self.fair_use.apply(&mut fair_use);
        Terms {
            prices,
            service: terms.service,
            cycle: self.cycle.unwrap_or(terms.cycle),
            billing: self.billing.unwrap_or(terms.billing),
            activation: self.activation.unwrap_or(terms.activation),
            lead_days: self.lead_days.unwrap_or(terms.lead_days),
            grace_days: self.grace_days.unwrap_or(terms.grace_days),
            late_renewal: self.late_renewal.unwrap_or(terms.late_renewal),
            overdue_action: self.overdue_action.unwrap_or_else(|| terms.overdue_action.clone()),
            fair_use,
            tax,
        }
    }
}
