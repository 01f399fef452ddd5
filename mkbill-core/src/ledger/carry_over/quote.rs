//! What an amount would buy, before it is paid.

use crate::kernel::money::{Money, MoneyError};

/// What a payment would buy of one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Whole periods.
    pub periods: u32,
    /// Days in those periods.
    pub days: u64,
    /// What would be left as credit; below zero when not even an old debt is covered.
    pub carry: Money,
    /// What is missing for the first period; zero when there is one.
    pub deficit: Money,
}

/// What `paid` on top of `balance` (below zero is a debt) would buy at `price` a period.
///
/// # Errors
///
/// [`MoneyError`] when currencies differ or a sum does not fit.
pub fn quote(price: Money, paid: Money, balance: Money, days: u32) -> Result<Quote, MoneyError> {
    let available = paid.checked_add(balance)?;
    let (periods, carry) = prepaid_periods(available, price)?;
    let nothing = Money::zero(price.currency());
    let deficit = if periods > 0 { nothing } else { price.checked_sub(available)? };
    let deficit = if deficit.is_negative() { nothing } else { deficit };
    Ok(Quote { periods, days: u64::from(periods) * u64::from(days), carry, deficit })
}

/// How many whole periods `available` pays for in advance, and what is left. A price of zero buys
/// none: what costs nothing needs no advance.
///
/// # Errors
///
/// [`MoneyError`] when currencies differ.
pub fn prepaid_periods(available: Money, price: Money) -> Result<(u32, Money), MoneyError> {
    available.checked_sub(price)?;
    if available.is_negative() || price.minor() <= 0 {
        return Ok((0, available));
    }
    let periods = u32::try_from(available.minor() / price.minor()).unwrap_or(u32::MAX);
    let left = available.checked_sub(price.checked_mul(i64::from(periods))?)?;
    Ok((periods, left))
}
