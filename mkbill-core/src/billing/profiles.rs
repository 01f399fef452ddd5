//! Use cases around profiles that routers ought to have.

use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::provisioning::controller::{ChangeOutcome, Observed, RouterFault, Target};
use crate::provisioning::profile::{ProfileFacts, ProfileWish};
use crate::provisioning::{LoginKind, SyncName};
use crate::request::{Once, once};
use crate::router::Router;
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::voucher::issue::wake_router;

use super::routers::find;
use super::{Billing, Reader};

/// Why a pass could not bring profiles.
pub(super) enum ProfileTrouble {
    Router(RouterFault),
    Engine(Error),
}

impl From<RouterFault> for ProfileTrouble {
    fn from(fault: RouterFault) -> Self {
        Self::Router(fault)
    }
}

impl From<Error> for ProfileTrouble {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl Billing {
    /// Wants a profile on a router: it is added, or changed where it says otherwise, and kept so. What
    /// is absent in the facts is left as it is there. Sessions keep the speed they began with.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names the field that a router would not take.
    pub async fn wish_profile(
        &self,
        caller: &Caller,
        key: &str,
        facts: ProfileFacts,
    ) -> Result<ProfileWish, Error> {
        let rate_limit = facts.rate_limit.as_deref();
        let rate_limit =
            rate_limit.map(|text| self.parts().controller.check_rate_limit(text)).transpose()?;
        let facts = ProfileFacts { rate_limit, ..facts }.checked()?;
        let context = self.permitted(caller, Permission::ProfilesEdit)?;
        transact!(self.store(), caller.mode, |tx| wish(tx, context, key, &facts).await)
    }

    /// Wants a profile no more. What stands on the router stays.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it was not wished.
    pub async fn forget_profile(
        &self,
        caller: &Caller,
        key: &str,
        kind: LoginKind,
        name: &str,
    ) -> Result<(), Error> {
        let context = self.permitted(caller, Permission::ProfilesEdit)?;
        transact!(self.store(), caller.mode, |tx| forget(tx, context, key, kind, name).await)
    }

    /// Brings the wished profiles to a router that was just looked at.
    pub(super) async fn put_profiles(
        &self,
        router: &Router,
        target: &Target,
        observed: &Observed,
    ) -> Result<(), ProfileTrouble> {
        let wishes = reading!(self.store(), |tx| tx.profile_wishes(router.id).await)?;
        let shown = &observed.facts.profiles;
        let (due, rest): (Vec<_>, Vec<_>) =
            wishes.into_iter().partition(|wish| wish.is_to_be_sent(shown));
        let is_met = |wish: &ProfileWish| shown.iter().any(|shown| wish.is_met_by(shown));
        let met = rest.into_iter().filter(|wish| wish.sync == SyncName::Pending && is_met(wish));
        let mut settled: Vec<ProfileWish> = met.map(applied).collect();
        if !due.is_empty() {
            let facts: Vec<ProfileFacts> = due.iter().map(|wish| wish.facts.clone()).collect();
            let outcomes = self.parts().controller.put_profiles(target, &facts).await?;
            settled.extend(due.into_iter().zip(outcomes).map(|(wish, o)| concluded(wish, o)));
        }
        if settled.is_empty() {
            return Ok(());
        }
        let write =
            transact!(self.store(), Mode::Commit, |tx| { tx.profile_wishes_write(&settled).await });
        Ok(write?)
    }
}

impl Reader {
    /// The profiles that a router ought to have, by kind and name.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such router.
    pub async fn profile_wishes(&self, key: &str) -> Result<Vec<ProfileWish>, Error> {
        reading!(self.store(), |tx| {
            let router = find(tx, key).await?;
            Ok::<_, Error>(tx.profile_wishes(router.id).await?)
        })
    }
}

fn applied(wish: ProfileWish) -> ProfileWish {
    ProfileWish { sync: SyncName::Applied, last_error: None, ..wish }
}

fn concluded(wish: ProfileWish, outcome: ChangeOutcome) -> ProfileWish {
    match outcome {
        ChangeOutcome::Applied => applied(wish),
        ChangeOutcome::Refused(why) => {
            ProfileWish { sync: SyncName::Blocked, last_error: Some(why), ..wish }
        }
        ChangeOutcome::NameTaken | ChangeOutcome::Unfinished(_) => {
            ProfileWish { sync: SyncName::Pending, ..wish }
        }
    }
}

async fn wish(
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    facts: &ProfileFacts,
) -> Result<ProfileWish, Error> {
    let router = find(tx, key).await?;
    let input = Fingerprint::of("router_profile.wish", &[&router.id, facts]);
    let before = tx.profile_wishes(router.id).await?;
    let same =
        |wish: &&ProfileWish| (wish.facts.kind, &wish.facts.name) == (facts.kind, &facts.name);
    let before = before.iter().find(same);
    if let (Once::Again(_), Some(before)) =
        (once(tx, context, input, router.id.uuid()).await?, before)
    {
        return Ok(before.clone());
    }
    let wish = ProfileWish {
        router: router.id,
        facts: facts.clone(),
        sync: SyncName::Pending,
        last_error: None,
        updated_at: context.now,
    };
    tx.profile_wishes_write(std::slice::from_ref(&wish)).await?;
    note(tx, context, "router_profile.wish", &router, before.map(|wish| &wish.facts), Some(facts))
        .await?;
    tx.router_look_ask(router.id, context.now).await?;
    wake_router(tx, context, router.id).await?;
    Ok(wish)
}

async fn forget(
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    kind: LoginKind,
    name: &str,
) -> Result<(), Error> {
    let router = find(tx, key).await?;
    let input = Fingerprint::of("router_profile.forget", &[&router.id, &kind, &name]);
    if once(tx, context, input, router.id.uuid()).await? != Once::First {
        return Ok(());
    }
    if !tx.profile_wish_delete(router.id, kind, name).await? {
        return Err(Error::not_found(Thing::WishedProfile, name));
    }
    let facts = ProfileFacts::named(kind, name.to_owned());
    note(tx, context, "router_profile.forget", &router, Some(&facts), None).await
}

/// A profile has no identity of its own: its rows of the trail are the router's.
async fn note(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    router: &Router,
    before: Option<&ProfileFacts>,
    after: Option<&ProfileFacts>,
) -> Result<(), Error> {
    let picture = |facts: Option<&ProfileFacts>| {
        facts.map_or(Value::Null, |facts| {
            json!({
                "kind": facts.kind.name(),
                "name": facts.name,
                "rate_limit": facts.rate_limit,
                "remote_address": facts.remote_address,
            })
        })
    };
    let act = Act { action, subject_kind: "router", subject: router.id.uuid() };
    let record = Record::new(context, act, picture(before), picture(after));
    Ok(tx.audit_append(&[record]).await?)
}
