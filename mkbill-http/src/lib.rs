//! The REST interface of the billing engine, and the `mkbill` program around it.
//!
//! [`app`] answers requests on a [`Billing`](mkbill_core::billing::Billing) and can be mounted in
//! another axum application; [`cli::run`] is the whole program.
//!
//! ```
//! use axum::Router;
//! use mkbill_core::billing::Billing;
//!
//! fn shop(billing: Billing) -> Router {
//!     Router::new().nest("/billing", mkbill_http::app(billing))
//! }
//! ```

pub mod cli;

mod api;
mod auth;
mod config;
mod demo;
mod extract;
mod failure;
mod openapi;
mod problem;
mod routes;
mod server;
mod telemetry;
mod watch;
mod wiring;

pub use routes::{app, openapi_json};
