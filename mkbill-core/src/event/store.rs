//! Events at rest.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::store::StoreError;

use super::{Event, NewEvent, Position};

/// Keeps events.
#[async_trait]
pub trait EventStore: Send {
    /// Adds events to what happens with this commit. They are numbered and written when it is
    /// committed, after everything else, so that one commit holds up another for that moment only.
    fn events_push(&mut self, events: Vec<NewEvent>);
    /// Events after a position, in their order.
    async fn events_after(
        &mut self,
        position: Position,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError>;
    /// The positions of the oldest and the newest event that are kept; `None` without any.
    async fn event_bounds(&mut self) -> Result<Option<(Position, Position)>, StoreError>;
    /// Forgets at most `limit` events from before an instant; answers how many.
    async fn events_forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
