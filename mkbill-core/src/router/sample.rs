//! How routers fared over time: at most one sample of each in a few minutes.

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::Error;
use crate::kernel::language::said;

use super::health::Vitals;

/// The least time between two samples of a router.
pub const SAMPLE_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// For how many days samples are kept.
pub const SAMPLES_KEPT_DAYS: i32 = 30;
/// The longest span that is read at once, in days.
pub const SPAN_DAYS_MAX: i64 = 31;
/// The most samples that are read at once: those of the longest span.
pub const SAMPLES_MAX: u32 = 9_000;

/// What a router said of its machine at one look. A part that it did not show is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// Load of all processors, in percent.
    pub cpu_load: Option<u64>,
    /// Free memory in bytes.
    pub memory_free: Option<u64>,
    /// Memory in bytes.
    pub memory_total: Option<u64>,
    /// Free flash in bytes.
    pub storage_free: Option<u64>,
    /// Flash in bytes.
    pub storage_total: Option<u64>,
    /// How far its clock was ahead of ours in seconds.
    pub clock_ahead: Option<i64>,
    /// How long the whole look took.
    pub latency: Option<SignedDuration>,
    /// Sign-ins at the hotspot that failed since the sample before.
    pub failed_logins: Option<u64>,
    /// Customers online at the hotspot.
    pub hotspot_sessions: Option<u64>,
    /// Customers online over `PPPoE`.
    pub pppoe_sessions: Option<u64>,
}

/// How far the next sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sampling {
    /// When the last one was taken.
    pub at: Option<Timestamp>,
    /// Sign-ins that failed since then; `None` if no look could tell.
    pub failed_logins: Option<u64>,
}

impl Sampling {
    /// After a look, with the sample that it gives if one is due. What failed at looks in between is
    /// added up, so that none is lost.
    #[must_use]
    pub fn after(self, vitals: &Vitals, now: Timestamp) -> (Self, Option<Sample>) {
        let failed_logins = match (self.failed_logins, vitals.failed_logins) {
            (Some(before), Some(now)) => Some(before.saturating_add(now)),
            (before, now) => before.or(now),
        };
        if !self.is_due(now) {
            return (Self { failed_logins, ..self }, None);
        }
        let sample = Sample { failed_logins, ..Sample::of(vitals, now) };
        (Self { at: Some(now), failed_logins: None }, Some(sample))
    }

    /// A last one that lies ahead was taken before our clock was set back.
    fn is_due(self, now: Timestamp) -> bool {
        self.at.is_none_or(|at| at > now || now.duration_since(at) >= SAMPLE_EVERY)
    }
}

impl Sample {
    fn of(vitals: &Vitals, at: Timestamp) -> Self {
        Self {
            at,
            cpu_load: vitals.cpu_load,
            memory_free: vitals.memory_free,
            memory_total: vitals.memory_total,
            storage_free: vitals.storage_free,
            storage_total: vitals.storage_total,
            clock_ahead: vitals.clock_ahead,
            latency: vitals.latency,
            failed_logins: vitals.failed_logins,
            hotspot_sessions: vitals.hotspot_sessions,
            pppoe_sessions: vitals.pppoe_sessions,
        }
    }
}

/// A span of time of which samples are read, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSpan {
    from: Timestamp,
    to: Timestamp,
}

impl SampleSpan {
    /// # Errors
    ///
    /// [`Error::Invalid`] names `from` if it lies behind `to`, or too far ahead of it.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, Error> {
        if from > to {
            return Err(Error::invalid(
                "from",
                said!(
                    "use an instant that is not after `to`",
                    "gunakan waktu yang tidak sesudah `to`"
                ),
            ));
        }
        if to.duration_since(from) > SignedDuration::from_hours(24 * SPAN_DAYS_MAX) {
            let text = said!(
                "use an instant at most {SPAN_DAYS_MAX} days before `to`",
                "gunakan waktu paling lama {SPAN_DAYS_MAX} hari sebelum `to`"
            );
            return Err(Error::invalid("from", text));
        }
        Ok(Self { from, to })
    }

    /// Its first instant.
    pub const fn from(self) -> Timestamp {
        self.from
    }

    /// Its last instant.
    pub const fn to(self) -> Timestamp {
        self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_772_000_000 + seconds).unwrap()
    }

    fn failed(count: Option<u64>) -> Vitals {
        Vitals { failed_logins: count, cpu_load: Some(7), ..Vitals::default() }
    }

    #[test]
    fn a_sample_is_due_every_five_minutes_and_holds_every_failed_login_since() {
        let mut sampling = Sampling::default();
        let mut samples = Vec::new();
        for look in 0..=40 {
            let vitals = failed(Some(u64::from(look != 0)));
            let (next, sample) = sampling.after(&vitals, at(look * 30));
            sampling = next;
            samples.extend(sample);
        }
        let seen: Vec<_> = samples.iter().map(|one| (one.at, one.failed_logins.unwrap())).collect();
        assert_eq!(seen, [0, 300, 600, 900, 1_200].map(|s| (at(s), if s == 0 { 0 } else { 10 })));
        assert!(samples.iter().all(|sample| sample.cpu_load == Some(7)));
    }

    #[test]
    fn a_look_that_cannot_tell_loses_no_failed_login() {
        let (sampling, _) = Sampling::default().after(&failed(None), at(0));
        let (sampling, none) = sampling.after(&failed(Some(3)), at(30));
        let (sampling, still_none) = sampling.after(&failed(None), at(60));
        assert_eq!((none, still_none, sampling.failed_logins), (None, None, Some(3)));
        let (_, sample) = sampling.after(&failed(Some(1)), at(300));
        assert_eq!(sample.unwrap().failed_logins, Some(4));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_end_the_samples() {
        let sampling = Sampling { at: Some(at(86_400)), failed_logins: None };
        assert!(sampling.after(&failed(None), at(0)).1.is_some());
    }

    #[test]
    fn a_span_is_as_long_as_what_is_kept_and_not_backwards() {
        let days = |days: i64| at(days * 86_400);
        assert!(
            SampleSpan::new(days(0), days(31)).is_ok() && SampleSpan::new(at(5), at(5)).is_ok()
        );
        assert!(SampleSpan::new(days(0), days(31) + SignedDuration::from_secs(1)).is_err());
        assert!(SampleSpan::new(at(1), at(0)).is_err());
        let most = SPAN_DAYS_MAX * 86_400 / SAMPLE_EVERY.as_secs() + 1;
        assert!(most <= i64::from(SAMPLES_MAX), "nothing of a span is cut off");
    }
}
