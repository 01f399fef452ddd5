//! Payments at rest.

use async_trait::async_trait;
use jiff::civil::Date;

use crate::kernel::document::DocumentNumber;
use crate::kernel::ids::{CustomerId, InvoiceId, PaymentId};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::{Allocation, Method, Payment};

/// Which payments are wanted; what is absent does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Only those that belong to nobody yet.
    pub in_suspense: bool,
    /// Received on this day or later.
    pub received_from: Option<Date>,
    /// Received on this day or earlier.
    pub received_to: Option<Date>,
    /// With a part that came this way.
    pub method: Option<Method>,
}

sorts! {
    /// What payments may be sorted by.
    pub PaymentSort of "payments", descending Created {
        /// When they were recorded.
        Created = "created": Identity,
        /// The day on which they came in.
        Received = "received": Day,
        /// Their amount.
        Amount = "amount": Int,
        /// The number of their receipt.
        Number = "number": Text,
    }
}

/// Keeps payments and what they paid.
#[async_trait]
pub trait PaymentStore: Send {
    /// Writes a new payment with its parts.
    async fn payment_insert(&mut self, payment: &Payment) -> Result<(), StoreError>;
    /// Writes what may change of a payment: whose it is and whether it was taken back. It must still
    /// have the revision that was read.
    async fn payment_change(&mut self, payment: &Payment) -> Result<(), StoreError>;
    /// One by identity.
    async fn payment_by_id(&mut self, id: PaymentId) -> Result<Option<Payment>, StoreError>;
    /// One by the number of its receipt.
    async fn payment_by_number(
        &mut self,
        number: &DocumentNumber,
    ) -> Result<Option<Payment>, StoreError>;
    /// The one of this reference that was not taken back.
    async fn payment_by_reference(
        &mut self,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError>;
    /// A page.
    async fn payment_page(
        &mut self,
        filter: &PaymentFilter,
        page: PageRequest<PaymentSort>,
    ) -> Result<Page<Payment>, StoreError>;
    /// Writes new allocations, and when others were taken back.
    async fn allocations_write(&mut self, all: &[Allocation]) -> Result<(), StoreError>;
    /// What still pays some invoices, in the order of paying.
    async fn allocations_of_invoices(
        &mut self,
        invoices: &[InvoiceId],
    ) -> Result<Vec<Allocation>, StoreError>;
    /// What a payment still pays.
    async fn allocations_of_payment(
        &mut self,
        payment: PaymentId,
    ) -> Result<Vec<Allocation>, StoreError>;
    /// What has ever paid an invoice.
    async fn allocations_of_invoice(
        &mut self,
        invoice: InvoiceId,
    ) -> Result<Vec<Allocation>, StoreError>;
}
