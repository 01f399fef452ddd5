//! Credit pays invoices, and paid invoices grant service.

use crate::invoice::{InvoiceKind, InvoiceState};
use crate::kernel::error::Error;
use crate::kernel::ids::{AllocationId, InvoiceId, PaymentId};
use crate::ledger::Cause;
use crate::ledger::carry_over;
use crate::payment::Allocation;
use crate::plan::terms::BillingMode;
use crate::subscription::cycle::sub_days;

use super::book::{CustomerAccount, open_invoice};
use super::desk::Desk;
use super::document::Booking;
use super::tracked::Tracked;

impl CustomerAccount {
    /// Lets the policy pay invoices from credit; `first` is paid before all others. Service that was
    /// cut and is paid for now goes on.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the policy moves money that is not there.
    pub fn spend(
        &mut self,
        desk: &Desk<'_>,
        payment: Option<PaymentId>,
        first: Option<InvoiceId>,
    ) -> Result<(), Error> {
        for currency in self.currencies() {
            let position = self.position(currency, first);
            for allocation in desk.policy.allocate(&position)? {
                self.allocate(desk, payment, allocation)?;
            }
        }
        for index in 0..self.kept.len() {
            self.restore(desk, index)?;
        }
        Ok(())
    }

    fn allocate(
        &mut self,
        desk: &Desk<'_>,
        payment: Option<PaymentId>,
        wanted: carry_over::Allocation,
    ) -> Result<(), Error> {
        let carry_over::Allocation { invoice, subscription, amount } = wanted;
        let index = self.invoice_index(invoice)?;
        let held = self.credit_for(subscription, amount.currency());
        let rest = self.invoices[index].outstanding()?;
        if amount.minor() <= 0 || amount.minor() > rest.minor() || amount.minor() > held.minor() {
            let text =
                format!("the policy moves {amount} of {held} to an invoice with {rest} to pay");
            return Err(Error::broken(text));
        }
        self.add_credit(subscription, amount.checked_neg()?)?;
        let open = self.invoices[index].edit();
        open.paid = open.paid.checked_add(amount)?;
        if open.paid == open.total {
            open.state = InvoiceState::Paid { at: desk.context.now };
        }
        let id = desk.id(AllocationId::in_run);
        self.allocations.push(Tracked::new(Allocation {
            id,
            customer: self.holder.id,
            invoice,
            payment,
            subscription,
            amount,
            made_at: desk.context.now,
            released_at: None,
        }));
        let sides =
            vec![self.credit_side(subscription, amount), self.receivable(amount.checked_neg()?)];
        let booking = Booking::today(desk, Cause::Allocated(id));
        self.book(desk, booking.of_invoice(invoice).of_payment(payment), sides)?;
        self.refresh_grant(desk, index);
        Ok(())
    }

    /// Takes back what pays an invoice; the invoice is open again.
    pub(super) fn release(&mut self, desk: &Desk<'_>, position: usize) -> Result<(), Error> {
        let Allocation { id, invoice, subscription, amount, payment, .. } =
            *self.allocations[position];
        self.allocations[position].edit().released_at = Some(desk.context.now);
        self.add_credit(subscription, amount)?;
        let index = self.invoice_index(invoice)?;
        let paid = self.invoices[index].edit();
        paid.paid = paid.paid.checked_sub(amount)?;
        paid.state = InvoiceState::Open;
        let sides =
            vec![self.receivable(amount), self.credit_side(subscription, amount.checked_neg()?)];
        let booking = Booking::today(desk, Cause::Released(id)).reversing(Cause::Allocated(id));
        self.book(desk, booking.of_invoice(invoice).of_payment(payment), sides)?;
        self.refresh_grant(desk, index);
        Ok(())
    }

    /// Where the allocations stand that still pay something.
    pub(super) fn live_allocations(&self, wanted: impl Fn(&Allocation) -> bool) -> Vec<usize> {
        let live = |allocation: &Allocation| allocation.released_at.is_none() && wanted(allocation);
        (0..self.allocations.len()).filter(|index| live(&self.allocations[*index])).collect()
    }

    /// Works out anew how many days an invoice has paid for: those of its own period and, once it is
    /// paid, of the periods whose rest it took over.
    pub(super) fn refresh_grant(&mut self, desk: &Desk<'_>, index: usize) {
        let invoice = &self.invoices[index];
        let days = desk.policy.days(&open_invoice(invoice));
        self.grant(index, days);
        if !matches!(self.invoices[index].state, InvoiceState::Paid { .. }) {
            return;
        }
        let mut sources: Vec<InvoiceId> = self.invoices[index].sources().collect();
        while let Some(source) = sources.pop() {
            let Ok(older) = self.invoice_index(source) else { continue };
            let days = self.invoices[older].period.map_or(0, |period| period.days.days());
            self.grant(older, days);
            sources.extend(self.invoices[older].sources());
        }
    }

    /// Notes how many days of its period an invoice has paid for, and until when that is.
    fn grant(&mut self, index: usize, days: u32) {
        let invoice = &self.invoices[index];
        let (InvoiceKind::Period, Some(printed), Some(own)) =
            (invoice.kind, invoice.period, invoice.subscription)
        else {
            return;
        };
        let Some(kept) = self.kept.iter_mut().find(|kept| kept.subscription.id == own) else {
            return;
        };
        let Some(row) = kept.periods.iter_mut().find(|row| row.number == printed.number) else {
            return;
        };
        if row.granted_days != days {
            row.edit().granted_days = days;
        }
        if days == 0 || kept.subscription.terms.billing == BillingMode::Postpaid {
            return;
        }
        let missing = printed.days.days().saturating_sub(days);
        let until = sub_days(row.period.end, missing);
        if kept.subscription.service_until.is_none_or(|known| known < until) {
            kept.subscription.edit().service_until = Some(until);
        }
    }

    /// The same for all invoices of a subscription that are at hand, after its periods have moved.
    pub(super) fn regrant(&mut self, desk: &Desk<'_>, index: usize) {
        let own = self.kept[index].subscription.id;
        for position in 0..self.invoices.len() {
            let invoice = &self.invoices[position];
            let counts = matches!(invoice.state, InvoiceState::Open | InvoiceState::Paid { .. });
            if invoice.subscription == Some(own) && counts {
                self.refresh_grant(desk, position);
            }
        }
    }
}
