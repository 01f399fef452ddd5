//! What the suites of stores and routers share besides: a fixed beginning of time, and subscribers.

mod run;
pub(crate) mod subscribers;

use jiff::Timestamp;

pub(crate) use run::{Story, run, stories};

/// When every story begins: 20:00 in Jakarta on 1 March 2026.
pub(crate) fn beginning() -> Timestamp {
    "2026-03-01T13:00:00Z".parse().expect("an instant")
}
