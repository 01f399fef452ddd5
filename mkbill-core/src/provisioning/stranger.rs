//! Users and secrets of a router that no login of the books accounts for.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::kernel::ids::RouterId;

use super::comment::is_ours;
use super::controller::{Mark, Observed};
use super::{Login, LoginKind};

/// The row that every hotspot has from the start.
const BUILT_IN: &str = "default-trial";

/// A user or a secret that is not ours. It is never changed, only known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// On which router.
    pub router: RouterId,
    /// In which menu.
    pub kind: LoginKind,
    /// Its name.
    pub name: String,
    /// Its router profile.
    pub profile: String,
    /// Its comment.
    pub comment: String,
    /// Closed?
    pub disabled: bool,
    /// Does it bear our mark? Then the books have lost it, or another database made it.
    pub marked: bool,
    /// When it was first seen.
    pub seen_at: Timestamp,
}

/// What a complete look changes of the strangers that are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StrangerNews {
    /// New ones and ones that changed.
    pub seen: Vec<Stranger>,
    /// Ones that are gone, or ours now.
    pub gone: Vec<Stranger>,
}

impl StrangerNews {
    /// Nothing changed?
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.gone.is_empty()
    }
}

/// Compares the strangers that are known with a complete look. `logins` are those of the router that
/// ought to be there, and those that ended and came back.
pub fn news(
    router: RouterId,
    known: &[Stranger],
    logins: &[Login],
    observed: &Observed,
    mark: &dyn Mark,
    now: Timestamp,
) -> StrangerNews {
    let ours: HashMap<(LoginKind, &str), &str> = logins
        .iter()
        .map(|login| ((login.kind, login.name.as_str()), login.spec.comment.as_str()))
        .collect();
    let before: HashMap<(LoginKind, &str), &Stranger> =
        known.iter().map(|known| ((known.kind, known.name.as_str()), known)).collect();
    let mut still = HashSet::new();
    let mut news = StrangerNews::default();
    for user in &observed.users {
        let name = (user.kind, user.name.as_str());
        let is_ours_now = ours.get(&name).is_some_and(|mine| mark.is_same(&user.comment, mine));
        if is_ours_now || user.name == BUILT_IN {
            continue;
        }
        let earlier = before.get(&name);
        let stranger = Stranger {
            router,
            kind: user.kind,
            name: user.name.clone(),
            profile: user.profile.clone(),
            comment: user.comment.clone(),
            disabled: user.disabled,
            marked: is_ours(&user.comment),
            seen_at: earlier.map_or(now, |earlier| earlier.seen_at),
        };
        if still.insert(name) && earlier.is_none_or(|earlier| **earlier != stranger) {
            news.seen.push(stranger);
        }
    }
    let is_gone = |known: &&Stranger| !still.contains(&(known.kind, known.name.as_str()));
    news.gone = known.iter().filter(is_gone).cloned().collect();
    news
}
