//! Subscriptions: a plan that a customer keeps from period to period.

pub mod cycle;
