//! Typed requests and rows against the simulator, in every release.

#![cfg(feature = "sim")]
#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

mod account;
mod automation;
mod file;
mod hotspot;
mod network;
mod ppp;
mod support;
mod system;
