//! Hardware addresses of customers' devices.

pub use crate::value::mac::{Mac, MacError};
