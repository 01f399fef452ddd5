//! The texts in which routers write durations, dates, sizes and the like, read and written by
//! value.

pub mod compare;
pub mod date;
mod decimal;
pub mod duration;
pub mod rate_limit;
pub mod size;
pub mod text;
pub mod version;

pub use date::DateDialect;
pub use rate_limit::{BitRate, Directions, RateLimit};
pub use version::Version;
