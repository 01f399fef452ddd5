//! How long to wait before the next try.

use jiff::SignedDuration;

use crate::kernel::entropy::Entropy;

const FIRST_SECONDS: i64 = 5;
const LONGEST_SECONDS: i64 = 60;

/// The pause after `attempts` failed tries: 5 s, 10 s, 20 s, 40 s, then 60 s for ever, each with up
/// to a quarter taken off by chance so that many routers do not come back at the same instant.
pub fn pause(attempts: u32, entropy: &dyn Entropy) -> SignedDuration {
    let doubled =
        FIRST_SECONDS.saturating_mul(1_i64.checked_shl(attempts.min(8)).unwrap_or(i64::MAX));
    let millis = doubled.min(LONGEST_SECONDS) * 1_000;
    let mut chance = [0_u8; 1];
    entropy.fill(&mut chance);
    SignedDuration::from_millis(millis - millis * i64::from(chance[0]) / 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;

    #[test]
    fn a_router_that_stays_away_is_asked_every_minute_for_ever() {
        for (attempts, most) in
            [(0, 5), (1, 10), (2, 20), (3, 40), (4, 60), (40, 60), (u32::MAX, 60)]
        {
            let pause = pause(attempts, &OsEntropy);
            let most = SignedDuration::from_secs(most);
            assert!(pause <= most && pause >= most * 3 / 4, "{attempts}: {pause:?}");
        }
    }
}
