//! Watching debt and credit: an operator is told once of a high debt, a customer at most once a week
//! of credit.

use jiff::SignedDuration;
use serde_json::json;

use crate::kernel::error::Error;
use crate::kernel::money::{Currency, Money};
use crate::notice::NoticeKind;

use super::book::CustomerAccount;
use super::desk::Desk;
use super::notices::About;

/// A customer is told of credit at most once in so long.
pub const CREDIT_REMINDER_EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);

impl CustomerAccount {
    /// What the customer owes now: the rest of every invoice that is past due, was paid in part or
    /// took over an earlier rest, less all credit. Below zero is credit.
    ///
    /// # Errors
    ///
    /// An amount that is out of range.
    pub fn debt(&self, desk: &Desk<'_>, currency: Currency) -> Result<Money, Error> {
        let today = desk.today();
        let mut debt = Money::zero(currency);
        for invoice in self.invoices.iter().filter(|invoice| invoice.currency() == currency) {
            let begun = invoice.paid.minor() > 0 || invoice.carried.minor() > 0;
            if invoice.is_open() && (begun || invoice.due_on < today) {
                debt = debt.checked_add(invoice.outstanding()?)?;
            }
        }
        for credit in self.credit.iter().filter(|credit| credit.amount.currency() == currency) {
            debt = debt.checked_sub(credit.amount)?;
        }
        Ok(debt)
    }

    /// Tells an operator once when the debt rises above its limit, and forgets it when it is back.
    ///
    /// # Errors
    ///
    /// An amount that is out of range.
    pub fn watch_debt(&mut self, desk: &Desk<'_>) -> Result<(), Error> {
        let limit = self.holder.credit_limit.unwrap_or(desk.settings.high_debt());
        let debt = self.debt(desk, limit.currency())?;
        let high = debt.minor() > limit.minor();
        match (high, self.holder.high_debt_since) {
            (true, None) => {
                self.holder.edit().high_debt_since = Some(desk.context.now);
                let about = self.about_customer(NoticeKind::HighDebt, desk);
                let facts = json!({
                    "debt_minor": debt.minor(),
                    "limit_minor": limit.minor(),
                    "currency": limit.currency().code(),
                });
                self.tell(desk, about, facts, desk.context.now);
            }
            (false, Some(_)) => self.holder.edit().high_debt_since = None,
            _ => {}
        }
        Ok(())
    }

    /// Tells the customer of credit, unless that was done within a week. Credit that has just come in
    /// was told of with its payment, so its first reminder comes a week later.
    ///
    /// # Errors
    ///
    /// An amount that is out of range.
    pub fn remind_of_credit(&mut self, desk: &Desk<'_>, currency: Currency) -> Result<(), Error> {
        let credit = self.credit.iter().filter(|credit| credit.amount.currency() == currency);
        let credit = Money::sum(currency, credit.map(|credit| credit.amount))?;
        let recently = self
            .holder
            .credit_reminded_at
            .is_some_and(|at| desk.context.now.duration_since(at) < CREDIT_REMINDER_EVERY);
        if credit.minor() <= 0 || recently {
            return Ok(());
        }
        self.holder.edit().credit_reminded_at = Some(desk.context.now);
        let about = self.about_customer(NoticeKind::CreditReminder, desk);
        let facts = json!({ "credit_minor": credit.minor(), "currency": currency.code() });
        self.tell(desk, about, facts, desk.context.now);
        Ok(())
    }

    fn about_customer(&self, kind: NoticeKind, desk: &Desk<'_>) -> About {
        About {
            kind,
            subject_kind: "customer",
            subject: self.holder.id.uuid(),
            occasion: desk.context.now.to_string(),
        }
    }
}
