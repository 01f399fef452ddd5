//! Adding many named items, surely and once each.
//!
//! [`add_all`] outlives lost connections; [`add_all_with`] a [`BulkJournal`] outlives the process
//! too:
//!
//! ```no_run
//! use mkbill_routeros::client::{
//!     Link,
//!     bulk::{FileJournal, NamedAdd, add_all_with},
//! };
//!
//! # async fn example(link: &Link, items: &[NamedAdd]) -> std::io::Result<()> {
//! let mut journal = FileJournal::open("batch-2026-11-22.journal").await?;
//! let outcomes = add_all_with(link, items, &mut journal, |_| ()).await;
//! # drop(outcomes);
//! # Ok(())
//! # }
//! ```

mod board;
mod file;
mod journal;

pub use file::FileJournal;
pub use journal::{BulkJournal, ItemEvent, Note};

use super::Link;
use crate::{
    command::{Command, ItemId, Row},
    error::Error,
};
use board::Board;
use journal::NoJournal;

/// An item to add. Its name is what makes the add safe to try again.
#[derive(Debug, Clone)]
pub struct NamedAdd {
    /// The table, such as `/ip/hotspot/user`.
    pub menu: String,
    /// The name, unique in the table.
    pub name: String,
    /// The command that adds it, name included.
    pub add: Command,
    /// How the comment of an item of ours begins, up to its end or a space. An item that is already
    /// there and bears it is taken for this one.
    pub mark: Vec<u8>,
}

impl NamedAdd {
    fn is_held_by(&self, row: &Row) -> bool {
        let comment = row.get("comment").unwrap_or_default();
        let rest = comment.strip_prefix(self.mark.as_slice());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b" "))
    }
}

/// What became of one item.
#[derive(Debug)]
#[non_exhaustive]
pub enum ItemOutcome {
    /// It was added now, or by an earlier call with the same journal.
    Added(ItemId),
    /// It was there already and bears our mark: an earlier attempt had added it.
    Adopted(ItemId),
    /// Another item holds the name.
    Conflict(Existing),
    /// The router refused it, or it was surely never sent.
    Rejected(Error),
    /// It was sent, no answer came, and looking it up failed too: it may be there or not.
    Unknown,
}

/// An item that was there before and is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its comment as bytes.
    pub comment: Vec<u8>,
    /// Its profile, where it has one.
    pub profile: Option<String>,
}

/// How far an [`add_all`] has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Items whose outcome is known.
    pub settled: usize,
    /// All items.
    pub total: usize,
}

/// Adds all items, as many at once as the window allows, and tells what became of each, in the same
/// order.
///
/// When the connection is lost it is made again; items that were under way are looked up by name,
/// those with our mark are adopted and the others sent again. `progress` hears of every 50th item
/// and of the end. Never panics or fails as a whole: whatever goes wrong is in the outcomes.
pub async fn add_all(
    link: &Link,
    items: &[NamedAdd],
    progress: impl FnMut(Progress),
) -> Vec<ItemOutcome> {
    add_all_with(link, items, &mut NoJournal, progress).await
}

/// As [`add_all`], with a journal from which the same call goes on after a crash or after its
/// future was dropped.
///
/// An item that the journal knows to be added or adopted is not sent again. One that it knows to be
/// sent, or to be held by another, is looked up by name first. One that was refused is tried again:
/// the router did nothing then, and the cause may be gone.
///
/// A journal that cannot be read or written stops the sending: what was not sent then is
/// [`ItemOutcome::Rejected`], and the first of them carries [`Error::Journal`].
pub async fn add_all_with(
    link: &Link,
    items: &[NamedAdd],
    journal: &mut impl BulkJournal,
    progress: impl FnMut(Progress),
) -> Vec<ItemOutcome> {
    let mut board = Board::new(items, journal, progress);
    let error = board.run(link).await.err();
    board.finish(error)
}
