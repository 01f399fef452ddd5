//! Numbers of documents.

use std::fmt;

use jiff::civil::Date;

use super::names::names;

/// The number of a document: a kind, the business date and a count that has no gap on that date,
/// such as `INV-20260301-0001`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentNumber(String);

names! {
    /// What is numbered.
    pub enum Document "document" {
        /// An invoice.
        Invoice = "INV",
        /// A receipt of a payment.
        Receipt = "RCP",
        /// A credit note.
        CreditNote = "CRN",
    }
}

impl DocumentNumber {
    /// The `count`-th document of its kind on a business date.
    pub fn new(document: Document, day: Date, count: i64) -> Self {
        Self(format!("{document}-{}-{count:04}", day.strftime("%Y%m%d")))
    }

    /// Stands for a number until the document is written down.
    pub const fn pending() -> Self {
        Self(String::new())
    }

    /// Wraps a number that was stored or sent by a client.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// Was it never given out?
    pub fn is_pending(&self) -> bool {
        self.0.is_empty()
    }

    /// The number's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The counter that numbers documents of this kind on a day.
    pub fn counter(document: Document, day: Date) -> String {
        format!("{document}:{day}")
    }
}

impl fmt::Display for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
