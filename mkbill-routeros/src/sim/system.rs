//! Menus with one row (resource, identity, clock and the like) and the backup.

use jiff::{civil::DateTime, tz::TimeZone};
use md5::{Digest, Md5};

use crate::value::{date, duration};

use super::{
    command::Command,
    console::Done,
    export::ExportStyle,
    file_menu::{refuse_others, text},
    menus::Single,
    record::Record,
    refusal::Refusal,
    router::Router,
};

pub(super) const SOFTWARE_ID: &str = "MKBI-SIM0";
const BOARD: &str = "RB5009UG+S+";
const BUILT: DateTime = DateTime::constant(2024, 4, 17, 12, 47, 58, 0);
/// What a backup begins with, plain and encrypted.
const BACKUP_MARK: [u8; 4] = [0x88, 0xAC, 0xA1, 0xB1];
const ENCRYPTED_BACKUP_MARK: [u8; 4] = [0xEF, 0xA8, 0x91, 0x72];

impl Router {
    pub(super) fn single_record(&self, single: Single) -> Record<'_> {
        match single {
            Single::Resource => self.resource_record(),
            Single::Identity => {
                let mut record = Record::default();
                record.push("name", &self.identity[..]);
                record
            }
            Single::Clock => self.clock_record(),
            Single::Routerboard => self.routerboard_record(),
            Single::License => Record::default()
                .with("software-id", SOFTWARE_ID)
                .with("nlevel", self.license.level())
                .with("features", ""),
        }
    }

    fn resource_record(&self) -> Record<'_> {
        Record::default()
            .with("uptime", duration::format(self.clock.uptime()))
            .with("version", self.routeros)
            .with("build-time", date::format(BUILT, self.date_dialect()))
            .with("free-memory", 805_306_368_u64)
            .with("total-memory", 1_073_741_824_u64)
            .with("cpu", "ARM64")
            .with("cpu-count", 4)
            .with("cpu-frequency", 1400)
            .with("cpu-load", 3)
            .with("free-hdd-space", 1_000_341_504_u64)
            .with("total-hdd-space", 1_073_741_824_u64)
            .with("write-sect-since-reboot", 1024)
            .with("write-sect-total", 65_536)
            .with("bad-blocks", 0)
            .with("architecture-name", "arm64")
            .with("board-name", BOARD)
            .with("platform", "MikroTik")
    }

    fn routerboard_record(&self) -> Record<'_> {
        let version = self.routeros.version();
        Record::default()
            .with("routerboard", true)
            .with_some("board-name", (version.major >= 7).then_some(BOARD))
            .with("model", BOARD)
            .with("serial-number", "HE0000000SIM")
            .with("firmware-type", "70x0")
            .with("factory-firmware", version)
            .with("current-firmware", version)
            .with("upgrade-firmware", version)
    }

    fn clock_record(&self) -> Record<'_> {
        let shown = self.clock.shown();
        let seconds = self.clock.offset().seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        Record::default()
            .with("time", date::format_time(shown.time()))
            .with("date", date::format_date(shown.date(), self.date_dialect()))
            .with("time-zone-autodetect", false)
            .with("time-zone-name", self.clock.zone())
            .with("gmt-offset", format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
            .with("dst-active", false)
    }

    pub(super) fn set_single(&mut self, single: Single, command: &Command) -> Result<(), Refusal> {
        if !matches!(single, Single::Identity | Single::Clock) {
            return Err(Refusal::no_such_command());
        }
        for (name, value) in command.sentence().attributes() {
            match (single, name) {
                (Single::Identity, b"name") => self.identity = value.to_vec(),
                (Single::Clock, b"date") => {
                    let date = read_date(value).ok_or_else(|| Refusal::invalid_value("date"))?;
                    let time = self.clock.shown().time();
                    self.clock.set_shown(date.date().to_datetime(time));
                }
                (Single::Clock, b"time") => {
                    let time = read_time(value).ok_or_else(|| Refusal::invalid_value("time"))?;
                    let date = self.clock.shown().date();
                    self.clock.set_shown(date.to_datetime(time));
                }
                (Single::Clock, b"time-zone-name") => self.set_zone_by_name(value)?,
                (Single::Clock, b"time-zone-autodetect") => {}
                _ => return Err(Refusal::unknown_parameter(name)),
            }
        }
        self.feed.changed(single.path(), &self.single_record(single));
        Ok(())
    }

    fn set_zone_by_name(&mut self, name: &[u8]) -> Result<(), Refusal> {
        let refused = || Refusal::no_match("time-zone-name");
        let name = std::str::from_utf8(name).map_err(|_| refused())?;
        let zone = TimeZone::get(name).map_err(|_| refused())?;
        let offset = zone.to_offset(self.clock.now());
        self.clock.set_zone(name, offset);
        Ok(())
    }

    fn backup_name(&self) -> String {
        let identity = String::from_utf8_lossy(&self.identity);
        format!("{identity}-{}", self.clock.shown().strftime("%Y%m%d-%H%M"))
    }

    /// `/system/backup/save`: the configuration in one file that shows after the delay of files.
    pub(super) fn save_backup(&mut self, command: &Command) -> Result<Done, Refusal> {
        refuse_others(command, &["name", "password", "dont-encrypt", "encryption"])?;
        let given = text(command, "name")?.filter(|name| !name.is_empty());
        let name = given.map_or_else(|| self.backup_name(), str::to_owned);
        let is_plain = matches!(command.attribute("dont-encrypt"), Some(b"" | b"yes" | b"true"));
        let password = command.attribute("password").filter(|it| !it.is_empty() && !is_plain);
        let style = ExportStyle { verbose: true, terse: true, secrets: true };
        let mut contents = self.export("", style).into_bytes();
        let mark = match password {
            None => BACKUP_MARK,
            Some(password) => {
                scramble(&mut contents, password);
                ENCRYPTED_BACKUP_MARK
            }
        };
        contents.splice(..0, mark);
        let has_ending = name.rsplit_once('.').is_some_and(|(_, ending)| ending == "backup");
        let name = if has_ending { name } else { format!("{name}.backup") };
        self.write_file_later(&name, contents)?;
        Ok(Done::default())
    }
}

/// Makes a backup unreadable without its password. It stands in for the router's cipher and keeps no secret.
fn scramble(contents: &mut [u8], password: &[u8]) {
    for (block, bytes) in (0_u64..).zip(contents.chunks_mut(16)) {
        let mut hash = Md5::new();
        hash.update(password);
        hash.update(block.to_be_bytes());
        for (byte, key) in bytes.iter_mut().zip(hash.finalize()) {
            *byte ^= key;
        }
    }
}

fn read_date(text: &[u8]) -> Option<DateTime> {
    date::parse(std::str::from_utf8(text).ok()?).ok()
}

fn read_time(text: &[u8]) -> Option<jiff::civil::Time> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
