//! The interface as clients meet it: requests in, answers out, real store and real router protocol.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

mod access;
mod alerts;
mod answers;
mod audit;
mod auth;
mod batches;
mod books;
mod browsers;
mod canaries;
mod customers;
mod events;
mod health;
mod hostile;
mod inputs;
mod languages;
mod lists;
mod logins;
mod money;
mod monitoring;
mod notices;
mod operations;
mod pay;
mod problems;
mod routers;
mod settings;
mod sign_in;
mod support;
mod tags;
mod trouble;
mod vouchers;
mod webhooks;
