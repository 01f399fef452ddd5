//! The client against scripted routers that misbehave.

mod bulk;
mod commands;
mod link;
mod log;
mod login;
mod openssl;
#[cfg(feature = "sim")]
mod simulator;
mod support;
mod threads;
mod tls;
#[cfg(feature = "sim")]
mod transcripts;
