//! What a bulk add writes down, so that it can go on after a crash.

use std::{future::Future, io};

use crate::command::ItemId;

/// One line of a journal: an item, by its table and name, and what happened to it. Nothing else of
/// an item is ever written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The table, such as `/ip/hotspot/user`.
    pub menu: String,
    /// The name of the item.
    pub name: String,
    /// What happened to it.
    pub event: ItemEvent,
}

/// What happened to an item. The last event of an item counts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemEvent {
    /// It is about to be sent: it may be on the router from now on.
    Sent,
    /// The router added it.
    Added(ItemId),
    /// It was on the router with our mark.
    Adopted(ItemId),
    /// Another item holds its name.
    Conflict,
    /// The router refused it.
    Rejected,
}

/// Where a bulk add writes down what it does. One journal serves one list of items.
pub trait BulkJournal: Send {
    /// Every note so far, oldest first. A note that was lost while it was written is left out.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    fn recall(&mut self) -> impl Future<Output = io::Result<Vec<Note>>> + Send;

    /// Adds notes. They are safe from a crash when this is ready.
    ///
    /// Called with many notes at once: all results since the last call, and all items that are sent
    /// next.
    ///
    /// # Errors
    ///
    /// When the notes cannot be kept.
    fn append(&mut self, notes: &[Note]) -> impl Future<Output = io::Result<()>> + Send;
}

/// Forgets everything.
pub(super) struct NoJournal;

impl BulkJournal for NoJournal {
    async fn recall(&mut self) -> io::Result<Vec<Note>> {
        Ok(Vec::new())
    }

    async fn append(&mut self, _: &[Note]) -> io::Result<()> {
        Ok(())
    }
}
