//! What has to be told: identifiers, amounts and dates, each thing once.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::invoice::Invoice;
use crate::kernel::error::Error;
use crate::kernel::ids::{NoticeId, PaymentId, SubscriptionId};
use crate::kernel::money::Money;
use crate::kernel::time::BusinessZone;
use crate::notice::{Notice, NoticeKind};
use crate::payment::Payment;
use crate::subscription::cycle::sub_days;

use super::advance::{REMINDER_DAYS, in_the_morning};
use super::book::CustomerAccount;
use super::desk::Desk;

/// What a notice is about.
pub(super) struct About {
    pub(super) kind: NoticeKind,
    pub(super) subject_kind: &'static str,
    pub(super) subject: uuid::Uuid,
    /// Tells notices of one kind about one subject apart.
    pub(super) occasion: String,
}

impl CustomerAccount {
    /// Leaves a notice to be sent, once for each kind, subject and occasion. Its text names the business
    /// if that has a name.
    pub(super) fn tell(
        &mut self,
        desk: &Desk<'_>,
        about: About,
        mut facts: Value,
        not_before: Timestamp,
    ) {
        if let Some(name) = &desk.settings.settings.business.name {
            facts["business"] = name.as_str().into();
        }
        let About { kind, subject_kind, subject, occasion } = about;
        self.notices.push(Notice {
            id: desk.id(NoticeId::in_run),
            kind,
            customer: Some(self.holder.id),
            subject,
            subject_kind,
            facts,
            cause: format!("{kind}:{subject}:{occasion}"),
            not_before,
            created_at: desk.context.now,
        });
    }

    /// Tells of an invoice on which something is to be paid.
    pub(super) fn tell_of_invoice(
        &mut self,
        desk: &Desk<'_>,
        kind: NoticeKind,
        invoice: &Invoice,
        not_before: Timestamp,
    ) -> Result<(), Error> {
        let rest = invoice.outstanding()?;
        if rest.is_zero() {
            return Ok(());
        }
        let about = About {
            kind,
            subject_kind: "invoice",
            subject: invoice.id.uuid(),
            occasion: desk.today().to_string(),
        };
        let facts = json!({
            "total_minor": invoice.total.minor(),
            "outstanding_minor": rest.minor(),
            "currency": rest.currency().code(),
            "due_on": invoice.due_on.to_string(),
        });
        self.tell(desk, about, facts, not_before);
        Ok(())
    }

    /// The open invoices of a subscription, or of none, that fall due in seven, three or one days, and
    /// when to remind of them. The notice of issue stands for a reminder of the same day.
    pub(super) fn due_soon(
        &self,
        desk: &Desk<'_>,
        owner: Option<SubscriptionId>,
        zone: &BusinessZone,
    ) -> Vec<(Invoice, Timestamp)> {
        let today = desk.date_in(zone);
        let due = |invoice: &&Invoice| {
            let day = REMINDER_DAYS.map(|days| sub_days(invoice.due_on, days));
            day.contains(&today) && invoice.issued_on < today
        };
        let due = self.open_for(owner).filter(due).cloned();
        due.map(|invoice| (invoice, in_the_morning(desk, zone))).collect()
    }

    /// Reminds of invoices.
    pub(super) fn remind(
        &mut self,
        desk: &Desk<'_>,
        due: &[(Invoice, Timestamp)],
    ) -> Result<(), Error> {
        due.iter().try_for_each(|(invoice, morning)| {
            self.tell_of_invoice(desk, NoticeKind::InvoiceReminder, invoice, *morning)
        })
    }

    /// Tells that service was cut, goes on, begins or ends.
    pub(super) fn tell_of_service(&mut self, desk: &Desk<'_>, kind: NoticeKind, index: usize) {
        let subscription = &self.kept[index].subscription;
        let about = About {
            kind,
            subject_kind: "subscription",
            subject: subscription.id.uuid(),
            occasion: desk.context.now.to_string(),
        };
        let facts = json!({
            "state": subscription.state.name().name(),
            "since": subscription.state.since().to_string(),
            "service_until": subscription.service_until.map(|day| day.to_string()),
        });
        self.tell(desk, about, facts, desk.context.now);
    }

    /// Tells of a payment: that it came in, and whether it was too little or more than was owed.
    pub(super) fn tell_of_payment(
        &mut self,
        desk: &Desk<'_>,
        payment: PaymentId,
        amount: Money,
    ) -> Result<(), Error> {
        let paid = self.paid_by(payment);
        let spent = Money::sum(amount.currency(), paid.iter().map(|(_, amount)| *amount))?;
        let short = paid.iter().any(|(id, _)| {
            self.invoices.iter().any(|invoice| invoice.id == *id && invoice.is_open())
        });
        let kind = match amount.checked_sub(spent)?.minor() {
            left if left > 0 => NoticeKind::Overpayment,
            _ if short => NoticeKind::PartialPayment,
            _ => NoticeKind::PaymentReceived,
        };
        if kind == NoticeKind::Overpayment {
            self.holder.edit().credit_reminded_at = Some(desk.context.now);
        }
        let about = About {
            kind,
            subject_kind: "payment",
            subject: payment.uuid(),
            occasion: "received".to_owned(),
        };
        let invoices: Vec<Value> = paid
            .iter()
            .map(
                |(id, amount)| json!({ "invoice": id.to_string(), "amount_minor": amount.minor() }),
            )
            .collect();
        let facts = json!({
            "amount_minor": amount.minor(),
            "currency": amount.currency().code(),
            "invoices": invoices,
        });
        self.tell(desk, about, facts, desk.context.now);
        Ok(())
    }

    /// Tells that a payment was taken back.
    pub(super) fn tell_of_reversal(&mut self, desk: &Desk<'_>, payment: &Payment) {
        let about = About {
            kind: NoticeKind::PaymentReversed,
            subject_kind: "payment",
            subject: payment.id.uuid(),
            occasion: "reversed".to_owned(),
        };
        let facts = json!({
            "amount_minor": payment.amount.minor(),
            "currency": payment.amount.currency().code(),
        });
        self.tell(desk, about, facts, desk.context.now);
    }
}
