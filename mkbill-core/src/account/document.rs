//! Entries, records and notices, made from what a decision knows.

use jiff::civil::Date;
use serde_json::Value;

use crate::audit::{Act, Record};
use crate::kernel::error::Error;
use crate::kernel::ids::EntryId;
use crate::kernel::ids::{InvoiceId, PaymentId, SubscriptionId};
use crate::kernel::money::Money;
use crate::ledger::{Account, Cause, Entry, Posting};

use super::book::CustomerAccount;
use super::desk::Desk;

/// What an entry of an account is about.
#[derive(Debug, Clone)]
pub(super) struct Booking {
    pub(super) cause: Cause,
    pub(super) on: Date,
    pub(super) invoice: Option<InvoiceId>,
    pub(super) payment: Option<PaymentId>,
    pub(super) reverses: Option<Cause>,
    pub(super) memo: Option<String>,
}

impl Booking {
    /// An entry of today.
    pub(super) fn today(desk: &Desk<'_>, cause: Cause) -> Self {
        Self { cause, on: desk.today(), invoice: None, payment: None, reverses: None, memo: None }
    }

    pub(super) fn of_invoice(self, invoice: InvoiceId) -> Self {
        Self { invoice: Some(invoice), ..self }
    }

    pub(super) fn of_payment(self, payment: Option<PaymentId>) -> Self {
        Self { payment, ..self }
    }

    pub(super) fn reversing(self, cause: Cause) -> Self {
        Self { reverses: Some(cause), ..self }
    }

    pub(super) fn noting(self, memo: Option<String>) -> Self {
        Self { memo, ..self }
    }
}

impl CustomerAccount {
    /// Books an entry; postings of zero are left out, and an entry without postings is none.
    pub(super) fn book(
        &mut self,
        desk: &Desk<'_>,
        booking: Booking,
        postings: Vec<Posting>,
    ) -> Result<(), Error> {
        let postings: Vec<Posting> =
            postings.into_iter().filter(|posting| !posting.amount.is_zero()).collect();
        if postings.is_empty() {
            return Ok(());
        }
        let id = desk.id(EntryId::in_run);
        let now = desk.context.now;
        let mut entry = Entry::balanced(id, booking.cause, booking.on, now, postings)
            .map_err(|error| Error::broken(format!("booking {}: {error}", booking.cause.key())))?;
        entry.customer = Some(self.holder.id);
        (entry.invoice, entry.payment) = (booking.invoice, booking.payment);
        (entry.reverses, entry.memo) = (booking.reverses, booking.memo);
        self.entries.push(entry);
        Ok(())
    }

    /// A side on what this customer owes.
    pub(super) fn receivable(&self, amount: Money) -> Posting {
        Posting::new(Account::Receivable, amount).of(self.holder.id, None)
    }

    /// A side on this customer's credit: `amount` above zero lowers it.
    pub(super) fn credit_side(
        &self,
        subscription: Option<SubscriptionId>,
        amount: Money,
    ) -> Posting {
        Posting::new(Account::CustomerCredit, amount).of(self.holder.id, subscription)
    }

    /// Notes an act for the trail.
    pub(super) fn record(&mut self, desk: &Desk<'_>, act: Act, before: Value, after: Value) {
        self.records.push(Record::new(desk.context, act, before, after));
    }
}
