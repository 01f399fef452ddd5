//! On which terms a customer keeps a plan from period to period.

use crate::invoice::tax::TaxName;
use crate::kernel::error::Error;
use crate::kernel::names::names;
use crate::kernel::wrong::Wrong;
use crate::subscription::cycle::Cycle;

use super::fair_use::FairUse;
use super::{Prices, profile};

/// No invoice is issued earlier, and no grace lasts longer, than this many days.
pub const LEAD_DAYS_MAX: u32 = 60;

/// No period is longer than this many days: ten years.
pub const CYCLE_DAYS_MAX: u16 = 3_660;

names! {
    /// What a subscriber's login is on the router.
    pub enum Service "service" {
        /// A hotspot user.
        Hotspot = "hotspot",
        /// A PPP secret.
        Pppoe = "pppoe",
    }
}

names! {
    /// Whether a period is paid before or after it.
    pub enum BillingMode "billing" {
        /// Its invoice is due when it begins.
        Prepaid = "prepaid",
        /// Its invoice is issued when it is over.
        Postpaid = "postpaid",
    }
}

names! {
    /// When the service of a new subscription begins.
    pub enum Activation "activation" {
        /// At once, on trust; the first invoice has as many days to be paid as every other.
        Immediate = "immediate",
        /// With the payment of the first invoice.
        OnPayment = "on_payment",
    }
}

names! {
    /// From when a period counts that was paid after the service had been cut.
    pub enum LateRenewal "late_renewal" {
        /// The calendar stands still while the service is cut: days that were not served are not charged.
        FromPayment = "from_payment",
        /// The calendar runs on: every period is owed.
        FromDue = "from_due",
    }
}

/// What happens to the login of a subscriber who has not paid.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OverdueAction {
    /// It is disabled, and whoever is online with it is cut off.
    Disable,
    /// It is moved to a router profile that shows how to pay ("isolir").
    MoveToProfile(String),
}

impl OverdueAction {
    /// The profile it moves to, if it does.
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::Disable => None,
            Self::MoveToProfile(profile) => Some(profile),
        }
    }
}

/// On which terms a customer keeps a plan. A subscription keeps a copy of the terms that it was made
/// on, so that a plan may change its price without changing what was agreed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Terms {
    /// Prices of one period.
    pub prices: Prices,
    /// What the login is on the router.
    pub service: Service,
    /// How long one period is.
    pub cycle: Cycle,
    /// Whether it is paid before or after.
    pub billing: BillingMode,
    /// When a new subscription begins.
    pub activation: Activation,
    /// How many days before it is due an invoice is issued.
    pub lead_days: u32,
    /// How many days after it was due an invoice may stay unpaid before the service is cut.
    pub grace_days: u32,
    /// From when a period counts that was paid too late.
    pub late_renewal: LateRenewal,
    /// What happens to the login when the service is cut.
    pub overdue_action: OverdueAction,
    /// What happens when much is used within a period; without it nothing does.
    pub fair_use: Option<FairUse>,
    /// The tax on it; without one there is none.
    pub tax: Option<TaxName>,
}

impl Terms {
    /// Terms as most providers sell: monthly, prepaid, at once, invoiced a week before, no grace.
    pub fn monthly(prices: Prices, service: Service) -> Self {
        Self {
            prices,
            service,
            cycle: Cycle::Monthly,
            billing: BillingMode::Prepaid,
            activation: Activation::Immediate,
            lead_days: 7,
            grace_days: 0,
            late_renewal: LateRenewal::FromPayment,
            overdue_action: OverdueAction::Disable,
            fair_use: None,
            tax: None,
        }
    }

    /// The router profiles that a login may be moved to, besides the plan's own.
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        let steps = self.fair_use.iter().flat_map(FairUse::steps);
        steps.filter_map(|step| step.effect.profile()).chain(self.overdue_action.profile())
    }

    /// Checks the days and the name of the profile for those who have not paid.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names the term that is out of bounds.
    pub fn checked(mut self) -> Result<Self, Error> {
        for (field, days) in [("lead_days", self.lead_days), ("grace_days", self.grace_days)] {
            if days > LEAD_DAYS_MAX {
                return Err(Error::invalid(
                    field,
                    Wrong::Days { least: 0, most: LEAD_DAYS_MAX.into() },
                ));
            }
        }
        if matches!(self.cycle, Cycle::Days(days) if days.get() > CYCLE_DAYS_MAX) {
            return Err(Error::invalid(
                "cycle",
                Wrong::Days { least: 1, most: CYCLE_DAYS_MAX.into() },
            ));
        }
        if let OverdueAction::MoveToProfile(name) = &self.overdue_action {
            self.overdue_action = OverdueAction::MoveToProfile(profile(name, "overdue_profile")?);
        }
        Ok(self)
    }
}
