//! Lines, discounts and tax put together before an invoice is issued. Pure.

use crate::kernel::ids::InvoiceId;
use crate::kernel::money::{Currency, Money, MoneyError};

use super::tax::TaxRule;
use super::{Line, LineKind};

/// Lines and their sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The lines so far.
    pub lines: Vec<Line>,
    /// The sum of all lines before tax, but for those carried over.
    pub net: Money,
    /// The tax on it.
    pub tax: Money,
    /// What it takes over from earlier invoices.
    pub carried: Money,
}

/// One line as a person or a rule asks for it; the tax is worked out from its amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is for.
    pub kind: LineKind,
    /// What it is for, in words.
    pub text: String,
    /// How many.
    pub quantity: u32,
    /// The price of one; below zero for what is given back.
    pub unit: Money,
}

impl Draft {
    /// No lines yet.
    pub const fn new(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self { lines: Vec::new(), net: zero, tax: zero, carried: zero }
    }

    /// Adds a line, its tax by `rule`.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] for another currency or a sum that does not fit.
    pub fn add(&mut self, item: Item, rule: Option<&TaxRule>) -> Result<(), MoneyError> {
        let price = item.unit.checked_mul(i64::from(item.quantity))?;
        let (net, tax) = match rule {
            Some(rule) => rule.split(price).map(|taxed| (taxed.net, taxed.tax))?,
            None => (price, Money::zero(price.currency())),
        };
        self.net = self.net.checked_add(net)?;
        self.tax = self.tax.checked_add(tax)?;
        let Item { kind, text, quantity, unit } = item;
        self.lines.push(Line { kind, text, quantity, unit, net, tax, source: None });
        Ok(())
    }

    /// Takes over what was still to be paid on an earlier invoice. It was taxed there.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] for another currency or a sum that does not fit.
    pub fn carry(&mut self, from: InvoiceId, text: String, rest: Money) -> Result<(), MoneyError> {
        self.carried = self.carried.checked_add(rest)?;
        self.lines.push(Line {
            kind: LineKind::Carried,
            text,
            quantity: 1,
            unit: rest,
            net: rest,
            tax: Money::zero(rest.currency()),
            source: Some(from),
        });
        Ok(())
    }

    /// What is new in it: net and tax.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`] when the sum does not fit.
    pub fn charged(&self) -> Result<Money, MoneyError> {
        self.net.checked_add(self.tax)
    }

    /// What is to be paid.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`] when the sum does not fit.
    pub fn total(&self) -> Result<Money, MoneyError> {
        self.charged()?.checked_add(self.carried)
    }
}

/// The part of `price` for `days` of the `of` days of a period, rounded half away from zero.
///
/// # Errors
///
/// [`MoneyError::Overflow`] for a period without days.
pub fn prorated(price: Money, days: u32, of: u32) -> Result<Money, MoneyError> {
    price.share(days, of)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;
    use crate::invoice::tax::TaxMode;
    use crate::kernel::entropy::OsEntropy;

    fn item(kind: LineKind, unit: i64) -> Item {
        Item { kind, text: "x".to_owned(), quantity: 1, unit: Money::rupiah(unit) }
    }

    #[test]
    fn a_discount_takes_its_tax_with_it_and_what_is_carried_is_not_taxed_again() {
        let ppn = TaxRule::new(date(2025, 1, 1), TaxMode::Exclusive, 1_200, (11, 12)).unwrap();
        let mut draft = Draft::new(Currency::IDR);
        draft.add(item(LineKind::Period, 100_000), Some(&ppn)).unwrap();
        draft.add(item(LineKind::Discount, -10_000), Some(&ppn)).unwrap();
        let old = InvoiceId::new(Timestamp::UNIX_EPOCH, &OsEntropy);
        draft.carry(old, "rest".to_owned(), Money::rupiah(20_000)).unwrap();
        let rupiah = Money::rupiah;
        assert_eq!(
            (draft.net, draft.tax, draft.carried),
            (rupiah(90_000), rupiah(9_900), rupiah(20_000))
        );
        assert_eq!(draft.total(), Ok(rupiah(119_900)));
    }

    #[test]
    fn g8_a_third_of_a_month_is_a_third_of_its_price() {
        assert_eq!(prorated(Money::rupiah(150_000), 10, 30), Ok(Money::rupiah(50_000)));
    }
}
