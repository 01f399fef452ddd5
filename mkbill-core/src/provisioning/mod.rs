//! What ought to be on each router, what is there, and the difference.

pub mod comment;
pub mod controller;
pub mod diff;
pub mod drift;
pub mod export;
pub mod import;
pub mod line;
pub mod numbering;
pub mod profile;
pub mod session;
pub mod store;
pub mod stranger;
pub mod subscriber;
pub(crate) mod timed;

use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::{LoginId, RouterId, SubscriptionId, VoucherId};
use crate::kernel::names::names;

use controller::LoginAdd;
use line::Line;

names! {
    /// The menu a login lives in.
    pub enum LoginKind "kind" {
        /// `/ip/hotspot/user`.
        Hotspot = "hotspot",
        /// `/ppp/secret`.
        Pppoe = "pppoe",
    }
}

/// For whom a login exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A voucher: the first login starts its clock, limits end it.
    Voucher(VoucherId),
    /// A subscription: its state opens and closes the login.
    Subscription(SubscriptionId),
}

impl Owner {
    /// The voucher, if it is one.
    pub const fn voucher(self) -> Option<VoucherId> {
        match self {
            Self::Voucher(voucher) => Some(voucher),
            Self::Subscription(_) => None,
        }
    }

    /// The subscription, if it is one.
    pub const fn subscription(self) -> Option<SubscriptionId> {
        match self {
            Self::Voucher(_) => None,
            Self::Subscription(subscription) => Some(subscription),
        }
    }
}

/// What a login on the router should say.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginSpec {
    /// Its password.
    pub password: String,
    /// Its router profile.
    pub profile: String,
    /// `limit-uptime`; absent means unlimited.
    pub limit_uptime: Option<SignedDuration>,
    /// `limit-bytes-total`; absent means unlimited.
    pub limit_bytes: Option<u64>,
    /// Who may use it, and which addresses it gets.
    pub line: Line,
    /// Its comment, which begins with our mark.
    pub comment: String,
}

impl std::fmt::Debug for LoginSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginSpec")
            .field("profile", &self.profile)
            .field("limit_uptime", &self.limit_uptime)
            .field("limit_bytes", &self.limit_bytes)
            .field("line", &self.line)
            .field("comment", &self.comment)
            .finish_non_exhaustive()
    }
}

/// Whether and how a login ought to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There, and usable.
    Enabled,
    /// There, but closed; nobody is online with it.
    Disabled,
    /// Gone, with its cookies and sessions.
    Absent,
}

impl Presence {
    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Absent => "absent",
        }
    }

    /// Reads a stored name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Enabled, Self::Disabled, Self::Absent].into_iter().find(|p| p.name() == name)
    }
}

/// How far the router has followed the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncState {
    /// The router does not know yet, or is not known to know.
    Pending {
        /// Tries that reached no acknowledgement.
        attempts: u32,
        /// Why the last try failed.
        last_error: Option<String>,
    },
    /// The router acknowledged.
    Applied {
        /// When.
        at: Timestamp,
    },
    /// The router refuses for a reason that does not pass by itself; a retry is an operator's choice.
    Blocked {
        /// Tries made.
        attempts: u32,
        /// What the router said and what to do.
        error: String,
    },
}

names! {
    /// How far a router has followed, without the facts of it.
    pub enum SyncName "sync" {
        /// It does not know yet.
        Pending = "pending",
        /// It acknowledged.
        Applied = "applied",
        /// It refuses.
        Blocked = "blocked",
    }
}

impl SyncState {
    /// Its name.
    pub const fn name(&self) -> SyncName {
        match self {
            Self::Pending { .. } => SyncName::Pending,
            Self::Applied { .. } => SyncName::Applied,
            Self::Blocked { .. } => SyncName::Blocked,
        }
    }
}

/// What was used of a login, added over resets of the router's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Time online that earlier incarnations of the router's counter showed.
    pub uptime_before: SignedDuration,
    /// The router's counter when last seen.
    pub uptime_seen: SignedDuration,
    /// Bytes that earlier incarnations showed.
    pub bytes_before: u64,
    /// The router's byte counter (both directions) when last seen.
    pub bytes_seen: u64,
}

impl Usage {
    /// Time online in all.
    pub fn uptime(self) -> SignedDuration {
        self.uptime_before.saturating_add(self.uptime_seen)
    }

    /// Bytes in all.
    pub fn bytes(self) -> u64 {
        self.bytes_before.saturating_add(self.bytes_seen)
    }

    /// Takes a new reading. A counter that went back was reset: what it had shown is kept.
    #[must_use]
    pub fn read(self, uptime: SignedDuration, bytes: u64) -> Self {
        let reset = uptime < self.uptime_seen || bytes < self.bytes_seen;
        let (uptime_before, bytes_before) = if reset {
            (self.uptime(), self.bytes())
        } else {
            (self.uptime_before, self.bytes_before)
        };
        Self { uptime_before, uptime_seen: uptime, bytes_before, bytes_seen: bytes }
    }

    /// The router's counters are gone with the object: what they showed is kept.
    #[must_use]
    pub fn object_lost(self) -> Self {
        self.read(SignedDuration::ZERO, 0)
    }
}

/// Who decides what the login says on the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Care {
    /// The books. What others change there is changed back.
    #[default]
    Books,
    /// The books, from the next pass on: whoever bears the name there without our mark is taken
    /// over, and marked.
    Adopting,
    /// A person. What differs is reported and left alone until the books are put in charge again,
    /// or the login ends.
    Manual,
}

impl Care {
    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Books => "books",
            Self::Adopting => "adopting",
            Self::Manual => "manual",
        }
    }

    /// Reads a stored name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Books, Self::Adopting, Self::Manual].into_iter().find(|care| care.name() == name)
    }
}

/// One login of the books on one router.
#[derive(Debug, Clone)]
pub struct Login {
    /// Identity.
    pub id: LoginId,
    /// On which router.
    pub router: RouterId,
    /// In which menu.
    pub kind: LoginKind,
    /// The name people type; unique per router and kind for ever.
    pub name: String,
    /// For whom it exists.
    pub owner: Owner,
    /// Whether it ought to exist. One that a person closed is at most [`Presence::Disabled`].
    pub presence: Presence,
    /// Did a person close it, whatever its owner is due?
    pub closed: bool,
    /// What it ought to say.
    pub spec: LoginSpec,
    /// Who decides what it says there.
    pub care: Care,
    /// Counts changes of what is wanted.
    pub revision: i64,
    /// How far the router has followed.
    pub sync: SyncState,
    /// Has the router ever acknowledged it? If not, an `add` goes out without looking first.
    pub ever_applied: bool,
    /// What was used.
    pub usage: Usage,
}

impl Login {
    /// Has the router acknowledged what is wanted now?
    pub fn is_applied(&self) -> bool {
        matches!(self.sync, SyncState::Applied { .. })
    }

    /// Has the router never heard of it, so that it is added without looking first?
    pub fn is_fresh(&self) -> bool {
        let is_pending = matches!(self.sync, SyncState::Pending { .. });
        let is_open = self.presence == Presence::Enabled && self.care == Care::Books;
        is_pending && is_open && !self.ever_applied
    }

    /// Does it wait for a person? What has to be cut off never does.
    pub fn is_held(&self) -> bool {
        matches!(self.sync, SyncState::Blocked { .. }) && self.presence == Presence::Enabled
    }

    /// Is it left to a person what the router says of it? One that ended never is.
    pub fn is_left_alone(&self) -> bool {
        self.care == Care::Manual && self.presence != Presence::Absent
    }

    /// The `add` that would make it.
    pub fn to_add(&self) -> LoginAdd {
        let (limit_uptime, limit_bytes) = self.router_limits();
        LoginAdd {
            login: self.id,
            kind: self.kind,
            name: self.name.clone(),
            password: self.spec.password.clone(),
            profile: self.spec.profile.clone(),
            limit_uptime,
            limit_bytes,
            line: self.spec.line.clone(),
            comment: self.spec.comment.clone(),
        }
    }

    /// What the router should be told now: its counters start at zero again when the object is
    /// added anew, so what was used before is taken off its limits.
    pub fn router_limits(&self) -> (Option<SignedDuration>, Option<u64>) {
        let uptime = self.spec.limit_uptime.map(|limit| {
            limit.saturating_sub(self.usage.uptime_before).max(SignedDuration::from_secs(1))
        });
        let bytes =
            self.spec.limit_bytes.map(|limit| limit.saturating_sub(self.usage.bytes_before).max(1));
        (uptime, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_goes_back_adds_to_what_was_used_before() {
        let hours = SignedDuration::from_hours;
        let usage = Usage::default().read(hours(2), 100).read(hours(3), 150);
        assert_eq!((usage.uptime(), usage.bytes()), (hours(3), 150));
        let after_reset = usage.read(hours(1), 10);
        assert_eq!((after_reset.uptime(), after_reset.bytes()), (hours(4), 160));
        assert_eq!(after_reset.object_lost().uptime(), hours(4));
        assert_eq!(after_reset.object_lost().object_lost().bytes(), 160);
    }
}
