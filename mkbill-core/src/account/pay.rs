//! Money comes in: into the customer's credit, and from there to invoices.

use jiff::civil::Date;
use serde_json::json;

use crate::audit::Act;
use crate::invoice::{InvoiceRefusal, InvoiceState};
use crate::kernel::error::Error;
use crate::kernel::ids::{InvoiceId, PaymentId};
use crate::kernel::language::said;
use crate::kernel::money::Money;
use crate::ledger::{Account, Cause, Posting};
use crate::payment::{Method, Part, Payment};

use super::book::CustomerAccount;
use super::desk::Desk;
use super::document::Booking;
use super::tracked::Tracked;

/// The account on which money stands that came in this way.
pub(super) const fn funds(method: Method) -> Account {
    match method {
        Method::Cash => Account::Cash,
        Method::BankTransfer => Account::Bank,
        Method::Other => Account::OtherFunds,
    }
}

/// The sides of a payment on the accounts where the money stands; `back` for money that goes out.
pub fn fund_sides(parts: &[Part], back: bool) -> Result<Vec<Posting>, Error> {
    let side = |part: &Part| {
        let amount = if back { part.amount.checked_neg()? } else { part.amount };
        Ok(Posting::new(funds(part.method), amount))
    };
    parts.iter().map(side).collect()
}

impl CustomerAccount {
    /// Takes a payment into credit and spends it; `first` is paid before all others. Money for an
    /// invoice that is paid already stays as credit.
    ///
    /// # Errors
    ///
    /// An [`InvoiceRefusal`] if `first` is withdrawn or was carried over.
    pub fn receive(
        &mut self,
        desk: &Desk<'_>,
        payment: Payment,
        first: Option<InvoiceId>,
    ) -> Result<(), Error> {
        self.check_payable(first)?;
        let (id, on) = (payment.id, payment.received_on);
        let mut sides = fund_sides(&payment.parts, false)?;
        sides.push(self.credit_side(payment.subscription, payment.amount.checked_neg()?));
        let cause = Cause::PaymentReceived(id);
        self.take_in(desk, payment, Taken { cause, on, sides }, first)
    }

    /// Gives a payment that belonged to nobody to this customer and spends it.
    ///
    /// # Errors
    ///
    /// An amount that is out of range.
    pub fn match_payment(&mut self, desk: &Desk<'_>, mut payment: Payment) -> Result<(), Error> {
        payment.customer = Some(self.holder.id);
        payment.matched_at = Some(desk.context.now);
        let sides = vec![
            Posting::new(Account::Suspense, payment.amount),
            self.credit_side(payment.subscription, payment.amount.checked_neg()?),
        ];
        let (cause, on) = (Cause::PaymentMatched(payment.id), desk.today());
        self.take_in(desk, payment, Taken { cause, on, sides }, None)
    }

    fn check_payable(&self, first: Option<InvoiceId>) -> Result<(), Error> {
        let Some(first) = first else { return Ok(()) };
        let invoice = &self.invoices[self.invoice_index(first)?];
        let advice = match invoice.state {
            InvoiceState::Void { .. } => said!(
                "record the payment without naming an invoice",
                "catat pembayaran tanpa menyebut tagihan"
            ),
            InvoiceState::CarriedOver { .. } => said!(
                "name the invoice that its rest was carried to",
                "sebutkan tagihan yang menerima sisanya"
            ),
            InvoiceState::Open | InvoiceState::Paid { .. } => return Ok(()),
        };
        let (number, status) = (invoice.number.clone(), invoice.status());
        Err(InvoiceRefusal::State { number, status, act: said!("paid", "dibayar"), advice }.into())
    }

    fn take_in(
        &mut self,
        desk: &Desk<'_>,
        payment: Payment,
        taken: Taken,
        first: Option<InvoiceId>,
    ) -> Result<(), Error> {
        let (id, amount, subscription) = (payment.id, payment.amount, payment.subscription);
        let booking = Booking { on: taken.on, ..Booking::today(desk, taken.cause) };
        let memo = payment.note.clone();
        self.book(desk, booking.of_payment(Some(id)).noting(memo), taken.sides)?;
        self.add_credit(subscription, amount)?;
        self.note_payment(desk, taken.cause.name(), &payment);
        let is_new = payment.matched_at.is_none();
        let tracked = if is_new { Tracked::new(payment) } else { touched(payment) };
        self.payments.push(tracked);
        self.spend(desk, Some(id), first)?;
        for index in 0..self.kept.len() {
            self.bill_to_go_on(desk, index)?;
        }
        self.tell_of_payment(desk, id, amount)
    }

    pub(super) fn note_payment(&mut self, desk: &Desk<'_>, what: &str, payment: &Payment) {
        let action = match what {
            "payment_matched" => "payment.match",
            "payment_reversed" => "payment.reverse",
            _ => "payment.record",
        };
        let act = Act { action, subject_kind: "payment", subject: payment.id.uuid() };
        let after = json!({
            "number": payment.number.as_str(),
            "customer": self.holder.id.to_string(),
            "amount_minor": payment.amount.minor(),
            "currency": payment.amount.currency().code(),
            "received_on": payment.received_on.to_string(),
        });
        self.record(desk, act, serde_json::Value::Null, after);
    }

    /// What a payment has paid on invoices so far.
    pub fn paid_by(&self, payment: PaymentId) -> Vec<(InvoiceId, Money)> {
        let own = self.live_allocations(|allocation| allocation.payment == Some(payment));
        own.into_iter()
            .map(|index| (self.allocations[index].invoice, self.allocations[index].amount))
            .collect()
    }
}

/// How money gets into credit.
struct Taken {
    cause: Cause,
    on: Date,
    sides: Vec<Posting>,
}

pub(super) fn touched(payment: Payment) -> Tracked<Payment> {
    let mut tracked = Tracked::stored(payment);
    tracked.edit();
    tracked
}
