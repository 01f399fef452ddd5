//! Sessions over many looks: who came, who stayed, who went, and what each used since.
//!
//! A router counts a session from zero and forgets it when it ends; its own counters are lost when it
//! restarts. What is added up here is never counted twice: a session is known again by how long it has
//! run on the router's own time, and of one that is known only what came since the last look counts.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::{LoginId, RouterId, SessionId};
use crate::router::moment::{Interval, counted};

use super::LoginKind;
use super::controller::ObservedSession;

/// Times on routers are whole seconds, and a session may be read a moment after the router's own time.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// Somebody's time online.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Identity.
    pub id: SessionId,
    /// On which router.
    pub router: RouterId,
    /// In which menu its login lives.
    pub kind: LoginKind,
    /// The name that signed in.
    pub name: String,
    /// The login of the books; `None` for somebody whom the books do not know.
    pub login: Option<LoginId>,
    /// The device, or whatever called.
    pub device: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// How it came in.
    pub via: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was last seen.
    pub seen_at: Timestamp,
    /// By when it had ended.
    pub ended_at: Option<Timestamp>,
    /// How long it had run when it was last seen.
    pub uptime: SignedDuration,
    /// Bytes from the customer.
    pub bytes_in: u64,
    /// Bytes to the customer.
    pub bytes_out: u64,
    /// What the router's counters showed when it was last seen.
    pub counters: (u64, u64),
}

/// What was used since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Time online.
    pub uptime: SignedDuration,
    /// Bytes from the customer.
    pub bytes_in: u64,
    /// Bytes to the customer.
    pub bytes_out: u64,
}

impl Used {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            uptime: self.uptime.saturating_add(other.uptime),
            bytes_in: self.bytes_in.saturating_add(other.bytes_in),
            bytes_out: self.bytes_out.saturating_add(other.bytes_out),
        }
    }
}

/// A complete look, and the one before it.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Of which router.
    pub router: RouterId,
    /// When, and when it was looked at before.
    pub times: Interval,
    /// All sessions it shows.
    pub shown: &'a [ObservedSession],
}

/// What a look showed of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Followed {
    /// Those that began.
    pub started: Vec<Session>,
    /// Those that went on.
    pub went_on: Vec<Session>,
    /// Those that are over.
    pub ended: Vec<Session>,
    /// What each login of the books used since the last look.
    pub used: Vec<(LoginId, Used)>,
}

type Key<'a> = (LoginKind, &'a str, Option<&'a str>, Option<&'a str>);

fn key_of(session: &Session) -> Key<'_> {
    (session.kind, &session.name, session.device.as_deref(), session.address.as_deref())
}

fn key_shown(session: &ObservedSession) -> Key<'_> {
    (session.kind, &session.user, session.device.as_deref(), session.address.as_deref())
}

/// Compares the open sessions that are known with a complete look. `login_of` knows the logins of the
/// books, `new_id` gives identities.
pub fn follow(
    known: &[Session],
    look: Look<'_>,
    login_of: impl Fn(LoginKind, &str) -> Option<LoginId>,
    mut new_id: impl FnMut() -> SessionId,
) -> Followed {
    let elapsed = look.times.elapsed();
    let mut open: HashMap<Key<'_>, Vec<&Session>> = HashMap::with_capacity(known.len());
    for session in known {
        open.entry(key_of(session)).or_default().push(session);
    }
    let mut used: HashMap<LoginId, Used> = HashMap::new();
    let mut followed = Followed::default();
    for shown in look.shown {
        let candidates = open.get_mut(&key_shown(shown));
        let same = candidates.and_then(|candidates| take_same(candidates, shown, look, elapsed));
        let (session, since) = match same {
            Some(session) => go_on(session, shown, look),
            None => begin(shown, look, login_of(shown.kind, &shown.user), new_id()),
        };
        if let Some(login) = session.login {
            let sum = used.entry(login).or_default();
            *sum = sum.and(since);
        }
        if same.is_some() { &mut followed.went_on } else { &mut followed.started }.push(session);
    }
    let over = open.into_values().flatten();
    followed.ended = over.map(|session| end(session, look)).collect();
    followed.ended.sort_by_key(|session| session.id);
    followed.used = used.into_iter().collect();
    followed.used.sort_by_key(|(login, _)| *login);
    followed
}

/// The known session that `shown` is: one that has run as long as it would have by now.
fn take_same<'a>(
    candidates: &mut Vec<&'a Session>,
    shown: &ObservedSession,
    look: Look<'_>,
    elapsed: Option<SignedDuration>,
) -> Option<&'a Session> {
    let elapsed = elapsed?;
    let slack = SLACK.saturating_add(look.times.took).saturating_add(look.times.took);
    let is_same = |session: &&Session| {
        let expected = session.uptime.saturating_add(elapsed);
        shown.uptime.saturating_add(slack) >= expected
    };
    let index = candidates.iter().position(is_same)?;
    Some(candidates.swap_remove(index))
}

fn go_on(session: &Session, shown: &ObservedSession, look: Look<'_>) -> (Session, Used) {
    let used = Used {
        uptime: shown.uptime.saturating_sub(session.uptime).max(SignedDuration::ZERO),
        bytes_in: counted(session.counters.0, shown.bytes_in),
        bytes_out: counted(session.counters.1, shown.bytes_out),
    };
    let now = Session {
        seen_at: look.times.now.at,
        uptime: shown.uptime.max(session.uptime),
        bytes_in: session.bytes_in.saturating_add(used.bytes_in),
        bytes_out: session.bytes_out.saturating_add(used.bytes_out),
        counters: (shown.bytes_in, shown.bytes_out),
        ..session.clone()
    };
    (now, used)
}

fn begin(
    shown: &ObservedSession,
    look: Look<'_>,
    login: Option<LoginId>,
    id: SessionId,
) -> (Session, Used) {
    let (bytes_in, bytes_out) = (shown.bytes_in, shown.bytes_out);
    let session = Session {
        id,
        router: look.router,
        kind: shown.kind,
        name: shown.user.clone(),
        login,
        device: shown.device.clone(),
        address: shown.address.clone(),
        via: shown.via.clone(),
        started_at: look.times.now.at.checked_sub(shown.uptime).unwrap_or(look.times.now.at),
        seen_at: look.times.now.at,
        ended_at: None,
        uptime: shown.uptime,
        bytes_in,
        bytes_out,
        counters: (bytes_in, bytes_out),
    };
    (session, Used { uptime: shown.uptime, bytes_in, bytes_out })
}

fn end(session: &Session, look: Look<'_>) -> Session {
    Session { ended_at: Some(look.times.now.at.max(session.seen_at)), ..session.clone() }
}

#[cfg(test)]
mod tests;
