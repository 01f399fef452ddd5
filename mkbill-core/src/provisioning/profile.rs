//! Router profiles: what users of one sort have in common on a router, such as their speed.

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::RouterId;
use crate::kernel::language::said;
use crate::kernel::wrong::Wrong;
use crate::router::Router;
use crate::store::Tx;

use super::{LoginKind, SyncName};

const TEXT_CHARS_MAX: usize = 100;
const SPAN_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);

/// A profile as it stands on the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileFacts {
    /// For which kind of logins.
    pub kind: LoginKind,
    /// Its name, by which logins refer to it.
    pub name: String,
    /// The speed in its shortest form: `upload/download`, then burst, threshold, time and priority.
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

/// A profile that a router ought to have. What is absent in its facts is left as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileWish {
    /// On which router.
    pub router: RouterId,
    /// What it ought to say.
    pub facts: ProfileFacts,
    /// How far the router has followed.
    pub sync: SyncName,
    /// Why it has not.
    pub last_error: Option<String>,
    /// When it was written last.
    pub updated_at: Timestamp,
}

impl ProfileWish {
    /// Does a profile say what is wished?
    pub fn is_met_by(&self, shown: &ProfileFacts) -> bool {
        fn met<T: PartialEq>(wished: Option<&T>, shown: Option<&T>) -> bool {
            wished.is_none() || wished == shown
        }
        let wished = &self.facts;
        (wished.kind, &wished.name) == (shown.kind, &shown.name)
            && met(wished.rate_limit.as_ref(), shown.rate_limit.as_ref())
            && met(wished.session_timeout.as_ref(), shown.session_timeout.as_ref())
            && met(wished.idle_timeout.as_ref(), shown.idle_timeout.as_ref())
            && met(wished.remote_address.as_ref(), shown.remote_address.as_ref())
            && met(wished.local_address.as_ref(), shown.local_address.as_ref())
            && met(wished.address_list.as_ref(), shown.address_list.as_ref())
            && met(wished.sessions_max.as_ref(), shown.sessions_max.as_ref())
    }

    /// Is it to be sent to a router that shows these profiles? One that was refused waits for a person.
    pub fn is_to_be_sent(&self, shown: &[ProfileFacts]) -> bool {
        self.sync != SyncName::Blocked && !shown.iter().any(|shown| self.is_met_by(shown))
    }
}

impl ProfileFacts {
    /// A profile of which nothing is said but its name.
    pub const fn named(kind: LoginKind, name: String) -> Self {
        Self {
            kind,
            name,
            rate_limit: None,
            session_timeout: None,
            idle_timeout: None,
            remote_address: None,
            local_address: None,
            address_list: None,
            sessions_max: None,
        }
    }

    /// Checks what a person wishes.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names the field that is out of bounds.
    pub fn checked(self) -> Result<Self, Error> {
        let texts = [
            ("name", Some(&self.name)),
            ("remote_address", self.remote_address.as_ref()),
            ("local_address", self.local_address.as_ref()),
            ("address_list", self.address_list.as_ref()),
        ];
        for (field, text) in texts {
            let is_plain = |text: &String| {
                let fits = (1..=TEXT_CHARS_MAX).contains(&text.chars().count());
                fits && text.trim() == text && !text.chars().any(char::is_control)
            };
            if !text.is_none_or(is_plain) {
                let allowed = Wrong::Visible { most: TEXT_CHARS_MAX };
                return Err(Error::invalid(field, allowed));
            }
        }
        let second = SignedDuration::from_secs(1);
        let spans =
            [("session_timeout", self.session_timeout), ("idle_timeout", self.idle_timeout)];
        for (field, span) in spans {
            if span.is_some_and(|span| span < second || span > SPAN_MAX) {
                return Err(Error::invalid(
                    field,
                    said!("use one second to one year", "gunakan satu detik sampai satu tahun"),
                ));
            }
        }
        match (self.kind, self.sessions_max) {
            (_, Some(0)) => {
                Err(Error::invalid("sessions_max", said!("use 1 and more", "gunakan 1 atau lebih")))
            }
            (LoginKind::Pppoe, Some(2..)) => Err(Error::invalid(
                "sessions_max",
                said!(
                    "a PPPoE profile allows one session, or any",
                    "profil PPPoE mengizinkan satu sesi, atau tanpa batas"
                ),
            )),
            (LoginKind::Hotspot, _) if self.local_address.is_some() => Err(Error::invalid(
                "local_address",
                said!("only a PPPoE profile has it", "hanya profil PPPoE yang memilikinya"),
            )),
            _ => Ok(self),
        }
    }
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

    fn indonesian(&self) -> String {
        match self {
            Self::Missing { router, kind, profile, known } => format!(
                "router {router} tidak punya profil {kind} `{profile}`: buat di sana, atau pilih paket dengan salah satu dari: {known}"
            ),
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
    fn a_wish_is_met_by_a_profile_that_says_more() {
        let router = RouterId::from_uuid(uuid::Uuid::nil());
        let wish = |sync| ProfileWish {
            router,
            facts: facts(LoginKind::Pppoe, "home", "1M/2M"),
            sync,
            last_error: None,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let pending = wish(SyncName::Pending);
        let more = ProfileFacts { address_list: Some("x".to_owned()), ..pending.facts.clone() };
        assert!(pending.is_met_by(&more) && !pending.is_to_be_sent(std::slice::from_ref(&more)));
        let other = facts(LoginKind::Pppoe, "home", "5M/10M");
        assert!(wish(SyncName::Applied).is_to_be_sent(std::slice::from_ref(&other)));
        assert!(!wish(SyncName::Blocked).is_to_be_sent(&[other]));
        assert!(pending.is_to_be_sent(&[facts(LoginKind::Hotspot, "home", "1M/2M")]));
    }

    #[test]
    fn a_wish_that_no_router_would_take_is_refused() {
        let hotspot = ProfileFacts::named(LoginKind::Hotspot, "fast".to_owned());
        let local = Some("10.0.0.1".to_owned());
        assert!(hotspot.clone().checked().is_ok());
        assert!(ProfileFacts { local_address: local, ..hotspot.clone() }.checked().is_err());
        assert!(ProfileFacts { sessions_max: Some(0), ..hotspot.clone() }.checked().is_err());
        let idle_timeout = Some(SignedDuration::ZERO);
        assert!(ProfileFacts { idle_timeout, ..hotspot }.checked().is_err());
        let pppoe = ProfileFacts::named(LoginKind::Pppoe, " fast".to_owned());
        assert!(pppoe.clone().checked().is_err());
        let two = ProfileFacts { name: "fast".to_owned(), sessions_max: Some(2), ..pppoe };
        assert!(two.checked().is_err());
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
