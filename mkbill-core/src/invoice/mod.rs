//! Invoices: what a customer owes for what.

pub mod tax;
