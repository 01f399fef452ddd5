//! What has to be told to a customer or an operator, written in the same commit as its cause.

pub mod store;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::ids::{CustomerId, NoticeId};
use crate::kernel::names::names;

names! {
    /// What is told.
    pub enum NoticeKind "kind" {
        /// An invoice was issued.
        InvoiceIssued = "invoice_issued",
        /// An invoice is due soon, or overdue.
        InvoiceReminder = "invoice_reminder",
        /// A payment came in.
        PaymentReceived = "payment_received",
        /// A payment was taken back.
        PaymentReversed = "payment_reversed",
        /// A payment was less than its invoice.
        PartialPayment = "partial_payment",
        /// A payment was more than was owed; the rest is credit.
        Overpayment = "overpayment",
        /// A service was cut, or moved to the profile of those who have not paid.
        ServiceSuspended = "service_suspended",
        /// A service works again.
        ServiceRestored = "service_restored",
        /// A subscription began.
        SubscriptionStarted = "subscription_started",
        /// A subscription ended.
        SubscriptionCancelled = "subscription_cancelled",
        /// Much was used in a period: the service is slower, or closed, until the next.
        FairUseReached = "fair_use_reached",
        /// Credit lies there unused.
        CreditReminder = "credit_reminder",
        /// A customer owes much.
        HighDebt = "high_debt",
        /// Something is wrong, and nobody takes care of it.
        Alert = "alert",
        /// What people were told of is over.
        AlertResolved = "alert_resolved",
        /// A webhook is told nothing any more, because it fails or is gone.
        WebhookDisabled = "webhook_disabled",
    }
}

/// One thing to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Identity. The message of the outbox that asks for its delivery has the same one.
    pub id: NoticeId,
    /// What is told.
    pub kind: NoticeKind,
    /// Whom it concerns; absent if it concerns operators alone.
    pub customer: Option<CustomerId>,
    /// What it is about.
    pub subject: Uuid,
    /// The kind of thing it is about, such as `invoice`.
    pub subject_kind: &'static str,
    /// Identifiers, amounts and dates that its text will need. No personal data and no secrets:
    /// those are read when the text is made.
    pub facts: Value,
    /// What it is told for. The same cause is told once, whoever pushes it again.
    pub cause: String,
    /// It is not told before this instant.
    pub not_before: Timestamp,
    /// When its cause was written.
    pub created_at: Timestamp,
}
