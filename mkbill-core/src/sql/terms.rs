//! The terms of recurring plans, which stand in two tables: that of plans and that of subscriptions.

use std::num::NonZeroU16;

use crate::invoice::tax::TaxName;
use crate::plan::fair_use::FairUse;
use crate::plan::terms::{Activation, BillingMode, LateRenewal, OverdueAction, Service, Terms};
use crate::subscription::cycle::Cycle;

use super::catalogue::prices;
use super::record::Record;
use super::value::Value;
use super::{ReadError, known, small};

/// The columns of terms, as both tables name them.
pub(super) const TERMS: [&str; 14] = [
    "currency",
    "price_cost_minor",
    "price_sell_minor",
    "service",
    "cycle",
    "cycle_days",
    "billing",
    "activation",
    "lead_days",
    "grace_days",
    "late_renewal",
    "overdue_profile",
    "fair_use",
    "tax",
];

/// What becomes of the terms of a plan that are there already.
pub(super) const TERMS_CHANGED: &str = "ON CONFLICT (plan_id) DO UPDATE SET \
    currency = excluded.currency, price_cost_minor = excluded.price_cost_minor, \
    price_sell_minor = excluded.price_sell_minor, service = excluded.service, \
    cycle = excluded.cycle, cycle_days = excluded.cycle_days, billing = excluded.billing, \
    activation = excluded.activation, lead_days = excluded.lead_days, \
    grace_days = excluded.grace_days, late_renewal = excluded.late_renewal, \
    overdue_profile = excluded.overdue_profile, fair_use = excluded.fair_use, tax = excluded.tax";

/// The same as the text of a statement.
macro_rules! terms_columns {
    () => {
        "currency, price_cost_minor, price_sell_minor, service, cycle, cycle_days, billing, \
         activation, lead_days, grace_days, late_renewal, overdue_profile, fair_use, tax"
    };
}
pub(super) use terms_columns;

/// The values of those columns.
pub(super) fn terms_values(terms: &Terms) -> [Value; 14] {
    let (cycle, days) = cycle_values(terms.cycle);
    [
        terms.prices.currency().code().into(),
        terms.prices.cost().minor().into(),
        terms.prices.sell().minor().into(),
        terms.service.name().into(),
        cycle.into(),
        days.into(),
        terms.billing.name().into(),
        terms.activation.name().into(),
        terms.lead_days.into(),
        terms.grace_days.into(),
        terms.late_renewal.name().into(),
        terms.overdue_action.profile().into(),
        terms.fair_use.as_ref().map(FairUse::to_json).into(),
        terms.tax.as_ref().map(TaxName::as_str).into(),
    ]
}

fn cycle_values(cycle: Cycle) -> (&'static str, Option<i64>) {
    match cycle {
        Cycle::Weekly => ("weekly", None),
        Cycle::Monthly => ("monthly", None),
        Cycle::Quarterly => ("quarterly", None),
        Cycle::Yearly => ("yearly", None),
        Cycle::Days(days) => ("days", Some(i64::from(days.get()))),
    }
}

fn cycle(name: &str, days: Option<i64>) -> Option<Cycle> {
    Some(match (name, days) {
        ("weekly", None) => Cycle::Weekly,
        ("monthly", None) => Cycle::Monthly,
        ("quarterly", None) => Cycle::Quarterly,
        ("yearly", None) => Cycle::Yearly,
        ("days", Some(days)) => Cycle::Days(NonZeroU16::new(u16::try_from(days).ok()?)?),
        _ => return None,
    })
}

/// Reads the terms of a row.
pub(super) fn read_terms(row: &impl Record, table: &'static str) -> Result<Terms, ReadError> {
    let days = row.int_or_none("cycle_days")?;
    let tax = row.text_or_none("tax")?;
    let tax = match tax {
        Some(tax) => Some(known(table, "tax", &tax, |tax| tax.parse::<TaxName>().ok())?),
        None => None,
    };
    let profile = row.text_or_none("overdue_profile")?;
    let fair_use = match row.json_or_none("fair_use")? {
        Some(json) => {
            Some(known(table, "fair_use", &json.to_string(), |_| FairUse::from_json(&json))?)
        }
        None => None,
    };
    Ok(Terms {
        prices: prices(row, table)?,
        service: known(table, "service", &row.text("service")?, Service::named)?,
        cycle: known(table, "cycle", &row.text("cycle")?, |name| cycle(name, days))?,
        billing: known(table, "billing", &row.text("billing")?, BillingMode::named)?,
        activation: known(table, "activation", &row.text("activation")?, Activation::named)?,
        lead_days: small(row.int("lead_days")?),
        grace_days: small(row.int("grace_days")?),
        late_renewal: known(table, "late_renewal", &row.text("late_renewal")?, LateRenewal::named)?,
        overdue_action: profile.map_or(OverdueAction::Disable, OverdueAction::MoveToProfile),
        fair_use,
        tax,
    })
}
