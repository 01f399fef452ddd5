//! Failed tries to sign in are slowed down, for the account and for the address they come from.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::Username;

/// Tries that may fail without a pause.
const FREE_FAILURES: u32 = 3;
const LONGEST_SECONDS: i64 = 60;
/// After so long without a failure all is forgotten.
pub const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// How often it failed lately, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How often.
    pub count: u32,
    /// When last.
    pub last_at: Timestamp,
}

impl Failures {
    /// How much longer to wait at `now` before the next try: nothing after up to three failures, then
    /// 1 s after the last one, 2 s, 4 s and so on to a minute.
    pub fn wait(self, now: Timestamp) -> Option<SignedDuration> {
        let over = self.count.checked_sub(FREE_FAILURES)?.min(6);
        let pause = SignedDuration::from_secs((1_i64 << over).min(LONGEST_SECONDS));
        let left = pause.checked_sub(now.duration_since(self.last_at))?;
        let whole_seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        (left.is_positive() && now.duration_since(self.last_at) < FORGOTTEN_AFTER)
            .then(|| SignedDuration::from_secs(whole_seconds))
    }
}

/// Under which names failures are counted.
pub fn subjects(username: &str, address: Option<IpAddr>) -> Vec<String> {
    let account = username.parse::<Username>().ok().map(|name| format!("account:{name}"));
    let address = address.map(|address| format!("address:{address}"));
    account.into_iter().chain(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_try_waits_a_second_and_later_ones_longer_up_to_a_minute() {
        let last_at = Timestamp::UNIX_EPOCH;
        let wait = |count| Failures { count, last_at }.wait(last_at).map(|wait| wait.as_secs());
        assert_eq!([0, 1, 2].map(wait), [None; 3]);
        assert_eq!([3, 4, 5, 8, 9, 400].map(wait), [1, 2, 4, 32, 60, 60].map(Some));
    }

    #[test]
    fn the_wait_is_over_when_it_is_over() {
        let last_at = Timestamp::UNIX_EPOCH;
        let failures = Failures { count: 9, last_at };
        let at = |millis| last_at + SignedDuration::from_millis(millis);
        assert_eq!(failures.wait(at(59_001)), Some(SignedDuration::from_secs(1)));
        assert_eq!(failures.wait(at(60_000)), None);
    }

    #[test]
    fn a_name_that_nobody_can_have_is_counted_for_its_address_only() {
        let address = Some(IpAddr::from([192, 0, 2, 7]));
        assert_eq!(subjects("Budi", address), ["account:budi", "address:192.0.2.7"]);
        assert_eq!(subjects("' OR 1=1 --", address), ["address:192.0.2.7"]);
    }
}
