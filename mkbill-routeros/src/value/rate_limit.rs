//! Rate limits: `rx[/tx] [burst [threshold [time [priority [guaranteed]]]]]`, as profiles hold
//! them.

use std::fmt;

use jiff::SignedDuration;
use thiserror::Error;

use super::{decimal, duration};

/// A text that is no rate limit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("reading rate limit {text:?}")]
pub struct RateLimitError {
    /// The text as it came, cut to a readable length.
    pub text: String,
}

/// One value for each direction, named from where the customer sits.
///
/// Routers write `rx/tx` from their own side, so the customer's upload comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Directions<T> {
    /// From the customer to the net: `rx` of the router.
    pub upload: T,
    /// From the net to the customer: `tx` of the router.
    pub download: T,
}

impl<T> Directions<T> {
    /// Upload first, as on the wire.
    pub fn new(upload: T, download: T) -> Self {
        Self { upload, download }
    }

    /// Reads `up/down`, each side by `read`; one side alone counts for both. `None` when a side is
    /// not read.
    pub fn parse(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Self> {
        let (upload, download) = text.split_once('/').unwrap_or((text, text));
        Some(Self::new(read(upload)?, read(download)?))
    }

    /// Both values changed in the same way.
    pub fn map<U>(self, change: impl Fn(T) -> U) -> Directions<U> {
        Directions::new(change(self.upload), change(self.download))
    }
}

impl<T: fmt::Display> fmt::Display for Directions<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.upload, self.download)
    }
}

/// A rate in bits a second. `k`, `M` and `G` are powers of 1000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BitRate(pub u64);

impl BitRate {
    /// Parses `512k`, `10M`, `1G` or plain bits a second, with or without `bps` behind it.
    ///
    /// # Errors
    ///
    /// [`RateLimitError`] for anything else, or when it does not fit 64 bits.
    pub fn parse(text: &str) -> Result<Self, RateLimitError> {
        bit_rate(text).ok_or_else(|| refused(text))
    }
}

impl fmt::Display for BitRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bits if bits > 0 && bits.is_multiple_of(1_000_000_000) => {
                write!(formatter, "{}G", bits / 1_000_000_000)
            }
            bits if bits > 0 && bits.is_multiple_of(1_000_000) => {
                write!(formatter, "{}M", bits / 1_000_000)
            }
            bits if bits > 0 && bits.is_multiple_of(1_000) => {
                write!(formatter, "{}k", bits / 1_000)
            }
            bits => write!(formatter, "{bits}"),
        }
    }
}

/// The lowest priority, which is what routers assume.
pub const PRIORITY_DEFAULT: u8 = 8;

/// What a profile or a secret says about speed. On the wire a part that is not set is `0/0` or left
/// off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateLimit {
    /// The rate that is never passed outside a burst.
    pub max: Directions<BitRate>,
    /// The rate allowed for a while.
    pub burst: Option<Directions<BitRate>>,
    /// Below this mean rate a burst is allowed; routers take `max` when it is missing.
    pub burst_threshold: Option<Directions<BitRate>>,
    /// Over how long the mean rate is taken; routers take one second when it is missing.
    pub burst_time: Option<Directions<SignedDuration>>,
    /// 1 (first) to 8 (last).
    pub priority: u8,
    /// The rate that is promised.
    pub guaranteed: Option<Directions<BitRate>>,
}

impl RateLimit {
    /// A limit without burst, priority or promise.
    pub fn flat(upload: BitRate, download: BitRate) -> Self {
        Self {
            max: Directions::new(upload, download),
            burst: None,
            burst_threshold: None,
            burst_time: None,
            priority: PRIORITY_DEFAULT,
            guaranteed: None,
        }
    }

    /// Parses the text of a `rate-limit` field. A missing download side equals the upload side.
    ///
    /// # Errors
    ///
    /// [`RateLimitError`] for anything else, an empty text included: an empty field means that there
    /// is no limit.
    pub fn parse(text: &str) -> Result<Self, RateLimitError> {
        parse(text).ok_or_else(|| refused(text))
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = Directions::new(BitRate(0), BitRate(0));
        let rates = |pair: Directions<BitRate>| pair.to_string();
        let time = self
            .burst_time
            .map_or_else(|| "0/0".to_owned(), |time| time.map(duration::format).to_string());
        let parts = [
            (true, rates(self.max)),
            (self.burst.is_some(), rates(self.burst.unwrap_or(none))),
            (self.burst_threshold.is_some(), rates(self.burst_threshold.unwrap_or(none))),
            (self.burst_time.is_some(), time),
            (self.priority != PRIORITY_DEFAULT, self.priority.to_string()),
            (self.guaranteed.is_some(), rates(self.guaranteed.unwrap_or(none))),
        ];
        let last = parts.iter().rposition(|(is_set, _)| *is_set).unwrap_or(0);
        let texts: Vec<&str> = parts[..=last].iter().map(|(_, text)| text.as_str()).collect();
        formatter.write_str(&texts.join(" "))
    }
}

const TEXT_BYTES_MAX: usize = 200;

fn refused(text: &str) -> RateLimitError {
    RateLimitError { text: text.chars().take(TEXT_BYTES_MAX).collect() }
}

fn parse(text: &str) -> Option<RateLimit> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let mut parts = text.split_ascii_whitespace();
    let max = Directions::parse(parts.next()?, bit_rate)?;
    let mut next = || parts.next();
    let burst = set(Directions::parse(next().unwrap_or("0"), bit_rate)?);
    let burst_threshold = set(Directions::parse(next().unwrap_or("0"), bit_rate)?);
    let burst_time = set(Directions::parse(next().unwrap_or("0"), burst_time)?);
    let priority = next().map_or(Some(PRIORITY_DEFAULT), |text| text.parse().ok())?;
    let guaranteed = set(Directions::parse(next().unwrap_or("0"), bit_rate)?);
    let complete = parts.next().is_none() && (1..=PRIORITY_DEFAULT).contains(&priority);
    complete.then_some(RateLimit { max, burst, burst_threshold, burst_time, priority, guaranteed })
}

/// Zero both ways is how a part that is not set is written.
fn set<T: Default + PartialEq>(pair: Directions<T>) -> Option<Directions<T>> {
    let zero = Directions::new(T::default(), T::default());
    Some(pair).filter(|pair| *pair != zero)
}

/// Cut to milliseconds, as routers print nothing finer.
fn burst_time(text: &str) -> Option<SignedDuration> {
    let time = duration::parse(text).ok().filter(|time| !time.is_negative())?;
    Some(SignedDuration::from_millis_i128(time.as_millis()))
}

fn bit_rate(text: &str) -> Option<BitRate> {
    let units = [
        ("k", 1_000),
        ("K", 1_000),
        ("M", 1_000_000),
        ("m", 1_000_000),
        ("G", 1_000_000_000),
        ("g", 1_000_000_000),
    ];
    let text = text.strip_suffix("bps").unwrap_or(text);
    let (number, unit) = units
        .iter()
        .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)))
        .unwrap_or((text, 1));
    decimal::scaled(number, unit).map(BitRate)
}

#[cfg(test)]
mod tests {
    use proptest::{
        option,
        prelude::{Strategy, prop_assert_eq, proptest},
    };

    use super::*;

    #[test]
    fn the_first_rate_is_the_customers_upload_and_a_missing_second_equals_it() {
        let limit = RateLimit::parse("1M/5M").unwrap();
        assert_eq!(limit, RateLimit::flat(BitRate(1_000_000), BitRate(5_000_000)));
        let limit = RateLimit::parse("512k").unwrap();
        assert_eq!(limit.max, Directions::new(BitRate(512_000), BitRate(512_000)));
    }

    #[test]
    fn all_parts_are_read_in_their_order() {
        let limit = RateLimit::parse("2M/4M 4M/8M 1M/2M 8/16 5 256k/512k").unwrap();
        assert_eq!(limit.burst.unwrap().download, BitRate(8_000_000));
        assert_eq!(limit.burst_threshold.unwrap().upload, BitRate(1_000_000));
        assert_eq!(limit.burst_time.unwrap().download, SignedDuration::from_secs(16));
        assert_eq!(limit.priority, 5);
        assert_eq!(limit.guaranteed.unwrap().upload, BitRate(256_000));
        assert_eq!(limit.to_string(), "2M/4M 4M/8M 1M/2M 8s/16s 5 256k/512k");
    }

    #[test]
    fn parts_that_are_not_set_are_zero_before_a_set_one_and_left_off_after_it() {
        let limit = RateLimit::parse("2M/2M 0/0 0/0 0/0 8 1M/1M").unwrap();
        assert_eq!(limit.burst, None);
        assert_eq!(limit.to_string(), "2M/2M 0/0 0/0 0/0 8 1M/1M");
        assert_eq!(RateLimit::parse("2M/2M 0/0 0/0 0/0 8").unwrap().to_string(), "2M/2M");
    }

    #[test]
    fn what_is_no_rate_limit_is_refused() {
        for text in [
            "",
            "fast",
            "1M/",
            "1M/2M/3M",
            "1M 2M 1M 8 9",
            "1M 2M 1M 8 0",
            "1M 2M 1M 8 8 1M 1M",
            "-1M",
            "1M 2M 1M -8s",
        ] {
            assert!(RateLimit::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_burst_time_is_no_finer_than_what_routers_print() {
        let limit = RateLimit::parse("2M 4M 1M 0.0004/5.4321").unwrap();
        let expected = Directions::new(SignedDuration::ZERO, SignedDuration::from_millis(5_432));
        assert_eq!(limit.burst_time, Some(expected));
        assert_eq!(RateLimit::parse(&limit.to_string()), Ok(limit));
        assert_eq!(RateLimit::parse("2M 4M 1M 0.0004").unwrap().burst_time, None);
    }

    #[test]
    fn a_measured_rate_may_carry_its_unit() {
        for (text, bits) in [("0bps", 0), ("12.3kbps", 12_300), ("1Mbps", 1_000_000)] {
            assert_eq!(BitRate::parse(text), Ok(BitRate(bits)), "{text}");
        }
        assert!(BitRate::parse("bps").is_err());
    }

    fn rates() -> impl Strategy<Value = Directions<BitRate>> {
        (1_u64..1_000_000_000_000, 0_u64..1_000_000)
            .prop_map(|(up, down)| Directions::new(BitRate(up), BitRate(down)))
    }

    proptest! {
        #[test]
        fn every_limit_survives_a_round_trip(
            max in rates(),
            burst in option::of(rates()),
            burst_threshold in option::of(rates()),
            seconds in option::of(1_i64..100_000),
            priority in 1_u8..=8,
            guaranteed in option::of(rates()),
        ) {
            let whole = SignedDuration::from_secs;
            let burst_time = seconds.map(|time| Directions::new(whole(time), whole(2 * time)));
            let limit = RateLimit { max, burst, burst_threshold, burst_time, priority, guaranteed };
            prop_assert_eq!(RateLimit::parse(&limit.to_string()).unwrap(), limit);
        }

        #[test]
        fn every_pair_survives_a_round_trip(pair in rates()) {
            let read = |text: &str| BitRate::parse(text).ok();
            prop_assert_eq!(Directions::parse(&pair.to_string(), read), Some(pair));
        }
    }
}
