//! Value-added tax on an amount, off unless there is a rule for the day.
//!
//! Indonesia taxes internet access with PPN. Since 2025 the rate is 12 % on a base of 11/12 of the
//! price (PMK 131/2024), which is why a rule has a base factor besides its rate.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use crate::kernel::error::{Error, Refusal};
use crate::kernel::money::{Money, MoneyError};
use crate::kernel::names::{names, slug};

/// One per cent is a hundred basis points.
pub const BASIS_POINTS: u32 = 10_000;
/// The largest denominator of a base factor.
pub const BASE_MAX: u32 = 1_000;

const NAME_CHARS_MAX: usize = 20;

names! {
    /// Whether a price has the tax in it.
    pub enum TaxMode "mode" {
        /// The price is what the customer pays; the tax is a part of it.
        Inclusive = "inclusive",
        /// The tax comes on top of the price.
        Exclusive = "exclusive",
    }
}

/// Under which name dated rules belong together, such as `ppn`: 1 to 20 lower-case letters, digits
/// and dashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaxName(String);

impl TaxName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TaxName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        slug(text, "tax", NAME_CHARS_MAX).map(Self)
    }
}

impl fmt::Display for TaxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tax that holds from a day on, until the next rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxRule {
    since: Date,
    mode: TaxMode,
    rate: u32,
    base: (u32, u32),
}

/// Why numbers make no tax rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TaxRuleError {
    /// The rate is above 100 %.
    #[error("a tax rate is at most {BASIS_POINTS} basis points (100 %)")]
    Rate,
    /// The base factor is no fraction from 1/1000 to 1.
    #[error("a base factor is a fraction up to 1, with a denominator from 1 to {BASE_MAX}")]
    Base,
}

impl Refusal for TaxRuleError {
    fn code(&self) -> &'static str {
        match self {
            Self::Rate => "tax_rate",
            Self::Base => "tax_base",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::Rate => format!("tarif pajak paling tinggi {BASIS_POINTS} basis poin (100 %)"),
            Self::Base => format!(
                "faktor dasar adalah pecahan sampai 1, dengan penyebut dari 1 sampai {BASE_MAX}"
            ),
        }
    }
}

/// Why a tax rule cannot be withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxRefusal {
    /// Invoices may name its tax.
    #[error(
        "invoices with tax were issued since {0}: add a later rule that follows this one instead"
    )]
    Applied(Date),
    /// Nothing would be left of a tax that somebody pays.
    #[error(
        "this is the only rule of `{0}`, which plans or subscriptions name: change those first"
    )]
    OnlyRule(TaxName),
}

impl Refusal for TaxRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Applied(_) => "tax_applied",
            Self::OnlyRule(_) => "tax_only_rule",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::Applied(day) => format!(
                "tagihan dengan pajak sudah diterbitkan sejak {day}: tambahkan aturan baru sesudahnya"
            ),
            Self::OnlyRule(name) => format!(
                "ini satu-satunya aturan `{name}`, yang disebut oleh paket atau langganan: ubah itu dulu"
            ),
        }
    }
}

/// An amount taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taxed {
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// What the customer pays: exactly the sum of both.
    pub gross: Money,
}

impl TaxRule {
    /// A rule from `since` on: `rate` basis points on `base.0`/`base.1` of the price.
    ///
    /// # Errors
    ///
    /// [`TaxRuleError`] for a rate above 100 % or a base factor that is none.
    pub fn new(
        since: Date,
        mode: TaxMode,
        rate: u32,
        base: (u32, u32),
    ) -> Result<Self, TaxRuleError> {
        if rate > BASIS_POINTS {
            return Err(TaxRuleError::Rate);
        }
        if !(1..=BASE_MAX).contains(&base.1) || !(1..=base.1).contains(&base.0) {
            return Err(TaxRuleError::Base);
        }
        Ok(Self { since, mode, rate, base })
    }

    /// The first day on which it holds.
    pub const fn since(&self) -> Date {
        self.since
    }

    /// Whether prices have the tax in them.
    pub const fn mode(&self) -> TaxMode {
        self.mode
    }

    /// The rate in basis points.
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// The part of the price that is taxed, as numerator and denominator.
    pub const fn base(&self) -> (u32, u32) {
        self.base
    }

    /// The rule that holds on `day`: the latest that has begun.
    pub fn on(rules: &[Self], day: Date) -> Option<&Self> {
        rules.iter().filter(|rule| rule.since <= day).max_by_key(|rule| rule.since)
    }

    /// Takes an amount apart, the tax rounded to whole minor units, half away from zero.
    ///
    /// ```
    /// use jiff::civil::date;
    /// use mkbill_core::Money;
    /// use mkbill_core::invoice::tax::{TaxMode, TaxRule};
    ///
    /// let ppn = TaxRule::new(date(2025, 1, 1), TaxMode::Exclusive, 1_200, (11, 12))?;
    /// assert_eq!(ppn.split(Money::rupiah(100_000))?.tax, Money::rupiah(11_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`] when the sum does not fit.
    pub fn split(&self, price: Money) -> Result<Taxed, MoneyError> {
        let share = self.rate * self.base.0;
        let whole = BASIS_POINTS * self.base.1;
        match self.mode {
            TaxMode::Exclusive => {
                let tax = price.share(share, whole)?;
                Ok(Taxed { net: price, tax, gross: price.checked_add(tax)? })
            }
            TaxMode::Inclusive => {
                let tax = price.share(share, whole + share)?;
                Ok(Taxed { net: price.checked_sub(tax)?, tax, gross: price })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn rule(mode: TaxMode, rate: u32, base: (u32, u32)) -> TaxRule {
        TaxRule::new(date(2025, 1, 1), mode, rate, base).unwrap()
    }

    #[test]
    fn g8_a_prorated_price_with_tax_in_it_splits_without_a_rest() {
        let prorated = Money::rupiah(150_000).share(10, 30).unwrap();
        let taxed = rule(TaxMode::Inclusive, 1_200, (11, 12)).split(prorated).unwrap();
        assert_eq!(taxed.gross, Money::rupiah(50_000));
        assert_eq!(taxed.tax, Money::rupiah(4_955));
        assert_eq!(taxed.net.checked_add(taxed.tax), Ok(taxed.gross));
    }

    #[test]
    fn ppn_of_2025_is_eleven_of_a_hundred_and_eleven_thousand_both_ways() {
        let parts = |mode, price| {
            let taxed = rule(mode, 1_200, (11, 12)).split(Money::rupiah(price)).unwrap();
            [taxed.net, taxed.tax, taxed.gross].map(Money::minor)
        };
        assert_eq!(parts(TaxMode::Exclusive, 100_000), [100_000, 11_000, 111_000]);
        assert_eq!(parts(TaxMode::Inclusive, 111_000), [100_000, 11_000, 111_000]);
    }

    #[test]
    fn the_latest_rule_that_has_begun_holds() {
        let old = TaxRule::new(date(2022, 4, 1), TaxMode::Exclusive, 1_100, (1, 1)).unwrap();
        let new = rule(TaxMode::Exclusive, 1_200, (11, 12));
        let rules = [new, old];
        assert_eq!(TaxRule::on(&rules, date(2022, 3, 31)), None);
        assert_eq!(TaxRule::on(&rules, date(2024, 12, 31)), Some(&old));
        assert_eq!(TaxRule::on(&rules, date(2025, 1, 1)), Some(&new));
    }

    #[test]
    fn numbers_that_make_no_rule_are_refused() {
        let make = |rate, base| TaxRule::new(date(2025, 1, 1), TaxMode::Inclusive, rate, base);
        assert_eq!(make(10_001, (1, 1)), Err(TaxRuleError::Rate));
        for base in [(0, 1), (2, 1), (1, 0), (1, 1_001)] {
            assert_eq!(make(1_100, base), Err(TaxRuleError::Base), "{base:?}");
        }
    }

    proptest! {
        #[test]
        fn net_and_tax_always_sum_to_gross(
            minor in 0..1_000_000_000_000_i64,
            rate in 0..=BASIS_POINTS,
            denominator in 1..=BASE_MAX,
            inclusive: bool,
        ) {
            let mode = if inclusive { TaxMode::Inclusive } else { TaxMode::Exclusive };
            let taxed = rule(mode, rate, (1, denominator)).split(Money::rupiah(minor)).unwrap();
            prop_assert_eq!(taxed.net.checked_add(taxed.tax), Ok(taxed.gross));
            prop_assert!(!taxed.tax.is_negative() && !taxed.net.is_negative());
        }
    }
}
