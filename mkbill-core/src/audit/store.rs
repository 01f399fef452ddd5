//! The audit trail at rest: it only grows.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::caller::Actor;
use crate::kernel::ids::AuditId;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::Record;

/// A row of the trail as it is read back.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Identity.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// Why.
    pub reason: Option<String>,
    /// What was done.
    pub action: String,
    /// The kind of thing it was done to.
    pub subject_kind: String,
    /// Its identity.
    pub subject: Uuid,
    /// How it was.
    pub before: Value,
    /// How it became.
    pub after: Value,
}

/// Keeps the trail.
#[async_trait]
pub trait AuditStore: Send {
    /// Appends rows.
    async fn audit_append(&mut self, records: &[Record]) -> Result<(), StoreError>;
    /// A page, newest first, of one subject or of all.
    async fn audit_page(
        &mut self,
        subject: Option<Uuid>,
        page: PageRequest,
    ) -> Result<Page<AuditRow>, StoreError>;
}
