//! The first-login stamp that a router may append: ` fl=<date>_<time>_<uptime>`.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

const NAME: &str = " fl";
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// What a router wrote into a comment at the first login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The router's wall clock; may be 1970 after a power cut.
    pub router_time: DateTime,
    /// Time since the router's start.
    pub router_uptime: SignedDuration,
}

/// The comment without a stamp at its end; the whole comment if there is none.
pub fn without_stamp(raw: &str) -> &str {
    split(raw).0
}

/// The comment before the stamp, and the stamp.
pub(super) fn split(raw: &str) -> (&str, Option<Stamp>) {
    match last_assignment(raw).and_then(|(text, tail)| Some((text, stamp(tail)?))) {
        Some((text, stamp)) => (text, Some(stamp)),
        None => (raw, None),
    }
}

/// What stands before and after ` fl=`. A stamp has no other `=`, so the last one decides.
fn last_assignment(raw: &str) -> Option<(&str, &str)> {
    let (before, tail) = raw.rsplit_once('=')?;
    Some((before.strip_suffix(NAME)?, tail))
}

fn stamp(tail: &str) -> Option<Stamp> {
    let mut parts = tail.trim_end().splitn(3, '_');
    let date = date(parts.next()?)?;
    let time = clock_time(parts.next()?)?;
    let router_uptime = duration(parts.next()?)?;
    Some(Stamp { router_time: DateTime::from_parts(date, time), router_uptime })
}

/// A date in either dialect: `2023-07-14`, or `jul/14/2023` before RouterOS 7.10.
pub(super) fn date(text: &str) -> Option<Date> {
    if let Some((month, rest)) = text.split_once('/') {
        let (day, year) = rest.split_once('/')?;
        let month = MONTHS.iter().zip(1..).find(|(name, _)| name.eq_ignore_ascii_case(month))?.1;
        return Date::new(year.parse().ok()?, month, day.parse().ok()?).ok();
    }
    let mut parts = text.splitn(3, '-');
    let mut next = || parts.next().filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (next()?, next()?, next()?);
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn clock_time(text: &str) -> Option<Time> {
    let [hour, minute, second] = clock_parts(text)?;
    Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, 0).ok()
}

/// `02:03:04`, as numbers.
fn clock_parts(text: &str) -> Option<[i64; 3]> {
    let mut parts = text.split(':').map(digits);
    let clock = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(clock)
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A duration as routers print it: `1w2d3h4m5s`, `1d02:03:04`, `02:03:04`.
pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    let mut rest = text;
    let mut seconds = 0_i64;
    while let Some(length) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let unit = unit_seconds(&rest[length..=length])?;
        seconds = seconds.checked_add(digits(&rest[..length])?.checked_mul(unit)?)?;
        rest = &rest[length + 1..];
    }
    if rest.is_empty() {
        return (!text.is_empty()).then(|| SignedDuration::from_secs(seconds));
    }
    let [hours, minutes, rest] = clock_parts(rest)?;
    let clock = hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?.checked_add(rest)?;
    seconds.checked_add(clock).map(SignedDuration::from_secs)
}

fn unit_seconds(unit: &str) -> Option<i64> {
    match unit {
        "w" => Some(604_800),
        "d" => Some(86_400),
        "h" => Some(3_600),
        "m" => Some(60),
        "s" => Some(1),
        _ => None,
    }
}
