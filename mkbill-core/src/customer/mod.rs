//! Customers: who pays.

pub mod phone;
