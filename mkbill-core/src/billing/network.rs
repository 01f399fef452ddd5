//! Use cases around what routers do now: who is online, what was used, and where router and books
//! disagree.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::caller::Caller;
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{LoginId, RouterId};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::provisioning::Login;
use crate::provisioning::comment::OwnMark;
use crate::provisioning::diff::{Diff, diff};
use crate::provisioning::drift::FoundDrift;
use crate::provisioning::session::Session;
use crate::provisioning::store::{SessionFilter, SessionSort, UsageDay};
use crate::router::Router;
use crate::router::health::Outage;
use crate::router::sample::{Sample, SampleSpan};
use crate::router::store::OutageSort;
use crate::router::traffic::{Interface, InterfaceDay};
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::voucher::issue::wake_router;

use super::routers::{find, find_or_removed, unavailable};
use super::{Billing, Reader};

/// What a pass over a router would do now.
#[derive(Debug, Clone)]
pub struct RouterPlan {
    /// The router.
    pub router: Router,
    /// What would be changed, in its order.
    pub diff: Diff,
    /// The logins that are spoken of.
    pub logins: Vec<Login>,
}

impl Billing {
    /// Has the worker bring a router in step as soon as it can.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such router.
    pub async fn apply_router(&self, caller: &Caller, key: &str) -> Result<Router, Error> {
        let context = self.permitted(caller, Permission::RoutersSync)?;
        transact!(self.store(), caller.mode, |tx| ask_for_look(tx, context, key).await)
    }
}

/// Wants a router to be looked at and brought in step, and wakes whoever does that.
pub(super) async fn ask_for_look(
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
) -> Result<Router, Error> {
    let router = find(tx, key).await?;
    tx.router_look_ask(router.id, context.now).await?;
    wake_router(tx, context, router.id).await?;
    Ok(router)
}

impl Reader {
    /// Sessions; newest first if asked for in no order. Those that go on are as the last look saw them.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn sessions(
        &self,
        filter: &SessionFilter,
        page: PageRequest<SessionSort>,
    ) -> Result<Page<Session>, Error> {
        reading!(self.store(), |tx| tx.session_page(filter, page).await)
    }

    /// What a login used on each business date of a span, both ends included; dates without use are
    /// left out.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such login.
    pub async fn usage(
        &self,
        login: LoginId,
        from: Date,
        to: Date,
    ) -> Result<Vec<UsageDay>, Error> {
        reading!(self.store(), |tx| {
            let known = tx.login_by_id(login).await?;
            let known = known.ok_or_else(|| Error::not_found(Thing::Login, login))?;
            Ok::<_, Error>(tx.usage_days(known.id, from, to).await?)
        })
    }

    /// When routers were away, all or the one that is named; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such router.
    pub async fn outages(
        &self,
        router: Option<&str>,
        page: PageRequest<OutageSort>,
    ) -> Result<Page<Outage>, Error> {
        reading!(self.store(), |tx| {
            let id: Option<RouterId> = match router {
                Some(key) => Some(find_or_removed(tx, key).await?.id),
                None => None,
            };
            Ok::<_, Error>(tx.outage_page(id, page).await?)
        })
    }

    /// The interfaces that a router had at its last complete look, by name, but for those that come
    /// and go with sessions.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such router.
    pub async fn interfaces(&self, router: &str) -> Result<Vec<Interface>, Error> {
        reading!(self.store(), |tx| {
            let router = find(tx, router).await?;
            Ok::<_, Error>(tx.interfaces(router.id).await?)
        })
    }

    /// What moved through an interface on each business date of a span, both ends included; dates on
    /// which nothing moved are left out. One that is gone is still told of.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such router, or if it has no such interface and nothing is
    /// known of one in that span.
    pub async fn interface_days(
        &self,
        router: &str,
        name: &str,
        from: Date,
        to: Date,
    ) -> Result<Vec<InterfaceDay>, Error> {
        reading!(self.store(), |tx| {
            let router = find(tx, router).await?;
            let days = tx.interface_days(router.id, name, from, to).await?;
            let is_known = !days.is_empty()
                || tx.interfaces(router.id).await?.iter().any(|known| known.name == name);
            if is_known { Ok(days) } else { Err(Error::not_found(Thing::Interface, name)) }
        })
    }

    /// How a router fared in a span of time: its samples in order, at most one in five minutes.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such router; [`Error::Invalid`] names `from` if the span is
    /// longer than 31 days or backwards.
    pub async fn vitals(
        &self,
        router: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Sample>, Error> {
        let span = SampleSpan::new(from, to)?;
        reading!(self.store(), |tx| {
            let router = find(tx, router).await?;
            Ok::<_, Error>(tx.samples(router.id, span).await?)
        })
    }

    /// Where a router and the books disagreed when it was last looked at, by kind and name.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such router.
    pub async fn drift(&self, router: &str) -> Result<Vec<FoundDrift>, Error> {
        reading!(self.store(), |tx| {
            let router = find(tx, router).await?;
            Ok::<_, Error>(tx.drifts(router.id).await?)
        })
    }

    /// Looks at a router now and says what a pass would change, without changing anything there or in
    /// the books.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the router cannot be looked at.
    pub async fn plan_router(&self, key: &str) -> Result<RouterPlan, Error> {
        let router = self.router(key).await?;
        let target = self.target(&router)?;
        let observed = self.parts().controller.observe(&target).await.map_err(unavailable)?;
        let logins = self.wanted(&router, &observed, None).await?;
        let mut diff = diff(&logins, &observed, &OwnMark);
        let held: HashSet<LoginId> =
            logins.iter().filter(|login| login.is_held()).map(|login| login.id).collect();
        diff.retain(|login| !held.contains(&login));
        Ok(RouterPlan { router, diff, logins })
    }
}
