//! Corrections: reversals, withdrawn invoices, credit notes, adjustments, transfers. Nothing is
//! edited or deleted; each is an entry of its own that names what it takes back.

use serde_json::{Value, json};

use crate::audit::Act;
use crate::invoice::{CreditNote, Invoice, InvoiceRefusal, InvoiceState};
use crate::kernel::document::DocumentNumber;
use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::{CreditNoteId, EntryId, InvoiceId, SubscriptionId};
use crate::kernel::language::said;
use crate::kernel::money::Money;
use crate::ledger::{Account, Cause, Posting};
use crate::payment::{Allocation, Payment, PaymentRefusal, Reversal};

use super::book::CustomerAccount;
use super::desk::Desk;
use super::document::Booking;
use super::issue::Side;
use super::pay::fund_sides;

/// Whether a correction may leave less than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdraw {
    /// Refuse.
    Never,
    /// The caller may, and means it.
    Allowed,
}

/// Why credit is not corrected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreditRefusal {
    /// Nothing to do.
    #[error("an adjustment of zero changes nothing: use an amount above or below zero")]
    Zero,
    /// Less than nothing would be left.
    #[error("only {held} of credit is there: take at most that, or allow it to go below zero")]
    Overdrawn {
        /// What is there.
        held: Money,
    },
    /// Nobody said why.
    #[error("say why: a correction needs a reason")]
    NoReason,
    /// The caller may not.
    #[error("this caller may not let credit go below zero")]
    NotPermitted,
    /// To where it is.
    #[error("credit cannot move to where it is: choose another customer or subscription")]
    SamePlace,
    /// Not an amount to move.
    #[error("move an amount above zero")]
    NotPositive,
}

impl Refusal for CreditRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Zero => "adjustment_zero",
            Self::Overdrawn { .. } => "credit_overdrawn",
            Self::NoReason => "reason_missing",
            Self::NotPermitted => "not_permitted",
            Self::SamePlace => "same_place",
            Self::NotPositive => "amount_not_positive",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::Zero => "koreksi nol tidak mengubah apa pun: gunakan jumlah di atas atau di bawah nol".to_owned(),
            Self::Overdrawn { held } => format!("saldo hanya {held}: ambil paling banyak sejumlah itu, atau izinkan saldo di bawah nol"),
            Self::NoReason => "sebutkan alasannya: koreksi memerlukan alasan".to_owned(),
            Self::NotPermitted => "pemanggil ini tidak boleh membuat saldo di bawah nol".to_owned(),
            Self::SamePlace => "saldo tidak bisa dipindah ke tempatnya sendiri: pilih pelanggan atau langganan lain".to_owned(),
            Self::NotPositive => "pindahkan jumlah di atas nol".to_owned(),
        }
    }
}

impl CustomerAccount {
    /// Takes a payment back. What it paid is open again; credit that is below zero then takes back
    /// what it had put on invoices that are still open.
    ///
    /// # Errors
    ///
    /// [`PaymentRefusal::Reversed`] if it was taken back before.
    pub fn reverse(
        &mut self,
        desk: &Desk<'_>,
        mut payment: Payment,
        reason: &str,
    ) -> Result<(), Error> {
        if payment.reversal.is_some() {
            return Err(PaymentRefusal::Reversed(payment.number).into());
        }
        let (id, subscription) = (payment.id, payment.subscription);
        for position in self.live_allocations(|allocation| allocation.payment == Some(id)) {
            if self.may_release(position)? {
                self.release(desk, position)?;
            }
        }
        let mut sides = fund_sides(&payment.parts, true)?;
        sides.push(self.credit_side(subscription, payment.amount));
        let booking = Booking::today(desk, Cause::PaymentReversed(id))
            .reversing(Cause::PaymentReceived(id))
            .of_payment(Some(id))
            .noting(Some(reason.to_owned()));
        self.book(desk, booking, sides)?;
        self.add_credit(subscription, payment.amount.checked_neg()?)?;
        payment.reversal = Some(Reversal { at: desk.context.now, reason: reason.to_owned() });
        self.note_payment(desk, "payment_reversed", &payment);
        self.tell_of_reversal(desk, &payment);
        self.payments.push(super::pay::touched(payment));
        self.refill(desk, subscription)?;
        self.spend(desk, None, None)
    }

    fn may_release(&self, position: usize) -> Result<bool, Error> {
        let invoice = self.invoice_index(self.allocations[position].invoice)?;
        let state = &self.invoices[invoice].state;
        Ok(matches!(state, InvoiceState::Open | InvoiceState::Paid { .. }))
    }

    /// Takes credit that is below zero back from open invoices, the latest first.
    fn refill(
        &mut self,
        desk: &Desk<'_>,
        subscription: Option<SubscriptionId>,
    ) -> Result<(), Error> {
        let own = self.live_allocations(|allocation| allocation.subscription == subscription);
        for position in own.into_iter().rev() {
            let Allocation { invoice, amount, .. } = *self.allocations[position];
            let is_open = self.invoices[self.invoice_index(invoice)?].is_open();
            let held = self.credit_for(subscription, amount.currency());
            if is_open && held.is_negative() {
                self.release(desk, position)?;
            }
        }
        Ok(())
    }

    /// Withdraws an open invoice. What was paid on it is credit again, and what it had taken over from
    /// earlier invoices is open there again.
    ///
    /// # Errors
    ///
    /// An [`InvoiceRefusal`] for an invoice that is not open.
    pub fn void(&mut self, desk: &Desk<'_>, id: InvoiceId, reason: &str) -> Result<(), Error> {
        let index = self.invoice_index(id)?;
        let invoice = (*self.invoices[index]).clone();
        let advice = match invoice.state {
            InvoiceState::Open => None,
            InvoiceState::Paid { .. } => Some(said!("write a credit note", "buat nota kredit")),
            InvoiceState::CarriedOver { .. } => Some(said!(
                "void the invoice it was carried to",
                "batalkan tagihan yang menerima sisanya"
            )),
            InvoiceState::Void { .. } => {
                Some(said!("it is void already", "tagihan itu sudah dibatalkan"))
            }
        };
        if let Some(advice) = advice {
            let (number, status) = (invoice.number.clone(), invoice.status());
            return Err(InvoiceRefusal::State {
                number,
                status,
                act: said!("voided", "dibatalkan"),
                advice,
            }
            .into());
        }
        for position in self.live_allocations(|allocation| allocation.invoice == id) {
            self.release(desk, position)?;
        }
        self.book_invoice(desk, &invoice, Side::Void(reason))?;
        let at = desk.context.now;
        self.invoices[index].edit().state = InvoiceState::Void { at, reason: reason.to_owned() };
        for source in invoice.sources() {
            let older = self.invoice_index(source)?;
            self.invoices[older].edit().state = InvoiceState::Open;
        }
        self.note_invoice(desk, "invoice.void", &invoice, json!({ "status": "void" }));
        self.spend(desk, None, None)
    }

    /// Gives a part of an invoice back as credit, its tax in proportion.
    ///
    /// `before` is the sum of its earlier credit notes.
    ///
    /// # Errors
    ///
    /// An [`InvoiceRefusal`] for a withdrawn invoice or more than it charged.
    pub fn credit_note(
        &mut self,
        desk: &Desk<'_>,
        id: InvoiceId,
        amount: Money,
        before: Money,
        reason: &str,
    ) -> Result<CreditNoteId, Error> {
        let index = self.invoice_index(id)?;
        let invoice = (*self.invoices[index]).clone();
        if let InvoiceState::Void { .. } = invoice.state {
            let (number, status) = (invoice.number.clone(), invoice.status());
            let advice = said!("nothing of it is owed", "tidak ada yang terutang darinya");
            return Err(InvoiceRefusal::State {
                number,
                status,
                act: said!("credited", "dikreditkan"),
                advice,
            }
            .into());
        }
        let most = invoice.charged()?.checked_sub(before)?;
        if amount.minor() <= 0 {
            return Err(CreditRefusal::NotPositive.into());
        }
        if amount.checked_sub(most)?.minor() > 0 {
            return Err(InvoiceRefusal::TooMuch { number: invoice.number, most }.into());
        }
        let tax = invoice.tax.as_part(amount, invoice.charged()?)?;
        let note = CreditNote {
            id: desk.id(CreditNoteId::in_run),
            number: DocumentNumber::pending(),
            invoice: id,
            customer: self.holder.id,
            net: amount.checked_sub(tax)?,
            tax,
            amount,
            reason: reason.to_owned(),
            issued_on: desk.today(),
            created_at: desk.context.now,
        };
        self.book_note(desk, &invoice, &note)?;
        self.note_invoice(
            desk,
            "invoice.credit",
            &invoice,
            json!({ "amount_minor": amount.minor() }),
        );
        let made = note.id;
        self.credit_notes.push(note);
        // Nothing in its row says so, but it is another invoice than the one that was seen.
        self.invoices[index].edit();
        self.spend(desk, None, None)?;
        Ok(made)
    }

    fn book_note(
        &mut self,
        desk: &Desk<'_>,
        invoice: &Invoice,
        note: &CreditNote,
    ) -> Result<(), Error> {
        let sides = vec![
            self.revenue_side(invoice, note.net),
            Posting::new(Account::TaxPayable, note.tax),
            self.credit_side(invoice.subscription, note.amount.checked_neg()?),
        ];
        let booking = Booking::today(desk, Cause::CreditNoted(note.id))
            .of_invoice(invoice.id)
            .noting(Some(note.reason.clone()));
        self.book(desk, booking, sides)?;
        self.add_credit(invoice.subscription, note.amount)
    }

    /// Corrects credit by an amount above or below zero.
    ///
    /// # Errors
    ///
    /// A [`CreditRefusal`] for zero, or for less than nothing unless that is allowed.
    pub fn adjust(
        &mut self,
        desk: &Desk<'_>,
        subscription: Option<SubscriptionId>,
        amount: Money,
        overdraw: Overdraw,
        reason: &str,
    ) -> Result<(), Error> {
        if amount.is_zero() {
            return Err(CreditRefusal::Zero.into());
        }
        self.check_room(subscription, amount, overdraw)?;
        let id = desk.id(EntryId::in_run);
        let booking = Booking::today(desk, Cause::Adjusted(id)).noting(Some(reason.to_owned()));
        let sides = vec![
            Posting::new(Account::Adjustments, amount),
            self.credit_side(subscription, amount.checked_neg()?),
        ];
        self.book(desk, booking, sides)?;
        self.add_credit(subscription, amount)?;
        self.note_credit(desk, "credit.adjust", subscription, amount);
        self.spend(desk, None, None)
    }

    /// Takes over a balance that the customer brought along: credit above zero, a debt below.
    ///
    /// # Errors
    ///
    /// [`CreditRefusal::Zero`] for nothing.
    pub fn open_with(&mut self, desk: &Desk<'_>, amount: Money) -> Result<(), Error> {
        if amount.is_zero() {
            return Err(CreditRefusal::Zero.into());
        }
        let booking = Booking::today(desk, Cause::Opened(self.holder.id));
        let sides = vec![
            Posting::new(Account::OpeningBalances, amount),
            self.credit_side(None, amount.checked_neg()?),
        ];
        self.book(desk, booking, sides)?;
        self.add_credit(None, amount)?;
        self.note_credit(desk, "credit.open", None, amount);
        self.spend(desk, None, None)
    }

    /// Moves credit between two subscriptions of this customer, or between one and the credit for all.
    ///
    /// # Errors
    ///
    /// A [`CreditRefusal`] for more than is there, nothing, or no other place.
    pub fn move_credit(
        &mut self,
        desk: &Desk<'_>,
        from: Option<SubscriptionId>,
        to: Option<SubscriptionId>,
        amount: Money,
    ) -> Result<(), Error> {
        if from == to {
            return Err(CreditRefusal::SamePlace.into());
        }
        self.check_transfer(from, amount)?;
        let id = desk.id(EntryId::in_run);
        let sides =
            vec![self.credit_side(from, amount), self.credit_side(to, amount.checked_neg()?)];
        let memo = desk.context.caller.reason.clone();
        self.book(desk, Booking::today(desk, Cause::Transferred(id)).noting(memo), sides)?;
        self.add_credit(from, amount.checked_neg()?)?;
        self.add_credit(to, amount)?;
        self.note_credit(desk, "credit.transfer", to, amount);
        self.spend(desk, None, None)
    }

    /// Gives credit to another customer. Each has an entry of their own, since a statement shows
    /// whole entries; both go over adjustments, where they meet in zero.
    ///
    /// # Errors
    ///
    /// A [`CreditRefusal`] for more than is there, nothing, or the same customer.
    pub fn give_credit(
        &mut self,
        desk: &Desk<'_>,
        from: Option<SubscriptionId>,
        other: &mut Self,
        to: Option<SubscriptionId>,
        amount: Money,
    ) -> Result<(), Error> {
        if self.holder.id == other.holder.id {
            return Err(CreditRefusal::SamePlace.into());
        }
        self.check_transfer(from, amount)?;
        self.transferred(desk, from, amount.checked_neg()?)?;
        other.transferred(desk, to, amount)?;
        other.spend(desk, None, None)
    }

    fn transferred(
        &mut self,
        desk: &Desk<'_>,
        subscription: Option<SubscriptionId>,
        amount: Money,
    ) -> Result<(), Error> {
        let id = desk.id(EntryId::in_run);
        let memo = desk.context.caller.reason.clone();
        let sides = vec![
            Posting::new(Account::Adjustments, amount),
            self.credit_side(subscription, amount.checked_neg()?),
        ];
        self.book(desk, Booking::today(desk, Cause::Transferred(id)).noting(memo), sides)?;
        self.add_credit(subscription, amount)?;
        self.note_credit(desk, "credit.transfer", subscription, amount);
        Ok(())
    }

    fn check_transfer(&self, from: Option<SubscriptionId>, amount: Money) -> Result<(), Error> {
        if amount.minor() <= 0 {
            return Err(CreditRefusal::NotPositive.into());
        }
        self.check_room(from, amount.checked_neg()?, Overdraw::Never)
    }

    fn check_room(
        &self,
        subscription: Option<SubscriptionId>,
        amount: Money,
        overdraw: Overdraw,
    ) -> Result<(), Error> {
        let held = self.credit_for(subscription, amount.currency());
        let left = held.checked_add(amount)?;
        if amount.is_negative() && left.is_negative() && overdraw == Overdraw::Never {
            return Err(CreditRefusal::Overdrawn { held }.into());
        }
        Ok(())
    }

    fn note_credit(
        &mut self,
        desk: &Desk<'_>,
        action: &'static str,
        subscription: Option<SubscriptionId>,
        amount: Money,
    ) {
        let act = Act { action, subject_kind: "customer", subject: self.holder.id.uuid() };
        let after = json!({
            "amount_minor": amount.minor(),
            "currency": amount.currency().code(),
            "subscription": subscription.map(|id| id.to_string()),
        });
        self.record(desk, act, Value::Null, after);
    }

    pub(super) fn note_invoice(
        &mut self,
        desk: &Desk<'_>,
        action: &'static str,
        invoice: &Invoice,
        after: Value,
    ) {
        let act = Act { action, subject_kind: "invoice", subject: invoice.id.uuid() };
        let before = json!({
            "number": invoice.number.as_str(),
            "status": invoice.status().name(),
            "total_minor": invoice.total.minor(),
            "paid_minor": invoice.paid.minor(),
        });
        self.record(desk, act, before, after);
    }
}
