//! Notices at rest.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::ids::{CustomerId, NoticeId};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::{Notice, NoticeKind};

/// Which notices are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticeFilter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Of this kind.
    pub kind: Option<NoticeKind>,
}

sorts! {
    /// What notices may be sorted by.
    pub NoticeSort of "notices", descending Created {
        /// When they were made.
        Created = "created": Identity,
    }
}

/// A notice as it is read back.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeRow {
    /// Identity.
    pub id: NoticeId,
    /// What is told.
    pub kind: NoticeKind,
    /// Whom it concerns.
    pub customer: Option<CustomerId>,
    /// What it is about.
    pub subject: Uuid,
    /// The kind of thing it is about.
    pub subject_kind: String,
    /// Identifiers, amounts and dates.
    pub facts: Value,
    /// What it is told for.
    pub cause: String,
    /// It is not told before this instant.
    pub not_before: Timestamp,
    /// When its cause was written.
    pub created_at: Timestamp,
}

/// Keeps notices.
#[async_trait]
pub trait NoticeStore: Send {
    /// Adds notices whose cause was not told yet, each with a message in the outbox that is due at
    /// its `not_before`; answers how many were added.
    async fn notices_push(&mut self, notices: &[Notice]) -> Result<u64, StoreError>;
    /// A page.
    async fn notice_page(
        &mut self,
        filter: NoticeFilter,
        page: PageRequest<NoticeSort>,
    ) -> Result<Page<NoticeRow>, StoreError>;
}
