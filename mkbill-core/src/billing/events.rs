//! Use cases around events.

use jiff::{Span, Timestamp};

use crate::event::feed::EventStream;
use crate::event::{Event, KEPT_DAYS, Position};
use crate::kernel::caller::Mode;
use crate::kernel::error::Error;
use crate::kernel::page::PAGE_ITEMS_MAX;
use crate::kernel::wrong::Wrong;
use crate::operation::OPERATIONS_KEPT_DAYS;
use crate::request::answer::ANSWER_KEPT;
use crate::router::sample::SAMPLES_KEPT_DAYS;
use crate::staff::slow_down::FORGOTTEN_AFTER;
use crate::transact::{reading, transact};
use crate::webhook::delivery::DELIVERIES_KEPT_DAYS;

use super::{Billing, Reader};

/// Events, and sessions, forgotten in one commit.
const FORGET_MAX: u32 = 10_000;
/// Commits in which deliveries are forgotten at one time.
const FORGET_COMMITS_MAX: u32 = 50;

impl Billing {
    /// Forgets events, deliveries, operations, sessions, usage, traffic and samples that are older than they are kept.
    pub(crate) async fn forget_old(&self) -> Result<(), Error> {
        let now = self.now();
        let ago = |days: i32| now.checked_sub(Span::new().hours(24 * i64::from(days)));
        let (Ok(before), Ok(unsampled)) = (ago(KEPT_DAYS), ago(SAMPLES_KEPT_DAYS)) else {
            return Ok(());
        };
        let ended = ago(OPERATIONS_KEPT_DAYS).unwrap_or(before);
        let unanswered = now.saturating_sub(ANSWER_KEPT).unwrap_or(before);
        let day = self.zone().date(before);
        if let Ok(before) = ago(DELIVERIES_KEPT_DAYS) {
            self.forget_deliveries(before).await?;
        }
        transact!(self.store(), Mode::Commit, |tx| {
            tx.events_forget(before, FORGET_MAX).await?;
            tx.alerts_forget(before, FORGET_MAX).await?;
            tx.sessions_forget(before, FORGET_MAX).await?;
            tx.staff_sessions_forget(before).await?;
            tx.sign_in_failures_forget(now - FORGOTTEN_AFTER).await?;
            tx.usage_forget(day).await?;
            tx.interface_days_forget(day).await?;
            tx.answers_forget(unanswered, FORGET_MAX).await?;
            tx.operations_forget(ended, FORGET_MAX).await?;
            tx.samples_forget(unsampled).await.map(drop)
        })
    }
}

impl Reader {
    /// Events after a position, in their order: 1 to 200 of those that are kept.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a limit out of bounds.
    pub async fn events(&self, after: Position, limit: u32) -> Result<Vec<Event>, Error> {
        if !(1..=PAGE_ITEMS_MAX).contains(&limit) {
            return Err(Error::invalid(
                "limit",
                Wrong::Range { least: 1, most: PAGE_ITEMS_MAX.into() },
            ));
        }
        reading!(self.store(), |tx| tx.events_after(after, limit).await)
    }

    /// The positions of the oldest and the newest event that are kept.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn event_bounds(&self) -> Result<Option<(Position, Position)>, Error> {
        reading!(self.store(), |tx| tx.event_bounds().await)
    }

    /// Hears events as they are committed, by this process or another one on the same database: those
    /// after a position, or those from now on. Each is heard once and in order; who is too slow is
    /// told which were missed.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn watch_events(&self, after: Option<Position>) -> Result<EventStream, Error> {
        self.parts().feed.subscribe(after).await
    }
}

impl Billing {
    /// There may be many for each event: they go in commits of their own.
    async fn forget_deliveries(&self, before: Timestamp) -> Result<(), Error> {
        for _ in 0..FORGET_COMMITS_MAX {
            let forgotten = transact!(self.store(), Mode::Commit, |tx| {
                tx.deliveries_forget(before, FORGET_MAX).await
            })?;
            if forgotten < u64::from(FORGET_MAX) {
                break;
            }
        }
        transact!(self.store(), Mode::Commit, |tx| tx.webhooks_forget(before).await.map(drop))
    }
}
