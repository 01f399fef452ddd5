//! Routers at rest.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::ids::{OutageId, RouterId};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::health::Outage;
use super::sample::{Sample, SampleSpan};
use super::traffic::{Interface, InterfaceDay, Traffic};
use super::{Router, RouterHealth, RouterName, RouterUse};

/// The most routers one installation may have.
pub const ROUTERS_MAX: i64 = 1_000;

sorts! {
    /// What outages may be sorted by.
    pub OutageSort of "outages", descending Created {
        /// When they were noted.
        Created = "created": Identity,
    }
}

/// Keeps routers.
#[async_trait]
pub trait RouterStore: Send {
    /// Adds one; `false` if the name is taken.
    async fn router_insert(&mut self, router: &Router) -> Result<bool, StoreError>;
    /// One by identity, removed or not.
    async fn router_by_id(&mut self, id: RouterId) -> Result<Option<Router>, StoreError>;
    /// One that is not removed, which stays so until this unit of work ends. Whatever is made for a
    /// router holds it first.
    async fn router_hold(&mut self, id: RouterId) -> Result<Option<Router>, StoreError>;
    /// One that is not removed, locked so that no other unit of work changes or holds it.
    async fn router_lock(&mut self, id: RouterId) -> Result<Option<Router>, StoreError>;
    /// The one with this name that is not removed.
    async fn router_by_name(&mut self, name: &RouterName) -> Result<Option<Router>, StoreError>;
    /// Writes name, address, security, user and password of a locked one.
    async fn router_replace(&mut self, router: &Router) -> Result<(), StoreError>;
    /// How many logins still need one.
    async fn router_use(&mut self, id: RouterId) -> Result<RouterUse, StoreError>;
    /// Notes that a locked one is removed. Its name is free; who asks by identity still reads it.
    async fn router_remove(&mut self, id: RouterId, at: Timestamp) -> Result<(), StoreError>;
    /// All that are not removed, by name, at most [`ROUTERS_MAX`].
    async fn router_list(&mut self) -> Result<Vec<Router>, StoreError>;
    /// Writes what was learnt of its health.
    async fn router_health_set(
        &mut self,
        id: RouterId,
        health: &RouterHealth,
    ) -> Result<(), StoreError>;
    /// Notes that somebody wants a router looked at.
    async fn router_look_ask(&mut self, id: RouterId, at: Timestamp) -> Result<(), StoreError>;
    /// Notes that a router cannot be worked with: an outage begins, or the one that lasts has another
    /// cause. Answers whether it began now.
    async fn outage_note(
        &mut self,
        id: OutageId,
        router: RouterId,
        at: Timestamp,
        error: &str,
    ) -> Result<bool, StoreError>;
    /// Ends the outage of a router, if one lasts; answers since when it lasted.
    async fn outage_end(
        &mut self,
        router: RouterId,
        at: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;
    /// A page of outages, of one router or of all.
    async fn outage_page(
        &mut self,
        router: Option<RouterId>,
        page: PageRequest<OutageSort>,
    ) -> Result<Page<Outage>, StoreError>;
}

/// Keeps the interfaces of routers, and what moved through them.
#[async_trait]
pub trait InterfaceStore: Send {
    /// All of a router, by name.
    async fn interfaces(&mut self, router: RouterId) -> Result<Vec<Interface>, StoreError>;
    /// Writes some, over what was known of them.
    async fn interfaces_write(&mut self, interfaces: &[Interface]) -> Result<(), StoreError>;
    /// Forgets some; what moved through them on past days is kept.
    async fn interfaces_forget(
        &mut self,
        router: RouterId,
        names: &[String],
    ) -> Result<(), StoreError>;
    /// Adds to what moved through interfaces of a router on a day.
    async fn interface_days_add(
        &mut self,
        router: RouterId,
        day: Date,
        moved: &[(String, Traffic)],
    ) -> Result<(), StoreError>;
    /// What moved through an interface on each day of a span on which anything did, in order.
    async fn interface_days(
        &mut self,
        router: RouterId,
        name: &str,
        from: Date,
        to: Date,
    ) -> Result<Vec<InterfaceDay>, StoreError>;
    /// Forgets what moved before a day; answers how many rows.
    async fn interface_days_forget(&mut self, before: Date) -> Result<u64, StoreError>;
}

/// Keeps how routers fared over time.
#[async_trait]
pub trait SampleStore: Send {
    /// Adds one, unless there is one of the same instant.
    async fn sample_insert(&mut self, router: RouterId, sample: &Sample) -> Result<(), StoreError>;
    /// Those of a router in a span, in order, at most [`SAMPLES_MAX`](super::sample::SAMPLES_MAX).
    async fn samples(
        &mut self,
        router: RouterId,
        span: SampleSpan,
    ) -> Result<Vec<Sample>, StoreError>;
    /// Forgets those of before an instant; answers how many.
    async fn samples_forget(&mut self, before: Timestamp) -> Result<u64, StoreError>;
}
