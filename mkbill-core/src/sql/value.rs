//! The closed set of values that go into and come out of both databases.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::store::StoreError;

/// The beginning of the first year of our era, in UTC.
const FIRST_INSTANT: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// A value to bind. Each kind has one form per database; see `engine.rs`.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Uuid(Option<Uuid>),
    Text(Option<String>),
    Int(Option<i64>),
    Bool(bool),
    Instant(Option<Timestamp>),
    Day(Option<Date>),
    Bytes(Vec<u8>),
    Json(Option<Json>),
    Uuids(Vec<Uuid>),
    Texts(Vec<String>),
}

impl Value {
    /// Refuses instants and days that one of the databases could not keep, or not compare.
    pub(crate) fn check_eras(values: &[Self]) -> Result<(), StoreError> {
        let early = values.iter().find_map(|value| match value {
            Self::Instant(Some(at)) if *at < FIRST_INSTANT => Some(at.to_string()),
            Self::Day(Some(day)) if day.year() < 1 => Some(day.to_string()),
            _ => None,
        });
        early.map_or(Ok(()), |value| Err(StoreError::Era { value }))
    }
}

macro_rules! from {
    ($($kind:ident <- $($source:ty => |$v:ident| $value:expr),+;)+) => {$($(
        impl From<$source> for Value {
            fn from($v: $source) -> Self {
                Self::$kind($value)
            }
        }
    )+)+};
}

from! {
    Uuid <- Uuid => |v| Some(v), Option<Uuid> => |v| v;
    Text <- String => |v| Some(v), Option<String> => |v| v, &str => |v| Some(v.to_owned()), Option<&str> => |v| v.map(str::to_owned);
    Int <- i64 => |v| Some(v), Option<i64> => |v| v, u32 => |v| Some(i64::from(v)),
        SignedDuration => |v| Some(v.as_secs()), Option<SignedDuration> => |v| v.map(|v| v.as_secs());
    Bool <- bool => |v| v;
    Instant <- Timestamp => |v| Some(v), Option<Timestamp> => |v| v;
    Day <- Date => |v| Some(v), Option<Date> => |v| v;
    Bytes <- &[u8] => |v| v.to_vec();
    Json <- Json => |v| Some(v), Option<Json> => |v| v;
    Uuids <- Vec<Uuid> => |v| v;
    Texts <- Vec<String> => |v| v;
}

/// A count of bytes as the databases keep it; beyond 8 EiB it stops growing.
pub(crate) fn count(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
