//! Money in whole minor units. No float, no wrap.

use std::fmt;
use std::str::FromStr;

use super::error::Refusal;

/// An ISO 4217 currency code, three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Indonesian rupiah. Kept in whole rupiah: exponent 0.
    pub const IDR: Self = Self(*b"IDR");
    /// United States dollar.
    pub const USD: Self = Self(*b"USD");
    /// Kenyan shilling.
    pub const KES: Self = Self(*b"KES");

    /// The code, such as `IDR`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII capitals are stored")
    }

    /// Decimal places of the minor unit in our books. Rupiah has none, unlike ISO 4217.
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"IDR" | b"JPY" | b"KRW" | b"VND" | b"UGX" | b"XOF" | b"XAF" => 0,
            _ => 2,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(MoneyError::UnknownCurrency(text.chars().take(12).collect())),
        }
    }
}

/// Why an amount could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit 64 bits of minor units.
    #[error("amount is out of range")]
    Overflow,
    /// Two currencies met in one sum.
    #[error("cannot combine {0} with {1}")]
    Mixed(Currency, Currency),
    /// Not a three-letter code.
    #[error("`{0}` is not a currency code of three capital letters")]
    UnknownCurrency(String),
}

impl Refusal for MoneyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Overflow => "amount_out_of_range",
            Self::Mixed(..) => "mixed_currencies",
            Self::UnknownCurrency(_) => "unknown_currency",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::Overflow => "jumlah di luar jangkauan".to_owned(),
            Self::Mixed(one, other) => format!("{one} tidak bisa digabung dengan {other}"),
            Self::UnknownCurrency(text) => {
                format!("`{text}` bukan kode mata uang tiga huruf besar")
            }
        }
    }
}

/// An amount in minor units of one currency; may be negative.
///
/// ```
/// use mkbill_core::kernel::money::{Currency, Money};
/// let price = Money::new(15_000, Currency::IDR);
/// assert_eq!(price.checked_mul(500)?.to_string(), "Rp 7.500.000");
/// # Ok::<(), mkbill_core::kernel::money::MoneyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount of `minor` units (whole rupiah for IDR, cents for USD).
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Whole rupiah.
    pub const fn rupiah(amount: i64) -> Self {
        Self::new(amount, Currency::IDR)
    }

    /// The minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Below zero?
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Exactly zero?
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    fn same(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Mixed(self.currency, other.currency))
        }
    }

    fn with(self, minor: Option<i64>) -> Result<Self, MoneyError> {
        minor.map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The sum; refuses other currencies and overflow.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        self.with(self.minor.checked_add(other.minor))
    }

    /// The difference; refuses other currencies and overflow.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        self.with(self.minor.checked_sub(other.minor))
    }

    /// The amount `times` over.
    pub fn checked_mul(self, times: i64) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_mul(times))
    }

    /// `numerator`/`denominator` of the amount, halves rounded away from zero.
    ///
    /// ```
    /// use mkbill_core::Money;
    /// assert_eq!(Money::rupiah(150_000).share(10, 31)?, Money::rupiah(48_387));
    /// # Ok::<(), mkbill_core::kernel::money::MoneyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`] when the result does not fit, or the denominator is 0.
    pub fn share(self, numerator: u32, denominator: u32) -> Result<Self, MoneyError> {
        self.scaled(i128::from(numerator), i128::from(denominator))
    }

    /// As much of the amount as `part` is of `whole`, halves rounded away from zero.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] when the two are in different currencies, or `whole` is zero.
    pub fn as_part(self, part: Self, whole: Self) -> Result<Self, MoneyError> {
        part.same(whole)?;
        self.scaled(i128::from(part.minor), i128::from(whole.minor))
    }

    fn scaled(self, numerator: i128, denominator: i128) -> Result<Self, MoneyError> {
        let doubled = i128::from(self.minor).checked_mul(2).and_then(|m| m.checked_mul(numerator));
        let doubled = doubled.ok_or(MoneyError::Overflow)?;
        let rounded = (doubled + doubled.signum() * denominator).checked_div(2 * denominator);
        self.with(rounded.and_then(|minor| i64::try_from(minor).ok()))
    }

    /// The smaller of two amounts.
    pub fn least(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        Ok(if self.minor <= other.minor { self } else { other })
    }

    /// The opposite amount.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_neg())
    }

    /// The sum of all `amounts`, zero for none.
    pub fn sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }
}

fn grouped(digits: &str, separator: char) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Money {
    /// `Rp 10.000` for rupiah, `USD 1,234.50` otherwise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor < 0 { "-" } else { "" };
        let scale = 10_u64.pow(self.currency.exponent());
        let (whole, part) = (self.minor.unsigned_abs() / scale, self.minor.unsigned_abs() % scale);
        if self.currency == Currency::IDR {
            return write!(f, "{sign}Rp {}", grouped(&whole.to_string(), '.'));
        }
        write!(f, "{sign}{} {}", self.currency, grouped(&whole.to_string(), ','))?;
        match self.currency.exponent() {
            0 => Ok(()),
            places => write!(f, ".{part:0width$}", width = places as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_as_their_readers_write_them() {
        assert_eq!(Money::rupiah(10_000).to_string(), "Rp 10.000");
        assert_eq!(Money::rupiah(-1_250_000).to_string(), "-Rp 1.250.000");
        assert_eq!(Money::rupiah(0).to_string(), "Rp 0");
        assert_eq!(Money::new(123_450, Currency::USD).to_string(), "USD 1,234.50");
        assert_eq!(
            Money::new(i64::MIN, Currency::IDR).to_string(),
            "-Rp 9.223.372.036.854.775.808"
        );
    }

    #[test]
    fn a_share_is_rounded_half_away_from_zero() {
        let share = |minor, n, d| Money::rupiah(minor).share(n, d).map(Money::minor);
        assert_eq!(share(5, 1, 2), Ok(3));
        assert_eq!(share(-5, 1, 2), Ok(-3));
        assert_eq!(share(4, 1, 3), Ok(1));
        assert_eq!(share(150_000, 10, 30), Ok(50_000));
        assert_eq!(share(i64::MAX, 1, 1), Ok(i64::MAX));
        assert_eq!(share(i64::MAX, 2, 1), Err(MoneyError::Overflow));
        assert_eq!(share(i64::MAX, u32::MAX, u32::MAX), Ok(i64::MAX));
        assert_eq!(share(i64::MIN, u32::MAX, u32::MAX), Ok(i64::MIN));
        assert_eq!(share(1, 1, 0), Err(MoneyError::Overflow));
    }

    #[test]
    fn overflow_and_mixed_currencies_are_errors() {
        let most = Money::rupiah(i64::MAX);
        assert_eq!(most.checked_add(Money::rupiah(1)), Err(MoneyError::Overflow));
        assert_eq!(Money::rupiah(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(most.checked_mul(2), Err(MoneyError::Overflow));
        assert_eq!(
            Money::rupiah(1).checked_add(Money::new(1, Currency::KES)),
            Err(MoneyError::Mixed(Currency::IDR, Currency::KES))
        );
    }
}
