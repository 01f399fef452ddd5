//! The simulator as a client sees it: sentences over real TCP.

#![cfg(feature = "sim")]

mod api;
mod faults;
mod network;
mod program;
mod support;
mod tls;
