//! Schedulers and scripts.

use jiff::{
    SignedDuration,
    civil::{Date, Time},
};

use super::{Command, ItemId, Record, Row, Settings, Switch, record::flag, row::Reader};
use crate::{
    error::{Error, FieldError},
    value::{Capabilities, Policies, RouterTime, date, duration},
};

/// When in the day a scheduler begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StartTime {
    /// Each time the router boots.
    Startup,
    /// At this time, by the router's clock.
    At(Time),
}

impl StartTime {
    /// The value as it is written.
    pub fn value(self) -> String {
        match self {
            Self::Startup => "startup".to_owned(),
            Self::At(time) => date::format_time(time),
        }
    }

    fn read(text: &str) -> Result<Self, FieldError> {
        match text {
            "startup" => Ok(Self::Startup),
            _ => Ok(Self::At(date::parse_time(text)?)),
        }
    }
}

/// Something that the router does at set times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduler {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its name.
    pub name: String,
    /// The day from which it runs; none when it never had one.
    pub start_date: Option<Date>,
    /// When in the day it begins.
    pub start_time: Option<StartTime>,
    /// The time between two runs; none when it runs once.
    pub interval: Option<SignedDuration>,
    /// The days of the week it runs on; empty means all, as before 7.24.
    pub days: Vec<String>,
    /// The script, or the name of one, as bytes.
    pub on_event: Vec<u8>,
    /// What the script may do.
    pub policy: Policies,
    /// As bytes.
    pub comment: Vec<u8>,
    /// Whether it is out of force.
    pub disabled: bool,
    /// Who made it.
    pub owner: Option<String>,
    /// How often it ran since the router booted.
    pub run_count: u64,
    /// When it will run next; [`RouterTime::coming`] gives the moment.
    pub next_run: Option<RouterTime>,
}

impl Record for Scheduler {
    const MENU: &'static str = "/system/scheduler";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "start-date",
        "start-time",
        "interval",
        "days",
        "on-event",
        "policy",
        "comment",
        "disabled",
        "owner",
        "run-count",
        "next-run",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            start_date: reader.day("start-date")?,
            start_time: reader.parsed("start-time", StartTime::read)?,
            interval: reader.duration("interval")?.filter(|limit| !limit.is_zero()),
            days: reader.list("days"),
            on_event: reader.bytes("on-event"),
            policy: Policies::parse(&reader.optional("policy").unwrap_or_default()),
            comment: reader.bytes("comment"),
            disabled: reader.flag("disabled")?,
            owner: reader.optional("owner"),
            run_count: reader.size("run-count")?.unwrap_or_default(),
            next_run: reader.moment("next-run")?,
        })
    }
}

/// What can be written of a scheduler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchedulerSettings {
    /// Its name.
    pub name: Option<String>,
    /// The day from which it runs.
    pub start_date: Option<Date>,
    /// When in the day it begins.
    pub start_time: Option<StartTime>,
    /// The time between two runs; zero means that it runs once.
    pub interval: Option<SignedDuration>,
    /// The days of the week it runs on. A router before 7.24 refuses it: without the choice it
    /// would run on all days.
    pub days: Option<Vec<String>>,
    /// The script, or the name of one.
    pub on_event: Option<Vec<u8>>,
    /// What the script may do.
    pub policy: Option<Policies>,
    /// The comment, as bytes.
    pub comment: Option<Vec<u8>>,
    /// Whether it is in force.
    pub switch: Option<Switch>,
}

impl Settings for SchedulerSettings {
    type Row = Scheduler;

    fn write(&self, command: Command, router: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some(
                "start-date",
                self.start_date.map(|day| date::format_date(day, router.dates)),
            )
            .with_some("start-time", self.start_time.map(StartTime::value))
            .with_some("interval", self.interval.map(duration::format))
            .with_some("days", self.days.as_ref().map(|parts| parts.join(",")))
            .with_some("on-event", self.on_event.as_ref())
            .with_some("policy", self.policy.as_ref().map(Policies::to_string))
            .with_some("comment", self.comment.as_ref())
            .with_some("disabled", self.switch.map(Switch::disabled_value))
    }
}

/// A script that is kept on the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its name.
    pub name: String,
    /// What it does, as bytes.
    pub source: Vec<u8>,
    /// What it may do.
    pub policy: Policies,
    /// Whether callers need none of these policies themselves.
    pub dont_require_permissions: bool,
    /// As bytes.
    pub comment: Vec<u8>,
    /// Who made it.
    pub owner: Option<String>,
    /// When it ran last, by the router's clock.
    pub last_started: Option<RouterTime>,
    /// How often it ran since the router booted.
    pub run_count: u64,
    /// Whether the router cannot read it.
    pub invalid: bool,
}

impl Record for Script {
    const MENU: &'static str = "/system/script";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "source",
        "policy",
        "dont-require-permissions",
        "comment",
        "owner",
        "last-started",
        "run-count",
        "invalid",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            source: reader.bytes("source"),
            policy: Policies::parse(&reader.optional("policy").unwrap_or_default()),
            dont_require_permissions: reader.flag("dont-require-permissions")?,
            comment: reader.bytes("comment"),
            owner: reader.optional("owner"),
            last_started: reader.moment("last-started")?,
            run_count: reader.size("run-count")?.unwrap_or_default(),
            invalid: reader.flag("invalid")?,
        })
    }
}

/// What can be written of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptSettings {
    /// Its name.
    pub name: Option<String>,
    /// What it does.
    pub source: Option<Vec<u8>>,
    /// What it may do.
    pub policy: Option<Policies>,
    /// Whether callers need none of these policies themselves.
    pub dont_require_permissions: Option<bool>,
    /// The comment, as bytes.
    pub comment: Option<Vec<u8>>,
}

impl Settings for ScriptSettings {
    type Row = Script;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some("source", self.source.as_ref())
            .with_some("policy", self.policy.as_ref().map(Policies::to_string))
            .with_some("dont-require-permissions", self.dont_require_permissions.map(flag))
            .with_some("comment", self.comment.as_ref())
    }
}

/// Runs a script and waits for its end. Give it time with [`Command::within`].
pub fn run(script: &ItemId) -> Command {
    Command::new("/system/script/run").with("number", script.as_ref())
}

/// A script that is running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Where it is in the table. Removing it ends the script.
    pub id: ItemId,
    /// The script, by name; none of a command that was typed.
    pub script: Option<String>,
    /// For whom it runs.
    pub owner: Option<String>,
    /// Since when, by the router's clock.
    pub started: Option<RouterTime>,
}

impl Record for Job {
    const MENU: &'static str = "/system/script/job";
    const FIELDS: &'static [&'static str] = &[".id", "script", "owner", "started"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            script: reader.optional("script"),
            owner: reader.optional("owner"),
            started: reader.moment("started")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime, time};

    use super::*;
    use crate::value::Version;

    #[test]
    fn a_scheduler_is_read_in_both_dialects() {
        for day in ["jul/14/2023", "2023-07-14"] {
            let scheduler = Scheduler::read(&Row::of(&[
                (".id", "*1"),
                ("name", "s"),
                ("start-date", day),
                ("start-time", "08:00:00"),
                ("interval", "1d"),
                ("policy", "read,write"),
                ("run-count", "3"),
                ("next-run", "jul/15 08:00:00"),
            ]))
            .unwrap();
            assert_eq!(scheduler.start_date, Some(date(2023, 7, 14)));
            assert_eq!(scheduler.start_time, Some(StartTime::At(time(8, 0, 0, 0))));
            let now = datetime(2023, 7, 14, 9, 0, 0, 0);
            let next_run = scheduler.next_run.and_then(|next_run| next_run.coming(now));
            assert_eq!(next_run, Some(datetime(2023, 7, 15, 8, 0, 0, 0)));
            assert!(scheduler.policy.grants("write") && scheduler.days.is_empty());
        }
        let at_boot = Row::of(&[(".id", "*1"), ("name", "s"), ("start-time", "startup")]);
        assert_eq!(Scheduler::read(&at_boot).unwrap().start_time, Some(StartTime::Startup));
    }

    #[test]
    fn a_day_is_written_as_the_router_writes_it() {
        let start_date = Some(date(2024, 2, 3));
        let start_time = Some(StartTime::At(time(7, 5, 0, 0)));
        let settings = SchedulerSettings { start_date, start_time, ..SchedulerSettings::default() };
        let add = |version| format!("{:?}", settings.add(&Capabilities::of(version)));
        assert!(add(Version::new(7, 9, 0)).contains("=start-date=feb/03/2024"));
        let iso = add(Version::new(7, 10, 0));
        assert!(iso.contains("=start-date=2024-02-03") && iso.contains("=start-time=07:05:00"));
    }
}
