//! A connection that is made again when it is lost.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};
use tracing::{info, warn};

use super::{
    Answer, Client, ClientConfig, Subscription,
    breaker::{Breaker, BreakerPolicy, backoff},
};
use crate::{
    command::{Command, Effect},
    error::{Error, ErrorKind},
};

/// Gives a number between 0 and `u32::MAX`, by which pauses differ between routers.
pub type Chance = Arc<dyn Fn() -> u32 + Send + Sync>;

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkPolicy {
    /// When to leave a failing router alone.
    pub breaker: BreakerPolicy,
    /// The first pause between attempts of one patient caller; it doubles.
    pub pause: Duration,
    /// The longest pause between attempts.
    pub pause_max: Duration,
    /// Attempts of one patient caller.
    pub attempts: u32,
}

impl Default for LinkPolicy {
    fn default() -> Self {
        Self {
            breaker: BreakerPolicy::default(),
            pause: Duration::from_millis(500),
            pause_max: Duration::from_secs(30),
            attempts: 5,
        }
    }
}

/// One router, connected when needed. Callers share one connection; a router that keeps failing is
/// left alone.
pub struct Link {
    config: ClientConfig,
    policy: LinkPolicy,
    chance: Chance,
    /// Held while dialling, so that callers who come meanwhile share one attempt. The deadlines of
    /// dialling and login bound the wait.
    held: Mutex<Held>,
    /// Held while dialling too, so that links that share it dial the router one at a time.
    breaker: Arc<Mutex<Breaker>>,
}

#[derive(Default)]
struct Held {
    client: Option<Arc<Client>>,
    /// The window of the connection that was lost last. The next one begins at half of it.
    lost_window: Option<usize>,
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Link")
            .field("endpoint", &self.config.endpoint)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// A link that has not dialled yet.
    pub fn new(config: ClientConfig, policy: LinkPolicy, chance: Chance) -> Self {
        let breaker = Arc::new(Mutex::new(Breaker::new(policy.breaker)));
        Self { config, policy, chance, held: Mutex::default(), breaker }
    }

    /// Another connection to the same router. Their failures count together, and they never dial
    /// at the same time.
    pub(super) fn sibling(&self) -> Self {
        Self {
            config: self.config.clone(),
            policy: self.policy,
            chance: Arc::clone(&self.chance),
            held: Mutex::default(),
            breaker: Arc::clone(&self.breaker),
        }
    }

    /// The connection, made now if there is none. One attempt.
    ///
    /// # Errors
    ///
    /// Why the attempt failed, or [`Error::Resting`] while the router is left alone.
    pub async fn client(&self) -> Result<Arc<Client>, Error> {
        let mut held = self.held.lock().await;
        if let Some(client) = held.client.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        if let Some(lost) = held.client.take() {
            held.lost_window = lost.last_window();
        }
        let client = Arc::new(self.dial(held.lost_window).await?);
        Ok(Arc::clone(held.client.insert(client)))
    }

    async fn dial(&self, lost_window: Option<usize>) -> Result<Client, Error> {
        let mut breaker = self.breaker.lock().await;
        if let Some(retry_in) = breaker.rest_left(Instant::now().into_std()) {
            return Err(Error::Resting { address: self.address(), retry_in });
        }
        let dialled = match lost_window {
            Some(lost_window) => Client::reconnect(&self.config, lost_window).await,
            None => Client::connect(&self.config).await,
        };
        match dialled {
            Ok(client) => {
                breaker.succeeded();
                info!(
                    router.address = client.address(),
                    "connected to router {}",
                    client.address()
                );
                Ok(client)
            }
            Err(error) => {
                breaker.failed(Instant::now().into_std(), (self.chance)());
                warn!(router.address = %self.config.endpoint, %error, "connecting failed");
                Err(error)
            }
        }
    }

    /// As [`Self::client`], trying again after pauses while that may help: not with a wrong
    /// password.
    ///
    /// # Errors
    ///
    /// What the last attempt gave.
    pub async fn client_patiently(&self) -> Result<Arc<Client>, Error> {
        let mut attempt = 0;
        loop {
            let error = match self.client().await {
                Ok(client) => return Ok(client),
                Err(error) => error,
            };
            attempt += 1;
            if !error.is_retryable() || attempt >= self.policy.attempts {
                return Err(error);
            }
            sleep(self.pause_after(attempt, &error)).await;
        }
    }

    /// Runs one command. When the connection is lost meanwhile, it is run once more on a new one if
    /// it only reads or was surely not sent.
    ///
    /// # Errors
    ///
    /// As [`Self::client`] and [`Client::run`].
    pub async fn run(&self, command: Command) -> Result<Answer, Error> {
        let client = self.client().await?;
        match client.run(command.clone()).await {
            Err(error) if may_replay(&command, &error) => self.client().await?.run(command).await,
            outcome => outcome,
        }
    }

    /// Runs a command that goes on until it is given up, on the connection of now. It ends with
    /// that connection; [`Watch`](super::Watch) survives it.
    ///
    /// # Errors
    ///
    /// As [`Self::client`] and [`Client::listen`].
    pub async fn listen(&self, command: Command) -> Result<Subscription, Error> {
        self.client().await?.listen(command).await
    }

    /// The router as `host:port`.
    pub fn address(&self) -> String {
        self.config.endpoint.to_string()
    }

    /// Ends the connection, if there is one. The next command makes a new one, which remembers
    /// nothing of those before.
    pub async fn disconnect(&self) {
        *self.held.lock().await = Held::default();
    }

    /// The most bytes that one answer may have.
    pub(super) fn answer_bytes_max(&self) -> usize {
        self.config.limits.answer_bytes_max
    }

    pub(super) fn policy(&self) -> &LinkPolicy {
        &self.policy
    }

    /// How long to wait after the `attempt`th failure, from 1.
    pub(super) fn pause_after(&self, attempt: u32, error: &Error) -> Duration {
        match error {
            Error::Resting { retry_in, .. } => *retry_in,
            _ => backoff(self.policy.pause, self.policy.pause_max, attempt - 1, (self.chance)()),
        }
    }
}

fn may_replay(command: &Command, error: &Error) -> bool {
    match command.effect() {
        Effect::Read => error.ended_the_connection(),
        Effect::Write => error.ended_the_connection() && error.kind() == ErrorKind::Unreachable,
    }
}
