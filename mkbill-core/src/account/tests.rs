//! Histories of one account, random and chosen, without a database.

mod history;
mod properties;
mod service;
