//! Alerts and their rules at rest.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kernel::ids::{AlertId, RouterId};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::rule::{AlertRule, RuleName};
use super::{Alert, AlertStateName};

/// Which alerts are wanted; what is absent does not matter. Those that wait are listed only if asked
/// for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// In this state.
    pub state: Option<AlertStateName>,
    /// On this router.
    pub router: Option<RouterId>,
}

sorts! {
    /// What alerts may be sorted by.
    pub AlertSort of "alerts", descending Created {
        /// When they were first noted.
        Created = "created": Identity,
    }
}

/// What is counted for alerts, beside what routers say of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertTallies {
    /// Since when routers are away.
    pub away: Vec<(RouterId, Timestamp)>,
    /// In how many places routers and books disagree.
    pub drift: Vec<(RouterId, u64)>,
    /// How many interfaces of routers lost their link.
    pub unlinked: Vec<(RouterId, u64)>,
    /// How many logins routers refuse.
    pub blocked: Vec<(RouterId, u64)>,
    /// How many subscriptions wait for a person.
    pub in_trouble: u64,
}

/// Keeps alerts and their rules.
#[async_trait]
pub trait AlertStore: Send {
    /// All rules, by name.
    async fn alert_rules(&mut self) -> Result<Vec<AlertRule>, StoreError>;
    /// All rules, by name; nobody else looks at them for changes until the transaction ends.
    async fn alert_rules_lock(&mut self) -> Result<Vec<AlertRule>, StoreError>;
    /// Writes a rule, over the one of its name.
    async fn alert_rule_put(&mut self, rule: &AlertRule) -> Result<(), StoreError>;
    /// Takes a rule away; `false` if there was none.
    async fn alert_rule_delete(&mut self, name: &RuleName) -> Result<bool, StoreError>;
    /// Alerts that are not over, and those that ended after `since`.
    async fn alerts_current(&mut self, since: Timestamp) -> Result<Vec<Alert>, StoreError>;
    /// One by identity.
    async fn alert_by_id(&mut self, id: AlertId) -> Result<Option<Alert>, StoreError>;
    /// A page.
    async fn alert_page(
        &mut self,
        filter: AlertFilter,
        page: PageRequest<AlertSort>,
    ) -> Result<Page<Alert>, StoreError>;
    /// Writes a new alert (revision 0), or one that must still have the revision that was read.
    async fn alert_write(&mut self, alert: &Alert) -> Result<(), StoreError>;
    /// Forgets one that waited and passed.
    async fn alert_forget(&mut self, id: AlertId) -> Result<(), StoreError>;
    /// What is counted for alerts.
    async fn alert_tallies(&mut self) -> Result<AlertTallies, StoreError>;
    /// Forgets at most `limit` alerts that ended before an instant; answers how many.
    async fn alerts_forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
