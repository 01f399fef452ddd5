//! Decimal numbers times a unit, without floating point.

const PLACES_MAX: usize = 9;

/// `number` times `unit`, cut to a whole; nine decimal places count. `None` when it is no number or
/// too large.
pub(super) fn scaled(number: &str, unit: u64) -> Option<u64> {
    let (integer, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(PLACES_MAX)];
    let divisor = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = u128::from(whole(fraction)?) * u128::from(unit) / divisor;
    whole(integer)?.checked_mul(unit)?.checked_add(u64::try_from(part).ok()?)
}

/// A number of decimal digits and nothing else.
pub(super) fn whole(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}
