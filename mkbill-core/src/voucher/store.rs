//! Batches and vouchers at rest.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kernel::ids::{BatchId, LoginId, PlanId, RouterId, VendorId, VoucherId};
use crate::kernel::money::Currency;
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::Voucher;
use super::batch::{Batch, BatchNumber, BatchTally, PushReport};
use super::code::{Code, CodeShape};

/// Which vouchers are wanted; an absent field does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VoucherFilter {
    /// Of this batch.
    pub batch: Option<BatchId>,
    /// In this state, by its name.
    pub state: Option<&'static str>,
    /// With this very code.
    pub code: Option<Code>,
    /// Of batches like these.
    pub batches: BatchFilter,
}

/// Which batches are wanted; an absent field does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchFilter {
    /// Of this plan.
    pub plan: Option<PlanId>,
    /// On this router.
    pub router: Option<RouterId>,
    /// Of this vendor.
    pub vendor: Option<VendorId>,
    /// Made at this instant or later.
    pub created_from: Option<Timestamp>,
    /// Made before this instant.
    pub created_until: Option<Timestamp>,
    /// Only those that were cancelled as a whole, or only those that were not.
    pub cancelled: Option<bool>,
}

sorts! {
    /// What vouchers may be sorted by.
    pub VoucherSort of "vouchers", ascending Created {
        /// When they were made.
        Created = "created": Identity,
        /// What the customer types.
        Code = "code": Text,
        /// When they were first used.
        FirstLogin = "first_login": Instant,
    }
}

sorts! {
    /// What batches may be sorted by.
    pub BatchSort of "voucher-batches", descending Created {
        /// When they were made.
        Created = "created": Identity,
        /// Their number for people.
        Number = "number": Text,
    }
}

/// Keeps batches and vouchers.
#[async_trait]
pub trait VoucherStore: Send {
    /// Counts `count` codes of this shape as used and answers how many were used before.
    async fn code_space_take(&mut self, shape: &CodeShape, count: u32) -> Result<u64, StoreError>;
    /// Which of these codes are in use already, by vouchers of any state.
    async fn codes_in_use(&mut self, codes: &[Code]) -> Result<Vec<Code>, StoreError>;
    /// Adds a batch.
    async fn batch_insert(&mut self, batch: &Batch) -> Result<(), StoreError>;
    /// One by identity.
    async fn batch_by_id(&mut self, id: BatchId) -> Result<Option<Batch>, StoreError>;
    /// One by its number.
    async fn batch_by_number(&mut self, number: &BatchNumber) -> Result<Option<Batch>, StoreError>;
    /// A page.
    async fn batch_page(
        &mut self,
        filter: &BatchFilter,
        page: PageRequest<BatchSort>,
    ) -> Result<Page<Batch>, StoreError>;
    /// Marks it cancelled, once.
    async fn batch_cancel(&mut self, id: BatchId, at: Timestamp) -> Result<(), StoreError>;
    /// How its vouchers stand.
    async fn batch_tally(
        &mut self,
        id: BatchId,
        currency: Currency,
    ) -> Result<BatchTally, StoreError>;
    /// How its push fares.
    async fn batch_push_report(&mut self, id: BatchId) -> Result<PushReport, StoreError>;

    /// Adds many at once.
    async fn voucher_insert_all(&mut self, vouchers: &[Voucher]) -> Result<(), StoreError>;
    /// One by identity.
    async fn voucher_by_id(&mut self, id: VoucherId) -> Result<Option<Voucher>, StoreError>;
    /// One by its code.
    async fn voucher_by_code(&mut self, code: &Code) -> Result<Option<Voucher>, StoreError>;
    /// Those that belong to these logins.
    async fn vouchers_of_logins(&mut self, logins: &[LoginId]) -> Result<Vec<Voucher>, StoreError>;
    /// All vouchers of a batch that were never used and are not over.
    async fn vouchers_unused_of_batch(
        &mut self,
        batch: BatchId,
    ) -> Result<Vec<Voucher>, StoreError>;
    /// A page.
    async fn voucher_page(
        &mut self,
        filter: &VoucherFilter,
        page: PageRequest<VoucherSort>,
    ) -> Result<Page<Voucher>, StoreError>;
    /// Writes `next` only while the stored revision is still `next.revision`; `false` means another
    /// writer was first. The stored revision goes up by one.
    async fn voucher_replace(&mut self, next: &Voucher) -> Result<bool, StoreError>;
    /// Turns `pending_push` into `available` for the vouchers of these logins.
    async fn vouchers_acknowledged(&mut self, logins: &[LoginId]) -> Result<u64, StoreError>;
    /// Vouchers whose calendar ended at or before `now`, earliest first.
    async fn vouchers_due(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Voucher>, StoreError>;
    /// How many vouchers of a router wait for it.
    async fn vouchers_pending_on(&mut self, router: RouterId) -> Result<u64, StoreError>;
}
