//! The router itself: its resources, name, clock and log.

use jiff::{SignedDuration, civil::DateTime};

use super::{Command, ItemId, Record, Row, row::Reader};
use crate::{
    error::{Error, FieldError},
    value::{Version, date},
};

/// What the router is and how it fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it runs.
    pub version: Version,
    /// How long since it booted.
    pub uptime: SignedDuration,
    /// The model.
    pub board_name: Option<String>,
    /// Free memory in bytes.
    pub free_memory: Option<u64>,
    /// Free flash in bytes.
    pub free_storage: Option<u64>,
    /// Load of all processors, in percent.
    pub cpu_load_percent: Option<u64>,
}

impl Record for Resource {
    const MENU: &'static str = "/system/resource";
    const FIELDS: &'static [&'static str] =
        &["version", "uptime", "board-name", "free-memory", "free-hdd-space", "cpu-load"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        let version = reader.required("version")?;
        Ok(Self {
            version: Version::parse(&version)
                .map_err(|error| reader.unusable("version", error.into()))?,
            uptime: reader
                .duration("uptime")?
                .ok_or_else(|| reader.unusable("uptime", FieldError::Missing))?,
            board_name: reader.optional("board-name"),
            free_memory: reader.size("free-memory")?,
            free_storage: reader.size("free-hdd-space")?,
            cpu_load_percent: reader.size("cpu-load")?,
        })
    }
}

/// The name that the operator gave the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub name: String,
}

impl Record for Identity {
    const MENU: &'static str = "/system/identity";
    const FIELDS: &'static [&'static str] = &["name"];

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self { name: Reader::new(Self::MENU, row).required("name")? })
    }
}

/// The router's own idea of the time. After a power cut it may be years behind until it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterClock {
    /// Date and time of day where the router believes to be.
    pub local: DateTime,
    /// The zone by name, such as `Asia/Jakarta`.
    pub time_zone: Option<String>,
}

impl Record for RouterClock {
    const MENU: &'static str = "/system/clock";
    const FIELDS: &'static [&'static str] = &["date", "time", "time-zone-name"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        let text = format!("{} {}", reader.required("date")?, reader.required("time")?);
        Ok(Self {
            local: date::parse(&text).map_err(|error| reader.unusable("date", error.into()))?,
            time_zone: reader.optional("time-zone-name"),
        })
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Where it is in the log.
    pub id: ItemId,
    /// When, as the router wrote it; [`date::parse_log_time`] reads it.
    pub time: String,
    /// What it is about, such as `hotspot`, `info`, `debug`.
    pub topics: Vec<String>,
    /// What happened.
    pub message: String,
}

impl Record for LogEntry {
    const MENU: &'static str = "/log";
    const FIELDS: &'static [&'static str] = &[".id", "time", "topics", "message"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        let topics = reader.optional("topics").unwrap_or_default();
        Ok(Self {
            id: reader.id()?,
            time: reader.required("time")?,
            topics: topics
                .split(',')
                .filter(|topic| !topic.is_empty())
                .map(str::to_owned)
                .collect(),
            message: reader.optional("message").unwrap_or_default(),
        })
    }
}

/// Restarts the router. The connection ends, and that counts as success.
pub fn reboot() -> Command {
    Command::new("/system/reboot").ending_the_connection()
}

/// Says goodbye. The connection ends, and that counts as success.
pub fn quit() -> Command {
    Command::new("/quit").ending_the_connection()
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;
    use crate::proto::Sentence;

    fn row(fields: &[(&str, &str)]) -> Row {
        let sentence = Sentence::command("!re");
        fields.iter().fold(sentence, |sentence, (name, value)| sentence.with(name, value)).into()
    }

    #[test]
    fn the_clock_is_read_in_both_dialects() {
        for date in ["jul/14/2023", "2023-07-14"] {
            let clock = RouterClock::read(&row(&[("date", date), ("time", "08:00:01")])).unwrap();
            assert_eq!(clock.local, datetime(2023, 7, 14, 8, 0, 1, 0));
        }
    }

    #[test]
    fn a_resource_without_a_version_is_refused() {
        assert!(Resource::read(&row(&[("uptime", "1d")])).is_err());
        let resource =
            Resource::read(&row(&[("version", "7.14.3 (stable)"), ("uptime", "1d02:03:04")]))
                .unwrap();
        assert_eq!(resource.version, Version::new(7, 14, 3));
    }

    #[test]
    fn the_topics_of_a_log_line_are_split() {
        let entry = LogEntry::read(&row(&[
            (".id", "*5"),
            ("time", "08:00:00"),
            ("topics", "hotspot,info"),
        ]))
        .unwrap();
        assert_eq!(entry.topics, ["hotspot", "info"]);
    }
}
