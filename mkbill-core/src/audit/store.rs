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
use super::chain::{End, Head};
use super::filter::{AuditFilter, AuditSort};

/// A row of the trail as it is read back.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Identity.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From which address.
    pub address: Option<String>,
    /// By which program, in its own words.
    pub agent: Option<String>,
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
    /// Where it stands in the chain; absent for a row from before the chain.
    pub link: Option<Head>,
}

/// Keeps the trail.
#[async_trait]
pub trait AuditStore: Send {
    /// Appends rows. They are chained and written when the unit of work is committed, in this order
    /// and before its events.
    async fn audit_append(&mut self, records: &[Record]) -> Result<(), StoreError>;
    /// A page of the rows that a filter lets through.
    async fn audit_page(
        &mut self,
        filter: &AuditFilter,
        page: PageRequest<AuditSort>,
    ) -> Result<Page<AuditRow>, StoreError>;
    /// At most `limit` chained rows behind a position, in the order of the chain.
    async fn audit_chain_after(
        &mut self,
        position: i64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError>;
    /// The chain's end at this moment.
    async fn audit_end(&mut self) -> Result<End, StoreError>;
}
