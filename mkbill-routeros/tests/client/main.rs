//! The client against scripted routers that misbehave.

mod bulk;
mod commands;
mod hostile;
mod keepalive;
mod link;
mod log;
mod login;
mod openssl;
mod peers;
mod pool;
#[cfg(feature = "sim")]
mod simulator;
mod streams;
mod support;
mod threads;
mod tls;
#[cfg(feature = "sim")]
mod transcripts;
#[cfg(feature = "sim")]
mod watch;
