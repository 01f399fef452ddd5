//! Use cases around figures of those who keep plans.

use jiff::Timestamp;

use crate::kernel::error::Error;
use crate::kernel::money::Currency;
use crate::kernel::time::{BusinessZone, saturating_add};
use crate::kernel::wrong::Wrong;
use crate::report::subscribers::{
    CHURN_DAYS, SubscriberFigures, SubscriptionFigures, TopBy, TopCustomer, Window,
};
use crate::store::Tx;
use crate::subscription::cycle::sub_days;
use crate::transact::snapshot;

use super::Reader;

/// How many customers a ranking has at most.
const TOP_MAX: u32 = 100;
const MONTHS: u32 = 12;

impl Reader {
    /// How many customers come, stay and leave, and what they bring in the engine's currency.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn subscriber_figures(&self, window: Window) -> Result<SubscriberFigures, Error> {
        let (now, zone, currency) = (self.now(), self.zone(), self.currency());
        snapshot!(self.store(), |tx| subscribers(tx, now, zone, currency, window).await)
    }

    /// The first customers of a ranking, the highest first; what was received counts within the window,
    /// the rest as it is now.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a `limit` outside 1 to 100.
    pub async fn top_customers(
        &self,
        by: TopBy,
        window: Window,
        limit: u32,
    ) -> Result<Vec<TopCustomer>, Error> {
        if !(1..=TOP_MAX).contains(&limit) {
            return Err(Error::invalid("limit", Wrong::Range { least: 1, most: TOP_MAX.into() }));
        }
        let (since, currency) = (since(self.now(), window), self.currency());
        let since = since.map(|since| self.zone().date(since));
        snapshot!(self.store(), |tx| tx.top_customers(by, since, currency, limit).await)
    }

    /// How many subscriptions there are, what they cost, and how many began of late.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn subscription_figures(&self) -> Result<SubscriptionFigures, Error> {
        let currency = self.currency();
        snapshot!(self.store(), |tx| subscriptions(tx, currency).await)
    }
}

fn since(now: Timestamp, window: Window) -> Option<Timestamp> {
    window.span().map(|span| saturating_add(now, -span))
}

async fn subscribers(
    tx: &mut dyn Tx,
    now: Timestamp,
    zone: &BusinessZone,
    currency: Currency,
    window: Window,
) -> Result<SubscriberFigures, Error> {
    let added_since = since(now, window);
    let received_since = added_since.map(|since| zone.date(since));
    let unpaid_since = sub_days(zone.date(now), CHURN_DAYS);
    let counts = tx.subscriber_counts(added_since, unpaid_since).await?;
    let within = tx.received(received_since, currency).await?;
    let ever = tx.received(None, currency).await?;
    Ok(SubscriberFigures::new(counts, within, ever))
}

async fn subscriptions(tx: &mut dyn Tx, currency: Currency) -> Result<SubscriptionFigures, Error> {
    let (average_price, carried_over) = tx.subscription_amounts(currency).await?;
    Ok(SubscriptionFigures {
        by_state: tx.subscription_tally().await?,
        average_price,
        carried_over,
        begun: tx.subscriptions_begun(MONTHS).await?,
    })
}
