//! Double entry: append-only, every entry sums to zero, unique by its cause.

pub mod carry_over;
pub mod statement;
pub mod store;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::kernel::error::Refusal;
use crate::kernel::ids::{
    AllocationId, CreditNoteId, CustomerId, EntryId, InvoiceId, PaymentId, PlanId, SubscriptionId,
    VendorId, VoucherId,
};
use crate::kernel::money::{Money, MoneyError};
use crate::kernel::names::names;

names! {
    /// Where money stands.
    pub enum Account "account" {
        /// What vendors and counters took for activated vouchers and still hold for us.
        VoucherTakings = "voucher_takings",
        /// Revenue from vouchers.
        VoucherRevenue = "voucher_revenue",
        /// Money in the till.
        Cash = "cash",
        /// Money in the bank.
        Bank = "bank",
        /// Money that came by another way.
        OtherFunds = "other_funds",
        /// What customers owe on invoices.
        Receivable = "receivable",
        /// What customers have paid and not spent yet; below zero on a customer who owes it.
        CustomerCredit = "customer_credit",
        /// Money that came in and belongs to nobody known yet.
        Suspense = "suspense",
        /// Revenue from subscriptions.
        SubscriptionRevenue = "subscription_revenue",
        /// Revenue from invoices that people wrote.
        OtherRevenue = "other_revenue",
        /// Tax that was charged and has to be passed on.
        TaxPayable = "tax_payable",
        /// The other side of corrections of a customer's credit.
        Adjustments = "adjustments",
        /// The other side of balances that customers brought along.
        OpeningBalances = "opening_balances",
    }
}

impl Account {
    /// The accounts on which money comes in and goes out.
    pub const FUNDS: [Self; 3] = [Self::Cash, Self::Bank, Self::OtherFunds];
    /// The accounts that hold revenue, net of tax.
    pub const REVENUE: [Self; 3] =
        [Self::VoucherRevenue, Self::SubscriptionRevenue, Self::OtherRevenue];
}

/// One side of an entry: positive is debit, negative is credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// Debit above zero, credit below.
    pub amount: Money,
    /// The customer it concerns; always there on `receivable` and `customer_credit`.
    pub customer: Option<CustomerId>,
    /// The only subscription that this credit is for, or the one that earned this revenue.
    pub subscription: Option<SubscriptionId>,
    /// The plan that earned this revenue, as it was then.
    pub plan: Option<PlanId>,
}

impl Posting {
    /// A side that concerns no customer.
    pub const fn new(account: Account, amount: Money) -> Self {
        Self { account, amount, customer: None, subscription: None, plan: None }
    }

    /// The same side, about a customer and, for credit and revenue, a subscription.
    #[must_use]
    pub const fn of(self, customer: CustomerId, subscription: Option<SubscriptionId>) -> Self {
        Self { customer: Some(customer), subscription, ..self }
    }

    /// The same side, earned by a plan.
    #[must_use]
    pub const fn by_plan(self, plan: Option<PlanId>) -> Self {
        Self { plan, ..self }
    }
}

/// Declares causes: each is about one thing, and its stored text is `name:identifier`.
macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident($id:ty) = $name:literal),+ $(,)?) => {
        /// What an entry records; there is at most one entry per cause.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Cause {
            $($(#[$doc])* $cause($id)),+
        }

        impl Cause {
            /// The kind's stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$cause(_) => $name),+
                }
            }

            /// The id of the thing it is about.
            pub const fn subject(self) -> Uuid {
                match self {
                    $(Self::$cause(id) => id.uuid()),+
                }
            }

            /// The unique text that is stored.
            pub fn key(self) -> String {
                match self {
                    $(Self::$cause(id) => format!("{}:{id}", $name)),+
                }
            }

            /// Reads a stored text.
            pub fn read(key: &str) -> Option<Self> {
                let (name, id) = key.split_once(':')?;
                match name {
                    $($name => id.parse().ok().map(Self::$cause),)+
                    _ => None,
                }
            }
        }
    };
}

causes! {
    /// A voucher's first login: revenue is earned then.
    VoucherActivated(VoucherId) = "voucher_activated",
    /// An invoice was issued: the customer owes it.
    InvoiceIssued(InvoiceId) = "invoice_issued",
    /// An invoice was withdrawn.
    InvoiceVoided(InvoiceId) = "invoice_voided",
    /// A part of an invoice was given back as credit.
    CreditNoted(CreditNoteId) = "credit_noted",
    /// Money came in.
    PaymentReceived(PaymentId) = "payment_received",
    /// Money that belonged to nobody found its customer.
    PaymentMatched(PaymentId) = "payment_matched",
    /// Money went back.
    PaymentReversed(PaymentId) = "payment_reversed",
    /// Credit paid an invoice.
    Allocated(AllocationId) = "allocated",
    /// Credit was taken back from an invoice.
    Released(AllocationId) = "released",
    /// Somebody corrected a customer's credit.
    Adjusted(EntryId) = "adjusted",
    /// Credit moved between customers or subscriptions.
    Transferred(EntryId) = "transferred",
    /// A balance that a customer brought along.
    Opened(CustomerId) = "opened",
}

/// One balanced entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Identity.
    pub id: EntryId,
    /// What it records.
    pub cause: Cause,
    /// The business date it belongs to.
    pub business_date: Date,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// The vendor it concerns.
    pub vendor: Option<VendorId>,
    /// The customer whose statement shows it.
    pub customer: Option<CustomerId>,
    /// The invoice it is about.
    pub invoice: Option<InvoiceId>,
    /// The payment it is about.
    pub payment: Option<PaymentId>,
    /// The cause of the entry that it takes back.
    pub reverses: Option<Cause>,
    /// Why, in the words of whoever wrote it.
    pub memo: Option<String>,
    postings: Vec<Posting>,
}

/// Why postings make no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    /// Debits and credits differ.
    #[error("the entry is off by {0}")]
    Off(Money),
    /// Fewer than two postings.
    #[error("an entry has at least two postings")]
    TooFew,
    /// The sum cannot be computed.
    #[error("the entry cannot be summed")]
    Money(#[from] MoneyError),
}

impl Entry {
    /// An entry whose postings sum to zero.
    pub fn balanced(
        id: EntryId,
        cause: Cause,
        business_date: Date,
        recorded_at: Timestamp,
        postings: Vec<Posting>,
    ) -> Result<Self, Unbalanced> {
        let [first, _, ..] = postings.as_slice() else { return Err(Unbalanced::TooFew) };
        let sum = Money::sum(first.amount.currency(), postings.iter().map(|p| p.amount))?;
        if !sum.is_zero() {
            return Err(Unbalanced::Off(sum));
        }
        Ok(Self {
            id,
            cause,
            business_date,
            recorded_at,
            vendor: None,
            customer: None,
            invoice: None,
            payment: None,
            reverses: None,
            memo: None,
            postings,
        })
    }

    /// The same entry, said to concern a vendor.
    #[must_use]
    pub fn concerning(self, vendor: Option<VendorId>) -> Self {
        Self { vendor, ..self }
    }

    /// Its sides; they sum to zero.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

/// A day whose books are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the books are closed through {through}, and {day} is not after it: use a later day")]
pub struct BooksClosed {
    /// The day that was asked for.
    pub day: Date,
    /// The last day of closed books.
    pub through: Date,
}

impl Refusal for BooksClosed {
    fn code(&self) -> &'static str {
        "books_closed"
    }

    fn indonesian(&self) -> String {
        let Self { day, through } = self;
        format!(
            "buku sudah ditutup sampai {through}, dan {day} tidak sesudahnya: gunakan hari yang lebih akhir"
        )
    }
}

/// Refuses a day whose books are closed.
///
/// # Errors
///
/// [`BooksClosed`] names the last closed day.
pub fn check_open(locked_through: Option<Date>, day: Date) -> Result<(), BooksClosed> {
    match locked_through {
        Some(through) if day <= through => Err(BooksClosed { day, through }),
        _ => Ok(()),
    }
}

/// The day itself if its books are open, else the first open day after it.
pub fn first_open_day(locked_through: Option<Date>, day: Date) -> Date {
    match locked_through {
        Some(through) if day <= through => through.tomorrow().unwrap_or(day),
        _ => day,
    }
}

/// Whether an append changed the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// A new entry.
    Now,
    /// An entry of this cause stood there already; nothing was written.
    AlreadyThere,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;
    use jiff::civil::date;

    fn entry(amounts: &[i64]) -> Result<Entry, Unbalanced> {
        let now = Timestamp::UNIX_EPOCH;
        let cause = Cause::VoucherActivated(VoucherId::new(now, &OsEntropy));
        let postings = amounts
            .iter()
            .map(|minor| Posting::new(Account::VoucherTakings, Money::rupiah(*minor)));
        Entry::balanced(
            EntryId::new(now, &OsEntropy),
            cause,
            date(2026, 1, 1),
            now,
            postings.collect(),
        )
    }

    #[test]
    fn a_cause_is_read_as_it_was_stored() {
        let cause = Cause::PaymentReversed(PaymentId::new(Timestamp::UNIX_EPOCH, &OsEntropy));
        assert_eq!(Cause::read(&cause.key()), Some(cause));
        assert_eq!(Cause::read("payment_reversed:7"), None);
        assert_eq!(Cause::read("rain"), None);
    }

    #[test]
    fn an_entry_sums_to_zero_or_does_not_exist() {
        assert!(entry(&[5_000, -5_000]).is_ok());
        assert_eq!(entry(&[5_000, -4_999]), Err(Unbalanced::Off(Money::rupiah(1))));
        assert_eq!(entry(&[0]), Err(Unbalanced::TooFew));
        assert!(matches!(entry(&[i64::MAX, 1, 3]), Err(Unbalanced::Money(_))));
    }
}
