//! Invoices at rest.

use async_trait::async_trait;
use jiff::civil::Date;

use crate::kernel::document::DocumentNumber;
use crate::kernel::ids::{CustomerId, InvoiceId, SubscriptionId};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::{CreditNote, Invoice, InvoiceStatus, TokenDigest};

/// Which invoices are wanted; what is absent does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InvoiceFilter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Of this subscription.
    pub subscription: Option<SubscriptionId>,
    /// In this state.
    pub status: Option<InvoiceStatus>,
    /// Open and due before this day: the list of those to be reminded in person.
    pub due_before: Option<Date>,
    /// Issued on this day or later.
    pub issued_from: Option<Date>,
    /// Issued on this day or earlier.
    pub issued_to: Option<Date>,
    /// Due on this day or later.
    pub due_from: Option<Date>,
    /// Due on this day or earlier.
    pub due_to: Option<Date>,
}

sorts! {
    /// What invoices may be sorted by.
    pub InvoiceSort of "invoices", descending Created {
        /// When they were made.
        Created = "created": Identity,
        /// The day of issue.
        Issued = "issued": Day,
        /// The day by which they are to be paid.
        Due = "due": Day,
        /// Their number.
        Number = "number": Text,
        /// What is left to be paid of those that are open.
        Open = "open": Int,
    }
}

sorts! {
    /// What credit notes may be sorted by.
    pub CreditNoteSort of "credit-notes", descending Created {
        /// When they were written.
        Created = "created": Identity,
        /// Their number.
        Number = "number": Text,
    }
}

/// Keeps invoices, their lines and credit notes.
#[async_trait]
pub trait InvoiceStore: Send {
    /// Writes new invoices with their lines.
    async fn invoices_insert(&mut self, all: &[Invoice]) -> Result<(), StoreError>;
    /// Writes what may change of invoices: what is paid, when it is due and where they stand. Each must
    /// still have the revision that was read.
    async fn invoices_change(&mut self, all: &[Invoice]) -> Result<(), StoreError>;
    /// One by identity.
    async fn invoice_by_id(&mut self, id: InvoiceId) -> Result<Option<Invoice>, StoreError>;
    /// One by its number.
    async fn invoice_by_number(
        &mut self,
        number: &DocumentNumber,
    ) -> Result<Option<Invoice>, StoreError>;
    /// One by the digest of its public token.
    async fn invoice_by_token(&mut self, token: TokenDigest)
    -> Result<Option<Invoice>, StoreError>;
    /// The invoice of a period that was not withdrawn.
    async fn invoice_of_period(
        &mut self,
        subscription: SubscriptionId,
        number: u32,
    ) -> Result<Option<Invoice>, StoreError>;
    /// The open invoices of some customers, in the order of issue.
    async fn invoices_open_of(
        &mut self,
        customers: &[CustomerId],
    ) -> Result<Vec<Invoice>, StoreError>;
    /// These, and all whose rest stands on them, in the order of issue.
    async fn invoices_with_sources(
        &mut self,
        ids: &[InvoiceId],
    ) -> Result<Vec<Invoice>, StoreError>;
    /// A page.
    async fn invoice_page(
        &mut self,
        filter: &InvoiceFilter,
        page: PageRequest<InvoiceSort>,
    ) -> Result<Page<Invoice>, StoreError>;
    /// Writes credit notes.
    async fn credit_notes_insert(&mut self, all: &[CreditNote]) -> Result<(), StoreError>;
    /// The credit notes of an invoice, in the order of writing.
    async fn credit_notes_of(&mut self, invoice: InvoiceId) -> Result<Vec<CreditNote>, StoreError>;
    /// A page of the credit notes of a customer, or of all.
    async fn credit_note_page(
        &mut self,
        customer: Option<CustomerId>,
        page: PageRequest<CreditNoteSort>,
    ) -> Result<Page<CreditNote>, StoreError>;
}
