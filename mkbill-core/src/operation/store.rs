//! Operations at rest.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kernel::caller::{Actor, IdempotencyKey};
use crate::kernel::ids::OperationId;
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::secret::Sealed;
use crate::store::StoreError;

use super::{Asker, Operation, OperationKind, StateName};

/// Which operations.
#[derive(Debug, Clone, Default)]
pub struct OperationFilter {
    /// In this state.
    pub state: Option<StateName>,
    /// Of this kind.
    pub kind: Option<OperationKind>,
    /// Asked for by them.
    pub asker: Option<Asker>,
}

sorts! {
    /// What operations may be sorted by.
    pub OperationSort of "operations", descending Created {
        /// When they were asked for.
        Created = "created": Identity,
    }
}

/// Keeps operations, and while they go on what is wished, sealed.
#[async_trait]
pub trait OperationStore: Send {
    /// Adds one; `false` if its asker has one with the same key, and nothing was written.
    async fn operation_insert(
        &mut self,
        operation: &Operation,
        wish: &Sealed,
    ) -> Result<bool, StoreError>;
    /// One operation.
    async fn operation_by_id(&mut self, id: OperationId) -> Result<Option<Operation>, StoreError>;
    /// What an actor asked for under a key, if that is still kept.
    async fn operation_by_key(
        &mut self,
        actor: &Actor,
        key: &IdempotencyKey,
    ) -> Result<Option<Operation>, StoreError>;
    /// One operation, held until the transaction ends.
    async fn operation_lock(&mut self, id: OperationId) -> Result<Option<Operation>, StoreError>;
    /// What is wished; nothing once it is over.
    async fn operation_wish(&mut self, id: OperationId) -> Result<Option<Sealed>, StoreError>;
    /// Writes where it stands. Of one that is over, the wish is forgotten.
    async fn operation_settle(&mut self, operation: &Operation) -> Result<(), StoreError>;
    /// A page of them.
    async fn operation_page(
        &mut self,
        filter: &OperationFilter,
        page: PageRequest<OperationSort>,
    ) -> Result<Page<Operation>, StoreError>;
    /// How many of an actor's are not over. Of several who ask for the same actor, each counts what the
    /// one before has added, if there was any.
    async fn operations_open(&mut self, actor: &Actor) -> Result<u64, StoreError>;
    /// Forgets at most `limit` that ended before an instant; answers how many.
    async fn operations_forget(&mut self, before: Timestamp, limit: u32)
    -> Result<u64, StoreError>;
}
