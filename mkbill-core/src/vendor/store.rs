//! Vendors at rest.

use async_trait::async_trait;

use crate::kernel::ids::VendorId;
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::search::SearchText;
use crate::store::StoreError;

use super::{Vendor, VendorCode};

sorts! {
    /// What vendors may be sorted by.
    pub VendorSort of "vendors", ascending Created {
        /// When they were added.
        Created = "created": Identity,
        /// Their name, whatever its case.
        Name = "name": Text,
        /// Their code.
        Code = "code": Text,
    }
}

/// Keeps vendors.
#[async_trait]
pub trait VendorStore: Send {
    /// Adds one; `false` if the code is taken.
    async fn vendor_insert(&mut self, vendor: &Vendor) -> Result<bool, StoreError>;
    /// One by identity.
    async fn vendor_by_id(&mut self, id: VendorId) -> Result<Option<Vendor>, StoreError>;
    /// One by its unique code.
    async fn vendor_by_code(&mut self, code: &VendorCode) -> Result<Option<Vendor>, StoreError>;
    /// A page of those with a text in their code or name, or of all.
    async fn vendor_page(
        &mut self,
        text: Option<&SearchText>,
        page: PageRequest<VendorSort>,
    ) -> Result<Page<Vendor>, StoreError>;
}
