//! The simulator as a client sees it: sentences over real TCP.

#![cfg(feature = "sim")]

mod accounts;
mod api;
mod console;
mod faults;
mod files;
mod network;
mod program;
#[cfg(feature = "sim-sftp")]
mod sftp;
mod support;
mod system;
mod tls;
