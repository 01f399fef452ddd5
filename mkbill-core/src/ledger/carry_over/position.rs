//! What is open, what is there, and what moves between them.

use jiff::civil::Date;

use crate::kernel::ids::{InvoiceId, SubscriptionId};
use crate::kernel::money::{Money, MoneyError};

/// Credit of one customer that may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// The only subscription it is for; `None` serves all.
    pub subscription: Option<SubscriptionId>,
    /// How much; below zero after a reversal of money that was spent already.
    pub amount: Money,
}

/// What paying an invoice in full grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Whose period it is.
    pub subscription: SubscriptionId,
    /// How many days the period has.
    pub days: u32,
}

/// An invoice that can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenInvoice {
    /// Which.
    pub id: InvoiceId,
    /// When it is due; the earliest is paid first, of equal ones the one issued first.
    pub due: Date,
    /// Its total.
    pub total: Money,
    /// What was paid before.
    pub paid: Money,
    /// The period that it is for; a manual invoice has none.
    pub term: Option<Term>,
}

/// All open invoices and all credit of one customer in one currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// Open invoices, in the order in which they were issued.
    pub invoices: Vec<OpenInvoice>,
    /// Credit, at most one amount for each subscription and one for all.
    pub credit: Vec<Credit>,
}

/// Money that moves from credit to an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// The invoice it pays.
    pub invoice: InvoiceId,
    /// The credit it is taken from.
    pub subscription: Option<SubscriptionId>,
    /// Above zero.
    pub amount: Money,
}

/// Service that a payment grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The invoice whose payment grants it.
    pub invoice: InvoiceId,
    /// Whose service it is.
    pub subscription: SubscriptionId,
    /// How many days.
    pub days: u32,
}

/// A shortfall that the next invoice takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// The invoice that is closed by it.
    pub invoice: InvoiceId,
    /// What was still to be paid on it; above zero.
    pub amount: Money,
}

/// What a policy decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// What moves, in this order.
    pub allocations: Vec<Allocation>,
    /// What it grants.
    pub grants: Vec<Grant>,
}

impl Term {
    /// Whole days of it that `paid` of `total` minor units buy.
    pub(super) fn days_for(self, paid: i64, total: i64) -> u32 {
        if total <= 0 {
            return self.days;
        }
        let days = i128::from(paid.max(0)) * i128::from(self.days) / i128::from(total);
        u32::try_from(days).unwrap_or(self.days).min(self.days)
    }
}

impl OpenInvoice {
    /// What is still to be paid; never below zero.
    fn outstanding(&self) -> Result<Money, MoneyError> {
        let rest = self.total.checked_sub(self.paid)?;
        Ok(if rest.is_negative() { Money::zero(rest.currency()) } else { rest })
    }

    /// Whether this credit may pay it.
    fn takes(&self, credit: Credit) -> bool {
        let own = self.term.map(|term| term.subscription);
        credit.subscription.is_none() || credit.subscription == own
    }
}

impl Position {
    /// Pays the invoice that was due first, as far as credit goes: from the credit of its own
    /// subscription before that for all.
    pub(super) fn oldest_first(&self) -> Result<Vec<Allocation>, MoneyError> {
        let mut purse = self.credit.clone();
        purse.sort_by_key(|credit| credit.subscription.is_none());
        let mut waiting: Vec<&OpenInvoice> = self.invoices.iter().collect();
        waiting.sort_by_key(|invoice| invoice.due);
        let mut allocations = Vec::new();
        for invoice in waiting {
            pay(invoice, &mut purse, &mut allocations)?;
        }
        Ok(allocations)
    }

    /// What is missing on the invoices of a subscription that were paid in part.
    pub(super) fn shortfalls(
        &self,
        subscription: SubscriptionId,
    ) -> Result<Vec<Carried>, MoneyError> {
        let is_own = |term: Term| term.subscription == subscription;
        let started = self
            .invoices
            .iter()
            .filter(|invoice| invoice.term.is_some_and(is_own) && invoice.paid.minor() > 0);
        let rests = started
            .map(|invoice| Ok(Carried { invoice: invoice.id, amount: invoice.outstanding()? }));
        rests.filter(|rest| !rest.as_ref().is_ok_and(|rest| rest.amount.is_zero())).collect()
    }

    /// Each invoice before and after these allocations.
    pub(super) fn settled(
        &self,
        allocations: &[Allocation],
    ) -> Result<Vec<(&OpenInvoice, OpenInvoice)>, MoneyError> {
        let after = |invoice: &OpenInvoice| {
            let own = allocations.iter().filter(|allocation| allocation.invoice == invoice.id);
            let paid = own.map(|own| own.amount).try_fold(invoice.paid, Money::checked_add)?;
            Ok(OpenInvoice { paid, ..*invoice })
        };
        self.invoices.iter().map(|invoice| Ok((invoice, after(invoice)?))).collect()
    }
}

fn pay(
    invoice: &OpenInvoice,
    purse: &mut [Credit],
    allocations: &mut Vec<Allocation>,
) -> Result<(), MoneyError> {
    let mut rest = invoice.outstanding()?;
    for credit in purse.iter_mut().filter(|credit| invoice.takes(**credit)) {
        let missing = rest.checked_sub(credit.amount)?;
        let amount = if missing.is_negative() { rest } else { credit.amount };
        if amount.minor() > 0 {
            allocations.push(Allocation {
                invoice: invoice.id,
                subscription: credit.subscription,
                amount,
            });
            credit.amount = credit.amount.checked_sub(amount)?;
            rest = rest.checked_sub(amount)?;
        }
    }
    Ok(())
}
