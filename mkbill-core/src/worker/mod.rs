//! The worker: ends what is over, delivers the outbox, looks at routers.

pub mod advance;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::billing::{Billing, BillingRun, PassReport, Turn};
use crate::kernel::error::Error;
use crate::outbox::{Claimed, OPERATION, Outcome, Payload, SYNC_ROUTER, WEBHOOK};
use crate::provisioning::controller::{Progress, Quiet};
use crate::signal::Topic;
use crate::webhook::WEBHOOKS_MAX;

/// Routers worked on at the same time.
const ROUTERS_MAX: usize = 16;
/// Operations worked on at the same time.
const OPERATIONS_MAX: usize = 4;
/// How long a message belongs to the worker that took it. Longer than any pass that is still alive;
/// a second worker that takes over after it does no harm, since every step may be repeated.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// How often the worker looks for credit that customers were not told of, and forgets old events.
const CREDIT_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How long the worker sleeps at most before it looks for messages of other processes.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// How often rules of alerts are compared with what is known.
const ALERTS_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// What is being delivered, by kind: none takes the room of another, and every webhook has its own.
#[derive(Debug, Default)]
struct Deliveries {
    routers: JoinSet<Option<PassReport>>,
    webhooks: JoinSet<Option<PassReport>>,
    operations: JoinSet<Option<PassReport>>,
}

impl Deliveries {
    fn rooms(&self) -> [(&'static str, usize); 3] {
        [
            (SYNC_ROUTER, ROUTERS_MAX.saturating_sub(self.routers.len())),
            (WEBHOOK, WEBHOOKS_MAX.saturating_sub(self.webhooks.len())),
            (OPERATION, OPERATIONS_MAX.saturating_sub(self.operations.len())),
        ]
    }

    fn is_empty(&self) -> bool {
        self.routers.is_empty() && self.webhooks.is_empty() && self.operations.is_empty()
    }

    /// Waits for the next that is over; `None` if there is none. Nothing is lost if the wait is given
    /// up.
    async fn next(&mut self) -> Option<Option<PassReport>> {
        tokio::select! {
            Some(done) = self.routers.join_next() => Some(settled(done)),
            Some(done) = self.webhooks.join_next() => Some(settled(done)),
            Some(done) = self.operations.join_next() => Some(settled(done)),
            else => None,
        }
    }
}

/// When something was done last that is done now and then, in seconds since 1970.
#[derive(Debug)]
struct Rhythm(AtomicI64);

impl Rhythm {
    const fn new() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }

    fn is_due(&self, now: Timestamp, every: SignedDuration) -> bool {
        let before = self.0.load(Ordering::Relaxed);
        now.as_second().saturating_sub(before) >= every.as_secs()
    }

    fn done(&self, now: Timestamp) {
        self.0.store(now.as_second(), Ordering::Relaxed);
    }
}

/// What one tick did.
#[derive(Debug, Clone, Default)]
pub struct TickReport {
    /// Vouchers ended by the calendar.
    pub expired: usize,
    /// What fell due by the calendar for subscriptions.
    pub billing: BillingRun,
    /// One report per router that was due.
    pub passes: Vec<PassReport>,
}

/// Does the engine's work in the background.
#[derive(Clone)]
pub struct Worker {
    billing: Billing,
    progress: Arc<dyn Progress>,
    /// When customers were last told of their credit.
    credit_told: Arc<Rhythm>,
    /// When alerts were last looked at.
    alerts_seen: Arc<Rhythm>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("billing", &self.billing).finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker for this engine.
    pub fn new(billing: Billing) -> Self {
        let (credit_told, alerts_seen) = (Arc::new(Rhythm::new()), Arc::new(Rhythm::new()));
        Self { billing, progress: Arc::new(Quiet), credit_told, alerts_seen }
    }

    /// The same worker, telling `progress` how pushes advance.
    #[must_use]
    pub fn with_progress(self, progress: Arc<dyn Progress>) -> Self {
        Self { progress, ..self }
    }

    /// Does everything that is due now, and waits for it. One router that fails delays no other.
    pub async fn tick(&self) -> Result<TickReport, Error> {
        let mut report = TickReport {
            expired: self.billing.expire_due().await?,
            billing: self.calendar().await?,
            passes: Vec::new(),
        };
        loop {
            let mut deliveries = Deliveries::default();
            self.billing.follow_events().await?;
            self.take(&mut deliveries).await?;
            if deliveries.is_empty() {
                self.alerts().await?;
                return Ok(report);
            }
            while let Some(done) = deliveries.next().await {
                report.passes.extend(done);
            }
        }
    }

    /// Works until `stop` is cancelled, then finishes what it began.
    pub async fn run(&self, stop: CancellationToken) {
        let mut deliveries = Deliveries::default();
        let mut wake = self.billing.signal().listen(Topic::Work);
        while !stop.is_cancelled() {
            let pause = match self.work(&mut deliveries).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "the worker could not look for work");
                    IDLE_MAX
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = wake.heard() => {}
                () = tokio::time::sleep(pause) => {}
                Some(_) = deliveries.next() => {}
            }
        }
        while deliveries.next().await.is_some() {}
    }

    async fn work(&self, deliveries: &mut Deliveries) -> Result<Duration, Error> {
        self.billing.follow_clock().await?;
        self.billing.expire_due().await?;
        self.calendar().await?;
        self.billing.follow_events().await?;
        self.take(deliveries).await?;
        self.alerts().await?;
        let next = self.billing.next_message().await?;
        let until = next.map(|at| at.duration_since(self.billing.now()));
        let pause = until.and_then(|until| Duration::try_from(until).ok()).unwrap_or(IDLE_MAX);
        Ok(pause.clamp(Duration::from_millis(10), IDLE_MAX))
    }

    /// Bills what is due and, once an hour, tells customers of their credit.
    async fn calendar(&self) -> Result<BillingRun, Error> {
        let run = self.billing.bill_due().await?;
        self.billing.watch_use().await?;
        let now = self.billing.now();
        if self.credit_told.is_due(now, CREDIT_EVERY) {
            self.billing.remind_of_credit().await?;
            self.billing.forget_old().await?;
            self.credit_told.done(now);
        }
        Ok(run)
    }

    async fn alerts(&self) -> Result<(), Error> {
        let now = self.billing.now();
        if self.alerts_seen.is_due(now, ALERTS_EVERY) {
            self.billing.watch_alerts().await?;
            self.alerts_seen.done(now);
        }
        Ok(())
    }

    async fn take(&self, deliveries: &mut Deliveries) -> Result<(), Error> {
        for claimed in self.billing.claim_messages(LEASE, &deliveries.rooms()).await? {
            let worker = self.clone();
            let tasks = match &claimed.payload {
                Ok(Payload::Webhook(_)) => &mut deliveries.webhooks,
                Ok(Payload::Operation(_)) => &mut deliveries.operations,
                _ => &mut deliveries.routers,
            };
            tasks.spawn(async move { worker.deliver(claimed).await });
        }
        Ok(())
    }

    async fn deliver(&self, claimed: Claimed) -> Option<PassReport> {
        let (outcome, report) = match &claimed.payload {
            Ok(Payload::SyncRouter(router)) => {
                let report = self.billing.sync_router(*router, self.progress.as_ref()).await;
                (self.outcome(&claimed, &report), Some(report).filter(|report| !report.over))
            }
            Ok(Payload::Webhook(webhook)) => {
                let told = self.billing.tell_webhook(*webhook).await;
                (told.unwrap_or_else(|error| self.failed(&claimed, error.to_string())), None)
            }
            Ok(Payload::Operation(operation)) => {
                let turn = Turn { claimed: &claimed, lease: LEASE };
                let left = self.billing.run_operation(turn, *operation).await;
                (left.unwrap_or_else(|error| self.failed(&claimed, error.to_string())), None)
            }
            // Never claimed: it waits for an engine that tells people things.
            Ok(Payload::Notice(_)) => {
                (self.failed(&claimed, "this engine does not deliver notices".to_owned()), None)
            }
            Err(kind) => {
                (Outcome::Dead { error: format!("this version does not know `{kind}`") }, None)
            }
        };
        if let Err(error) = self.billing.settle_message(&claimed, &outcome).await {
            tracing::error!(message.id = %claimed.id, %error, "settling message {}", claimed.id);
        }
        report
    }

    fn failed(&self, claimed: &Claimed, error: String) -> Outcome {
        Outcome::Failed {
            retry_at: self.billing.now() + self.billing.pause(claimed.attempts),
            error,
        }
    }

    fn outcome(&self, claimed: &Claimed, report: &PassReport) -> Outcome {
        let now = self.billing.now();
        match &report.error {
            Some(error) => self.failed(claimed, error.clone()),
            None if report.over => Outcome::Over,
            None if report.more => Outcome::Again(now),
            None => Outcome::Again(report.look_at.unwrap_or(now + self.billing.poll_every())),
        }
    }
}

/// A delivery that panicked is a defect: it is reported, its lease runs out, the worker lives on.
fn settled(done: Result<Option<PassReport>, tokio::task::JoinError>) -> Option<PassReport> {
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "a delivery ended abnormally");
        None
    })
}
