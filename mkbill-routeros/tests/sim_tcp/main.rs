//! The simulator as a client sees it: sentences over real TCP.

#![cfg(feature = "sim")]

mod api;
mod faults;
mod program;
#[cfg(feature = "sim-sftp")]
mod sftp;
mod support;
mod tls;
