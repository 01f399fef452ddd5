//! Where a router and the books disagreed when it was last looked at.

use jiff::Timestamp;

use crate::kernel::ids::{LoginId, RouterId};
use crate::kernel::names::names;

use super::LoginKind;
use super::diff::{Drift, DriftKind};

names! {
    /// How they disagreed.
    pub enum DriftName "what" {
        /// A user is gone from the router.
        Missing = "missing",
        /// Fields of a user were changed.
        Changed = "changed",
        /// A user stands there without our mark.
        Unmarked = "unmarked",
        /// A user bears our mark that no login accounts for.
        Orphan = "orphan",
        /// Somebody was online with a login that was closed or removed.
        StillOnline = "still_online",
    }
}

/// Where a router and the books disagreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDrift {
    /// On which router.
    pub router: RouterId,
    /// In which menu.
    pub kind: LoginKind,
    /// The name on the router.
    pub name: String,
    /// How.
    pub what: DriftName,
    /// The fields that were changed, by their names on the router.
    pub fields: Vec<String>,
    /// Which login of the books.
    pub login: Option<LoginId>,
    /// When it was first found.
    pub found_at: Timestamp,
}

impl FoundDrift {
    fn of(router: RouterId, drift: &Drift, now: Timestamp) -> Self {
        let (what, fields) = match &drift.kind {
            DriftKind::Missing => (DriftName::Missing, &[][..]),
            DriftKind::Changed(fields) => (DriftName::Changed, fields.as_slice()),
            DriftKind::Unmarked => (DriftName::Unmarked, &[][..]),
            DriftKind::Orphan => (DriftName::Orphan, &[][..]),
            DriftKind::StillOnline => (DriftName::StillOnline, &[][..]),
        };
        Self {
            router,
            kind: drift.menu,
            name: drift.name.clone(),
            what,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            login: drift.login,
            found_at: now,
        }
    }

    fn is_about_the_same(&self, other: &Self) -> bool {
        (self.kind, &self.name, self.what) == (other.kind, &other.name, other.what)
    }
}

/// What a look changes of the drift that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DriftNews {
    /// What is found for the first time, or otherwise than before.
    pub found: Vec<FoundDrift>,
    /// What is not there any more.
    pub gone: Vec<FoundDrift>,
}

/// Compares the drift that is known with what a complete look found.
pub fn news(router: RouterId, known: &[FoundDrift], drift: &[Drift], now: Timestamp) -> DriftNews {
    let found: Vec<FoundDrift> =
        drift.iter().map(|drift| FoundDrift::of(router, drift, now)).collect();
    let earlier = |new: &FoundDrift| known.iter().find(|old| old.is_about_the_same(new));
    let is_new = |new: &&FoundDrift| earlier(new).is_none_or(|old| old.fields != new.fields);
    let gone = known.iter().filter(|old| !found.iter().any(|new| new.is_about_the_same(old)));
    DriftNews {
        gone: gone.cloned().collect(),
        found: found.iter().filter(is_new).cloned().collect(),
    }
}
