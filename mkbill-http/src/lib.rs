//! The REST interface of the billing engine, and the `mkbill` program around it.
//!
//! [`router`] answers requests on a [`Billing`](mkbill_core::billing::Billing) and can be mounted in
//! another axum application; [`cli::run`] is the whole program.
//!
//! ```
//! use axum::Router;
//! use mkbill_core::billing::Billing;
//! use mkbill_http::Manners;
//!
//! fn shop(billing: Billing) -> Router {
//!     Router::new().nest("/billing", mkbill_http::router(billing, &Manners::default()))
//! }
//! ```

pub mod cli;

mod answers;
mod api;
mod attend;
mod auth;
mod config;
mod demo;
mod extract;
mod failure;
mod openapi;
mod origin;
mod prefer;
mod problem;
mod routes;
mod server;
mod tag;
mod telemetry;
mod watch;
mod web;
mod wiring;

pub use auth::Identity;
pub use routes::{Manners, openapi_json, router};
