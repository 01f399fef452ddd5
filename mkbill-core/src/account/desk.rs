//! What whoever decides about an account may know and use.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::Date;

use crate::invoice::tax::{TaxName, TaxRule};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{InvoiceId, PlanId};
use crate::kernel::money::Money;
use crate::kernel::secret::MasterKey;
use crate::kernel::time::BusinessZone;
use crate::ledger::carry_over::CarryOverPolicy;
use crate::plan::Plan;

/// The surroundings of decisions: one instant, chance, the caller, the rules and the price list.
#[derive(Debug)]
pub struct Desk<'a> {
    /// Instant, chance, business zone and caller.
    pub context: Context<'a>,
    /// What credit pays, and what a payment grants.
    pub policy: &'a dyn CarryOverPolicy,
    /// What makes tokens of invoices.
    pub key: &'a MasterKey,
    /// From which debt on an operator is told, unless the customer has a limit of their own.
    pub high_debt: Money,
    /// The plans that the accounts at hand name.
    pub plans: HashMap<PlanId, Plan>,
    /// The tax rules, by name.
    pub taxes: HashMap<TaxName, Vec<TaxRule>>,
    /// The last day of closed books.
    pub locked_through: Option<Date>,
    made: AtomicU64,
}

impl<'a> Desk<'a> {
    /// A desk with an empty price list.
    pub fn new(
        context: Context<'a>,
        policy: &'a dyn CarryOverPolicy,
        key: &'a MasterKey,
        high_debt: Money,
    ) -> Self {
        let (plans, taxes) = (HashMap::new(), HashMap::new());
        Self {
            context,
            policy,
            key,
            high_debt,
            plans,
            taxes,
            locked_through: None,
            made: AtomicU64::new(0),
        }
    }

    /// The business date.
    pub fn today(&self) -> Date {
        self.context.zone.date(self.context.now)
    }

    /// The date in a zone.
    pub fn date_in(&self, zone: &BusinessZone) -> Date {
        zone.date(self.context.now)
    }

    /// A new identifier; those of one desk sort in the order of making.
    pub fn id<T>(
        &self,
        wrap: fn(jiff::Timestamp, u64, &dyn crate::kernel::entropy::Entropy) -> T,
    ) -> T {
        let position = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        wrap(self.context.now, position, self.context.entropy)
    }

    /// A plan by identity.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if it was not put on the desk.
    pub fn plan(&self, id: PlanId) -> Result<&Plan, Error> {
        self.plans.get(&id).ok_or_else(|| Error::broken(format!("plan {id} is not at hand")))
    }

    /// The rule of a tax on the business date, if there is one.
    pub fn tax(&self, name: Option<&TaxName>) -> Option<&TaxRule> {
        TaxRule::on(self.taxes.get(name?)?, self.today())
    }

    /// The secret part of an invoice's public address; the same whenever it is asked for.
    pub fn token(&self, invoice: InvoiceId) -> String {
        self.key.token(&token_purpose(invoice))
    }
}

/// For what the token of an invoice is made.
pub fn token_purpose(invoice: InvoiceId) -> String {
    format!("invoice:{invoice}")
}
