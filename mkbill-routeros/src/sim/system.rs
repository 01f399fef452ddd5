//! Menus with one row: resource, identity, clock.

use crate::value::{date, duration};

use super::{command::Command, menus::Single, record::Record, refusal::Refusal, router::Router};

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
        }
    }

    fn resource_record(&self) -> Record<'_> {
        Record::default()
            .with("uptime", duration::format(self.clock.uptime()))
            .with("version", self.routeros)
            .with("free-memory", 805_306_368_u64)
            .with("total-memory", 1_073_741_824_u64)
            .with("cpu", "ARM64")
            .with("cpu-count", 4)
            .with("cpu-frequency", 1400)
            .with("cpu-load", 3)
            .with("free-hdd-space", 1_000_341_504_u64)
            .with("total-hdd-space", 1_073_741_824_u64)
            .with("architecture-name", "arm64")
            .with("board-name", "RB5009UG+S+")
            .with("platform", "MikroTik")
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
                (Single::Resource, _) => return Err(Refusal::no_such_command()),
                _ => return Err(Refusal::unknown_parameter(name)),
            }
        }
        Ok(())
    }
}

fn read_date(text: &[u8]) -> Option<jiff::civil::DateTime> {
    date::parse(std::str::from_utf8(text).ok()?).ok()
}

fn read_time(text: &[u8]) -> Option<jiff::civil::Time> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
