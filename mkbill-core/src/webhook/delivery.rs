//! One event on its way to one webhook, and when it is tried again.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::entropy::Entropy;
use crate::kernel::ids::{DeliveryId, WebhookId};
use crate::kernel::names::names;
use crate::kernel::time::saturating_add;

/// For how many days deliveries are kept.
pub const DELIVERIES_KEPT_DAYS: i32 = 30;
/// How much of an answer is kept.
pub const ANSWER_BYTES_MAX: usize = 1 << 10;
/// How many attempts of one delivery are kept: the last ones.
pub const ATTEMPTS_KEPT_MAX: u32 = 30;
/// A receiver that asks to wait is asked again after so long at the latest.
pub const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The most failed deliveries that are sent again at once.
pub const RESEND_MAX: u32 = 10_000;

/// How long after each failure the next attempt follows; the first follows the event at once.
const RETRIES: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];
/// Attempts of a delivery until it has failed.
pub const TRIES_MAX: u32 = 10;
/// Chance adds up to one part in so many, so that what failed together does not come back together.
const JITTER_PART: i64 = 10;

const GONE: u16 = 410;
const TOO_MANY: u16 = 429;
const UNAVAILABLE: u16 = 503;

names! {
    /// Where a delivery stands.
    pub enum DeliveryState "state" {
        /// It will be tried.
        Pending = "pending",
        /// The receiver took it.
        Succeeded = "succeeded",
        /// It is not tried any more.
        Failed = "failed",
    }
}

/// One event on its way to one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Identity.
    pub id: DeliveryId,
    /// To whom.
    pub webhook: WebhookId,
    /// Where the event stands in the one order; absent for a message that only tries the webhook out.
    pub position: Option<i64>,
    /// What happened, such as `payment.record`.
    pub kind: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts since it was asked for, or asked for again.
    pub tries: u32,
    /// All attempts.
    pub attempts: u32,
    /// When it is tried next; absent if it is not.
    pub due_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
}

impl Delivery {
    /// One that nobody has tried yet: of the event at a position of the order, or of none there.
    pub fn due_now(
        id: DeliveryId,
        webhook: WebhookId,
        (position, kind): (Option<i64>, &str),
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            webhook,
            position,
            kind: kind.to_owned(),
            state: DeliveryState::Pending,
            tries: 0,
            attempts: 0,
            due_at: Some(now),
            created_at: now,
            settled_at: None,
        }
    }
}

/// How one attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptResult {
    /// The receiver answered in time.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said.
        answer: String,
    },
    /// It did not.
    Unanswered {
        /// Why.
        error: String,
    },
}

impl AttemptResult {
    /// Did the receiver take it? What leads elsewhere is a refusal too.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }

    /// Will the receiver never take anything again?
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Answered { status: GONE, .. })
    }
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Counts from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// How it went.
    pub result: AttemptResult,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is over, well.
    Succeeded,
    /// Another attempt at this instant.
    Again(Timestamp),
    /// It is over, badly.
    Failed,
}

/// What follows the `tries`-th attempt (from 1), which was over at `now`. `retry_after` is what the
/// receiver asked for by the header of that name.
pub fn next(
    result: &AttemptResult,
    tries: u32,
    now: Timestamp,
    retry_after: Option<&str>,
    entropy: &dyn Entropy,
) -> Next {
    if result.is_success() {
        return Next::Succeeded;
    }
    let pause = tries.checked_sub(1).and_then(|index| RETRIES.get(index as usize));
    let Some(pause) = pause.filter(|_| !result.is_gone()) else { return Next::Failed };
    let asked = match result {
        AttemptResult::Answered { status: TOO_MANY | UNAVAILABLE, .. } => {
            retry_after.and_then(|text| wait_of(text, now)).unwrap_or(SignedDuration::ZERO)
        }
        _ => SignedDuration::ZERO,
    };
    Next::Again(saturating_add(now, jittered(*pause, entropy).max(asked)))
}

/// Seconds, or an instant as HTTP writes it; never beyond the longest that is honoured.
fn wait_of(text: &str, now: Timestamp) -> Option<SignedDuration> {
    let text = text.trim();
    let asked = match text.parse::<u32>() {
        Ok(seconds) => SignedDuration::from_secs(i64::from(seconds)),
        Err(_) => rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?.duration_since(now),
    };
    Some(asked.clamp(SignedDuration::ZERO, RETRY_AFTER_MAX))
}

fn jittered(pause: SignedDuration, entropy: &dyn Entropy) -> SignedDuration {
    let mut chance = [0_u8; 1];
    entropy.fill(&mut chance);
    let millis = pause.as_secs().saturating_mul(1_000);
    SignedDuration::from_millis(millis + millis / JITTER_PART * i64::from(chance[0]) / 255)
}

/// What is kept of an answer: its beginning, as text that every database takes.
pub fn kept_answer(body: &[u8]) -> String {
    let kept = &body[..body.len().min(ANSWER_BYTES_MAX)];
    let plain = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    String::from_utf8_lossy(kept).chars().filter(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;

    const NOW: Timestamp = Timestamp::constant(1_772_370_000, 0);

    fn answered(status: u16) -> AttemptResult {
        AttemptResult::Answered { status, answer: String::new() }
    }

    fn after(result: &AttemptResult, tries: u32, retry_after: Option<&str>) -> Next {
        next(result, tries, NOW, retry_after, &OsEntropy)
    }

    #[track_caller]
    fn assert_pause(next: Next, seconds: i64) {
        let Next::Again(at) = next else { panic!("{next:?}") };
        let pause = at.duration_since(NOW);
        let least = SignedDuration::from_secs(seconds);
        assert!(pause >= least && pause <= least * 11 / 10, "{pause:?}");
    }

    #[test]
    fn a_delivery_is_tried_ten_times_within_four_days() {
        let pauses = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        let lost = AttemptResult::Unanswered { error: "no connection".to_owned() };
        for (tries, seconds) in (1..).zip(pauses) {
            assert_pause(after(&lost, tries, None), seconds);
            assert_pause(after(&answered(500), tries, Some("86400")), seconds);
        }
        assert_eq!(after(&lost, TRIES_MAX, None), Next::Failed);
        assert_eq!(after(&lost, u32::MAX, None), Next::Failed);
    }

    #[test]
    fn only_a_2xx_is_a_success() {
        for status in [200, 202, 204, 299] {
            assert_eq!(after(&answered(status), 1, None), Next::Succeeded);
        }
        for status in [100, 199, 300, 301, 302, 307, 308, 400, 404, 500, 503] {
            assert_pause(after(&answered(status), 1, None), 5);
        }
        assert_eq!(after(&answered(410), 1, None), Next::Failed, "gone is gone");
    }

    #[test]
    fn a_receiver_may_ask_to_wait_but_not_for_ever() {
        assert_pause(after(&answered(429), 1, Some("120")), 120);
        assert_pause(after(&answered(503), 1, Some("Sun, 01 Mar 2026 13:10:00 GMT")), 600);
        assert_pause(after(&answered(503), 1, Some("999999999")), 86_400);
        assert_pause(after(&answered(503), 2, Some("1")), 300);
        for nonsense in ["soon", "-1", "", "Sun, 01 Mar 1026 13:10:00 GMT"] {
            assert_pause(after(&answered(429), 1, Some(nonsense)), 5);
        }
    }

    #[test]
    fn an_answer_is_kept_as_text_that_every_database_takes() {
        assert_eq!(kept_answer(b"no\0t \xff here\r\n"), "not \u{fffd} here\n");
        assert_eq!(kept_answer(&[b'x'; 5_000]).len(), ANSWER_BYTES_MAX);
    }
}
