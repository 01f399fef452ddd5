//! Routers that are changed and removed.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::RouterId;
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::provisioning::session::Session;
use crate::request::{Asked, once_about};
use crate::router::Router;
use crate::router::change::RouterChange;
use crate::store::Tx;
use crate::transact::transact;
use crate::voucher::issue::wake_router;

use super::learn::session_event;
use super::routers::{find, picture, taken};
use super::{Billing, Reader};

impl Billing {
    /// Changes what is stored of a router, and has the worker look at it at once if that concerns the
    /// way to it. Does not talk to the router: see [`check_router`](super::Reader::check_router).
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if the new name is taken, [`Error::Invalid`] for what could not be added.
    pub async fn change_router(
        &self,
        caller: &Caller,
        key: &str,
        change: RouterChange,
    ) -> Result<Router, Error> {
        let context = self.permitted(caller, Permission::RoutersEdit)?;
        transact!(self.store(), caller.mode, |tx| change_one(self, tx, context, key, &change).await)
    }

    /// Removes a router that nobody needs any more: it is not worked with from now on, and its name is
    /// free. What happened on it stays. What stands on the router itself is left as it is.
    ///
    /// # Errors
    ///
    /// A [`RouterRefusal`](crate::router::RouterRefusal) while logins are on it.
    pub async fn remove_router(&self, caller: &Caller, key: &str) -> Result<Router, Error> {
        let context = self.permitted(caller, Permission::RoutersEdit)?;
        transact!(self.store(), caller.mode, |tx| remove(tx, context, key).await)
    }
}

impl Reader {
    /// Whether the stored password is this one. One that cannot be opened with our key is another.
    fn is_password(&self, router: &Router, password: &SecretString) -> bool {
        let stored = self.target(router).map(|target| target.password);
        stored.is_ok_and(|stored| stored.expose_secret() == password.expose_secret())
    }
}

/// A router that is asked for by a key, locked, and whether the request is new.
async fn claimed(
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    input: Fingerprint,
) -> Result<Asked<Router>, Error> {
    let found = find(tx, key).await;
    Ok(match once_about(tx, context, input, found, |router| router.id.uuid()).await? {
        Asked::First(router) => {
            let locked = tx.router_lock(router.id).await?;
            Asked::First(locked.ok_or_else(|| Error::not_found(Thing::Router, key))?)
        }
        Asked::Again(id) => Asked::Again(id),
    })
}

async fn by_id(tx: &mut dyn Tx, id: RouterId) -> Result<Router, Error> {
    tx.router_by_id(id).await?.ok_or_else(|| Error::not_found(Thing::Router, id))
}

/// What tells a repeated change from another one; of a password, whether it is the same.
fn input_of(key: &str, change: &RouterChange) -> Fingerprint {
    let RouterChange { name, host, port, security, username, password } = change;
    let password = password.as_ref().map(crate::apikey::digest);
    let action = "router.change";
    Fingerprint::of(action, &[&key, name, host, port, security, username, &password])
}

async fn change_one(
    billing: &Billing,
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    change: &RouterChange,
) -> Result<Router, Error> {
    let before = match claimed(tx, context, key, input_of(key, change)).await? {
        Asked::First(router) => router,
        Asked::Again(id) => return by_id(tx, RouterId::from_uuid(id)).await,
    };
    let mut after = change.apply(&before)?;
    if after.security != before.security {
        billing.parts().controller.check_security(&after.security)?;
    }
    if after.name != before.name && tx.router_by_name(&after.name).await?.is_some() {
        return Err(taken(&after.name));
    }
    let password = change.password.as_ref().filter(|new| !billing.is_password(&before, new));
    if let Some(password) = password {
        let purpose = Router::secret_purpose(before.id);
        after.password = billing.parts().master_key.seal(password, &purpose, context.entropy);
    }
    write(tx, context, &before, &after, password.is_some()).await?;
    by_id(tx, before.id).await
}

/// Writes a changed router; one that comes out as it was is not written.
async fn write(
    tx: &mut dyn Tx,
    context: Context<'_>,
    before: &Router,
    after: &Router,
    has_new_password: bool,
) -> Result<(), Error> {
    let is_elsewhere = (&before.address, &before.security, &before.username)
        != (&after.address, &after.security, &after.username);
    if !is_elsewhere && !has_new_password && before.name == after.name {
        return Ok(());
    }
    tx.router_replace(after).await?;
    let mut shown = picture(after);
    if has_new_password {
        shown["password"] = "changed".into();
    }
    let act = Act { action: "router.change", subject_kind: "router", subject: after.id.uuid() };
    tx.audit_append(&[Record::new(context, act, picture(before), shown)]).await?;
    if is_elsewhere || has_new_password {
        tx.router_look_ask(after.id, context.now).await?;
    }
    wake_router(tx, context, after.id).await
}

async fn remove(tx: &mut dyn Tx, context: Context<'_>, key: &str) -> Result<Router, Error> {
    let input = Fingerprint::of("router.remove", &[&key]);
    let router = match claimed(tx, context, key, input).await? {
        Asked::First(router) => router,
        Asked::Again(id) => return by_id(tx, RouterId::from_uuid(id)).await,
    };
    router.may_be_removed(tx.router_use(router.id).await?)?;
    end_sessions(tx, context, &router).await?;
    tx.outage_end(router.id, context.now).await?;
    tx.router_remove(router.id, context.now).await?;
    let act = Act { action: "router.remove", subject_kind: "router", subject: router.id.uuid() };
    tx.audit_append(&[Record::new(context, act, picture(&router), Value::Null)]).await?;
    // The worker finds that the router is gone, and its message goes away with it.
    wake_router(tx, context, router.id).await?;
    by_id(tx, router.id).await
}

/// Nobody will look any more who is still online.
async fn end_sessions(tx: &mut dyn Tx, context: Context<'_>, router: &Router) -> Result<(), Error> {
    let ended = |session: Session| {
        let ended_at = Some(context.now.max(session.seen_at));
        Session { ended_at, ..session }
    };
    let ended: Vec<Session> = tx.sessions_open(router.id).await?.into_iter().map(ended).collect();
    let events = ended.iter().map(|session| session_event(context, "session.end", router, session));
    tx.events_push(events.collect());
    Ok(tx.sessions_write(&ended).await?)
}
