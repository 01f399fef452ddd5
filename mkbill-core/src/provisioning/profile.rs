//! Router profiles: what users of one sort have in common on a router, such as their speed.

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::RouterId;
use crate::router::Router;
use crate::store::Tx;

use super::LoginKind;

/// A profile as it stands on the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileFacts {
    /// For which kind of logins.
    pub kind: LoginKind,
    /// Its name, by which logins refer to it.
    pub name: String,
    /// The speed, as the router writes it: `upload/download`, then burst.
    pub rate_limit: Option<String>,
    /// The longest single session.
    pub session_timeout: Option<SignedDuration>,
    /// A session that is silent for so long ends.
    pub idle_timeout: Option<SignedDuration>,
    /// The pool, or the address, that customers get.
    pub remote_address: Option<String>,
    /// The router's address in the tunnel; secrets only.
    pub local_address: Option<String>,
    /// The address list that sessions are entered in.
    pub address_list: Option<String>,
    /// How many sessions a login may have at once; `None` for no limit of the profile.
    pub sessions_max: Option<u32>,
}

/// A profile that a router has or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterProfile {
    /// On which router.
    pub router: RouterId,
    /// What it says, or said when it was last seen.
    pub facts: ProfileFacts,
    /// When it was first seen.
    pub seen_at: Timestamp,
    /// Since when complete looks do not show it any more.
    pub missing_since: Option<Timestamp>,
}

/// Why nothing can be sold on a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileRefusal {
    /// The router was looked at completely and has none of that name.
    #[error(
        "router {router} has no {kind} profile `{profile}`: create it there, or choose a plan with one of: {known}"
    )]
    Missing {
        /// The router's name.
        router: String,
        /// For which kind of logins.
        kind: LoginKind,
        /// What was asked for.
        profile: String,
        /// What is there.
        known: String,
    },
}

impl Refusal for ProfileRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "router_profile_missing",
        }
    }
}

/// Refuses a profile that a router is known to lack. A router that was never looked at completely
/// cannot be judged: its answer comes with the push.
///
/// # Errors
///
/// [`ProfileRefusal::Missing`].
pub async fn expect(
    tx: &mut dyn Tx,
    router: &Router,
    kind: LoginKind,
    profile: &str,
) -> Result<(), Error> {
    let known = tx.router_profiles(router.id).await?;
    let there = known.iter().filter(|known| known.missing_since.is_none());
    let names = there.filter(|known| known.facts.kind == kind).map(|known| &known.facts.name);
    let names: Vec<&str> = names.map(String::as_str).collect();
    if known.is_empty() || names.contains(&profile) {
        return Ok(());
    }
    let (router, profile, known) = (router.name.to_string(), profile.to_owned(), names.join(", "));
    Err(ProfileRefusal::Missing { router, kind, profile, known }.into())
}

/// What a complete look changes of what is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileNews {
    /// New ones, ones that changed, and ones that are back.
    pub seen: Vec<RouterProfile>,
    /// Ones that are gone.
    pub gone: Vec<RouterProfile>,
}

impl ProfileNews {
    /// Nothing changed?
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.gone.is_empty()
    }
}

/// Compares what is known with all that a router shows. Only a complete look may be given: what is
/// not in it is taken for gone.
pub fn news(
    router: RouterId,
    known: &[RouterProfile],
    shown: &[ProfileFacts],
    now: Timestamp,
) -> ProfileNews {
    let same = |a: &ProfileFacts, b: &ProfileFacts| (a.kind, &a.name) == (b.kind, &b.name);
    let seen = shown.iter().filter_map(|facts| {
        let before = known.iter().find(|profile| same(&profile.facts, facts));
        let is_old =
            |before: &&RouterProfile| before.facts == *facts && before.missing_since.is_none();
        let seen_at = before.map_or(now, |before| before.seen_at);
        let facts = facts.clone();
        let profile = RouterProfile { router, facts, seen_at, missing_since: None };
        (!before.as_ref().is_some_and(is_old)).then_some(profile)
    });
    let is_gone = |profile: &&RouterProfile| {
        let is_shown = shown.iter().any(|facts| same(&profile.facts, facts));
        profile.missing_since.is_none() && !is_shown
    };
    let gone = known.iter().filter(is_gone).cloned();
    ProfileNews {
        seen: seen.collect(),
        gone: gone.map(|profile| RouterProfile { missing_since: Some(now), ..profile }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: LoginKind, name: &str, rate_limit: &str) -> ProfileFacts {
        ProfileFacts {
            kind,
            name: name.to_owned(),
            rate_limit: Some(rate_limit.to_owned()),
            session_timeout: None,
            idle_timeout: None,
            remote_address: None,
            local_address: None,
            address_list: None,
            sessions_max: None,
        }
    }

    #[test]
    fn a_profile_comes_changes_goes_and_comes_back() {
        let router = RouterId::from_uuid(uuid::Uuid::nil());
        let at = |second| Timestamp::from_second(second).unwrap();
        let slow = facts(LoginKind::Pppoe, "home", "1M/2M");
        let hotspot = facts(LoginKind::Hotspot, "home", "1M/2M");
        let first = news(router, &[], &[slow.clone(), hotspot.clone()], at(1));
        assert_eq!((first.seen.len(), first.gone.len()), (2, 0));
        let known = first.seen;
        assert!(news(router, &known, &[hotspot.clone(), slow.clone()], at(2)).is_empty());
        let fast = facts(LoginKind::Pppoe, "home", "5M/10M");
        let changed = news(router, &known, &[fast.clone(), hotspot.clone()], at(3));
        assert_eq!((changed.seen[0].facts.clone(), changed.seen[0].seen_at), (fast, at(1)));
        let gone = news(router, &known, std::slice::from_ref(&hotspot), at(4)).gone;
        assert_eq!((gone.len(), gone[0].missing_since), (1, Some(at(4))));
        let known = [known[1].clone(), gone[0].clone()];
        assert!(news(router, &known, std::slice::from_ref(&hotspot), at(5)).is_empty());
        let back = news(router, &known, &[hotspot, slow], at(6)).seen;
        assert_eq!((back.len(), back[0].missing_since), (1, None));
    }
}
