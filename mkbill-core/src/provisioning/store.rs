//! Logins at rest.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::ids::{BatchId, LoginId, RouterId, SubscriptionId};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::search::SearchText;
use crate::store::StoreError;

use super::drift::FoundDrift;
use super::export::ExportRow;
use super::line::Line;
use super::numbering::{LoginPrefix, Numbering};
use super::profile::{ProfileWish, RouterProfile};
use super::session::{Session, Used};
use super::stranger::Stranger;
use super::{Care, Login, LoginKind, LoginSpec, Presence, SyncName, Usage};

/// Which logins are wanted; an absent field does not restrict.
#[derive(Debug, Clone, Default)]
pub struct LoginFilter {
    /// On this router.
    pub router: Option<RouterId>,
    /// In this menu.
    pub kind: Option<LoginKind>,
    /// Of this subscription.
    pub subscription: Option<SubscriptionId>,
    /// With this very name.
    pub name: Option<String>,
    /// Whose router is so far.
    pub sync: Option<SyncName>,
    /// Only those of subscriptions.
    pub of_subscribers: bool,
    /// With this in their name.
    pub text: Option<SearchText>,
}

sorts! {
    /// What logins may be sorted by.
    pub LoginSort of "logins", descending Created {
        /// When they were made.
        Created = "created": Identity,
        /// Their name on the router.
        Name = "name": Text,
    }
}

/// Keeps what ought to be on routers.
#[async_trait]
pub trait LoginStore: Send {
    /// Adds many at once.
    async fn login_insert_all(&mut self, logins: &[Login]) -> Result<(), StoreError>;
    /// One by identity.
    async fn login_by_id(&mut self, id: LoginId) -> Result<Option<Login>, StoreError>;
    /// The same, locked until the transaction ends.
    async fn login_lock(&mut self, id: LoginId) -> Result<Option<Login>, StoreError>;
    /// The login of this name, whatever became of it: a name is never given twice in a menu.
    async fn login_by_name(
        &mut self,
        router: RouterId,
        kind: LoginKind,
        name: &str,
    ) -> Result<Option<Login>, StoreError>;
    /// The login that has a fixed address of a router, unless it is over.
    async fn login_by_address(
        &mut self,
        router: RouterId,
        address: &str,
    ) -> Result<Option<Login>, StoreError>;
    /// The newest login of a subscription; `None` if it has none (yet).
    async fn login_of_subscription(
        &mut self,
        subscription: SubscriptionId,
    ) -> Result<Option<Login>, StoreError>;
    /// Logins of a router that ought to exist, or whose last change the router has not acknowledged.
    async fn logins_live(&mut self, router: RouterId) -> Result<Vec<Login>, StoreError>;
    /// Logins the router has never heard of, in the order of making.
    async fn logins_fresh(
        &mut self,
        router: RouterId,
        limit: u32,
    ) -> Result<Vec<Login>, StoreError>;
    /// Logins that ought not to exist, by their names, in whichever menu.
    async fn logins_absent_named(
        &mut self,
        router: RouterId,
        names: &[String],
    ) -> Result<Vec<Login>, StoreError>;
    /// Is anything waiting that needs a look at the router first?
    async fn logins_need_look(&mut self, router: RouterId) -> Result<bool, StoreError>;
    /// Writes what is wanted of a login now; the router has to be told.
    async fn login_want(
        &mut self,
        id: LoginId,
        presence: Presence,
        spec: &LoginSpec,
    ) -> Result<(), StoreError>;
    /// A page.
    async fn login_page(
        &mut self,
        filter: &LoginFilter,
        page: PageRequest<LoginSort>,
    ) -> Result<Page<Login>, StoreError>;
    /// Writes password and line of a login; the router has to be told.
    async fn login_respec(
        &mut self,
        id: LoginId,
        password: &str,
        line: &Line,
    ) -> Result<(), StoreError>;
    /// Writes whether a person has closed a login; the router has to be told.
    async fn login_close(&mut self, id: LoginId, closed: bool) -> Result<(), StoreError>;
    /// Writes who decides what the router says of a login; the router has to be looked at.
    async fn login_care(&mut self, id: LoginId, care: Care) -> Result<(), StoreError>;
    /// Writes presence and router profile of many logins. What differs has to be told to its router;
    /// a login that says so already, applied or waiting, stays as it is. Answers the routers that
    /// have to be told, each once.
    async fn logins_serve(
        &mut self,
        wanted: &[(LoginId, Presence, String)],
    ) -> Result<Vec<RouterId>, StoreError>;
    /// Wants these logins gone.
    async fn logins_want_absent(&mut self, ids: &[LoginId]) -> Result<(), StoreError>;
    /// The router acknowledged these, each at the revision that was sent. A login that changed
    /// meanwhile stays pending.
    async fn logins_applied(
        &mut self,
        sent: &[(LoginId, i64)],
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// The router could not be worked with: a try for everything that waits for it.
    async fn logins_failed_on(&mut self, router: RouterId, error: &str) -> Result<(), StoreError>;
    /// The router refuses for good; only a retry by a person sends it again.
    async fn logins_blocked(&mut self, ids: &[LoginId], error: &str) -> Result<(), StoreError>;
    /// A person wants the logins of a batch tried again; answers how many were blocked.
    async fn logins_retry(&mut self, batch: BatchId) -> Result<u64, StoreError>;
    /// A person wants one login tried again; `false` if it was not blocked.
    async fn login_retry(&mut self, id: LoginId) -> Result<bool, StoreError>;
    /// Writes new readings of the router's counters.
    async fn logins_usage(&mut self, readings: &[(LoginId, Usage)]) -> Result<(), StoreError>;
}

/// Which logins are exported; an absent field does not restrict.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExportFilter {
    /// On this router.
    pub router: Option<RouterId>,
    /// In this menu.
    pub kind: Option<LoginKind>,
}

/// Reads subscribers' logins with what is beside them.
#[async_trait]
pub trait LoginExportStore: Send {
    /// At most `limit` that are not over, made after `after`, in the order of making.
    async fn login_export(
        &mut self,
        filter: ExportFilter,
        after: Option<LoginId>,
        limit: u32,
    ) -> Result<Vec<ExportRow>, StoreError>;
}

/// Keeps what profiles routers have.
#[async_trait]
pub trait ProfileStore: Send {
    /// All that a router has or had, by kind and name.
    async fn router_profiles(&mut self, router: RouterId)
    -> Result<Vec<RouterProfile>, StoreError>;
    /// The profiles that a router ought to have, by kind and name.
    async fn profile_wishes(&mut self, router: RouterId) -> Result<Vec<ProfileWish>, StoreError>;
    /// Writes wishes, over the ones of the same name.
    async fn profile_wishes_write(&mut self, wishes: &[ProfileWish]) -> Result<(), StoreError>;
    /// Takes a wish away; `false` if there is none.
    async fn profile_wish_delete(
        &mut self,
        router: RouterId,
        kind: LoginKind,
        name: &str,
    ) -> Result<bool, StoreError>;
    /// Writes some, over what was known of them.
    async fn router_profiles_write(&mut self, profiles: &[RouterProfile])
    -> Result<(), StoreError>;
}

/// Keeps how names are counted.
#[async_trait]
pub trait NumberingStore: Send {
    /// Writes a rule, over the one of its prefix if there is one.
    async fn numbering_put(&mut self, numbering: &Numbering) -> Result<(), StoreError>;
    /// The rule of a prefix; locked, so that no other unit of work counts at the same time.
    async fn numbering_lock(
        &mut self,
        prefix: &LoginPrefix,
    ) -> Result<Option<Numbering>, StoreError>;
    /// All rules, by prefix.
    async fn numberings(&mut self) -> Result<Vec<Numbering>, StoreError>;
    /// Takes a rule away; `false` if there is none.
    async fn numbering_delete(&mut self, prefix: &LoginPrefix) -> Result<bool, StoreError>;
    /// Raises the last number of a prefix, if there is such a rule and it is lower.
    async fn numbering_push(&mut self, prefix: &LoginPrefix, last: i64) -> Result<(), StoreError>;
}

/// Keeps what routers have that is not ours.
#[async_trait]
pub trait StrangerStore: Send {
    /// All of a router, by kind and name.
    async fn strangers(&mut self, router: RouterId) -> Result<Vec<Stranger>, StoreError>;
    /// One by its name.
    async fn stranger_named(
        &mut self,
        router: RouterId,
        kind: LoginKind,
        name: &str,
    ) -> Result<Option<Stranger>, StoreError>;
    /// Writes some, over what was known of them.
    async fn strangers_write(&mut self, strangers: &[Stranger]) -> Result<(), StoreError>;
    /// Forgets some.
    async fn strangers_forget(&mut self, strangers: &[Stranger]) -> Result<(), StoreError>;
}

/// Which sessions are wanted; an absent field does not restrict.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// On this router.
    pub router: Option<RouterId>,
    /// In this menu.
    pub kind: Option<LoginKind>,
    /// Of this login.
    pub login: Option<LoginId>,
    /// With this very name.
    pub name: Option<String>,
    /// Only those that go on.
    pub open: bool,
    /// Only of names that the books do not know.
    pub unknown: bool,
}

sorts! {
    /// What sessions may be sorted by.
    pub SessionSort of "sessions", descending Created {
        /// When they were first seen.
        Created = "created": Identity,
    }
}

/// What a login used on one business date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageDay {
    /// The date, by when it was seen.
    pub day: Date,
    /// What was used.
    pub used: Used,
}

/// Keeps sessions and what was used.
#[async_trait]
pub trait SessionStore: Send {
    /// All sessions of a router that go on.
    async fn sessions_open(&mut self, router: RouterId) -> Result<Vec<Session>, StoreError>;
    /// A page.
    async fn session_page(
        &mut self,
        filter: &SessionFilter,
        page: PageRequest<SessionSort>,
    ) -> Result<Page<Session>, StoreError>;
    /// Writes sessions, over what was known of them.
    async fn sessions_write(&mut self, sessions: &[Session]) -> Result<(), StoreError>;
    /// Adds to what logins used on a day.
    async fn usage_add(&mut self, day: Date, used: &[(LoginId, Used)]) -> Result<(), StoreError>;
    /// What a login used on each day of a span that has any, in order.
    async fn usage_days(
        &mut self,
        login: LoginId,
        from: Date,
        to: Date,
    ) -> Result<Vec<UsageDay>, StoreError>;
    /// Forgets at most `limit` sessions that ended before an instant; answers how many.
    async fn sessions_forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
    /// Forgets what was used before a day; answers how many rows.
    async fn usage_forget(&mut self, before: Date) -> Result<u64, StoreError>;
}

/// Keeps where routers and books disagreed when last looked at.
#[async_trait]
pub trait DriftStore: Send {
    /// All of a router, by kind and name.
    async fn drifts(&mut self, router: RouterId) -> Result<Vec<FoundDrift>, StoreError>;
    /// Writes some, over what was known of them.
    async fn drifts_write(&mut self, drifts: &[FoundDrift]) -> Result<(), StoreError>;
    /// Forgets some.
    async fn drifts_forget(&mut self, drifts: &[FoundDrift]) -> Result<(), StoreError>;
}
