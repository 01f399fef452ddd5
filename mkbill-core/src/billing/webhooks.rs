//! Use cases around webhooks: adding, changing, removing, trying out.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{DeliveryId, MessageId, WebhookId};
use crate::kernel::network::Networks;
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::kernel::time::saturating_add;
use crate::kernel::web::WebUrl;
use crate::outbound;
use crate::outbox::{Message, Payload};
use crate::request::{Once, once};
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::webhook::delivery::Delivery;
use crate::webhook::message::PING;
use crate::webhook::secret::WebhookSecret;
use crate::webhook::store::KeptSecret;
use crate::webhook::{
    Disabled, DisabledBecause, NewWebhook, OVERLAP, WEBHOOKS_MAX, Webhook, WebhookChange,
    WebhookRefusal, checked_overlap, described,
};

use super::batches::Receipt;
use super::{Billing, Reader};

/// A webhook, and the secret that was made for it just now.
#[derive(Debug, Clone)]
pub struct WebhookMade {
    /// The webhook.
    pub webhook: Webhook,
    /// What it checks deliveries with; the only time it can be read. Absent where nothing was made: in
    /// a dry run, and for a request that was answered before.
    pub secret: Option<WebhookSecret>,
}

impl Billing {
    /// Adds a webhook. It is told of what happens from now on, beginning with its own making.
    ///
    /// # Errors
    ///
    /// A [`WebhookRefusal`] for an address that nothing is sent to, and if there are too many.
    pub async fn add_webhook(
        &self,
        caller: &Caller,
        request: NewWebhook,
    ) -> Result<Receipt<WebhookMade>, Error> {
        self.check_address(&request.url)?;
        let context = self.permitted(caller, Permission::WebhooksCreate)?;
        let secret = WebhookSecret::generate(context.entropy);
        let id = WebhookId::new(context.now, context.entropy);
        let kept = self.kept(id, 1, &secret, context);
        let because = DisabledBecause::Person;
        let webhook = Webhook {
            id,
            url: request.url,
            description: described(&request.description)?,
            events: request.events,
            disabled: (!request.enabled).then_some(Disabled { at: context.now, because }),
            failing_since: None,
            old_secret_until: None,
            followed_to: 0,
            created_at: context.now,
            changed_at: context.now,
            removed_at: None,
        };
        let (webhook, replayed) =
            transact!(self.store(), caller.mode, |tx| add(tx, context, &webhook, &kept).await)?;
        Ok(made(caller, webhook, secret, replayed))
    }

    /// Changes a webhook. One that is enabled again is told of what happens from then on; one that is
    /// disabled is told nothing, and deliveries that were on their way have failed.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, a [`WebhookRefusal`] for an address that nothing is sent
    /// to.
    pub async fn change_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        change: WebhookChange,
    ) -> Result<Webhook, Error> {
        if let Some(url) = &change.url {
            self.check_address(url)?;
        }
        let context = self.permitted(caller, Permission::WebhooksEdit)?;
        transact!(self.store(), caller.mode, |tx| change_one(tx, context, id, &change).await)
    }

    /// Removes a webhook, with its secrets. What was delivered stays readable for nobody and is
    /// forgotten when its time is over.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn remove_webhook(&self, caller: &Caller, id: WebhookId) -> Result<(), Error> {
        let context = self.permitted(caller, Permission::WebhooksDelete)?;
        transact!(self.store(), caller.mode, |tx| remove(tx, context, id).await)
    }

    /// Makes a new secret. Deliveries are signed with the old one as well until `overlap` is over, 24 h
    /// unless told otherwise; a secret before that one is good no longer.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, [`Error::Invalid`] for an overlap beyond seven days.
    pub async fn rotate_webhook_secret(
        &self,
        caller: &Caller,
        id: WebhookId,
        overlap: Option<SignedDuration>,
    ) -> Result<Receipt<WebhookMade>, Error> {
        let overlap = checked_overlap(overlap.unwrap_or(OVERLAP))?;
        let context = self.permitted(caller, Permission::WebhooksEdit)?;
        let secret = WebhookSecret::generate(context.entropy);
        let (webhook, replayed) = transact!(self.store(), caller.mode, |tx| {
            rotate(self, tx, context, id, overlap, &secret).await
        })?;
        Ok(made(caller, webhook, secret, replayed))
    }

    /// Sends a webhook a message of the kind `webhook.ping`, whatever it is told of otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, [`WebhookRefusal::Disabled`].
    pub async fn test_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<Receipt<Delivery>, Error> {
        let context = self.permitted(caller, Permission::WebhooksEdit)?;
        let (value, replayed) =
            transact!(self.store(), caller.mode, |tx| test(tx, context, id).await)?;
        Ok(Receipt { value, replayed, dry_run: caller.mode == Mode::DryRun })
    }
}

impl Reader {
    /// All webhooks, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        reading!(self.store(), |tx| tx.webhook_list().await)
    }

    /// One webhook.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn webhook(&self, id: WebhookId) -> Result<Webhook, Error> {
        reading!(self.store(), |tx| there(id, tx.webhook_by_id(id).await?))
    }

    fn check_address(&self, url: &WebUrl) -> Result<(), Error> {
        let none = Networks::none();
        let allowed = self.parts().outbound.as_ref().map_or(&none, |port| port.private_networks());
        let checked = outbound::check(url, allowed);
        Ok(checked.map_err(|fault| WebhookRefusal::Address(fault.said()))?)
    }

    fn kept(
        &self,
        id: WebhookId,
        number: i64,
        secret: &WebhookSecret,
        context: Context<'_>,
    ) -> KeptSecret {
        let purpose = Webhook::secret_purpose(id, number);
        let sealed = self.parts().master_key.seal(secret.text(), &purpose, context.entropy);
        KeptSecret { number, sealed, good_until: None }
    }

    /// Opens a secret that was kept.
    pub(super) fn opened(&self, id: WebhookId, kept: &KeptSecret) -> Result<WebhookSecret, Error> {
        let purpose = Webhook::secret_purpose(id, kept.number);
        WebhookSecret::parse(self.parts().master_key.open(&kept.sealed, &purpose)?)
    }
}

fn made(
    caller: &Caller,
    webhook: Webhook,
    secret: WebhookSecret,
    replayed: bool,
) -> Receipt<WebhookMade> {
    let dry_run = caller.mode == Mode::DryRun;
    let secret = (!replayed && !dry_run).then_some(secret);
    Receipt { value: WebhookMade { webhook, secret }, replayed, dry_run }
}

/// The webhook, unless it was removed.
pub(super) fn there(id: WebhookId, found: Option<Webhook>) -> Result<Webhook, Error> {
    let found = found.filter(|webhook| webhook.removed_at.is_none());
    found.ok_or_else(|| Error::not_found(Thing::Webhook, id))
}

/// What the worker hears, once the commit is done.
pub(super) async fn wake(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: WebhookId,
) -> Result<(), Error> {
    let message = Message {
        id: MessageId::new(context.now, context.entropy),
        payload: Payload::Webhook(id),
        run_at: context.now,
    };
    Ok(tx.outbox_push(&message).await?)
}

/// A webhook for the trail: without what stands behind the host of its address.
fn picture(webhook: &Webhook) -> Value {
    json!({
        "url": webhook.url.shown(),
        "description": webhook.description,
        "events": webhook.events.to_json(),
        "enabled": webhook.disabled.is_none(),
        "disabled_because": webhook.disabled.map(|disabled| disabled.because.name()),
    })
}

pub(super) async fn note(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    before: Option<&Webhook>,
    after: Option<&Webhook>,
) -> Result<(), Error> {
    let Some(webhook) = after.or(before) else { return Ok(()) };
    let act = Act { action, subject_kind: "webhook", subject: webhook.id.uuid() };
    let mut shown = after.map_or(Value::Null, picture);
    if let (Some(before), Some(after)) = (before, after)
        && before.url != after.url
    {
        shown["url_changed"] = true.into();
    }
    let record = Record::new(context, act, before.map_or(Value::Null, picture), shown);
    Ok(tx.audit_append(&[record]).await?)
}

/// The position of the newest event.
async fn newest(tx: &mut dyn Tx) -> Result<i64, Error> {
    Ok(tx.event_bounds().await?.map_or(0, |(_, newest)| newest.number()))
}

async fn add(
    tx: &mut dyn Tx,
    context: Context<'_>,
    webhook: &Webhook,
    secret: &KeptSecret,
) -> Result<(Webhook, bool), Error> {
    let Webhook { id, url, description, events, disabled, .. } = webhook;
    let enabled = disabled.is_none();
    let input = Fingerprint::of("webhook.add", &[&url.as_str(), description, events, &enabled]);
    if let Once::Again(id) = once(tx, context, input, id.uuid()).await? {
        let id = WebhookId::from_uuid(id);
        return Ok((there(id, tx.webhook_by_id(id).await?)?, true));
    }
    if tx.webhook_list_lock().await?.len() >= WEBHOOKS_MAX {
        return Err(WebhookRefusal::TooMany.into());
    }
    let webhook = Webhook { followed_to: newest(tx).await?, ..webhook.clone() };
    tx.webhook_insert(&webhook).await?;
    tx.webhook_secret_renew(*id, secret, context.now).await?;
    note(tx, context, "webhook.add", None, Some(&webhook)).await?;
    Ok((webhook, false))
}

async fn change_one(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: WebhookId,
    change: &WebhookChange,
) -> Result<Webhook, Error> {
    let WebhookChange { url, description, events, enabled } = change;
    let url = url.as_ref().map(WebUrl::as_str);
    let input = Fingerprint::of("webhook.change", &[&id, &url, description, events, enabled]);
    let again = once(tx, context, input, id.uuid()).await? != Once::First;
    let before = there(id, tx.webhook_lock(id).await?)?;
    let after = change.clone().apply(&before, context.now)?;
    if again || after == before {
        return Ok(before);
    }
    tx.webhook_replace(&after).await?;
    match (before.is_told(), after.is_told()) {
        (true, false) => drop(tx.deliveries_give_up(id, context.now).await?),
        (false, true) => {
            let newest = newest(tx).await?;
            tx.webhook_follow(id, newest).await?;
        }
        _ => {}
    }
    note(tx, context, "webhook.change", Some(&before), Some(&after)).await?;
    there(id, tx.webhook_by_id(id).await?)
}

async fn remove(tx: &mut dyn Tx, context: Context<'_>, id: WebhookId) -> Result<(), Error> {
    let input = Fingerprint::of("webhook.remove", &[&id]);
    if once(tx, context, input, id.uuid()).await? != Once::First {
        return Ok(());
    }
    let before = there(id, tx.webhook_lock(id).await?)?;
    tx.webhook_replace(&Webhook { removed_at: Some(context.now), ..before.clone() }).await?;
    tx.webhook_secrets_forget(id).await?;
    tx.deliveries_give_up(id, context.now).await?;
    note(tx, context, "webhook.remove", Some(&before), None).await?;
    // The worker finds that it is gone, and its message goes away with it.
    wake(tx, context, id).await
}

async fn rotate(
    billing: &Billing,
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: WebhookId,
    overlap: SignedDuration,
    secret: &WebhookSecret,
) -> Result<(Webhook, bool), Error> {
    let input = Fingerprint::of("webhook.rotate", &[&id, &overlap]);
    let again = once(tx, context, input, id.uuid()).await? != Once::First;
    let before = there(id, tx.webhook_lock(id).await?)?;
    if again {
        return Ok((before, true));
    }
    let last = tx.webhook_secrets(id).await?.first().map_or(0, |secret| secret.number);
    let kept = billing.kept(id, last + 1, secret, context);
    let until = saturating_add(context.now, overlap);
    tx.webhook_secret_renew(id, &kept, until).await?;
    let act = Act { action: "webhook.rotate", subject_kind: "webhook", subject: id.uuid() };
    let after = json!({ "old_secret_until": until.to_string() });
    tx.audit_append(&[Record::new(context, act, Value::Null, after)]).await?;
    Ok((there(id, tx.webhook_by_id(id).await?)?, false))
}

async fn test(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: WebhookId,
) -> Result<(Delivery, bool), Error> {
    let own = DeliveryId::new(context.now, context.entropy);
    let delivery = Delivery::due_now(own, id, (None, PING), context.now);
    let input = Fingerprint::of("webhook.test", &[&id]);
    if let Once::Again(made) = once(tx, context, input, delivery.id.uuid()).await? {
        let made = DeliveryId::from_uuid(made);
        let found = tx.delivery_by_id(made).await?;
        return Ok((found.ok_or_else(|| Error::not_found(Thing::Delivery, made))?, true));
    }
    let webhook = there(id, tx.webhook_lock(id).await?)?;
    if !webhook.is_told() {
        return Err(WebhookRefusal::Disabled.into());
    }
    tx.deliveries_insert(std::slice::from_ref(&delivery)).await?;
    let act = Act { action: "webhook.test", subject_kind: "webhook", subject: id.uuid() };
    let after = json!({ "delivery": delivery.id.to_string() });
    tx.audit_append(&[Record::new(context, act, Value::Null, after)]).await?;
    wake(tx, context, id).await?;
    Ok((delivery, false))
}
