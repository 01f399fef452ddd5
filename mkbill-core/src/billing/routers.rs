//! Use cases around routers.

use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::RouterId;
use crate::kernel::language::said;
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::provisioning::controller::{
    AccessFinding, AccessVerdict, RouterFacts, RouterFault, Target,
};
use crate::provisioning::profile::RouterProfile;
use crate::provisioning::stranger::Stranger;
use crate::request::{Once, once};
use crate::router::store::ROUTERS_MAX;
use crate::router::{
    LinkSecurity, NewRouter, Router, RouterHealth, RouterName, Trust, checked_username,
};
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::voucher::issue::wake_router;

use super::{Billing, Reader};

impl Billing {
    /// Adds a router and asks the worker to look at it. Its password is sealed before it is stored.
    ///
    /// Refuses a name that is taken. Does not talk to the router: see [`check_router`](super::Reader::check_router).
    pub async fn add_router(&self, caller: &Caller, request: NewRouter) -> Result<Router, Error> {
        let username = checked_username(request.username.clone())?;
        self.parts().controller.check_security(&request.security)?;
        let context = self.permitted(caller, Permission::RoutersEdit)?;
        let id = RouterId::new(context.now, context.entropy);
        let purpose = Router::secret_purpose(id);
        let router = Router {
            id,
            name: request.name.clone(),
            address: request.address.clone(),
            security: request.security.clone(),
            username,
            password: self.parts().master_key.seal(&request.password, &purpose, context.entropy),
            health: RouterHealth::default(),
            created_at: context.now,
            removed_at: None,
        };
        let secret = crate::apikey::digest(&request.password);
        let input = Fingerprint::of(
            "router.add",
            &[&request.name, &request.address, &request.security, &request.username, &secret],
        );
        let id =
            transact!(self.store(), caller.mode, |tx| insert(tx, context, &router, input).await)?;
        if id == router.id { Ok(router) } else { self.router_or_removed(&id.to_string()).await }
    }
}

impl Reader {
    /// One router that is not removed, by name or identity.
    pub async fn router(&self, key: &str) -> Result<Router, Error> {
        reading!(self.store(), |tx| find(tx, key).await)
    }

    /// One router, by name or identity; one that was removed by identity only. For those who look
    /// back.
    pub async fn router_or_removed(&self, key: &str) -> Result<Router, Error> {
        reading!(self.store(), |tx| find_or_removed(tx, key).await)
    }

    /// All routers that are not removed, by name.
    pub async fn routers(&self) -> Result<Vec<Router>, Error> {
        reading!(self.store(), |tx| tx.router_list().await)
    }

    /// The profiles that a router has or had, by kind and name.
    pub async fn router_profiles(&self, key: &str) -> Result<Vec<RouterProfile>, Error> {
        reading!(self.store(), |tx| {
            let router = find(tx, key).await?;
            Ok::<_, Error>(tx.router_profiles(router.id).await?)
        })
    }

    /// Users and secrets that a router had at its last complete look and that are not ours, by kind
    /// and name.
    pub async fn strangers(&self, key: &str) -> Result<Vec<Stranger>, Error> {
        reading!(self.store(), |tx| {
            let router = find(tx, key).await?;
            Ok::<_, Error>(tx.strangers(router.id).await?)
        })
    }

    /// Signs in to a router now, asks it about itself, and looks whether our account there has what
    /// the engine needs and no more.
    pub async fn check_router(&self, key: &str) -> Result<RouterCheck, Error> {
        let router = self.router(key).await?;
        let target = self.target(&router)?;
        let controller = &self.parts().controller;
        let facts = controller.probe(&target).await.map_err(unavailable)?;
        let mut access = vec![link_finding(&router.security)];
        access.extend(controller.inspect(&target).await.map_err(unavailable)?);
        Ok(RouterCheck { facts, access })
    }

    pub(super) fn target(&self, router: &Router) -> Result<Target, Error> {
        Ok(Target {
            router: router.id,
            address: router.address.clone(),
            security: router.security.clone(),
            username: router.username.clone(),
            password: self
                .0
                .master_key
                .open(&router.password, &Router::secret_purpose(router.id))?,
        })
    }
}

/// What a check of a router showed.
#[derive(Debug, Clone)]
pub struct RouterCheck {
    /// What it says of itself.
    pub facts: RouterFacts,
    /// How our access to it stands.
    pub access: Vec<AccessFinding>,
}

fn link_finding(security: &LinkSecurity) -> AccessFinding {
    let (verdict, detail) = match security {
        LinkSecurity::Plain => (
            AccessVerdict::Advice,
            "the password crosses the network readable: use api-ssl and pin its certificate",
        ),
        LinkSecurity::Tls(Trust::AnyCertificate) => {
            (AccessVerdict::Advice, "any certificate is believed: pin the router's")
        }
        LinkSecurity::Tls(Trust::WebPki | Trust::Pin(_)) => {
            (AccessVerdict::Good, "encrypted, and the router proves who it is")
        }
    };
    AccessFinding { what: "connection", verdict, detail: detail.to_owned() }
}

pub(super) fn unavailable(fault: RouterFault) -> Error {
    Error::Unavailable { what: fault.said(), source: Box::new(fault) }
}

/// One that is not removed, by name or identity.
pub(super) async fn find(tx: &mut dyn Tx, key: &str) -> Result<Router, Error> {
    let found = find_or_removed(tx, key).await?;
    if found.removed_at.is_none() { Ok(found) } else { Err(Error::not_found(Thing::Router, key)) }
}

/// One by name or identity; one that was removed by identity only.
pub(super) async fn find_or_removed(tx: &mut dyn Tx, key: &str) -> Result<Router, Error> {
    let found = match key.parse::<RouterId>() {
        Ok(id) => tx.router_by_id(id).await?,
        Err(_) => match key.parse::<RouterName>() {
            Ok(name) => tx.router_by_name(&name).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| Error::not_found(Thing::Router, key))
}

pub(super) fn taken(name: &RouterName) -> Error {
    Error::conflict(
        Thing::Router,
        said!("the name `{name}` is taken", "nama `{name}` sudah dipakai"),
    )
}

/// What the trail keeps of a router; its password never enters there.
pub(super) fn picture(router: &Router) -> Value {
    json!({
        "name": router.name.as_str(),
        "address": router.address.to_string(),
        "security": router.security.name(),
        "username": router.username,
    })
}

async fn insert(
    tx: &mut dyn Tx,
    context: Context<'_>,
    router: &Router,
    input: Fingerprint,
) -> Result<RouterId, Error> {
    if let Once::Again(id) = once(tx, context, input, router.id.uuid()).await? {
        return Ok(RouterId::from_uuid(id));
    }
    let count = tx.router_list().await?.len();
    if i64::try_from(count).is_ok_and(|count| count >= ROUTERS_MAX) {
        return Err(Error::conflict(
            Thing::Router,
            said!(
                "there are {ROUTERS_MAX} already, the most allowed",
                "sudah ada {ROUTERS_MAX}, jumlah paling banyak yang diizinkan"
            ),
        ));
    }
    if !tx.router_insert(router).await? {
        return Err(taken(&router.name));
    }
    let act = Act { action: "router.add", subject_kind: "router", subject: router.id.uuid() };
    let record = Record::new(context, act, Value::Null, picture(router));
    tx.audit_append(&[record]).await?;
    wake_router(tx, context, router.id).await?;
    Ok(router.id)
}
