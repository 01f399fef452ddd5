//! What a menu holds: its columns, and how each of them reads and prints a value.

use std::net::{IpAddr, Ipv4Addr};

use jiff::SignedDuration;

use crate::value::{BitRate, RateLimit, Version, date, duration, size};

use super::{
    mac::Mac,
    menus,
    pool::Ranges,
    prefix::{self, Prefix},
    refusal::Refusal,
    rights::Rights,
};

/// A menu whose objects are written by commands.
#[derive(Debug)]
pub(super) struct Menu {
    pub path: &'static str,
    pub columns: &'static [Column],
    /// Columns that no two objects may agree in; empty when objects need no name. The first is the name.
    pub unique: &'static [&'static str],
    /// What a router says when they would agree.
    pub duplicate: &'static str,
    pub built_in: &'static [BuiltIn],
}

/// An object that is there from the start.
#[derive(Debug)]
pub(super) struct BuiltIn {
    pub id: u32,
    pub removable: bool,
    pub values: &'static [(&'static str, &'static str)],
}

#[derive(Debug)]
pub(super) struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub access: Access,
    /// What an object holds when nothing was said; `None` leaves the property out.
    pub default: Option<&'static str>,
    since: Version,
    until: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
    /// Can be written and is never printed.
    Blind,
}

/// How a value is read, checked and printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A text without which there is no object.
    Name,
    Secret,
    /// Policies; a group shows those it denies too.
    Policies {
        shows_denied: bool,
    },
    /// A list of networks.
    Prefixes,
    /// A day, in the words of the release.
    Date,
    /// A time of day, or this word.
    TimeOr(&'static str),
    /// A number from the first to the last.
    Between(u32, u32),
    Flag,
    Duration,
    /// A duration that prints as `none` when it is empty or zero.
    DurationOrNone,
    /// A duration that vanishes when it is zero.
    TimeLimit,
    /// A count of bytes that vanishes when it is zero.
    ByteLimit,
    /// A count of bytes.
    Bytes,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Date and time as the release writes them; never, until the router writes one.
    Moment,
    /// A count of one and more, or this word.
    CountOr(&'static str),
    Mac,
    Address,
    /// An address, or the name of a pool that gives one.
    AddressOrPool,
    /// An address with the length of its network.
    Prefix,
    /// The addresses of a pool.
    Ranges,
    RateLimit,
    /// Bits a second, as a plain number.
    Rate,
    /// Bits a second up and down, as plain numbers.
    RatePair,
    DurationPair,
    PriorityPair,
    /// The name of an object in another menu, or this word where it is not empty.
    Reference(&'static str, &'static str),
}

/// Before every release.
pub(super) const FIRST: Version = Version::new(0, 0, 0);
/// After every release.
pub(super) const LAST: Version = Version::new(u16::MAX, 0, 0);

impl Column {
    const fn new(name: &'static str, kind: Kind, access: Access) -> Self {
        Self { name, kind, access, default: None, since: FIRST, until: LAST }
    }

    pub(super) const fn write(name: &'static str, kind: Kind) -> Self {
        Self::new(name, kind, Access::Write)
    }

    pub(super) const fn blind(name: &'static str, kind: Kind) -> Self {
        Self::new(name, kind, Access::Blind)
    }

    pub(super) const fn read(name: &'static str) -> Self {
        Self::new(name, Kind::Text, Access::Read)
    }

    /// What a column that only the router writes holds.
    pub(super) const fn kept_as(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub(super) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Exists from the first version on, and no more from the second on.
    pub(super) const fn between(mut self, since: Version, until: Version) -> Self {
        self.since = since;
        self.until = until;
        self
    }

    pub(super) const fn since(self, since: Version) -> Self {
        self.between(since, LAST)
    }

    /// What a new object holds.
    pub(super) fn initial(&self, version: Version) -> Option<Vec<u8>> {
        match self.kind {
            Kind::Moment => Some(date::never(version.date_dialect()).into_bytes()),
            _ => self.default.map(|text| text.as_bytes().to_vec()),
        }
    }

    pub(super) fn exists_in(&self, version: Version) -> bool {
        (self.since..self.until).contains(&version)
    }

    /// What a built-in object holds where its menu says `value`.
    pub(super) fn of_factory(&self, value: &'static str, version: Version) -> Vec<u8> {
        match self.kind {
            Kind::Policies { shows_denied: true } => {
                Rights::of_factory(value, version).listed(version).into_bytes()
            }
            _ => value.as_bytes().to_vec(),
        }
    }

    /// What the object holds after this value was written; `None` when the property vanishes.
    pub(super) fn normalised(
        &self,
        value: &[u8],
        version: Version,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let default = || self.default.map(|text| text.as_bytes().to_vec());
        match self.kind {
            Kind::Name if value.is_empty() => Err(Refusal::missing_value(self.name)),
            Kind::Name => Ok(Some(value.to_vec())),
            Kind::Mac => self.mac(value, version),
            Kind::Policies { .. } => self.policies(value, version),
            _ if value.is_empty() => Ok(default()),
            Kind::Text | Kind::Secret | Kind::Reference(..) | Kind::AddressOrPool => {
                Ok(Some(value.to_vec()))
            }
            Kind::Ranges => {
                let text = std::str::from_utf8(value).map_err(|_| self.invalid())?;
                Ranges::parse(text).map(|ranges| Some(ranges.to_string().into_bytes()))
            }
            kind => {
                let text = std::str::from_utf8(value).map_err(|_| self.invalid())?;
                let printed = kind.printed(text, version).map_err(|_| self.invalid())?;
                Ok(printed.map(String::into_bytes))
            }
        }
    }

    /// Old releases print zeros where no device is bound, later ones nothing.
    fn mac(&self, value: &[u8], version: Version) -> Result<Option<Vec<u8>>, Refusal> {
        let mac = if value.is_empty() {
            Mac::NONE
        } else {
            let text = std::str::from_utf8(value).map_err(|_| self.invalid())?;
            text.parse().map_err(|_| self.invalid())?
        };
        let shown = mac != Mac::NONE || version.major < 7;
        Ok(shown.then(|| mac.to_string().into_bytes()))
    }

    /// An empty list grants nothing, which a group shows as a list of denials.
    fn policies(&self, value: &[u8], version: Version) -> Result<Option<Vec<u8>>, Refusal> {
        let text = std::str::from_utf8(value).map_err(|_| self.invalid())?;
        let rights = Rights::parse(text, version).ok_or_else(|| Refusal::no_match(self.name))?;
        let shown = match self.kind {
            Kind::Policies { shows_denied: true } => rights.listed(version),
            _ => rights.granted(version).join(","),
        };
        Ok(Some(shown.into_bytes()))
    }

    fn invalid(&self) -> Refusal {
        Refusal::invalid_value(self.name)
    }
}

impl Kind {
    /// How the text prints; `None` when the property vanishes.
    fn printed(self, text: &str, version: Version) -> Result<Option<String>, NoSuchValue> {
        let printed = match self {
            Self::Flag => flag(text)?.to_string(),
            Self::Prefixes => prefix::listed(text).ok_or(NoSuchValue)?,
            Self::Date => {
                let day = date::parse(text).map_err(|_| NoSuchValue)?.date();
                date::format_date(day, version.date_dialect())
            }
            Self::TimeOr(word) if text == word => text.to_owned(),
            Self::TimeOr(_) => date::format_time(text.parse().map_err(|_| NoSuchValue)?),
            Self::Between(first, last) => {
                let number = text.parse().ok().filter(|number| (first..=last).contains(number));
                number.ok_or(NoSuchValue)?.to_string()
            }
            Self::Duration => duration::format(positive(text)?),
            Self::DurationOrNone => none_as_zero(text)?.unwrap_or_else(|| "none".to_owned()),
            Self::TimeLimit => return none_as_zero(text),
            Self::ByteLimit => {
                let bytes = size::parse(text).map_err(|_| NoSuchValue)?;
                return Ok((bytes > 0).then(|| bytes.to_string()));
            }
            Self::Bytes => size::parse(text).map_err(|_| NoSuchValue)?.to_string(),
            Self::Choice(words) if words.contains(&text) => text.to_owned(),
            Self::Choice(_) => return Err(NoSuchValue),
            Self::CountOr(word) if text == word => text.to_owned(),
            Self::CountOr(_) => count(text)?.to_string(),
            Self::Address => {
                let address: IpAddr = text.parse().map_err(|_| NoSuchValue)?;
                return Ok((!address.is_unspecified()).then(|| address.to_string()));
            }
            Self::Prefix => {
                let prefix = text.parse::<Prefix>().ok().filter(Prefix::is_ipv4);
                prefix.ok_or(NoSuchValue)?.to_string()
            }
            Self::Rate => rate(text)?,
            Self::RatePair => pair(text, rate)?,
            Self::DurationPair => pair(text, |side| positive(side).map(duration::format))?,
            Self::PriorityPair => pair(text, priority)?,
            Self::RateLimit => {
                RateLimit::parse(text).map_err(|_| NoSuchValue)?;
                text.to_owned()
            }
            Self::Text
            | Self::Name
            | Self::Secret
            | Self::Moment
            | Self::Mac
            | Self::AddressOrPool
            | Self::Ranges
            | Self::Policies { .. }
            | Self::Reference(..) => text.to_owned(),
        };
        Ok(Some(printed))
    }
}

impl Kind {
    /// Whether there is no object without such a value.
    pub(super) fn is_required(self) -> bool {
        matches!(self, Self::Name | Self::Prefix | Self::Ranges)
    }

    /// The menu whose objects a value names, unless this value is something else that the kind takes.
    pub(super) fn referred(self, value: &[u8]) -> Option<&'static str> {
        match self {
            Self::Reference(menu, word) => {
                (word.is_empty() || value != word.as_bytes()).then_some(menu)
            }
            Self::AddressOrPool => {
                let text = std::str::from_utf8(value).unwrap_or_default();
                text.parse::<Ipv4Addr>().is_err().then_some(menus::POOL)
            }
            _ => None,
        }
    }
}

/// A text that does not fit its kind.
struct NoSuchValue;

fn flag(text: &str) -> Result<bool, NoSuchValue> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(NoSuchValue),
    }
}

fn count(text: &str) -> Result<u32, NoSuchValue> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or(NoSuchValue)
}

fn rate(text: &str) -> Result<String, NoSuchValue> {
    BitRate::parse(text).map(|rate| rate.0.to_string()).map_err(|_| NoSuchValue)
}

fn priority(text: &str) -> Result<String, NoSuchValue> {
    let priority = text.parse::<u8>().ok().filter(|priority| (1..=8).contains(priority));
    priority.map(|priority| priority.to_string()).ok_or(NoSuchValue)
}

/// Up and down, or one value for both.
fn pair(
    text: &str,
    side: impl Fn(&str) -> Result<String, NoSuchValue>,
) -> Result<String, NoSuchValue> {
    let (up, down) = text.split_once('/').unwrap_or((text, text));
    Ok(format!("{}/{}", side(up)?, side(down)?))
}

fn positive(text: &str) -> Result<SignedDuration, NoSuchValue> {
    let time = duration::parse(text).ok();
    time.filter(|time| !time.is_negative()).ok_or(NoSuchValue)
}

fn none_as_zero(text: &str) -> Result<Option<String>, NoSuchValue> {
    if text == "none" {
        return Ok(None);
    }
    let time = positive(text)?;
    Ok((!time.is_zero()).then(|| duration::format(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V6: Version = Version::new(6, 49, 10);
    const V7: Version = Version::new(7, 18, 2);

    fn printed(kind: Kind, value: &str) -> Result<Option<String>, String> {
        Column::write("field", kind)
            .normalised(value.as_bytes(), V7)
            .map(|held| held.map(|held| String::from_utf8(held).unwrap()))
            .map_err(|refusal| refusal.message)
    }

    #[test]
    fn durations_print_in_their_shortest_form_and_limits_of_zero_vanish() {
        for (given, shown) in [("30d", "4w2d"), ("24h", "1d"), ("7200", "2h"), ("01:00:00", "1h")] {
            assert_eq!(printed(Kind::TimeLimit, given), Ok(Some(shown.to_owned())));
        }
        assert_eq!(printed(Kind::TimeLimit, "0s"), Ok(None));
        assert_eq!(printed(Kind::ByteLimit, "1G"), Ok(Some("1073741824".to_owned())));
        assert_eq!(printed(Kind::ByteLimit, "0"), Ok(None));
        assert_eq!(printed(Kind::DurationOrNone, "0s"), Ok(Some("none".to_owned())));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_by_its_name() {
        for (kind, value) in [
            (Kind::TimeLimit, "soon"),
            (Kind::TimeLimit, "-1h"),
            (Kind::ByteLimit, "many"),
            (Kind::Flag, "maybe"),
            (Kind::CountOr("unlimited"), "0"),
            (Kind::Mac, "phone"),
            (Kind::Address, "10.0.0.256"),
            (Kind::RateLimit, "fast"),
        ] {
            let refused = Err("invalid value for argument field".to_owned());
            assert_eq!(printed(kind, value), refused, "{kind:?} {value}");
        }
    }

    #[test]
    fn a_cleared_device_prints_as_zeros_before_version_7_and_vanishes_after() {
        let column = Column::write("mac-address", Kind::Mac);
        let zeros = Some(b"00:00:00:00:00:00".to_vec());
        assert_eq!(column.normalised(b"", V6), Ok(zeros));
        assert_eq!(column.normalised(b"", V7), Ok(None));
    }

    #[test]
    fn a_column_exists_only_between_its_versions() {
        let column = Column::write("totp-secret", Kind::Secret)
            .between(Version::new(7, 21, 0), Version::new(7, 21, 3));
        assert!(column.exists_in(Version::new(7, 21, 1)));
        assert!(!column.exists_in(Version::new(7, 20, 9)));
        assert!(!column.exists_in(Version::new(7, 21, 3)));
    }
}
