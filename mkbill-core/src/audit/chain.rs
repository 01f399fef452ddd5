//! The trail as a chain: each record is sealed with the one before it, so that none can be changed,
//! taken out or moved without breaking what comes after.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::names::names;

use super::Record;
use super::store::AuditRow;

const HASH_BYTES: usize = 32;

/// The hash that a record is chained by: of the one before it, and of every field of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainHash([u8; HASH_BYTES]);

impl ChainHash {
    /// What the first record is chained to.
    pub const START: Self = Self([0; HASH_BYTES]);

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Wraps stored bytes; `None` if they are no hash.
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is said of a text that no verification told.
fn no_head() -> Error {
    Error::invalid(
        "expect",
        said!(
            "use POSITION:HASH as a verification told it",
            "gunakan POSITION:HASH seperti yang disebut oleh verifikasi"
        ),
    )
}

impl FromStr for ChainHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.as_bytes();
        if digits.len() != 2 * HASH_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(no_head());
        }
        let mut bytes = [0; HASH_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| no_head())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| no_head())?;
        }
        Ok(Self(bytes))
    }
}

/// How far the chain reaches: its last position and the hash there. Written down elsewhere, it proves
/// later that nothing up to it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of records; the last one's position, from 1.
    pub position: i64,
    /// The hash of the last record.
    pub hash: ChainHash,
}

impl Head {
    /// Of a chain without records.
    pub const START: Self = Self { position: 0, hash: ChainHash::START };

    /// The head once `record` is chained to it.
    #[must_use]
    pub fn then(self, record: &Record) -> Self {
        self.with(&Fields::of_record(record))
    }

    /// The head once a row as it is stored now is chained to it.
    #[must_use]
    pub fn then_row(self, row: &AuditRow) -> Self {
        self.with(&Fields::of_row(row))
    }

    fn with(self, fields: &Fields<'_>) -> Self {
        let position = self.position.saturating_add(1);
        Self { position, hash: fields.hash(self.hash, position) }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, self.hash)
    }
}

impl FromStr for Head {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (position, hash) = text.split_once(':').ok_or_else(no_head)?;
        let position = position.parse().ok().filter(|position| *position > 0);
        Ok(Self { position: position.ok_or_else(no_head)?, hash: hash.parse()? })
    }
}

/// Everything that is sealed of a record.
struct Fields<'a> {
    id: Uuid,
    at: Timestamp,
    actor: &'a str,
    address: Option<String>,
    agent: Option<&'a str>,
    reason: Option<&'a str>,
    action: &'a str,
    subject_kind: &'a str,
    subject: Uuid,
    before: &'a Value,
    after: &'a Value,
}

impl<'a> Fields<'a> {
    fn of_record(record: &'a Record) -> Self {
        Self {
            id: record.id.uuid(),
            at: record.at,
            actor: record.actor.as_str(),
            address: record.origin.address.map(|address| address.to_string()),
            agent: record.origin.agent.as_deref(),
            reason: record.reason.as_deref(),
            action: record.action,
            subject_kind: record.subject_kind,
            subject: record.subject,
            before: &record.before,
            after: &record.after,
        }
    }

    fn of_row(row: &'a AuditRow) -> Self {
        Self {
            id: row.id.uuid(),
            at: row.at,
            actor: row.actor.as_str(),
            address: row.address.clone(),
            agent: row.agent.as_deref(),
            reason: row.reason.as_deref(),
            action: &row.action,
            subject_kind: &row.subject_kind,
            subject: row.subject,
            before: &row.before,
            after: &row.after,
        }
    }

    fn hash(&self, previous: ChainHash, position: i64) -> ChainHash {
        let mut sealed = Sealing(Sha256::new());
        sealed.put(previous.as_bytes());
        sealed.put(&position.to_be_bytes());
        sealed.put(self.id.as_bytes());
        sealed.put(&self.at.as_microsecond().to_be_bytes());
        sealed.put(self.actor.as_bytes());
        sealed.put_or_none(self.address.as_deref());
        sealed.put_or_none(self.agent);
        sealed.put_or_none(self.reason);
        sealed.put(self.action.as_bytes());
        sealed.put(self.subject_kind.as_bytes());
        sealed.put(self.subject.as_bytes());
        sealed.put(canonical(self.before).as_bytes());
        sealed.put(canonical(self.after).as_bytes());
        ChainHash(sealed.0.finalize().into())
    }
}

/// Digests fields, each with its length so that they never run together.
struct Sealing(Sha256);

impl Sealing {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// What is absent differs from what is empty.
    fn put_or_none(&mut self, text: Option<&str>) {
        self.put(&[u8::from(text.is_some())]);
        self.put(text.unwrap_or_default().as_bytes());
    }
}

/// The one text of a value: keys in the order of their bytes, no blanks, and one way to write each
/// number, whatever a database made of it (`jsonb` writes `1e3` as `1000` and knows no `-0.0`).
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            list(text, ('{', '}'), fields, |(name, value), text| {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(value, text);
            });
        }
        Value::Array(values) => list(text, ('[', ']'), values, write),
        Value::Number(number) => text.push_str(&number_text(number)),
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}

fn list<T>(
    text: &mut String,
    (open, close): (char, char),
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    text.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push(close);
}

/// A number without a fraction is written like the whole number that it is.
fn number_text(number: &serde_json::Number) -> String {
    if number.is_f64() {
        // The shortest text that reads back as the same number, with neither exponent nor `.0`.
        let text = format!("{}", number.as_f64().unwrap_or_default());
        return if text == "-0" { "0".to_owned() } else { text };
    }
    number.to_string()
}

names! {
    /// Why a chain does not hold.
    pub enum Flaw "flaw" {
        /// A record is not what was chained at its position.
        Altered = "altered",
        /// There is no record at a position.
        Missing = "missing",
        /// A record stands at the position of another one.
        OutOfOrder = "out_of_order",
        /// The chain ends elsewhere than its head says, or with another hash.
        Head = "head",
        /// The chain does not pass through the hash that was expected.
        Unexpected = "unexpected",
    }
}

/// Where a chain breaks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// The first position that does not hold.
    pub position: i64,
    /// Why not.
    pub flaw: Flaw,
}

/// What was found when the chain was followed from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verification {
    /// How many records hold, from the first on.
    pub records: i64,
    /// How many records there are from before the chain; nothing is known of them.
    pub unchained: i64,
    /// How far the chain holds.
    pub head: Head,
    /// Where it breaks, if it does.
    pub broken: Option<Break>,
}

impl Verification {
    /// Does the whole chain hold?
    pub const fn holds(&self) -> bool {
        self.broken.is_none()
    }
}

/// What the store says of the chain's end, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The head that is kept beside the records.
    pub head: Head,
    /// The last position at which there is a record; 0 without any.
    pub last: i64,
    /// How many records there are from before the chain.
    pub unchained: i64,
}

/// Follows a chain record by record, pages of it at a time.
#[derive(Debug)]
pub struct Walk {
    end: End,
    expected: Option<Head>,
    reached: Head,
    broken: Option<Break>,
}

impl Walk {
    /// From the beginning to what was the end at one moment, by way of what is expected.
    pub const fn to(end: End, expected: Option<Head>) -> Self {
        Self { end, expected, reached: Head::START, broken: None }
    }

    /// The position after which the next page begins; `None` once there is nothing more to find.
    pub fn next(&self) -> Option<i64> {
        let more = self.broken.is_none() && self.reached.position < self.end.head.position;
        more.then_some(self.reached.position)
    }

    /// Takes the records that follow, in the order of their positions. No record means that there
    /// are no more.
    pub fn take(&mut self, rows: &[AuditRow]) {
        if rows.is_empty() {
            self.breaks(Flaw::Missing);
        }
        for (index, row) in rows.iter().enumerate() {
            if self.next().is_none() {
                return;
            }
            self.step(row, &rows[index + 1..]);
        }
    }

    /// The record that follows cannot even be read.
    pub fn unreadable(&mut self) {
        self.breaks(Flaw::Altered);
    }

    fn step(&mut self, row: &AuditRow, later: &[AuditRow]) {
        let head = self.reached.then_row(row);
        let link = row.link.as_ref();
        if link.is_none_or(|link| link.position != head.position) {
            return self.breaks(Flaw::Missing);
        }
        if link != Some(&head) {
            let fits = |row: &AuditRow| {
                row.link.is_some_and(|link| link.hash == self.reached.then_row(row).hash)
            };
            let elsewhere = later.iter().any(fits);
            return self.breaks(if elsewhere { Flaw::OutOfOrder } else { Flaw::Altered });
        }
        if self.expected.is_some_and(|want| want.position == head.position && want != head) {
            return self.breaks(Flaw::Unexpected);
        }
        self.reached = head;
    }

    fn breaks(&mut self, flaw: Flaw) {
        let position = self.reached.position.saturating_add(1);
        self.broken.get_or_insert(Break { position, flaw });
    }

    /// What was found.
    pub fn found(mut self) -> Verification {
        let Self { end, expected, reached, .. } = self;
        if end.head != reached || end.last > reached.position {
            self.breaks(Flaw::Head);
        } else if expected.is_some_and(|want| want.position > reached.position) {
            self.breaks(Flaw::Unexpected);
        }
        Verification {
            records: reached.position,
            unchained: end.unchained,
            head: reached,
            broken: self.broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_has_one_text() {
        let written = json!({ "b": [1, -2, 3.5, u64::MAX], "a": { "é": "\"\\\n", "Z": null } });
        assert_eq!(
            canonical(&written),
            r#"{"a":{"Z":null,"é":"\"\\\n"},"b":[1,-2,3.5,18446744073709551615]}"#
        );
        for (text, same) in [("1.0", "1"), ("1e3", "1000"), ("-0.0", "0"), ("1.50", "1.5")] {
            let read = |text: &str| canonical(&serde_json::from_str(text).unwrap());
            assert_eq!(read(text), read(same), "{text}");
        }
    }

    #[test]
    fn a_head_is_read_back_as_it_is_written() {
        let head = Head { position: 7, hash: ChainHash([0xAB; 32]) };
        assert_eq!(head.to_string().parse::<Head>().unwrap(), head);
        for bad in ["", "7", "0:00", "x:00", "7:zz", &format!("-1:{}", head.hash), "7:é"] {
            assert!(bad.parse::<Head>().is_err(), "{bad}");
        }
    }
}
