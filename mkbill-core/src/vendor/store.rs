//! Vendors at rest.

use async_trait::async_trait;

use crate::kernel::ids::VendorId;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::{Vendor, VendorCode};

/// Keeps vendors.
#[async_trait]
pub trait VendorStore: Send {
    /// Adds one; `false` if the code is taken.
    async fn vendor_insert(&mut self, vendor: &Vendor) -> Result<bool, StoreError>;
    /// One by identity.
    async fn vendor_by_id(&mut self, id: VendorId) -> Result<Option<Vendor>, StoreError>;
    /// One by its unique code.
    async fn vendor_by_code(&mut self, code: &VendorCode) -> Result<Option<Vendor>, StoreError>;
    /// A page, oldest first.
    async fn vendor_page(&mut self, page: PageRequest) -> Result<Page<Vendor>, StoreError>;
}
