//! Where a test clock stands, at rest.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::store::StoreError;

/// Keeps the test clock of a database.
#[async_trait]
pub trait ClockStore: Send {
    /// Where it stands; `None` on real time.
    async fn clock(&mut self) -> Result<Option<Timestamp>, StoreError>;
    /// Starts it; `false` if there is one.
    async fn clock_start(&mut self, at: Timestamp) -> Result<bool, StoreError>;
    /// Moves it forward; `false` on real time, or if it stands later already.
    async fn clock_move(&mut self, to: Timestamp) -> Result<bool, StoreError>;
    /// Whether the database knows anybody or anything that has a time.
    async fn in_use(&mut self) -> Result<bool, StoreError>;
}
