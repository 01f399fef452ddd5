//! Use cases around rules of fair use: what was used, and what comes of it.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::account::book::CustomerAccount;
use crate::account::desk::Desk;
use crate::account::{load, save};
use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, SubscriptionId};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::request::Once;
use crate::store::Tx;
use crate::subscription::period_use::PeriodUse;
use crate::transact::{reading, transact};

use super::desk::first_time;
use super::tick::is_about_data;
use super::{Billing, Reader};

/// Rules that are looked at in one transaction.
const PAGE: u32 = 200;
/// When a rule is looked at again that could not be followed.
const RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);

impl Billing {
    /// Begins to count at zero again before the period is over: full speed, until so much is used again.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such subscription, or it is over.
    pub async fn reset_use(
        &self,
        caller: &Caller,
        id: SubscriptionId,
    ) -> Result<Option<PeriodUse>, Error> {
        let context = self.permitted(caller, Permission::SubscriptionsEdit)?;
        transact!(self.store(), caller.mode, |tx| reset(tx, self.desk(context).await?, id).await)
    }

    /// Follows the rules of fair use that are due, page by page; answers how many were looked at. One
    /// that cannot be followed holds up no other, and is tried again later.
    ///
    /// # Errors
    ///
    /// What the store reports; pages that are done stay done.
    pub async fn watch_use(&self) -> Result<usize, Error> {
        let mut seen = 0;
        loop {
            let now = self.now();
            let due = reading!(self.store(), |tx| tx.uses_due(now, PAGE).await)?;
            if due.is_empty() {
                return Ok(seen);
            }
            seen += due.len();
            match self.follow_use(&due).await {
                Err(error) if is_about_data(&error) => self.follow_use_singly(&due).await?,
                done => done?,
            }
        }
    }

    async fn follow_use(&self, due: &[(CustomerId, SubscriptionId)]) -> Result<(), Error> {
        let caller = Caller::engine();
        let context = self.context(&caller);
        transact!(self.store(), Mode::Commit, |tx| follow(tx, self.desk(context).await?, due).await)
    }

    async fn follow_use_singly(&self, due: &[(CustomerId, SubscriptionId)]) -> Result<(), Error> {
        for one in due {
            match self.follow_use(&[*one]).await {
                Err(error) if is_about_data(&error) => {
                    let id = one.1;
                    tracing::error!(subscription.id = %id, %error, "fair use of subscription {id}");
                    let again_at = self.now() + RETRY_AFTER;
                    transact!(self.store(), Mode::Commit, |tx| postpone(tx, id, again_at).await)?;
                }
                done => done?,
            }
        }
        Ok(())
    }
}

impl Reader {
    /// What a subscription has used in its present period; `None` if its terms have no rule of fair use,
    /// or nothing was used yet.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such subscription.
    pub async fn period_use(&self, id: SubscriptionId) -> Result<Option<PeriodUse>, Error> {
        reading!(self.store(), |tx| {
            let known = tx.subscription_by_id(id).await?;
            let known = known.ok_or_else(|| Error::not_found(Thing::Subscription, id))?;
            Ok::<_, Error>(tx.use_of(known.id).await?)
        })
    }
}

async fn postpone(tx: &mut dyn Tx, id: SubscriptionId, due_at: Timestamp) -> Result<(), Error> {
    let counted = tx.uses_lock(&[id]).await?;
    let later: Vec<PeriodUse> =
        counted.into_iter().map(|counted| PeriodUse { due_at, ..counted }).collect();
    Ok(tx.uses_write(&later).await?)
}

async fn follow(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    due: &[(CustomerId, SubscriptionId)],
) -> Result<(), Error> {
    let customers: BTreeSet<CustomerId> = due.iter().map(|(customer, _)| *customer).collect();
    let customers: Vec<CustomerId> = customers.into_iter().collect();
    let mut accounts = load::accounts(tx, &mut desk, &customers).await?;
    let ids: Vec<SubscriptionId> = due.iter().map(|(_, id)| *id).collect();
    let counted = tx.uses_lock(&ids).await?;
    let kept = watch(tx, &desk, &mut accounts, counted).await?;
    save::save(tx, &desk, &mut accounts).await?;
    tx.uses_write(&kept).await?;
    let kept: BTreeSet<SubscriptionId> = kept.iter().map(|used| used.subscription).collect();
    let over: Vec<SubscriptionId> = ids.into_iter().filter(|id| !kept.contains(id)).collect();
    if over.is_empty() {
        return Ok(());
    }
    Ok(tx.uses_forget(&over).await?)
}

/// Follows the rules of subscriptions; answers what is counted on of those that still have one.
async fn watch(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    accounts: &mut [CustomerAccount],
    counted: Vec<PeriodUse>,
) -> Result<Vec<PeriodUse>, Error> {
    let places: HashMap<SubscriptionId, (usize, usize)> = accounts
        .iter()
        .enumerate()
        .flat_map(|(place, account)| {
            let kept = account.kept.iter().enumerate();
            kept.map(move |(index, kept)| (kept.subscription.id, (place, index)))
        })
        .collect();
    let mut goes_on = Vec::new();
    for used in counted {
        let Some((place, index)) = places.get(&used.subscription).copied() else { continue };
        let periods = tx.periods_of(used.subscription).await?;
        goes_on.extend(accounts[place].watch_use(desk, index, used, &periods));
    }
    Ok(goes_on)
}

async fn reset(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    id: SubscriptionId,
) -> Result<Option<PeriodUse>, Error> {
    let found = tx.subscription_by_id(id).await?;
    let found = found.ok_or_else(|| Error::not_found(Thing::Subscription, id))?;
    let input = Fingerprint::of("subscription.reset_use", &[&id]);
    if let Once::Again(_) = first_time(tx, &desk, input, id.uuid()).await? {
        return Ok(tx.use_of(id).await?);
    }
    let mut accounts = load::accounts(tx, &mut desk, &[found.customer]).await?;
    for account in &accounts {
        account.find(id)?;
    }
    let counted = tx.uses_lock(&[id]).await?;
    let before = counted.first().map_or(0, PeriodUse::bytes);
    let anew = counted.into_iter().map(|used| PeriodUse { bytes_in: 0, bytes_out: 0, ..used });
    let kept = watch(tx, &desk, &mut accounts, anew.collect()).await?;
    save::save(tx, &desk, &mut accounts).await?;
    tx.uses_write(&kept).await?;
    let act =
        Act { action: "subscription.reset_use", subject_kind: "subscription", subject: id.uuid() };
    let after = json!({ "bytes": 0, "bytes_before": before });
    tx.audit_append(&[Record::new(desk.context, act, Value::Null, after)]).await?;
    Ok(kept.first().copied())
}
