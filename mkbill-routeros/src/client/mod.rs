//! A connection to one router.

mod api;
mod breaker;
pub mod bulk;
mod config;
mod driver;
mod keepalive;
mod link;
mod pool;
mod subscription;
mod watch;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use secrecy::ExposeSecret;
use tokio::{
    io::split,
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};
use tracing::debug;

pub use api::{Api, Transport, TransportLimits};
pub use breaker::BreakerPolicy;
pub use config::{Backlog, ClientConfig, Credentials, Endpoint, Keepalive, Security, Timeouts};
pub use link::{Chance, Link, LinkPolicy};
pub use pool::Pool;
pub use subscription::Subscription;
pub use watch::{Change, Difference, Watch};

use crate::{
    command::{Command, Record, Row},
    error::{Error, LoginFailure, Unanswered},
    proto::{self, Failure, Login, LoginStep, Request, Session},
    transport,
};
use driver::{Driver, JOBS_MAX, Job, Owner};

const CLOSE_MAX: Duration = Duration::from_secs(1);

/// What a command gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The rows in the order they came.
    pub rows: Vec<Row>,
    /// The text of `=ret=`: a new id, a count.
    pub ret: Option<Vec<u8>>,
}

impl Answer {
    /// Reads every row.
    ///
    /// # Errors
    ///
    /// [`Error::Row`] for the first row that lacks what is needed of it.
    pub fn records<R: Record>(&self) -> Result<Vec<R>, Error> {
        self.rows.iter().map(R::read).collect()
    }
}

/// One logged-in connection to one router. Many commands can run at once; each gets its own answer.
///
/// Dropping the client ends the connection and both its tasks.
pub struct Client {
    jobs: mpsc::Sender<Job>,
    given_up: Arc<Notify>,
    last_window: Arc<OnceLock<usize>>,
    timeouts: Timeouts,
    backlog: Backlog,
    address: String,
    tasks: JoinSet<()>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("address", &self.address)
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Dials the router and logs in, within the timeouts of `config`.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`], [`Error::Tls`] or [`Error::Login`]; their sources say what the operator
    /// can do.
    pub async fn connect(config: &ClientConfig) -> Result<Self, Error> {
        Self::connect_with(config, Session::new(config.limits)).await
    }

    /// As [`Self::connect`], after a connection was lost that had this window.
    async fn reconnect(config: &ClientConfig, lost_window: usize) -> Result<Self, Error> {
        Self::connect_with(config, Session::after_loss(config.limits, lost_window)).await
    }

    async fn connect_with(config: &ClientConfig, session: Session) -> Result<Self, Error> {
        let stream = transport::dial(&config.endpoint, config.timeouts.connect).await?;
        let client = Self::start(stream, session, config);
        client.login(config).await.map_err(|source| Error::Login {
            address: client.address.clone(),
            username: config.credentials.username.clone(),
            source,
        })?;
        debug!(router.address = %client.address, "logged in to router {}", client.address);
        Ok(client)
    }

    /// Runs one command.
    ///
    /// Dropping the future gives the command up: the router is told to cancel it and a late answer
    /// is swallowed.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the router traps, [`Error::Unanswered`] when no usable answer comes.
    pub async fn run(&self, command: Command) -> Result<Answer, Error> {
        self.send(command).await?.await
    }

    /// Runs all commands, as many at once as the window allows, and gives their results in the same
    /// order.
    pub async fn run_all(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Vec<Result<Answer, Error>> {
        let mut pending = Vec::new();
        for command in commands {
            pending.push(self.send(command).await);
        }
        let mut results = Vec::with_capacity(pending.len());
        for sent in pending {
            results.push(match sent {
                Ok(answer) => answer.await,
                Err(error) => Err(error),
            });
        }
        results
    }

    /// Hands a command over and gives the future of its answer. Waits while too many commands are
    /// queued.
    ///
    /// # Errors
    ///
    /// [`Error::Unanswered`] when the connection has ended, [`Error::TooLarge`] for a command that
    /// routers do not take.
    pub async fn send(&self, command: Command) -> Result<Pending, Error> {
        let path = command.path().to_owned();
        let request = command.into_request(self.timeouts.command)?;
        match self.enqueue(request).await {
            Ok(outcome) => Ok(Pending { path, outcome }),
            Err(failure) => Err(Error::from_failure(&path, failure)),
        }
    }

    /// Runs a command that goes on until it is given up: `/…/listen`, `print =follow=`, `monitor`.
    ///
    /// It takes no place in the window, but a connection carries only
    /// [`streams_max`](crate::proto::SessionLimits::streams_max) of them. Whether the router takes
    /// the command is told by [`Subscription::next`].
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn listen(&self, command: Command) -> Result<Subscription, Error> {
        let path = command.path().to_owned();
        let request = command.into_request(self.timeouts.command)?;
        let given_up = Arc::clone(&self.given_up);
        let (subscriber, subscription) =
            subscription::channel(path.clone(), self.backlog, given_up);
        match self.jobs.send(Job { request, owner: Owner::Subscriber(subscriber) }).await {
            Ok(()) => Ok(subscription),
            Err(_) => Err(Error::from_failure(&path, Failure::NotSent)),
        }
    }

    /// Whether the connection has ended, so that nothing can be run any more.
    pub fn is_closed(&self) -> bool {
        self.jobs.is_closed()
    }

    /// How many commands could be under way when the connection ended; `None` before.
    fn last_window(&self) -> Option<usize> {
        self.last_window.get().copied()
    }

    /// The router as `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends the connection and waits until its tasks are gone. What a stuck router did not take
    /// within a second is lost.
    pub async fn close(self) {
        let Self { jobs, mut tasks, .. } = self;
        drop(jobs);
        let finished = async { while tasks.join_next().await.is_some() {} };
        if timeout(CLOSE_MAX, finished).await.is_err() {
            tasks.shutdown().await;
        }
    }

    fn start(stream: Box<dyn transport::Stream>, session: Session, config: &ClientConfig) -> Self {
        let (reader, writer) = split(stream);
        let (jobs, job_queue) = mpsc::channel(JOBS_MAX);
        let (batches, batch_queue) = mpsc::channel(1);
        let given_up = Arc::new(Notify::new());
        let last_window = Arc::new(OnceLock::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(driver::write(writer, batch_queue));
        let rung = Arc::clone(&given_up);
        let told = Arc::clone(&last_window);
        let driver = Driver::new(session, reader, batches, job_queue, rung, told, config.keepalive);
        tasks.spawn(driver.run());
        Self {
            jobs,
            given_up,
            last_window,
            timeouts: config.timeouts,
            backlog: config.backlog,
            address: config.endpoint.to_string(),
            tasks,
        }
    }

    async fn login(&self, config: &ClientConfig) -> Result<(), LoginFailure> {
        let limit = config.timeouts.login;
        let timed_out = |_| LoginFailure::Unanswered(Unanswered::TimedOut);
        timeout(limit, self.login_steps(config)).await.map_err(timed_out)?
    }

    async fn login_steps(&self, config: &ClientConfig) -> Result<(), LoginFailure> {
        let Credentials { username, password } = &config.credentials;
        let (mut login, mut sentence) =
            Login::start(config.login_mode, username, password.expose_secret());
        loop {
            let request =
                Request { sentence, timeout: config.timeouts.login, ending: proto::Ending::Done };
            let answer = self.outcome(request).await.map_err(login_failure)?;
            match login.done(answer.ret.as_deref()).map_err(LoginFailure::NotLoggedIn)? {
                LoginStep::LoggedIn => return Ok(()),
                LoginStep::Send(next) => sentence = next,
            }
        }
    }

    async fn outcome(&self, request: Request) -> Result<proto::Answer, Failure> {
        self.enqueue(request).await?.await
    }

    async fn enqueue(&self, request: Request) -> Result<Outcome, Failure> {
        let (outcome, receiver) = oneshot::channel();
        match self.jobs.send(Job { request, owner: Owner::Caller(outcome) }).await {
            Ok(()) => Ok(Outcome { receiver, given_up: Arc::clone(&self.given_up) }),
            Err(_) => Err(Failure::NotSent),
        }
    }
}

/// The answer to come of one command. Dropping it gives the command up.
#[derive(Debug)]
pub struct Pending {
    path: String,
    outcome: Outcome,
}

impl Future for Pending {
    type Output = Result<Answer, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = Pin::new(&mut self.outcome).poll(context);
        outcome.map(|outcome| {
            outcome.map(Answer::from).map_err(|failure| Error::from_failure(&self.path, failure))
        })
    }
}

#[derive(Debug)]
struct Outcome {
    receiver: oneshot::Receiver<Result<proto::Answer, Failure>>,
    given_up: Arc<Notify>,
}

impl Future for Outcome {
    type Output = Result<proto::Answer, Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A job that was dropped without an outcome never reached the session, so it was not sent.
        Pin::new(&mut self.receiver)
            .poll(context)
            .map(|received| received.unwrap_or(Err(Failure::NotSent)))
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if !self.receiver.is_terminated() {
            self.receiver.close();
            self.given_up.notify_one();
        }
    }
}

impl From<proto::Answer> for Answer {
    fn from(answer: proto::Answer) -> Self {
        Self { rows: answer.rows.into_iter().map(Row::from).collect(), ret: answer.ret }
    }
}

fn login_failure(failure: Failure) -> LoginFailure {
    match Unanswered::try_from(failure) {
        Ok(unanswered) => LoginFailure::Unanswered(unanswered),
        Err(refusal) => LoginFailure::Refused(refusal),
    }
}
