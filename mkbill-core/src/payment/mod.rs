//! Payments: money that came in, in which parts, and which invoices it paid.

pub mod store;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::document::DocumentNumber;
use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::{AllocationId, CustomerId, InvoiceId, PaymentId, SubscriptionId};
use crate::kernel::language::{Language, said};
use crate::kernel::money::Money;
use crate::kernel::names::names;
use crate::kernel::thing::Thing;
use crate::kernel::wrong::Wrong;

/// No payment has more parts than this.
pub const PARTS_MAX: usize = 10;
const TEXT_CHARS_MAX: usize = 200;

names! {
    /// How money came in.
    pub enum Method "method" {
        /// Into the till.
        Cash = "cash",
        /// Into the bank.
        BankTransfer = "bank_transfer",
        /// In another way.
        Other = "other",
    }
}

/// A part of a payment that came in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// How.
    pub method: Method,
    /// What it says on the slip.
    pub reference: Option<String>,
    /// How much; above zero.
    pub amount: Money,
}

/// A payment that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Identity.
    pub id: PaymentId,
    /// The number of its receipt.
    pub number: DocumentNumber,
    /// Whose it is; nobody's while it stands in suspense.
    pub customer: Option<CustomerId>,
    /// The only subscription that it is for.
    pub subscription: Option<SubscriptionId>,
    /// How much.
    pub amount: Money,
    /// In which parts; they add up to the amount.
    pub parts: Vec<Part>,
    /// The business date on which it came in.
    pub received_on: Date,
    /// Its name in the world outside; a second payment of the same name is the same payment.
    pub reference: Option<String>,
    /// A note.
    pub note: Option<String>,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// By whom.
    pub recorded_by: String,
    /// When it found its customer, if it came in without one.
    pub matched_at: Option<Timestamp>,
    /// Taken back?
    pub reversal: Option<Reversal>,
    /// Counts changes, for compare and set.
    pub revision: i64,
}

/// Credit that pays an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// Identity.
    pub id: AllocationId,
    /// Whose credit.
    pub customer: CustomerId,
    /// Which invoice.
    pub invoice: InvoiceId,
    /// The payment that brought it about, if it was one.
    pub payment: Option<PaymentId>,
    /// The subscription whose credit it was; `None` for credit that serves all.
    pub subscription: Option<SubscriptionId>,
    /// How much.
    pub amount: Money,
    /// When.
    pub made_at: Timestamp,
    /// When it was taken back.
    pub released_at: Option<Timestamp>,
}

/// A payment to be written down.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// Whose it is; `None` puts it into suspense.
    pub customer: Option<CustomerId>,
    /// The only subscription that it is for.
    pub subscription: Option<SubscriptionId>,
    /// The invoice it pays before all others.
    pub invoice: Option<InvoiceId>,
    /// How much.
    pub amount: Money,
    /// In which parts.
    pub parts: Vec<Part>,
    /// The business date on which it came in; today if absent.
    pub received_on: Option<Date>,
    /// Its name in the world outside.
    pub reference: Option<String>,
    /// A note.
    pub note: Option<String>,
}

impl NewPayment {
    /// All of it in one part.
    pub fn whole(customer: CustomerId, amount: Money, method: Method) -> Self {
        Self {
            customer: Some(customer),
            subscription: None,
            invoice: None,
            amount,
            parts: vec![Part { method, reference: None, amount }],
            received_on: None,
            reference: None,
            note: None,
        }
    }

    /// Checks amount, parts and texts.
    ///
    /// # Errors
    ///
    /// A [`PaymentRefusal`] for an amount of zero or less, or parts that do not add up, and
    /// [`Error::Invalid`] for a text that is too long.
    pub fn checked(self) -> Result<Self, Error> {
        let amounts =
            || std::iter::once(self.amount).chain(self.parts.iter().map(|part| part.amount));
        if amounts().any(|amount| amount.minor() <= 0) {
            return Err(PaymentRefusal::NotPositive.into());
        }
        if !(1..=PARTS_MAX).contains(&self.parts.len()) {
            return Err(Error::invalid(
                "parts",
                said!("use 1 to {PARTS_MAX} parts", "gunakan 1 sampai {PARTS_MAX} bagian"),
            ));
        }
        let sum = Money::sum(self.amount.currency(), self.parts.iter().map(|part| part.amount));
        let sum = sum.map_err(|error| Error::invalid("parts", Error::from(error).said()))?;
        if sum != self.amount {
            return Err(PaymentRefusal::PartsDiffer { sum, amount: self.amount }.into());
        }
        if self.customer.is_none() && (self.invoice.is_some() || self.subscription.is_some()) {
            return Err(PaymentRefusal::NobodysInvoice.into());
        }
        self.check_texts()?;
        Ok(self)
    }

    fn check_texts(&self) -> Result<(), Error> {
        let parts = self.parts.iter().map(|part| ("parts.reference", part.reference.as_ref()));
        let own = [("reference", self.reference.as_ref()), ("note", self.note.as_ref())];
        for (field, text) in own.into_iter().chain(parts) {
            check_text(field, text.map(String::as_str))?;
        }
        Ok(())
    }
}

/// Checks a reference or a note, if there is one.
///
/// # Errors
///
/// [`Error::Invalid`] names the field, if it is empty or too long.
pub fn check_text(field: &'static str, text: Option<&str>) -> Result<(), Error> {
    let length = text.map_or(1, |text| text.trim().chars().count());
    if (1..=TEXT_CHARS_MAX).contains(&length) {
        return Ok(());
    }
    Err(Error::invalid(field, Wrong::Length { least: 1, most: TEXT_CHARS_MAX }))
}

/// Why a payment does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentRefusal {
    /// Zero or less.
    #[error("a payment and each of its parts is more than zero")]
    NotPositive,
    /// The parts do not add up.
    #[error("the parts add up to {sum}, but the payment is {amount}")]
    PartsDiffer {
        /// The sum of the parts.
        sum: Money,
        /// The amount of the payment.
        amount: Money,
    },
    /// An invoice without a customer.
    #[error("money for an invoice or a subscription belongs to a customer: name the customer too")]
    NobodysInvoice,
    /// The same reference with other facts.
    #[error(
        "reference `{reference}` belongs to payment {number}, which differs: check which one is right"
    )]
    ReferenceTaken {
        /// The reference.
        reference: String,
        /// The payment that has it.
        number: DocumentNumber,
    },
    /// A day to come.
    #[error("money cannot have come in on {0}, which is still to come")]
    FromTheFuture(Date),
    /// Taken back already.
    #[error("payment {0} was reversed already")]
    Reversed(DocumentNumber),
    /// Has a customer already.
    #[error("payment {0} belongs to a customer already: reverse it and record it again")]
    Matched(DocumentNumber),
    /// Somebody else's.
    #[error("the {0} belongs to another customer")]
    OtherCustomer(Thing),
}

impl Refusal for PaymentRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NotPositive => "amount_not_positive",
            Self::PartsDiffer { .. } => "parts_differ",
            Self::NobodysInvoice => "customer_missing",
            Self::ReferenceTaken { .. } => "reference_taken",
            Self::FromTheFuture(_) => "date_in_future",
            Self::Reversed(_) => "payment_reversed",
            Self::Matched(_) => "payment_matched",
            Self::OtherCustomer(_) => "other_customer",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::NotPositive => "pembayaran dan setiap bagiannya harus lebih dari nol".to_owned(),
            Self::PartsDiffer { sum, amount } => format!("jumlah bagian {sum}, tetapi pembayarannya {amount}"),
            Self::NobodysInvoice => "uang untuk tagihan atau langganan adalah milik pelanggan: sebutkan juga pelanggannya".to_owned(),
            Self::ReferenceTaken { reference, number } => format!("referensi `{reference}` sudah dipakai pembayaran {number}, yang isinya berbeda: periksa mana yang benar"),
            Self::FromTheFuture(day) => format!("uang tidak mungkin masuk pada {day}, hari yang belum tiba"),
            Self::Reversed(number) => format!("pembayaran {number} sudah dibatalkan"),
            Self::Matched(number) => format!("pembayaran {number} sudah menjadi milik seorang pelanggan: batalkan lalu catat lagi"),
            Self::OtherCustomer(what) => format!("{} itu milik pelanggan lain", what.text(Language::Indonesian)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;

    fn payment(amount: i64, parts: &[i64]) -> NewPayment {
        let customer = CustomerId::new(Timestamp::UNIX_EPOCH, &OsEntropy);
        let part = |minor: &i64| Part {
            method: Method::Cash,
            reference: None,
            amount: Money::rupiah(*minor),
        };
        NewPayment {
            parts: parts.iter().map(part).collect(),
            ..NewPayment::whole(customer, Money::rupiah(amount), Method::Cash)
        }
    }

    #[test]
    fn parts_add_up_to_the_payment() {
        assert!(payment(5, &[2, 3]).checked().is_ok());
        assert_eq!(payment(5, &[2, 2]).checked().unwrap_err().code(), "parts_differ");
        assert_eq!(payment(5, &[]).checked().unwrap_err().code(), "invalid");
        assert_eq!(payment(i64::MAX, &[i64::MAX, 1]).checked().unwrap_err().code(), "invalid");
    }

    #[test]
    fn r18_nothing_and_less_is_no_payment() {
        for amounts in [(0, [0]), (-5, [-5])] {
            let refused = payment(amounts.0, &amounts.1).checked().unwrap_err();
            assert_eq!(refused.code(), "amount_not_positive");
        }
        assert_eq!(payment(5, &[10, -5]).checked().unwrap_err().code(), "amount_not_positive");
    }
}
