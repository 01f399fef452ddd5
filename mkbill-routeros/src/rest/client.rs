//! Commands over REST.

use std::fmt;

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::Full;
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue},
};
use secrecy::ExposeSecret;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};
use tracing::debug;

use super::{
    connection::Connection,
    decode::{self, Refused},
    encode::Call,
};
use crate::{
    client::{Answer, Api, Credentials, Endpoint, Subscription, Timeouts, Transport},
    command::{Command, Effect},
    error::{Error, LoginFailure, Unanswered, Unsupportable},
    proto::Ending,
    transport,
};

/// How to reach the REST interface of one router.
#[derive(Debug, Clone)]
pub struct RestConfig {
    /// Where it is: usually port 443 over TLS (`www-ssl`) or 80 plain (`www`).
    pub endpoint: Endpoint,
    /// Who we are to it. A name with a colon cannot be told to REST (RFC 7617).
    pub credentials: Credentials,
    /// How long to wait for what; there is no login of its own. More than 60 s for a command counts
    /// as 60 s, after which routers kill it.
    pub timeouts: Timeouts,
    /// The longest answer that is taken, in bytes of JSON.
    pub answer_bytes_max: usize,
}

const ANSWER_BYTES_MAX: usize = 64 << 20;

impl RestConfig {
    /// A configuration with the usual timeouts and limits.
    pub fn new(endpoint: Endpoint, credentials: Credentials) -> Self {
        let timeouts = Timeouts::default();
        Self { endpoint, credentials, timeouts, answer_bytes_max: ANSWER_BYTES_MAX }
    }
}

/// One router over REST, connected when needed. Callers wait for each other: one command at a time.
pub struct RestClient {
    config: RestConfig,
    /// Taken out while a command is under way, so that one that is given up takes its connection
    /// along.
    held: Mutex<Option<Connection>>,
}

impl fmt::Debug for RestClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RestClient")
            .field("endpoint", &self.config.endpoint)
            .finish_non_exhaustive()
    }
}

impl RestClient {
    /// A client that has not dialled yet.
    pub fn new(config: RestConfig) -> Self {
        Self { config, held: Mutex::new(None) }
    }

    /// Runs one command.
    ///
    /// When the router has closed the kept connection, a new one is made. A command whose connection
    /// is lost under it is sent once more only if it just reads.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] and [`Error::Tls`] when no connection is made, [`Error::Login`] when the
    /// router does not know us, [`Error::Refused`] when it refuses, [`Error::Unanswered`] when no
    /// usable answer comes, and [`Error::Unsupported`] for what REST cannot carry.
    pub async fn run(&self, command: Command) -> Result<Answer, Error> {
        let call = Call::of(command, self.config.timeouts.command)?;
        let deadline = Instant::now() + call.timeout;
        let mut held = timeout_at(deadline, self.held.lock())
            .await
            .map_err(|_| unanswered(&call, Unanswered::Expired))?;
        let kept = held.take().filter(Connection::is_usable);
        let was_kept = kept.is_some();
        let mut connection = self.ready(kept, &call).await?;
        let mut outcome = self.exchange(&mut connection, &call).await;
        if was_kept && may_ask_again(&call, &outcome) {
            debug!(router.address = %self.config.endpoint, "the router closed the idle connection");
            connection = self.ready(None, &call).await?;
            outcome = self.exchange(&mut connection, &call).await;
        }
        if outcome.is_ok() {
            *held = Some(connection);
        }
        self.read(&call, outcome)
    }

    /// The router as `host:port`.
    pub fn address(&self) -> String {
        self.config.endpoint.to_string()
    }

    async fn ready(&self, kept: Option<Connection>, call: &Call) -> Result<Connection, Error> {
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let RestConfig { endpoint, timeouts, .. } = &self.config;
        let stream = transport::dial(endpoint, timeouts.connect).await?;
        Connection::over(stream).await.map_err(|source| unanswered(call, source))
    }

    /// The time for the answer begins when there is a connection, as it does on the binary API.
    async fn exchange(
        &self,
        connection: &mut Connection,
        call: &Call,
    ) -> Result<(StatusCode, Bytes), Unanswered> {
        let deadline = Instant::now() + call.timeout;
        let request = self.request(call).ok_or(Unanswered::NotSent)?;
        let asked = connection.ask(request, self.config.answer_bytes_max);
        timeout_at(deadline, asked).await.unwrap_or(Err(Unanswered::TimedOut))
    }

    /// `None` when host or path cannot stand in a request.
    fn request(&self, call: &Call) -> Option<Request<Full<Bytes>>> {
        let Credentials { username, password } = &self.config.credentials;
        let pair = STANDARD.encode(format!("{username}:{}", password.expose_secret()));
        let mut authorization = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
        authorization.set_sensitive(true);
        Request::post(&call.uri)
            .header(HOST, self.config.endpoint.to_string())
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(call.body.clone())))
            .ok()
    }

    fn read(
        &self,
        call: &Call,
        outcome: Result<(StatusCode, Bytes), Unanswered>,
    ) -> Result<Answer, Error> {
        let (status, body) = match outcome {
            Ok(answered) => answered,
            Err(Unanswered::Lost) if call.ending == Ending::DoneOrClosed => {
                return Ok(Answer::default());
            }
            Err(source) => return Err(unanswered(call, source)),
        };
        decode::answer(status, &body).map_err(|refused| match refused {
            Refused::Command(source) => Error::Refused { command: call.command.clone(), source },
            Refused::Unreadable(source) => unanswered(call, Unanswered::Unreadable(source)),
            Refused::Unauthorized(refusal) => Error::Login {
                address: self.address(),
                username: self.config.credentials.username.clone(),
                source: LoginFailure::Unauthorized(refusal),
            },
        })
    }
}

#[async_trait]
impl Api for RestClient {
    async fn run(&self, command: Command) -> Result<Answer, Error> {
        Self::run(self, command).await
    }

    async fn listen(&self, command: Command) -> Result<Subscription, Error> {
        Err(Error::Unsupported {
            command: command.path().to_owned(),
            transport: Transport::Rest,
            reason: Unsupportable::Endless,
        })
    }

    fn transport(&self) -> Transport {
        Transport::Rest
    }
}

fn may_ask_again(call: &Call, outcome: &Result<(StatusCode, Bytes), Unanswered>) -> bool {
    match outcome {
        Err(Unanswered::NotSent) => true,
        Err(Unanswered::Lost) => call.effect == Effect::Read,
        _ => false,
    }
}

fn unanswered(call: &Call, source: Unanswered) -> Error {
    Error::Unanswered { command: call.command.clone(), source }
}
