//! The interface as clients meet it: requests in, answers out, real store and real router protocol.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

mod alerts;
mod auth;
mod batches;
mod books;
mod customers;
mod events;
mod health;
mod inputs;
mod logins;
mod money;
mod monitoring;
mod notices;
mod problems;
mod routers;
mod support;
mod trouble;
mod vouchers;
