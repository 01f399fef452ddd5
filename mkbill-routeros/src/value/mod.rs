//! The texts in which routers write durations, dates, sizes and the like, read and written by
//! value.

pub mod capabilities;
pub mod compare;
pub mod date;
mod decimal;
pub mod duration;
pub mod mac;
pub mod policy;
pub mod rate_limit;
pub mod size;
pub mod text;
pub mod version;

pub use capabilities::Capabilities;
pub use date::{DateDialect, RouterTime};
pub use mac::{Mac, MacError};
pub use policy::Policies;
pub use rate_limit::{BitRate, Directions, RateLimit};
pub use text::CodePage;
pub use version::Version;
