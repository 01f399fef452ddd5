//! Learning from a look at a router: usage, first logins, what is over.

use std::collections::HashMap;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::caller::{Caller, Mode};
use crate::kernel::error::Error;
use crate::kernel::ids::{LoginId, VoucherId};
use crate::provisioning::comment;
use crate::provisioning::controller::{Mark as _, Observed, ObservedSession, ObservedUser};
use crate::provisioning::{Login, LoginKind, Presence, SyncState, Usage};
use crate::router::Router;
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::voucher::first_login::{Before, FirstLogin, Sighting, UserSighting, Verdict, decide};
use crate::voucher::{Voucher, change};

use super::Billing;

/// Vouchers read or ended per step.
const PAGE: u32 = 200;
/// Usage rows written per commit.
const USAGE_CHUNK: usize = 500;

/// What a look taught.
#[derive(Debug)]
pub(super) struct Ingest {
    /// The instant of the look.
    pub(super) at: Timestamp,
    pub(super) first_logins: usize,
    pub(super) doubtful: usize,
    /// The live logins, if the look taught nothing that changes them.
    pub(super) unchanged: Option<Vec<Login>>,
    /// What could not be written. The look does not count as done then, so that its evidence is
    /// found again.
    pub(super) trouble: Option<String>,
}

/// First logins that a look shows.
#[derive(Debug, Default)]
struct FirstLogins {
    seen: usize,
    /// Of those, the ones that began a voucher's clock.
    begun: usize,
    /// Why one of them could not be written.
    trouble: Option<String>,
}

/// What a look shows of the hotspot, indexed by login name: only vouchers have a first login, and
/// only hotspot users have counters of their own.
struct Index<'a> {
    users: HashMap<&'a str, &'a ObservedUser>,
    sessions: HashMap<&'a str, &'a ObservedSession>,
    logins: HashMap<&'a str, DateTime>,
}

impl<'a> Index<'a> {
    fn of(observed: &'a Observed) -> Self {
        let mut sessions: HashMap<&str, &ObservedSession> = HashMap::new();
        let is_hotspot = |kind: LoginKind| kind == LoginKind::Hotspot;
        for session in observed.sessions.iter().filter(|session| is_hotspot(session.kind)) {
            let longest = sessions.entry(session.user.as_str()).or_insert(session);
            if session.uptime > longest.uptime {
                *longest = session;
            }
        }
        let mut logins: HashMap<&str, DateTime> = HashMap::new();
        for row in &observed.logins {
            let earliest = logins.entry(row.user.as_str()).or_insert(row.at);
            *earliest = row.at.min(*earliest);
        }
        let users = observed.users.iter().filter(|user| is_hotspot(user.kind));
        let users = users.map(|user| (user.name.as_str(), user)).collect();
        Self { users, sessions, logins }
    }

    /// Only a user that carries our mark tells us anything about our login.
    fn user(&self, login: &Login) -> Option<&'a ObservedUser> {
        let user = self.users.get(login.name.as_str()).copied()?;
        comment::OwnMark.is_same(&user.comment, &login.spec.comment).then_some(user)
    }

    fn shows_use(&self, login: &Login) -> bool {
        let Some(user) = self.user(login) else { return false };
        !user.uptime.is_zero()
            || user.bytes > 0
            || self.sessions.contains_key(login.name.as_str())
            || user.comment.len() != comment::without_stamp(&user.comment).len()
            || self.logins.contains_key(login.name.as_str())
    }
}

impl Billing {
    /// Writes what a look teaches. The look counts as done only if all of it was written.
    pub(super) async fn ingest(
        &self,
        router: &Router,
        observed: &Observed,
    ) -> Result<Ingest, Error> {
        let at = self.now();
        let index = Index::of(observed);
        let logins = reading!(self.store(), |tx| tx.logins_live(router.id).await)?;
        let first = self.find_first_logins(router, observed, &index, &logins, at).await?;
        let moved = self.note_usage(&index, &logins).await?;
        Ok(Ingest {
            at,
            first_logins: first.begun,
            doubtful: doubtful(router, observed, &index, &logins, at),
            unchanged: (first.seen == 0 && moved == 0).then_some(logins),
            trouble: first.trouble,
        })
    }

    async fn find_first_logins(
        &self,
        router: &Router,
        observed: &Observed,
        index: &Index<'_>,
        logins: &[Login],
        at: Timestamp,
    ) -> Result<FirstLogins, Error> {
        let of_vouchers = logins.iter().filter(|login| login.owner.voucher().is_some());
        let used: Vec<&Login> = of_vouchers.filter(|login| index.shows_use(login)).collect();
        let mut found = FirstLogins::default();
        for chunk in used.chunks(PAGE as usize) {
            let ids: Vec<LoginId> = chunk.iter().map(|login| login.id).collect();
            let vouchers = reading!(self.store(), |tx| tx.vouchers_of_logins(&ids).await)?;
            let by_login: HashMap<LoginId, &Login> =
                chunk.iter().map(|login| (login.id, *login)).collect();
            for voucher in vouchers.iter().filter(|voucher| voucher.state.activation().is_none()) {
                let login = by_login[&voucher.login];
                let sighting = sighting(index, observed, login, at);
                if let Verdict::FirstLogin(first) = decide(&before(router, login), &sighting) {
                    found.seen += 1;
                    match self.activate(voucher.id, first, index, login).await {
                        Ok(begun) => found.begun += usize::from(begun),
                        Err(error) => found.trouble = Some(error.to_string()),
                    }
                }
            }
        }
        Ok(found)
    }

    async fn activate(
        &self,
        id: VoucherId,
        first: FirstLogin,
        index: &Index<'_>,
        login: &Login,
    ) -> Result<bool, Error> {
        let session = index.sessions.get(login.name.as_str());
        let device = (
            session.and_then(|session| session.device.clone()),
            session.and_then(|session| session.address.clone()),
        );
        let caller = Caller::engine();
        let context = self.context(&caller);
        transact!(self.store(), Mode::Commit, |tx| {
            begin_clock(tx, context, id, login, first.clone(), device.clone()).await
        })
    }

    /// Writes counters that moved, and ends vouchers whose quota they reach; answers how many moved.
    async fn note_usage(&self, index: &Index<'_>, logins: &[Login]) -> Result<usize, Error> {
        let moved: Vec<(&Login, Usage)> = logins
            .iter()
            .filter(|login| login.kind == LoginKind::Hotspot)
            .filter(|login| login.is_applied() || login.ever_applied)
            .filter_map(|login| Some((login, reading_of(index, login)?)))
            .filter(|(login, usage)| login.usage != *usage)
            .collect();
        for chunk in moved.chunks(USAGE_CHUNK) {
            let rows: Vec<(LoginId, Usage)> =
                chunk.iter().map(|(login, usage)| (login.id, *usage)).collect();
            transact!(self.store(), Mode::Commit, |tx| tx.logins_usage(&rows).await)?;
        }
        for (login, usage) in moved.iter().filter(|(login, usage)| spent(login, *usage)) {
            if let Some(voucher) = login.owner.voucher() {
                self.use_up(voucher, *usage).await?;
            }
        }
        Ok(moved.len())
    }

    async fn use_up(&self, voucher: VoucherId, usage: Usage) -> Result<(), Error> {
        let caller = Caller::engine();
        let context = self.context(&caller);
        transact!(self.store(), Mode::Commit, |tx| { end_spent(tx, context, voucher, usage).await })
    }

    /// Ends every voucher whose calendar is over by now; answers how many. One that cannot be
    /// ended stops no other.
    pub(crate) async fn expire_due(&self) -> Result<usize, Error> {
        let now = self.now();
        let mut ended = 0;
        loop {
            let due = reading!(self.store(), |tx| tx.vouchers_due(now, PAGE).await)?;
            let before = ended;
            let mut trouble = None;
            for voucher in &due {
                match self.expire(voucher.id).await {
                    Ok(over) => ended += usize::from(over),
                    Err(error) => trouble = Some(error),
                }
            }
            if ended == before {
                return trouble.map_or(Ok(ended), Err);
            }
        }
    }

    async fn expire(&self, id: VoucherId) -> Result<bool, Error> {
        let caller = Caller::engine();
        let context = self.context(&caller);
        transact!(self.store(), Mode::Commit, |tx| end_due(tx, context, id).await)
    }
}

type Context<'a> = crate::kernel::context::Context<'a>;

async fn begin_clock(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: VoucherId,
    login: &Login,
    first: FirstLogin,
    device: (Option<String>, Option<String>),
) -> Result<bool, Error> {
    let Some(voucher) = tx.voucher_by_id(id).await? else { return Ok(false) };
    let voucher =
        if login.is_applied() { voucher } else { acknowledge(tx, context, login, voucher).await? };
    change::activate(tx, context, &voucher, first, device).await
}

/// A login seen in use is on the router, whatever became of the acknowledgement.
async fn acknowledge(
    tx: &mut dyn Tx,
    context: Context<'_>,
    login: &Login,
    voucher: Voucher,
) -> Result<Voucher, Error> {
    tx.logins_applied(&[(login.id, login.revision)], context.now).await?;
    tx.vouchers_acknowledged(&[login.id]).await?;
    Ok(tx.voucher_by_id(voucher.id).await?.unwrap_or(voucher))
}

async fn end_spent(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: VoucherId,
    usage: Usage,
) -> Result<(), Error> {
    let Some(voucher) = tx.voucher_by_id(id).await? else { return Ok(()) };
    match voucher.clone().use_up(usage, context.now) {
        Some(next) => change::save(tx, context, "voucher.used_up", &voucher, &next).await,
        None => Ok(()),
    }
}

async fn end_due(tx: &mut dyn Tx, context: Context<'_>, id: VoucherId) -> Result<bool, Error> {
    let Some(voucher) = tx.voucher_by_id(id).await? else { return Ok(false) };
    match voucher.clone().expire(context.now) {
        Some(next) => {
            change::save(tx, context, "voucher.expire", &voucher, &next).await?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// Since when this login is known to have been unused: the last complete look, or the moment it was
/// made or acknowledged if that was later.
fn before(router: &Router, login: &Login) -> Before {
    let made = Timestamp::from_millisecond(login.id.made_at_millis()).unwrap_or(Timestamp::MIN);
    let acknowledged = match login.sync {
        SyncState::Applied { at } if login.revision == 1 => at,
        _ => made,
    };
    let looked = router.health.observed_at;
    let unused_at = looked.map_or(acknowledged, |looked| looked.max(acknowledged));
    let router_uptime = router.health.uptime.filter(|_| looked == Some(unused_at));
    Before { unused_at, uptime: login.usage.uptime_seen, router_uptime }
}

fn sighting(index: &Index<'_>, observed: &Observed, login: &Login, at: Timestamp) -> Sighting {
    let user = index.user(login).map(|user| UserSighting {
        uptime: user.uptime,
        stamp: comment::parse(&user.comment).stamp(),
    });
    Sighting {
        at,
        user,
        session: index.sessions.get(login.name.as_str()).map(|session| session.uptime),
        logged_in: index.logins.get(login.name.as_str()).copied(),
        router_clock: observed.facts.clock,
        router_uptime: observed.facts.uptime,
    }
}

/// A new reading of the counters. A login that should be there and is not has lost its counters.
fn reading_of(index: &Index<'_>, login: &Login) -> Option<Usage> {
    match index.user(login) {
        Some(user) => {
            let whole = SignedDuration::from_secs(user.uptime.as_secs());
            Some(login.usage.read(whole, user.bytes))
        }
        None if login.presence != Presence::Absent => Some(login.usage.object_lost()),
        None => None,
    }
}

fn spent(login: &Login, usage: Usage) -> bool {
    login.spec.limit_uptime.is_some_and(|limit| usage.uptime() >= limit)
        || login.spec.limit_bytes.is_some_and(|limit| usage.bytes() >= limit)
}

/// How many unused logins may have lost a session in a reboot that nobody saw.
fn doubtful(
    router: &Router,
    observed: &Observed,
    index: &Index<'_>,
    logins: &[Login],
    at: Timestamp,
) -> usize {
    let Some(looked) = router.health.observed_at else { return 0 };
    if observed.facts.uptime >= at.duration_since(looked) {
        return 0;
    }
    let unused = logins.iter().filter(|login| {
        login.owner.voucher().is_some() && login.is_applied() && login.usage == Usage::default()
    });
    unused
        .filter(|login| {
            decide(&before(router, login), &sighting(index, observed, login, at))
                == Verdict::Doubtful
        })
        .count()
}
