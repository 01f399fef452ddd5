//! The terms of recurring plans, as plans and subscriptions show them.

use std::num::NonZeroU16;

use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::said;
use mkbill_core::plan::fair_use::{FairUse, UseEffect, UseStep};
use mkbill_core::plan::terms::{
    Activation, BillingMode, LateRenewal, OverdueAction, Service, Terms,
};
use mkbill_core::plan::{Prices, TermsChange};
use mkbill_core::subscription::cycle::Cycle;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::values::{Given, choices};

choices! {
    /// What a subscriber's login is on the router.
    ServiceBody as Service for Service {
        /// A hotspot user.
        Hotspot,
        /// A PPP secret.
        Pppoe,
    }
}

choices! {
    /// Whether a period is paid before or after it.
    BillingModeBody as BillingMode for BillingMode {
        /// Its invoice is due when it begins.
        Prepaid,
        /// Its invoice is issued when it is over.
        Postpaid,
    }
}

choices! {
    /// When the service of a new subscription begins.
    ActivationBody as Activation for Activation {
        /// At once, on trust.
        Immediate,
        /// With the payment of the first invoice.
        OnPayment,
    }
}

choices! {
    /// From when a period counts that was paid after the service had been cut.
    LateRenewalBody as LateRenewal for LateRenewal {
        /// Days without service are not charged.
        FromPayment,
        /// Every period is owed.
        FromDue,
    }
}

/// How long one period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
#[schema(as = Cycle)]
pub(crate) enum CycleBody {
    /// Seven days.
    Weekly,
    /// To the same day of the next month.
    Monthly,
    /// To the same day three months later.
    Quarterly,
    /// To the same day of the next year.
    Yearly,
    /// As many days as `cycle_days` says.
    Days,
}

/// From how much use on a login is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UseStep)]
pub(crate) struct UseStepBody {
    /// Bytes of a period in both directions together, 1 to 1 PiB.
    #[schema(example = 107_374_182_400_u64, minimum = 1, maximum = 1_125_899_906_842_624_u64)]
    pub(crate) at_bytes: u64,
    /// The router profile that it is moved to; null, or absent, disables it until the next period.
    #[serde(default)]
    #[schema(example = "home-2m", min_length = 1, max_length = 100)]
    pub(crate) profile: Option<String>,
}

fn fair_use(steps: Vec<UseStepBody>) -> Result<FairUse, Error> {
    let step = |UseStepBody { at_bytes, profile }| {
        let effect = profile.map_or(UseEffect::Disable, UseEffect::MoveToProfile);
        UseStep { at_bytes, effect }
    };
    FairUse::new(steps.into_iter().map(step).collect())
}

fn fair_use_body(rule: &FairUse) -> Vec<UseStepBody> {
    let step = |step: &UseStep| UseStepBody {
        at_bytes: step.at_bytes,
        profile: step.effect.profile().map(str::to_owned),
    };
    rule.steps().iter().map(step).collect()
}

/// On which terms a customer keeps a plan from period to period.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Terms)]
pub(crate) struct TermsBody {
    /// What the login is on the router.
    pub(crate) service: ServiceBody,
    /// How long one period is; monthly if absent.
    #[serde(default = "monthly")]
    pub(crate) cycle: CycleBody,
    /// How many days a period has, with `cycle` of `days` only.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 65_535)]
    pub(crate) cycle_days: Option<u16>,
    /// Whether a period is paid before or after it; before if absent.
    #[serde(default = "prepaid")]
    pub(crate) billing: BillingModeBody,
    /// When the service of a new subscription begins; at once if absent.
    #[serde(default = "immediate")]
    pub(crate) activation: ActivationBody,
    /// How many days before it is due an invoice is issued; 7 if absent.
    #[serde(default = "lead_days")]
    #[schema(minimum = 0, maximum = 60)]
    pub(crate) lead_days: u32,
    /// How many days after it was due an invoice may stay unpaid before the service is cut; 0 if absent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 60)]
    pub(crate) grace_days: u32,
    /// From when a period counts that was paid too late; from its payment if absent.
    #[serde(default = "from_payment")]
    pub(crate) late_renewal: LateRenewalBody,
    /// The router profile of a login whose service is cut; absent means that the login is disabled.
    #[serde(default)]
    #[schema(example = "isolir", min_length = 1, max_length = 100)]
    pub(crate) overdue_profile: Option<String>,
    /// What happens when much is used within a period: steps from the least bytes on, of which only the
    /// last may disable the login. With the next period all begins anew. Absent means that nothing
    /// happens.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 8)]
    pub(crate) fair_use: Option<Vec<UseStepBody>>,
    /// The name of the tax on it; absent means no tax.
    #[serde(default)]
    #[schema(example = "ppn", min_length = 1, max_length = 20, pattern = "^[a-z0-9-]+$")]
    pub(crate) tax: Option<String>,
}

/// How early an invoice is issued unless something else is said.
pub(crate) const LEAD_DAYS_USUAL: u32 = 7;

const fn monthly() -> CycleBody {
    CycleBody::Monthly
}

const fn prepaid() -> BillingModeBody {
    BillingModeBody::Prepaid
}

const fn immediate() -> ActivationBody {
    ActivationBody::Immediate
}

const fn lead_days() -> u32 {
    LEAD_DAYS_USUAL
}

const fn from_payment() -> LateRenewalBody {
    LateRenewalBody::FromPayment
}

impl TermsBody {
    pub(crate) fn read(self, prices: Prices) -> Result<Terms, Error> {
        Ok(Terms {
            prices,
            service: self.service.into(),
            cycle: cycle(self.cycle, self.cycle_days)?,
            billing: self.billing.into(),
            activation: self.activation.into(),
            lead_days: self.lead_days,
            grace_days: self.grace_days,
            late_renewal: self.late_renewal.into(),
            overdue_action: self
                .overdue_profile
                .map_or(OverdueAction::Disable, OverdueAction::MoveToProfile),
            fair_use: self.fair_use.map(fair_use).transpose()?,
            tax: self.tax.as_deref().map(str::parse).transpose()?,
        })
    }
}

/// What changes of the terms of a plan; what is absent stays as it is, and null takes a value away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TermsChange)]
pub(crate) struct TermsChangeBody {
    /// How long one period is.
    #[serde(default)]
    pub(crate) cycle: Option<CycleBody>,
    /// How many days a period has, with `cycle` of `days` only.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 65_535)]
    pub(crate) cycle_days: Option<u16>,
    /// Whether a period is paid before or after it.
    #[serde(default)]
    pub(crate) billing: Option<BillingModeBody>,
    /// When the service of a new subscription begins.
    #[serde(default)]
    pub(crate) activation: Option<ActivationBody>,
    /// How many days before it is due an invoice is issued.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 60)]
    pub(crate) lead_days: Option<u32>,
    /// How many days after it was due an invoice may stay unpaid before the service is cut.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 60)]
    pub(crate) grace_days: Option<u32>,
    /// From when a period counts that was paid too late.
    #[serde(default)]
    pub(crate) late_renewal: Option<LateRenewalBody>,
    /// The router profile of a login whose service is cut; null disables the login instead.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    pub(crate) overdue_profile: Given<String>,
    /// What happens when much is used within a period; null takes the rule away.
    #[serde(default)]
    #[schema(value_type = Option<Vec<UseStepBody>>, min_items = 1, max_items = 8)]
    pub(crate) fair_use: Given<Vec<UseStepBody>>,
    /// The name of the tax on it; null for no tax.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 20,
        pattern = "^[a-z0-9-]+$")]
    pub(crate) tax: Given<String>,
}

impl TermsChangeBody {
    pub(crate) fn read(self) -> Result<TermsChange, Error> {
        let cycle = match (self.cycle, self.cycle_days) {
            (None, None) => None,
            (name, days) => Some(cycle(name.unwrap_or(CycleBody::Days), days)?),
        };
        Ok(TermsChange {
            cycle,
            billing: self.billing.map(BillingMode::from),
            activation: self.activation.map(Activation::from),
            lead_days: self.lead_days,
            grace_days: self.grace_days,
            late_renewal: self.late_renewal.map(LateRenewal::from),
            overdue_action: match self.overdue_profile {
                Given::Absent => None,
                Given::Null => Some(OverdueAction::Disable),
                Given::Value(profile) => Some(OverdueAction::MoveToProfile(profile)),
            },
            fair_use: self.fair_use.read(fair_use)?,
            tax: self.tax.read(|name| name.parse())?,
        })
    }
}

fn cycle(name: CycleBody, days: Option<u16>) -> Result<Cycle, Error> {
    let field = "cycle_days";
    let days = match (name, days) {
        (CycleBody::Days, Some(days)) => NonZeroU16::new(days),
        (CycleBody::Days, None) => None,
        (_, Some(_)) => {
            return Err(Error::invalid(
                field,
                said!("give it with cycle `days` only", "isi hanya bersama siklus `days`"),
            ));
        }
        (CycleBody::Weekly, None) => return Ok(Cycle::Weekly),
        (CycleBody::Monthly, None) => return Ok(Cycle::Monthly),
        (CycleBody::Quarterly, None) => return Ok(Cycle::Quarterly),
        (CycleBody::Yearly, None) => return Ok(Cycle::Yearly),
    };
    let days = days.ok_or_else(|| {
        Error::invalid(
            field,
            said!("say how many days, at least one", "sebutkan berapa hari, paling sedikit satu"),
        )
    })?;
    Ok(Cycle::Days(days))
}

const fn cycle_body(cycle: Cycle) -> (CycleBody, Option<u16>) {
    match cycle {
        Cycle::Weekly => (CycleBody::Weekly, None),
        Cycle::Monthly => (CycleBody::Monthly, None),
        Cycle::Quarterly => (CycleBody::Quarterly, None),
        Cycle::Yearly => (CycleBody::Yearly, None),
        Cycle::Days(days) => (CycleBody::Days, Some(days.get())),
    }
}

impl From<Terms> for TermsBody {
    fn from(terms: Terms) -> Self {
        let (cycle, cycle_days) = cycle_body(terms.cycle);
        Self {
            service: terms.service.into(),
            cycle,
            cycle_days,
            billing: terms.billing.into(),
            activation: terms.activation.into(),
            lead_days: terms.lead_days,
            grace_days: terms.grace_days,
            late_renewal: terms.late_renewal.into(),
            overdue_profile: terms.overdue_action.profile().map(str::to_owned),
            fair_use: terms.fair_use.as_ref().map(fair_use_body),
            tax: terms.tax.map(|tax| tax.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use mkbill_core::Money;
    use serde_json::json;

    use super::*;

    fn read(body: serde_json::Value) -> Result<Terms, Error> {
        let prices = Prices::new(Money::rupiah(0), Money::rupiah(150_000)).unwrap();
        serde_json::from_value::<TermsBody>(body).unwrap().read(prices)
    }

    #[test]
    fn terms_that_are_not_mentioned_are_those_that_most_providers_use() {
        let terms = read(json!({ "service": "pppoe" })).unwrap();
        assert_eq!(terms, Terms::monthly(terms.prices, Service::Pppoe));
    }

    #[test]
    fn terms_are_shown_as_they_were_given() {
        let body = json!({
            "service": "hotspot", "cycle": "days", "cycle_days": 30, "billing": "postpaid",
            "activation": "on_payment", "lead_days": 3, "grace_days": 2, "late_renewal": "from_due",
            "overdue_profile": "isolir", "tax": "ppn",
            "fair_use": [
                { "at_bytes": 1_000, "profile": "slow" }, { "at_bytes": 2_000, "profile": null },
            ],
        });
        let terms = read(body.clone()).unwrap();
        assert_eq!(serde_json::to_value(TermsBody::from(terms)).unwrap(), body);
    }

    #[test]
    fn days_belong_to_the_cycle_of_days_and_to_no_other() {
        for wrong in [
            json!({ "service": "pppoe", "cycle": "days" }),
            json!({ "service": "pppoe", "cycle": "days", "cycle_days": 0 }),
            json!({ "service": "pppoe", "cycle_days": 30 }),
        ] {
            assert_eq!(read(wrong).unwrap_err().code(), "invalid");
        }
    }
}
