//! The account itself: what is loaded, and what has changed.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::audit::Record;
use crate::invoice::{CreditNote, Invoice, InvoiceKind};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, InvoiceId, LoginId, SubscriptionId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::thing::Thing;
use crate::ledger::Entry;
use crate::ledger::carry_over::{Credit, OpenInvoice, Position, Term};
use crate::notice::Notice;
use crate::payment::{Allocation, Payment};
use crate::provisioning::Presence;
use crate::subscription::Subscription;
use crate::subscription::period::BilledPeriod;

use super::tracked::Tracked;

/// What an account knows of its customer: no name and no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub id: CustomerId,
    /// The customer's own limit of debt.
    pub credit_limit: Option<Money>,
    /// Since when the debt is above its limit; an operator was told then.
    pub high_debt_since: Option<Timestamp>,
    /// When the customer was last told of credit.
    pub credit_reminded_at: Option<Timestamp>,
}

/// A subscription and those of its periods that may still change.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The subscription.
    pub subscription: Tracked<Subscription>,
    /// Its latest periods and all that are not paid for, in their order.
    pub periods: Vec<Tracked<BilledPeriod>>,
}

/// What a login ought to be from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serve {
    /// Which.
    pub login: LoginId,
    /// Whether it is open.
    pub presence: Presence,
    /// On which router profile.
    pub profile: String,
}

/// Everything of one customer that a decision may need, and everything it has decided.
#[derive(Debug, Clone)]
pub struct CustomerAccount {
    /// The customer.
    pub holder: Tracked<Holder>,
    /// The subscriptions that are not over.
    pub kept: Vec<Kept>,
    /// Open invoices, those they took over from, and those that were asked for, in the order of issue.
    pub invoices: Vec<Tracked<Invoice>>,
    /// Credit that pays those invoices.
    pub allocations: Vec<Tracked<Allocation>>,
    /// Payments that were asked for or made.
    pub payments: Vec<Tracked<Payment>>,
    /// Credit by subscription and currency.
    pub credit: Vec<Credit>,
    /// Credit notes that were written.
    pub credit_notes: Vec<CreditNote>,
    /// Entries for the books.
    pub entries: Vec<Entry>,
    /// What has to be told.
    pub notices: Vec<Notice>,
    /// Rows for the trail.
    pub records: Vec<Record>,
    /// What logins ought to be.
    pub serve: Vec<Serve>,
}

impl CustomerAccount {
    /// The account of a customer without anything.
    pub const fn empty(holder: Holder) -> Self {
        Self {
            holder: Tracked::stored(holder),
            kept: Vec::new(),
            invoices: Vec::new(),
            allocations: Vec::new(),
            payments: Vec::new(),
            credit: Vec::new(),
            credit_notes: Vec::new(),
            entries: Vec::new(),
            notices: Vec::new(),
            records: Vec::new(),
            serve: Vec::new(),
        }
    }

    /// Where a subscription stands in [`Self::kept`].
    pub(super) fn index_of(&self, id: SubscriptionId) -> Option<usize> {
        self.kept.iter().position(|kept| kept.subscription.id == id)
    }

    /// A subscription that is not over.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the customer keeps no such subscription.
    pub fn find(&self, id: SubscriptionId) -> Result<usize, Error> {
        self.index_of(id).ok_or_else(|| Error::not_found(Thing::Subscription, id))
    }

    /// A subscription whose credit can be taken: one that is not over, or that has some left.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the customer has neither.
    pub fn find_credit_of(&self, id: SubscriptionId) -> Result<(), Error> {
        if self.credit.iter().any(|credit| credit.subscription == Some(id)) {
            return Ok(());
        }
        self.find(id).map(drop)
    }

    /// An invoice that was loaded or made.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it was not.
    pub fn invoice_index(&self, id: InvoiceId) -> Result<usize, Error> {
        let found = self.invoices.iter().position(|invoice| invoice.id == id);
        found.ok_or_else(|| Error::not_found(Thing::Invoice, id))
    }

    /// The open invoices of a subscription.
    pub fn open_of(&self, id: SubscriptionId) -> impl Iterator<Item = &Invoice> {
        self.open_for(Some(id))
    }

    /// The open invoices of a subscription, or those that belong to none.
    pub fn open_for(&self, owner: Option<SubscriptionId>) -> impl Iterator<Item = &Invoice> {
        let own = move |invoice: &&Invoice| invoice.is_open() && invoice.subscription == owner;
        self.invoices.iter().map(|invoice| &**invoice).filter(own)
    }

    /// All that is open and all credit in one currency. An invoice that `first` names is due before
    /// all others.
    pub fn position(&self, currency: Currency, first: Option<InvoiceId>) -> Position {
        let open = self.invoices.iter().filter(|invoice| invoice.is_open());
        let open = open.filter(|invoice| invoice.currency() == currency);
        let invoices = open.map(|invoice| {
            let open = open_invoice(invoice);
            if first == Some(invoice.id) { OpenInvoice { due: Date::MIN, ..open } } else { open }
        });
        let credit = self.credit.iter().filter(|credit| credit.amount.currency() == currency);
        Position { invoices: invoices.collect(), credit: credit.copied().collect() }
    }

    /// The credit of one subscription, or the credit for all.
    pub fn credit_for(&self, subscription: Option<SubscriptionId>, currency: Currency) -> Money {
        let held = self.credit.iter().find(|credit| {
            credit.subscription == subscription && credit.amount.currency() == currency
        });
        held.map_or(Money::zero(currency), |credit| credit.amount)
    }

    /// Adds to credit, or takes away from it.
    pub(super) fn add_credit(
        &mut self,
        subscription: Option<SubscriptionId>,
        amount: Money,
    ) -> Result<(), Error> {
        let held = self.credit.iter_mut().find(|credit| {
            credit.subscription == subscription && credit.amount.currency() == amount.currency()
        });
        match held {
            Some(held) => held.amount = held.amount.checked_add(amount)?,
            None => self.credit.push(Credit { subscription, amount }),
        }
        Ok(())
    }

    /// All currencies that occur in it.
    pub(super) fn currencies(&self) -> Vec<Currency> {
        let invoices = self.invoices.iter().map(|invoice| invoice.currency());
        let mut all: Vec<Currency> =
            invoices.chain(self.credit.iter().map(|credit| credit.amount.currency())).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// An invoice as a policy sees it. Only a period grants days.
pub(super) fn open_invoice(invoice: &Invoice) -> OpenInvoice {
    let days = match (invoice.kind, invoice.period) {
        (InvoiceKind::Period, Some(period)) => period.days.days(),
        _ => 0,
    };
    let term = invoice.subscription.map(|subscription| Term { subscription, days });
    OpenInvoice {
        id: invoice.id,
        due: invoice.due_on,
        total: invoice.total,
        paid: invoice.paid,
        term,
    }
}
