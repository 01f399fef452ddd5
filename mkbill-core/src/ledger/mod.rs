//! Double entry: append-only, every entry sums to zero, unique by its cause.

pub mod carry_over;
pub mod store;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::ids::{EntryId, VendorId, VoucherId};
use crate::kernel::money::{Money, MoneyError};

/// Where money stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// What vendors and counters took for activated vouchers and still hold for us.
    VoucherTakings,
    /// Revenue from vouchers.
    VoucherRevenue,
}

impl Account {
    /// The account's stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VoucherTakings => "voucher_takings",
            Self::VoucherRevenue => "voucher_revenue",
        }
    }

    /// Reads a stored name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::VoucherTakings, Self::VoucherRevenue].into_iter().find(|a| a.name() == name)
    }
}

/// One side of an entry: positive is debit, negative is credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// Debit above zero, credit below.
    pub amount: Money,
}

/// What an entry records; there is at most one entry per cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A voucher's first login: revenue is earned then.
    VoucherActivated(VoucherId),
}

impl Cause {
    /// The unique text that is stored.
    pub fn key(self) -> String {
        match self {
            Self::VoucherActivated(id) => format!("voucher_activated:{id}"),
        }
    }
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
        Ok(Self { id, cause, business_date, recorded_at, vendor: None, postings })
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
        let postings = amounts.iter().map(|minor| Posting {
            account: Account::VoucherTakings,
            amount: Money::rupiah(*minor),
        });
        Entry::balanced(
            EntryId::new(now, &OsEntropy),
            cause,
            date(2026, 1, 1),
            now,
            postings.collect(),
        )
    }

    #[test]
    fn an_entry_sums_to_zero_or_does_not_exist() {
        assert!(entry(&[5_000, -5_000]).is_ok());
        assert_eq!(entry(&[5_000, -4_999]), Err(Unbalanced::Off(Money::rupiah(1))));
        assert_eq!(entry(&[0]), Err(Unbalanced::TooFew));
        assert!(matches!(entry(&[i64::MAX, 1, 3]), Err(Unbalanced::Money(_))));
    }
}
