//! The router itself: its resources, name, clock and log.

use jiff::{SignedDuration, civil::DateTime};

use super::{Command, ItemId, Record, Row, row::Reader};
use crate::{
    error::{Error, FieldError},
    value::{Capabilities, Version, date},
};

/// What the router is and how it fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it runs.
    pub version: Version,
    /// How long since it booted.
    pub uptime: SignedDuration,
    /// When what it runs was built, as it writes it.
    pub build_time: Option<String>,
    /// The model.
    pub board_name: Option<String>,
    /// The maker, `MikroTik`.
    pub platform: Option<String>,
    /// The kind of processor, such as `arm64`.
    pub architecture_name: Option<String>,
    /// The processor.
    pub cpu: Option<String>,
    /// How many processors.
    pub cpu_count: Option<u64>,
    /// Their clock in MHz.
    pub cpu_frequency_mhz: Option<u64>,
    /// Load of all processors, in percent.
    pub cpu_load_percent: Option<u64>,
    /// Free memory in bytes.
    pub free_memory: Option<u64>,
    /// Memory in bytes.
    pub total_memory: Option<u64>,
    /// Free flash in bytes.
    pub free_storage: Option<u64>,
    /// Flash in bytes.
    pub total_storage: Option<u64>,
    /// Flash sectors written since the router was made.
    pub sectors_written: Option<u64>,
    /// Share of the flash that is worn out, in percent as a decimal text.
    pub bad_blocks: Option<String>,
}

impl Record for Resource {
    const MENU: &'static str = "/system/resource";
    const FIELDS: &'static [&'static str] = &[
        "version",
        "uptime",
        "build-time",
        "board-name",
        "platform",
        "architecture-name",
        "cpu",
        "cpu-count",
        "cpu-frequency",
        "cpu-load",
        "free-memory",
        "total-memory",
        "free-hdd-space",
        "total-hdd-space",
        "write-sect-total",
        "bad-blocks",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        let version = reader.required("version")?;
        Ok(Self {
            version: Version::parse(&version)
                .map_err(|error| reader.unusable("version", error.into()))?,
            uptime: reader
                .duration("uptime")?
                .ok_or_else(|| reader.unusable("uptime", FieldError::Missing))?,
            build_time: reader.optional("build-time"),
            board_name: reader.optional("board-name"),
            platform: reader.optional("platform"),
            architecture_name: reader.optional("architecture-name"),
            cpu: reader.optional("cpu"),
            cpu_count: reader.size("cpu-count")?,
            cpu_frequency_mhz: reader.size("cpu-frequency")?,
            cpu_load_percent: reader.size("cpu-load")?,
            free_memory: reader.size("free-memory")?,
            total_memory: reader.size("total-memory")?,
            free_storage: reader.size("free-hdd-space")?,
            total_storage: reader.size("total-hdd-space")?,
            sectors_written: reader.size("write-sect-total")?,
            bad_blocks: reader.optional("bad-blocks"),
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

/// Gives the router another name.
pub fn set_identity(name: &str) -> Command {
    Command::new("/system/identity/set").with("name", name)
}

/// Moves the router to another time zone, such as `Asia/Jakarta`.
pub fn set_time_zone(name: &str) -> Command {
    Command::new("/system/clock/set").with("time-zone-name", name)
}

/// Sets the clock, for routers without NTP.
pub fn set_clock(local: DateTime, router: &Capabilities) -> Command {
    Command::new("/system/clock/set")
        .with("date", date::format_date(local.date(), router.dates))
        .with("time", date::format_time(local.time()))
}

/// The hardware. A router in software has none: `is_routerboard` is then not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routerboard {
    /// Whether it is hardware of the maker.
    pub is_routerboard: bool,
    /// The model.
    pub model: Option<String>,
    /// The serial number.
    pub serial_number: Option<String>,
    /// For which hardware the boot loader is.
    pub firmware_kind: Option<String>,
    /// The boot loader that runs.
    pub current_firmware: Option<String>,
    /// The boot loader that could run.
    pub upgrade_firmware: Option<String>,
}

impl Record for Routerboard {
    const MENU: &'static str = "/system/routerboard";
    const FIELDS: &'static [&'static str] = &[
        "routerboard",
        "model",
        "serial-number",
        "firmware-type",
        "current-firmware",
        "upgrade-firmware",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            is_routerboard: reader.flag("routerboard")?,
            model: reader.optional("model"),
            serial_number: reader.optional("serial-number"),
            firmware_kind: reader.optional("firmware-type"),
            current_firmware: reader.optional("current-firmware"),
            upgrade_firmware: reader.optional("upgrade-firmware"),
        })
    }
}

/// What the licence of the router allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    /// The level of hardware, 0 to 6.
    pub level: Option<u8>,
    /// The level of a router in software, such as `free` or `p1`.
    pub cloud_level: Option<String>,
    /// What the licence is bound to.
    pub software_id: Option<String>,
}

impl Record for License {
    const MENU: &'static str = "/system/license";
    const FIELDS: &'static [&'static str] = &["nlevel", "level", "software-id"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            level: reader.number("nlevel")?,
            cloud_level: reader.optional("level"),
            software_id: reader.optional("software-id"),
        })
    }
}

impl License {
    /// How many hotspot users may be online at once. `None` means any number, or that the level is
    /// not known.
    ///
    /// From the table of licence levels in MikroTik's manual.
    pub fn hotspot_sessions_max(&self) -> Option<u32> {
        match self.level? {
            1 | 3 => Some(1),
            4 => Some(200),
            5 => Some(500),
            _ => None,
        }
    }

    /// How many `PPPoE` tunnels may be up at once. `None` means any number, or that the level is not
    /// known.
    pub fn pppoe_sessions_max(&self) -> Option<u32> {
        match self.level? {
            1 => Some(1),
            3 | 4 => Some(200),
            5 => Some(500),
            _ => None,
        }
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

    #[test]
    fn the_clock_is_read_in_both_dialects() {
        for date in ["jul/14/2023", "2023-07-14"] {
            let clock =
                RouterClock::read(&Row::of(&[("date", date), ("time", "08:00:01")])).unwrap();
            assert_eq!(clock.local, datetime(2023, 7, 14, 8, 0, 1, 0));
        }
    }

    #[test]
    fn a_resource_without_a_version_is_refused() {
        assert!(Resource::read(&Row::of(&[("uptime", "1d")])).is_err());
        let resource =
            Resource::read(&Row::of(&[("version", "7.14.3 (stable)"), ("uptime", "1d02:03:04")]))
                .unwrap();
        assert_eq!(resource.version, Version::new(7, 14, 3));
    }

    #[test]
    fn the_topics_of_a_log_line_are_split() {
        let entry = LogEntry::read(&Row::of(&[
            (".id", "*5"),
            ("time", "08:00:00"),
            ("topics", "hotspot,info"),
        ]))
        .unwrap();
        assert_eq!(entry.topics, ["hotspot", "info"]);
    }

    #[test]
    fn a_licence_limits_sessions_by_its_level() {
        let license = |level: &str| License::read(&Row::of(&[("nlevel", level)])).unwrap();
        assert_eq!(license("4").hotspot_sessions_max(), Some(200));
        assert_eq!(license("5").pppoe_sessions_max(), Some(500));
        assert_eq!(license("6").hotspot_sessions_max(), None);
        let cloud = License::read(&Row::of(&[("level", "p1"), ("system-id", "x")])).unwrap();
        assert_eq!((cloud.level, cloud.pppoe_sessions_max()), (None, None));
    }
}
