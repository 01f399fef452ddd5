//! What whoever decides about an account may know and use.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::Date;

use crate::customer::{Locale, NewCustomer};
use crate::invoice::tax::{TaxName, TaxRule};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{InvoiceId, PlanId};
use crate::kernel::secret::MasterKey;
use crate::kernel::time::BusinessZone;
use crate::ledger::carry_over::CarryOverPolicy;
use crate::plan::Plan;
use crate::settings::InForce;

/// The surroundings of decisions: one instant, chance, the caller, the rules and the price list.
#[derive(Debug)]
pub struct Desk<'a> {
    /// Instant, chance, business zone and caller.
    pub context: Context<'a>,
    /// What credit pays, and what a payment grants.
    pub policy: &'a dyn CarryOverPolicy,
    /// What makes tokens of invoices.
    pub key: &'a MasterKey,
    /// What holds where nobody says otherwise.
    pub settings: Arc<InForce>,
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
        settings: Arc<InForce>,
    ) -> Self {
        let (plans, taxes) = (HashMap::new(), HashMap::new());
        Self {
            context,
            policy,
            key,
            settings,
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

    /// A new customer, who is written to in the language of the business if in none of their own.
    pub fn addressed(&self, customer: NewCustomer) -> NewCustomer {
        let of_business = self.settings.settings.language.map(Locale::from);
        NewCustomer { locale: customer.locale.or(of_business), ..customer }
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
