//! What all tables of a router have in common.

use std::fmt;

use jiff::SignedDuration;

use super::{Command, Row};
use crate::{
    error::Error,
    value::{Capabilities, duration},
};

/// A typed row of one table.
pub trait Record: Sized {
    /// The path of the table, such as `/ip/hotspot/user`.
    const MENU: &'static str;
    /// The fields to ask for. Anything more makes long tables slow.
    const FIELDS: &'static [&'static str];

    /// Reads a row that came for a print of these fields.
    ///
    /// # Errors
    ///
    /// [`Error::Row`] when a needed field is missing or unreadable.
    fn read(row: &Row) -> Result<Self, Error>;
}

/// Values to write into a table of [`Self::Row`].
///
/// A field that is `None` is left alone; an empty text clears it.
pub trait Settings {
    /// The rows of the table.
    type Row: Record;

    /// Adds every value that is set to a command. `router` says what the fields are called there.
    fn write(&self, command: Command, router: &Capabilities) -> Command;

    /// The command that adds an object; its answer carries the new id.
    fn add(&self, router: &Capabilities) -> Command {
        self.write(Command::new(format!("{}/add", Self::Row::MENU)), router)
    }

    /// The command that changes an object.
    fn set(&self, id: &ItemId, router: &Capabilities) -> Command {
        let command = Command::new(format!("{}/set", Self::Row::MENU));
        self.write(command.with(".id", id.as_ref()), router)
    }
}

/// The `.id` of an item, such as `*1A`.
///
/// Not an identity to keep: the ids of dynamic tables change at every reboot. Keep names, look ids
/// up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemId(String);

impl From<String> for ItemId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl AsRef<str> for ItemId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Whether an item is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// `disabled=no`.
    Enabled,
    /// `disabled=yes`. Running sessions go on until they are removed.
    Disabled,
}

impl Switch {
    /// The value of the field `disabled`.
    pub fn disabled_value(self) -> &'static str {
        match self {
            Self::Enabled => "no",
            Self::Disabled => "yes",
        }
    }
}

/// A setting that may be left to a default of the router's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Choice {
    /// `default`: the profile or the router decides.
    #[default]
    Default,
    /// `yes`.
    Yes,
    /// `no`.
    No,
    /// `required`: as yes, and the connection fails without it. Only of encryption.
    Required,
}

impl Choice {
    /// The value as it is written.
    pub fn value(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Yes => "yes",
            Self::No => "no",
            Self::Required => "required",
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        Some(match text {
            "default" => Self::Default,
            "yes" | "true" => Self::Yes,
            "no" | "false" => Self::No,
            "required" => Self::Required,
            _ => return None,
        })
    }
}

/// How a flag is written.
pub(super) fn flag(set: bool) -> &'static str {
    if set { "yes" } else { "no" }
}

/// How a duration is written that may be missing.
pub(super) fn or_none(time: Option<SignedDuration>) -> String {
    time.map_or_else(|| "none".to_owned(), duration::format)
}

/// A print of all rows, to be narrowed by [`Command::where_is`].
pub fn print<R: Record>() -> Command {
    Command::new(format!("{}/print", R::MENU)).fields(R::FIELDS)
}

/// As [`print()`], with secrets where the router would otherwise mask them.
pub fn print_with_secrets<R: Record>(router: &Capabilities) -> Command {
    let shown = router.masked_secrets.then_some("");
    print::<R>().with_some("show-sensitive", shown)
}

/// Asks how many rows there are; narrow it as a print. The number comes as the `ret` of the answer.
pub fn count<R: Record>() -> Command {
    Command::new(format!("{}/print", R::MENU)).with("count-only", "")
}

/// Removes items. One that is gone already makes the router refuse with "no such item".
pub fn remove<R: Record>(ids: &[ItemId]) -> Command {
    Command::new(format!("{}/remove", R::MENU)).with(".id", joined(ids))
}

/// Puts items in force or out of force.
pub fn switch<R: Record>(ids: &[ItemId], to: Switch) -> Command {
    Command::new(format!("{}/set", R::MENU))
        .with(".id", joined(ids))
        .with("disabled", to.disabled_value())
}

fn joined(ids: &[ItemId]) -> String {
    let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
    ids.join(",")
}
