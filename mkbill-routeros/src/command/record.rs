//! What all tables of a router have in common.

use std::fmt;

use super::{Command, Row};
use crate::error::Error;

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

/// A print of all rows, to be narrowed by [`Command::where_is`].
pub fn print<R: Record>() -> Command {
    Command::new(format!("{}/print", R::MENU)).fields(R::FIELDS)
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
