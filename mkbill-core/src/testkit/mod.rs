//! What tests of this crate and of its users need: a clock that is moved by hand, chance from a
//! seed, throw-away databases on both engines, and a process that dies where one wants.

mod database;
mod entropy;
mod faults;
mod postgres;
mod refusals;

pub use crate::kernel::clock::TestClock as ManualClock;
pub use database::{DatabaseLock, Engine, TestDatabase, engines};
pub use entropy::SeededEntropy;
pub use faults::CrashSwitch;
pub use refusals::refusals;
