//! Deliveries to webhooks: made as events come, sent by the worker, listed and asked for again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::audit::{Act, Record};
use crate::event::Position;
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{DeliveryId, NoticeId, WebhookId};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::kernel::time::saturating_add;
use crate::kernel::web::WebUrl;
use crate::notice::{Notice, NoticeKind};
use crate::outbound::{Outbound, OutboundMethod, OutboundRequest};
use crate::outbox::Outcome;
use crate::request::{Once, once};
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::webhook::delivery::{
    ANSWER_BYTES_MAX, Attempt, AttemptResult, Delivery, DeliveryState, Next, RESEND_MAX,
    kept_answer, next,
};
use crate::webhook::message::{body_of, headers, ping};
use crate::webhook::secret::WebhookSecret;
use crate::webhook::store::{DeliverySort, EventHead};
use crate::webhook::{Disabled, DisabledBecause, Webhook, WebhookRefusal};

use super::batches::Receipt;
use super::webhooks::{note, there, wake};
use super::{Billing, Reader};

/// Events for which deliveries are made in one commit, for each webhook.
const FOLLOW_MAX: u32 = 500;
/// How many deliveries of one webhook are on their way at the same time.
const IN_FLIGHT_MAX: u32 = 4;
/// How long a receiver may take.
const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(15);
/// After this much of sending a pass ends and asks to be continued, long before its lease runs out.
const PASS_TIME_MAX: Duration = Duration::from_mins(1);
/// How long a webhook rests that has nothing to be told; whatever comes wakes it.
const IDLE: SignedDuration = SignedDuration::from_hours(24);
/// What is noted where there was nothing left to send.
const FORGOTTEN: &str = "the event is not kept any more";

/// A delivery with everything one wants to know beside it.
#[derive(Debug, Clone)]
pub struct DeliveryView {
    /// The delivery.
    pub delivery: Delivery,
    /// How its last attempts went, in their order.
    pub attempts: Vec<Attempt>,
}

impl Billing {
    /// Sends one delivery again, whatever became of it, under the id that it had; its attempts begin
    /// anew. One that is on its way is left as it is.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, [`WebhookRefusal::Disabled`].
    pub async fn resend_delivery(
        &self,
        caller: &Caller,
        id: WebhookId,
        delivery: DeliveryId,
    ) -> Result<Delivery, Error> {
        let context = self.permitted(caller, Permission::WebhooksEdit)?;
        transact!(self.store(), caller.mode, |tx| resend(tx, context, id, delivery).await)
    }

    /// Sends all deliveries again that failed and were made since an instant, at most
    /// [`RESEND_MAX`], the oldest first; answers how many. A repeated request finds none left.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such webhook, [`WebhookRefusal::Disabled`].
    pub async fn resend_failed_deliveries(
        &self,
        caller: &Caller,
        id: WebhookId,
        since: Timestamp,
    ) -> Result<Receipt<u64>, Error> {
        let context = self.permitted(caller, Permission::WebhooksEdit)?;
        let (value, replayed) = transact!(self.store(), caller.mode, |tx| {
            resend_failed(tx, context, id, since).await
        })?;
        Ok(Receipt { value, replayed, dry_run: caller.mode == Mode::DryRun })
    }

    /// Makes deliveries of the events that webhooks were not told of yet, until there is none left;
    /// answers how many.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn follow_events(&self) -> Result<u64, Error> {
        let caller = Caller::engine();
        let mut made = 0;
        while reading!(self.store(), |tx| tx.webhooks_behind().await)? > 0 {
            let context = self.context(&caller);
            let done = transact!(self.store(), Mode::Commit, |tx| follow(tx, context).await)?;
            // Another process has them.
            let Some(more) = done else { break };
            made += more;
        }
        Ok(made)
    }

    /// Sends a webhook what is due, and says when it wants to be looked at again.
    ///
    /// # Errors
    ///
    /// What the store reports; what receivers answer is no error.
    pub(crate) async fn tell_webhook(&self, id: WebhookId) -> Result<Outcome, Error> {
        let began = Instant::now();
        loop {
            let now = self.now();
            let Some(outbound) = &self.parts().outbound else { return Ok(rest(now)) };
            let work = reading!(self.store(), |tx| load(self, tx, id, now).await)?;
            let (url, due) = match work {
                Work::Removed => return Ok(Outcome::Over),
                Work::Nothing { next } => return Ok(next.map_or(rest(now), Outcome::Again)),
                Work::Due { .. } if began.elapsed() >= PASS_TIME_MAX => {
                    return Ok(Outcome::Again(now));
                }
                Work::Due { url, due } => (url, due),
            };
            let attempts = self.attempt_all(outbound, &url, due).await?;
            let caller = Caller::engine();
            let context = self.context(&caller);
            transact!(self.store(), Mode::Commit, |tx| settle(tx, context, id, &attempts).await)?;
        }
    }

    /// Tries all at the same time.
    async fn attempt_all(
        &self,
        outbound: &Arc<dyn Outbound>,
        url: &WebUrl,
        due: Vec<Due>,
    ) -> Result<Vec<Tried>, Error> {
        let mut trying = JoinSet::new();
        for Due { delivery, body, secrets } in due {
            let (billing, outbound) = (self.clone(), Arc::clone(outbound));
            let url = url.clone();
            trying.spawn(async move {
                let at = billing.now();
                let Some(body) = body else { return Ok(Tried::forgotten(delivery, at)) };
                let request = OutboundRequest {
                    url,
                    method: OutboundMethod::Post,
                    headers: headers(delivery.id, at, &body, &secrets)?,
                    body,
                    time_max: ATTEMPT_TIME_MAX,
                    answer_bytes_max: ANSWER_BYTES_MAX,
                };
                Ok(billing.attempt(outbound.as_ref(), delivery, at, request).await)
            });
        }
        let mut tried = Vec::new();
        while let Some(done) = trying.join_next().await {
            let done: Result<Tried, Error> =
                done.map_err(|_| Error::broken("an attempt at a delivery ended abnormally"))?;
            tried.push(done?);
        }
        Ok(tried)
    }

    async fn attempt(
        &self,
        outbound: &dyn Outbound,
        delivery: Delivery,
        at: Timestamp,
        request: OutboundRequest,
    ) -> Tried {
        let began = Instant::now();
        let (result, retry_after) = match outbound.send(request).await {
            Ok(answer) => {
                let text = kept_answer(&answer.body);
                let result = AttemptResult::Answered { status: answer.status, answer: text };
                (result, answer.retry_after)
            }
            Err(fault) => (AttemptResult::Unanswered { error: fault.to_string() }, None),
        };
        let duration_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        let (tries, entropy) = (delivery.tries.saturating_add(1), self.parts().entropy.as_ref());
        let next = next(&result, tries, self.now(), retry_after.as_deref(), entropy);
        let number = delivery.attempts.saturating_add(1);
        Tried { delivery, attempt: Attempt { number, at, duration_ms, result }, next }
    }
}

impl Reader {
    /// Deliveries to a webhook, in one state or in all; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such webhook.
    pub async fn webhook_deliveries(
        &self,
        id: WebhookId,
        state: Option<DeliveryState>,
        page: PageRequest<DeliverySort>,
    ) -> Result<Page<Delivery>, Error> {
        reading!(self.store(), |tx| {
            there(id, tx.webhook_by_id(id).await?)?;
            Ok::<_, Error>(tx.delivery_page(id, state, page).await?)
        })
    }

    /// One delivery to a webhook, with its attempts.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn webhook_delivery(
        &self,
        id: WebhookId,
        delivery: DeliveryId,
    ) -> Result<DeliveryView, Error> {
        reading!(self.store(), |tx| {
            there(id, tx.webhook_by_id(id).await?)?;
            let delivery = of_webhook(tx, id, delivery).await?;
            let attempts = tx.delivery_attempts(delivery.id).await?;
            Ok::<_, Error>(DeliveryView { delivery, attempts })
        })
    }
}

/// What there is to do for a webhook.
enum Work {
    Removed,
    Nothing { next: Option<Timestamp> },
    Due { url: WebUrl, due: Vec<Due> },
}

/// A delivery, what it says, and what it is signed with.
struct Due {
    delivery: Delivery,
    body: Option<Vec<u8>>,
    secrets: Vec<WebhookSecret>,
}

/// How a delivery went.
struct Tried {
    delivery: Delivery,
    attempt: Attempt,
    next: Next,
}

impl Tried {
    fn forgotten(delivery: Delivery, at: Timestamp) -> Self {
        let result = AttemptResult::Unanswered { error: FORGOTTEN.to_owned() };
        let number = delivery.attempts.saturating_add(1);
        let attempt = Attempt { number, at, duration_ms: 0, result };
        Self { delivery, attempt, next: Next::Failed }
    }

    /// The delivery afterwards, of a webhook that is told things or not.
    fn outcome(&self, now: Timestamp, is_told: bool) -> Delivery {
        let (state, due_at) = match self.next {
            Next::Succeeded => (DeliveryState::Succeeded, None),
            Next::Again(at) if is_told => (DeliveryState::Pending, Some(at)),
            Next::Again(_) | Next::Failed => (DeliveryState::Failed, None),
        };
        Delivery {
            state,
            due_at,
            tries: self.delivery.tries.saturating_add(1),
            attempts: self.attempt.number,
            settled_at: due_at.is_none().then_some(now),
            ..self.delivery.clone()
        }
    }
}

fn rest(now: Timestamp) -> Outcome {
    Outcome::Again(saturating_add(now, IDLE))
}

async fn of_webhook(
    tx: &mut dyn Tx,
    id: WebhookId,
    delivery: DeliveryId,
) -> Result<Delivery, Error> {
    let found = tx.delivery_by_id(delivery).await?.filter(|found| found.webhook == id);
    found.ok_or_else(|| Error::not_found(Thing::Delivery, delivery))
}

/// Makes deliveries of the next events, moves the webhooks on and wakes the worker; all of it or
/// nothing. `None` if others are at it.
async fn follow(tx: &mut dyn Tx, context: Context<'_>) -> Result<Option<u64>, Error> {
    let webhooks = tx.webhooks_behind_lock().await?;
    if webhooks.is_empty() {
        return Ok(None);
    }
    // Most stand at the same position, and what follows is read once for all of them.
    let mut read: BTreeMap<i64, Vec<EventHead>> = BTreeMap::new();
    let mut deliveries = Vec::new();
    let mut woken = Vec::new();
    for webhook in &webhooks {
        let after = webhook.followed_to;
        let heads = match read.entry(after) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(tx.event_heads(after, FOLLOW_MAX).await?),
        };
        let before = deliveries.len();
        for head in heads.iter().filter(|head| webhook.events.wants(&head.kind)) {
            let number = u64::try_from(deliveries.len()).unwrap_or(u64::MAX) + 1;
            deliveries.push(of_event(context, webhook.id, head, number));
        }
        if deliveries.len() > before {
            woken.push(webhook.id);
        }
        if let Some(last) = heads.last() {
            tx.webhook_follow(webhook.id, last.position).await?;
        }
    }
    let made = if deliveries.is_empty() { 0 } else { tx.deliveries_insert(&deliveries).await? };
    for id in woken {
        wake(tx, context, id).await?;
    }
    Ok(Some(made))
}

fn of_event(context: Context<'_>, webhook: WebhookId, head: &EventHead, number: u64) -> Delivery {
    let id = DeliveryId::in_run(context.now, number, context.entropy);
    Delivery::due_now(id, webhook, (Some(head.position), &head.kind), context.now)
}

async fn load(
    billing: &Billing,
    tx: &mut dyn Tx,
    id: WebhookId,
    now: Timestamp,
) -> Result<Work, Error> {
    let found = tx.webhook_by_id(id).await?;
    let Some(webhook) = found.filter(|webhook| webhook.removed_at.is_none()) else {
        return Ok(Work::Removed);
    };
    let due = tx.deliveries_due(id, now, IN_FLIGHT_MAX).await?;
    if due.is_empty() || !webhook.is_told() {
        let next = tx.delivery_next(id).await?.filter(|_| webhook.is_told());
        return Ok(Work::Nothing { next });
    }
    let kept = tx.webhook_secrets(id).await?;
    let good = kept.iter().filter(|secret| secret.good_until.is_none_or(|until| until > now));
    let secrets = good.map(|kept| billing.opened(id, kept)).collect::<Result<Vec<_>, _>>()?;
    let mut loaded = Vec::with_capacity(due.len());
    for delivery in due {
        let body = match delivery.position {
            None => Some(ping(delivery.id, delivery.created_at)),
            Some(position) => {
                let events = tx.events_after(Position::new(position - 1), 1).await?;
                let event = events.into_iter().find(|event| event.position.number() == position);
                event.as_ref().map(body_of)
            }
        };
        loaded.push(Due { delivery, body, secrets: secrets.clone() });
    }
    Ok(Work::Due { url: webhook.url, due: loaded })
}

async fn settle(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: WebhookId,
    tried: &[Tried],
) -> Result<(), Error> {
    let Some(before) = tx.webhook_lock(id).await? else { return Ok(()) };
    for tried in tried {
        let outcome = tried.outcome(context.now, before.is_told());
        tx.delivery_settle(&outcome, &tried.attempt).await?;
    }
    let after = judged(&before, tried, context.now);
    if after == before {
        return Ok(());
    }
    tx.webhook_replace(&after).await?;
    if before.is_told() && !after.is_told() {
        tx.deliveries_give_up(id, context.now).await?;
        note(tx, context, "webhook.disable", Some(&before), Some(&after)).await?;
        tx.notices_push(&[notice(context, &after)]).await?;
    }
    Ok(())
}

/// The webhook after some attempts: since when it fails, and whether that has been for too long.
fn judged(before: &Webhook, tried: &[Tried], now: Timestamp) -> Webhook {
    let mut after = before.clone();
    let sent = || tried.iter().filter(|tried| !tried.was_forgotten());
    if sent().any(|tried| tried.attempt.result.is_success()) {
        after.failing_since = None;
    } else if let Some(first) = sent().map(|tried| tried.attempt.at).min() {
        after.failing_since = after.failing_since.or(Some(first));
    }
    let is_gone = sent().any(|tried| tried.attempt.result.is_gone());
    let because = if is_gone {
        Some(DisabledBecause::Gone)
    } else {
        after.is_lost(now).then_some(DisabledBecause::Failing)
    };
    if let Some(because) = because.filter(|_| before.is_told()) {
        after.disabled = Some(Disabled { at: now, because });
        after.changed_at = now;
    }
    after
}

impl Tried {
    /// Nothing was sent, so nothing can be said of the receiver.
    fn was_forgotten(&self) -> bool {
        matches!(&self.attempt.result, AttemptResult::Unanswered { error } if error == FORGOTTEN)
    }
}

fn notice(context: Context<'_>, webhook: &Webhook) -> Notice {
    let because = webhook.disabled.map(|disabled| disabled.because.name());
    let at = webhook.disabled.map_or(context.now, |disabled| disabled.at);
    Notice {
        id: NoticeId::new(context.now, context.entropy),
        kind: NoticeKind::WebhookDisabled,
        customer: None,
        subject: webhook.id.uuid(),
        subject_kind: "webhook",
        facts: json!({
            "tell": "super_admin",
            "url": webhook.url.shown(),
            "description": webhook.description,
            "because": because,
            "failing_since": webhook.failing_since.map(|since| since.to_string()),
        }),
        cause: format!("{}:{}:{at}", NoticeKind::WebhookDisabled, webhook.id),
        not_before: context.now,
        created_at: context.now,
    }
}

/// The webhook, locked, which must be told things.
async fn told(tx: &mut dyn Tx, id: WebhookId) -> Result<Webhook, Error> {
    let webhook = there(id, tx.webhook_lock(id).await?)?;
    if webhook.is_told() { Ok(webhook) } else { Err(WebhookRefusal::Disabled.into()) }
}

async fn resend(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: WebhookId,
    delivery: DeliveryId,
) -> Result<Delivery, Error> {
    let input = Fingerprint::of("webhook.resend", &[&id, &delivery]);
    let again = once(tx, context, input, delivery.uuid()).await? != Once::First;
    if again {
        return of_webhook(tx, id, delivery).await;
    }
    told(tx, id).await?;
    let before = of_webhook(tx, id, delivery).await?;
    if before.state == DeliveryState::Pending {
        return Ok(before);
    }
    tx.delivery_resend(delivery, context.now).await?;
    let after = json!({ "delivery": delivery.to_string(), "state": DeliveryState::Pending.name() });
    let state = json!({ "delivery": delivery.to_string(), "state": before.state.name() });
    let act = Act { action: "webhook.resend", subject_kind: "webhook", subject: id.uuid() };
    tx.audit_append(&[Record::new(context, act, state, after)]).await?;
    wake(tx, context, id).await?;
    of_webhook(tx, id, delivery).await
}

async fn resend_failed(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: WebhookId,
    since: Timestamp,
) -> Result<(u64, bool), Error> {
    let input = Fingerprint::of("webhook.resend_failed", &[&id, &since]);
    if once(tx, context, input, id.uuid()).await? != Once::First {
        return Ok((0, true));
    }
    told(tx, id).await?;
    let count = tx.deliveries_resend(id, since, context.now, RESEND_MAX).await?;
    if count > 0 {
        let act = Act { action: "webhook.resend", subject_kind: "webhook", subject: id.uuid() };
        let after = json!({ "failed_since": since.to_string(), "deliveries": count });
        tx.audit_append(&[Record::new(context, act, Value::Null, after)]).await?;
        wake(tx, context, id).await?;
    }
    Ok((count, false))
}
