//! What every way to a router has in common.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use super::{Answer, Client, Link, Subscription};
use crate::{command::Command, error::Error};

/// A way to run commands on one router.
///
/// Typed commands and rows work over every transport. What a transport cannot do it refuses with
/// [`Error::Unsupported`], before anything is sent; [`Self::transport`] tells beforehand.
#[async_trait]
pub trait Api: Send + Sync {
    /// Runs one command.
    ///
    /// # Errors
    ///
    /// As [`Client::run`]; [`Error::Unsupported`] for what the transport cannot do.
    async fn run(&self, command: Command) -> Result<Answer, Error>;

    /// Starts a command without an end, such as a `listen`.
    ///
    /// # Errors
    ///
    /// As [`Client::listen`]; [`Error::Unsupported`] where changes cannot be delivered.
    async fn listen(&self, command: Command) -> Result<Subscription, Error>;

    /// How commands travel.
    fn transport(&self) -> Transport;
}

/// How commands travel to a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// The binary API.
    Api,
    /// REST over HTTP.
    Rest,
}

/// What a transport can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportLimits {
    /// How long the router works on one command before it kills it; `None` when it does not.
    pub command_time_max: Option<Duration>,
    /// Whether `listen` and other commands without an end deliver anything.
    pub delivers_changes: bool,
    /// Whether values may be bytes that are not UTF-8.
    pub carries_any_bytes: bool,
    /// Whether many commands are under way at once on one connection.
    pub pipelines: bool,
}

/// REST kills what takes longer (MikroTik manual, "REST API").
const REST_COMMAND_TIME_MAX: Duration = Duration::from_mins(1);

impl Transport {
    /// What it can carry.
    pub fn limits(self) -> TransportLimits {
        let is_binary = self == Self::Api;
        TransportLimits {
            command_time_max: (!is_binary).then_some(REST_COMMAND_TIME_MAX),
            delivers_changes: is_binary,
            carries_any_bytes: is_binary,
            pipelines: is_binary,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Api => "the binary API",
            Self::Rest => "REST",
        })
    }
}

#[async_trait]
impl Api for Client {
    async fn run(&self, command: Command) -> Result<Answer, Error> {
        Self::run(self, command).await
    }

    async fn listen(&self, command: Command) -> Result<Subscription, Error> {
        Self::listen(self, command).await
    }

    fn transport(&self) -> Transport {
        Transport::Api
    }
}

#[async_trait]
impl Api for Link {
    async fn run(&self, command: Command) -> Result<Answer, Error> {
        Self::run(self, command).await
    }

    async fn listen(&self, command: Command) -> Result<Subscription, Error> {
        Self::listen(self, command).await
    }

    fn transport(&self) -> Transport {
        Transport::Api
    }
}
