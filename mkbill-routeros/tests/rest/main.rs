//! REST: the simulated server as any HTTP client sees it, and the client against it and worse.

#![cfg(all(feature = "rest", feature = "sim"))]

mod client;
mod differential;
mod scripted;
mod server;
mod support;
