//! A customer's account: subscriptions, open invoices and credit of one customer, and every decision
//! about them.
//!
//! A use case locks the customer, loads the account, asks it to do something and writes down what has
//! changed. All decisions are pure: the account touches no database and no router, and what it is told
//! of the surroundings lies on a [`Desk`](desk::Desk). The same code serves one payment and ten thousand renewals.

pub mod advance;
pub mod book;
pub mod correct;
pub mod desk;
pub mod document;
pub mod fair_use;
pub mod issue;
pub mod load;
pub mod notices;
pub mod pay;
pub mod plan_change;
pub mod save;
pub mod service;
pub mod spend;
pub mod store;
pub mod subscribe;
pub mod tracked;
pub mod watch;

#[cfg(test)]
mod tests;
