//! What is noted of a router after a pass: who is online, what it has that is not ours, where it and
//! the books disagree, and how it fares.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::event::NewEvent;
use crate::kernel::caller::{Caller, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{LoginId, OutageId, RouterId, SessionId, SubscriptionId};
use crate::provisioning::comment::OwnMark;
use crate::provisioning::controller::{Observed, ObservedSession, ObservedUser};
use crate::provisioning::diff::Drift;
use crate::provisioning::line::LineField;
use crate::provisioning::session::{Followed, Look, Session, Used, follow};
use crate::provisioning::{Care, Login, LoginKind, drift, profile, stranger};
use crate::router::health::Vitals;
use crate::router::moment::{Interval, Moment};
use crate::router::traffic::{self, InterfaceNews};
use crate::router::{Router, RouterHealth};
use crate::store::Tx;
use crate::subscription::store::BytesUsed;
use crate::transact::transact;

use super::Billing;

const UNREADABLE: &str = "the router does not show its password, so it cannot be taken over: give the \
    API user the policy `sensitive`, then retry";
/// Logins taken over in one commit.
const ADOPT_CHUNK: usize = 200;
/// How a session came in that a licence counts as one of `PPPoE`.
const PPPOE: &str = "pppoe";
/// A clock before this year was never set.
const YEAR_MIN: i16 = 2024;

/// A complete look at a router, and what the books say.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) router: &'a Router,
    pub(super) observed: &'a Observed,
    /// The logins that ought to be there, and those that ended and came back.
    pub(super) logins: &'a [Login],
    pub(super) drift: &'a [Drift],
}

impl Billing {
    /// Takes password and addresses of users that are to be taken over from the router.
    pub(super) async fn learn_adopted(
        &self,
        observed: &Observed,
        wanted: &mut [Login],
    ) -> Result<(), Error> {
        if !wanted.iter().any(|login| login.care == Care::Adopting) {
            return Ok(());
        }
        let mut users: HashMap<(LoginKind, &str), &ObservedUser> = HashMap::new();
        for user in &observed.users {
            users.entry((user.kind, user.name.as_str())).or_insert(user);
        }
        let adopting = wanted.iter_mut().filter(|login| login.care == Care::Adopting);
        let mut found: Vec<(&mut Login, &ObservedUser)> = adopting
            .filter_map(|login| {
                let user = *users.get(&(login.kind, login.name.as_str()))?;
                Some((login, user))
            })
            .collect();
        for chunk in found.chunks_mut(ADOPT_CHUNK) {
            let learnt = transact!(self.store(), Mode::Commit, |tx| adopt_all(tx, chunk).await)?;
            for ((login, _), learnt) in chunk.iter_mut().zip(learnt) {
                **login = learnt;
            }
        }
        Ok(())
    }

    /// Notes a complete look in one commit: sessions are known again by the look before, so both
    /// have to be of the same moment.
    pub(super) async fn note_success(&self, seen: Seen<'_>, at: Timestamp) -> Result<(), Error> {
        let caller = Caller::engine();
        let context = Context { now: at, ..self.context(&caller) };
        transact!(self.store(), Mode::Commit, |tx| write_success(tx, context, seen).await)
    }

    /// The router answered, though nothing had to be looked at.
    pub(super) async fn note_recovery(&self, router: &Router) -> Result<(), Error> {
        let health = RouterHealth { failures: 0, last_error: None, ..router.health.clone() };
        let caller = Caller::engine();
        let context = self.context(&caller);
        transact!(self.store(), Mode::Commit, |tx| {
            write_recovery(tx, context, router, &health).await
        })
    }

    /// The router could not be worked with.
    pub(super) async fn note_failure(&self, id: RouterId, error: &str) -> Result<(), Error> {
        let caller = Caller::engine();
        let context = self.context(&caller);
        transact!(self.store(), Mode::Commit, |tx| write_failure(tx, context, id, error).await)
    }
}

async fn adopt_all(
    tx: &mut dyn Tx,
    found: &[(&mut Login, &ObservedUser)],
) -> Result<Vec<Login>, Error> {
    let mut learnt = Vec::with_capacity(found.len());
    for (login, user) in found {
        learnt.push(adopt(tx, login, user).await?);
    }
    Ok(learnt)
}

/// A router that was removed while it was looked at has no news any more.
async fn write_success(tx: &mut dyn Tx, context: Context<'_>, seen: Seen<'_>) -> Result<(), Error> {
    if tx.router_hold(seen.router.id).await?.is_none() {
        return Ok(());
    }
    note_profiles(tx, context, seen).await?;
    note_strangers(tx, context, seen).await?;
    note_drift(tx, context, seen).await?;
    note_sessions(tx, context, seen).await?;
    note_interfaces(tx, context, seen).await?;
    note_back(tx, context, seen.router).await?;
    note_health(tx, context, seen).await
}

async fn write_recovery(
    tx: &mut dyn Tx,
    context: Context<'_>,
    router: &Router,
    health: &RouterHealth,
) -> Result<(), Error> {
    if tx.router_hold(router.id).await?.is_none() {
        return Ok(());
    }
    note_back(tx, context, router).await?;
    Ok(tx.router_health_set(router.id, health).await?)
}

/// What is learnt of a login from the user that it takes over. A password that cannot be read, or an
/// address that another login has, is for a person to mend.
async fn adopt(tx: &mut dyn Tx, login: &Login, user: &ObservedUser) -> Result<Login, Error> {
    match &user.password {
        None => tx.logins_blocked(&[login.id], UNREADABLE).await?,
        Some(password) if login.spec.password != *password || login.spec.line != user.line => {
            let holder = match user.line.get(LineField::RemoteAddress) {
                Some(address) => tx.login_by_address(login.router, address).await?,
                None => None,
            };
            match holder.filter(|holder| holder.id != login.id) {
                Some(holder) => {
                    let text =
                        format!("its address is that of `{}`: change one, then retry", holder.name);
                    tx.logins_blocked(&[login.id], &text).await?;
                }
                None => tx.login_respec(login.id, password, &user.line).await?,
            }
        }
        Some(_) => {}
    }
    Ok(tx.login_by_id(login.id).await?.unwrap_or_else(|| login.clone()))
}

/// Something that was seen of a router, with its name.
fn event(context: Context<'_>, kind: &'static str, router: &Router, mut data: Value) -> NewEvent {
    data["router"] = router.name.as_str().into();
    NewEvent::seen(context, kind, ("router", router.id.uuid()), data)
}

/// Which profiles came, changed and went, if any did.
async fn note_profiles(tx: &mut dyn Tx, context: Context<'_>, seen: Seen<'_>) -> Result<(), Error> {
    let (router, shown) = (seen.router, &seen.observed.facts.profiles);
    let known = tx.router_profiles(router.id).await?;
    let news = profile::news(router.id, &known, shown, context.now);
    if news.is_empty() {
        return Ok(());
    }
    let gone = news.gone.iter().map(|gone| {
        let data = json!({ "kind": gone.facts.kind.name(), "name": gone.facts.name });
        event(context, "profile.miss", router, data)
    });
    tx.events_push(gone.collect());
    Ok(tx.router_profiles_write(&[news.seen, news.gone].concat()).await?)
}

/// Which users that are not ours came, changed and went, if any did.
async fn note_strangers(
    tx: &mut dyn Tx,
    context: Context<'_>,
    seen: Seen<'_>,
) -> Result<(), Error> {
    let router = seen.router;
    let known = tx.strangers(router.id).await?;
    let news = stranger::news(router.id, &known, seen.logins, seen.observed, &OwnMark, context.now);
    tx.strangers_forget(&news.gone).await?;
    Ok(tx.strangers_write(&news.seen).await?)
}

/// Where router and books disagree now, and do not any more.
async fn note_drift(tx: &mut dyn Tx, context: Context<'_>, seen: Seen<'_>) -> Result<(), Error> {
    let router = seen.router;
    let known = tx.drifts(router.id).await?;
    let news = drift::news(router.id, &known, seen.drift, context.now);
    let found = news.found.iter().map(|found| {
        let data = json!({
            "kind": found.kind.name(),
            "name": found.name,
            "what": found.what.name(),
            "fields": found.fields,
        });
        event(context, "drift.find", router, data)
    });
    tx.events_push(found.collect());
    tx.drifts_forget(&news.gone).await?;
    Ok(tx.drifts_write(&news.found).await?)
}

/// Who came, stayed and went, and what was used since the last look.
async fn note_sessions(tx: &mut dyn Tx, context: Context<'_>, seen: Seen<'_>) -> Result<(), Error> {
    let (router, observed) = (seen.router, seen.observed);
    let known = tx.sessions_open(router.id).await?;
    if known.is_empty() && observed.sessions.is_empty() {
        return Ok(());
    }
    let ours: HashMap<(LoginKind, &str), LoginId> =
        seen.logins.iter().map(|login| ((login.kind, login.name.as_str()), login.id)).collect();
    let times = Interval {
        before: router.health.observed(),
        now: moment(context, observed),
        took: observed.took,
    };
    let look = Look { router: router.id, times, shown: &observed.sessions };
    let mut position = 0;
    let new_id = || {
        position += 1;
        SessionId::in_run(context.now, position, context.entropy)
    };
    let followed = follow(&known, look, |kind, name| ours.get(&(kind, name)).copied(), new_id);
    tx.events_push(session_events(context, router, &followed));
    tx.usage_add(context.zone.date(context.now), &followed.used).await?;
    if let Some(before) = look.times.before {
        note_period_use(tx, before.at, &followed.used, context.now).await?;
    }
    let Followed { started, went_on, ended, .. } = followed;
    Ok(tx.sessions_write(&[started, went_on, ended].concat()).await?)
}

/// What was used by those whose terms have a rule of fair use. The first look at a router does not count:
/// nobody knows in which period its sessions used what they show.
async fn note_period_use(
    tx: &mut dyn Tx,
    from: Timestamp,
    used: &[(LoginId, Used)],
    now: Timestamp,
) -> Result<(), Error> {
    if used.is_empty() {
        return Ok(());
    }
    let logins: Vec<LoginId> = used.iter().map(|(login, _)| *login).collect();
    let counted: HashMap<LoginId, SubscriptionId> =
        tx.uses_counted(&logins).await?.into_iter().collect();
    let of_subscription = |(login, used): &(LoginId, Used)| {
        let Used { bytes_in, bytes_out, .. } = *used;
        let subscription = *counted.get(login)?;
        (bytes_in > 0 || bytes_out > 0).then_some(BytesUsed { subscription, bytes_in, bytes_out })
    };
    let mut rows: Vec<BytesUsed> = used.iter().filter_map(of_subscription).collect();
    rows.sort_by_key(|row| row.subscription);
    Ok(tx.uses_add(&rows, from, now).await?)
}

fn moment(context: Context<'_>, observed: &Observed) -> Moment {
    Moment { at: context.now, uptime: observed.facts.uptime }
}

/// Which interfaces there are, what moved through them since the last look, and which lost or found
/// their link.
async fn note_interfaces(
    tx: &mut dyn Tx,
    context: Context<'_>,
    seen: Seen<'_>,
) -> Result<(), Error> {
    let (router, observed) = (seen.router, seen.observed);
    let Some(shown) = &observed.interfaces else { return Ok(()) };
    let known = tx.interfaces(router.id).await?;
    let now = moment(context, observed);
    let news = traffic::news(router.id, &known, shown, now, observed.took);
    tx.events_push(interface_events(context, router, &news));
    tx.interface_days_add(router.id, context.zone.date(context.now), &news.moved).await?;
    tx.interfaces_forget(router.id, &news.gone).await?;
    Ok(tx.interfaces_write(&news.present).await?)
}

fn interface_events(context: Context<'_>, router: &Router, news: &InterfaceNews) -> Vec<NewEvent> {
    let down = news
        .down
        .iter()
        .map(|name| event(context, "interface.down", router, json!({ "name": name })));
    let up = news.up.iter().map(|(name, time)| {
        let data = json!({ "name": name, "down_seconds": time.as_secs() });
        event(context, "interface.up", router, data)
    });
    down.chain(up).collect()
}

fn session_events(context: Context<'_>, router: &Router, followed: &Followed) -> Vec<NewEvent> {
    let event = |kind| move |session| session_event(context, kind, router, session);
    let started = followed.started.iter().map(event("session.start"));
    started.chain(followed.ended.iter().map(event("session.end"))).collect()
}

/// That somebody came, or went.
pub(super) fn session_event(
    context: Context<'_>,
    kind: &'static str,
    router: &Router,
    session: &Session,
) -> NewEvent {
    let data = json!({
        "router": router.name.as_str(),
        "kind": session.kind.name(),
        "name": session.name,
        "login": session.login.map(|login| login.to_string()),
        "device": session.device,
        "address": session.address,
        "uptime_seconds": session.uptime.as_secs(),
        "bytes_in": session.bytes_in,
        "bytes_out": session.bytes_out,
    });
    NewEvent::seen(context, kind, ("session", session.id.uuid()), data)
}

/// The router can be worked with: an outage is over, if one lasted.
async fn note_back(tx: &mut dyn Tx, context: Context<'_>, router: &Router) -> Result<(), Error> {
    if router.health.failures == 0 {
        return Ok(());
    }
    if let Some(began_at) = tx.outage_end(router.id, context.now).await? {
        let away = context.now.duration_since(began_at).as_secs();
        let up = event(context, "router.up", router, json!({ "away_seconds": away }));
        tx.events_push(vec![up]);
    }
    Ok(())
}

async fn write_failure(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: RouterId,
    error: &str,
) -> Result<(), Error> {
    let Some(router) = tx.router_hold(id).await? else { return Ok(()) };
    let outage = OutageId::new(context.now, context.entropy);
    if tx.outage_note(outage, id, context.now, error).await? {
        tx.events_push(vec![event(context, "router.down", &router, json!({ "error": error }))]);
    }
    let health = RouterHealth {
        failures: router.health.failures.saturating_add(1),
        last_error: Some(error.to_owned()),
        ..router.health
    };
    tx.router_health_set(id, &health).await?;
    Ok(tx.logins_failed_on(id, error).await?)
}

/// How the router fares, and a sample of it if one is due.
async fn note_health(tx: &mut dyn Tx, context: Context<'_>, seen: Seen<'_>) -> Result<(), Error> {
    let (facts, last) = (&seen.observed.facts, &seen.router.health);
    let vitals = vitals(seen, context.now);
    let (sampling, sample) = last.sampling.after(&vitals, context.now);
    let health = RouterHealth {
        version: Some(facts.version.clone()),
        observed_at: Some(context.now),
        uptime: Some(facts.uptime),
        failures: 0,
        last_error: None,
        look_asked_at: last.look_asked_at,
        sampling,
        vitals,
    };
    if let Some(sample) = sample {
        tx.sample_insert(seen.router.id, &sample).await?;
    }
    Ok(tx.router_health_set(seen.router.id, &health).await?)
}

fn vitals(seen: Seen<'_>, at: Timestamp) -> Vitals {
    let ahead = clock_ahead(seen.observed, at);
    let online = |is_it: fn(&ObservedSession) -> bool| {
        let sessions = seen.observed.sessions.iter().filter(|session| is_it(session));
        u64::try_from(sessions.count()).ok()
    };
    Vitals {
        clock_ahead: ahead,
        latency: Some(seen.observed.took),
        failed_logins: failed_logins(seen, at, ahead),
        hotspot_sessions: online(|session| session.kind == LoginKind::Hotspot),
        pppoe_sessions: online(|session| session.via.as_deref() == Some(PPPOE)),
        ..seen.observed.facts.vitals.clone()
    }
}

/// How many sign-ins failed between the look before and this one. Rows of the log are of whole seconds:
/// those of the present second are left to the next look, so that each counts once.
fn failed_logins(seen: Seen<'_>, at: Timestamp, ahead: Option<i64>) -> Option<u64> {
    let (before, ahead) = (seen.router.health.observed_at?.as_second(), ahead?);
    let zone = seen.observed.facts.zone.as_deref();
    let seconds = seen
        .observed
        .failed_logins
        .iter()
        .filter_map(|failed| Some(instant(failed.at, zone)?.as_second().saturating_sub(ahead)));
    let since = seconds.filter(|second| (before..at.as_second()).contains(second));
    Some(u64::try_from(since.count()).unwrap_or(u64::MAX))
}

/// How far the router's clock is ahead of ours in seconds; `None` if its zone is not known. One that
/// was never set is far behind, and is said to be.
fn clock_ahead(observed: &Observed, at: Timestamp) -> Option<i64> {
    let clock = observed.facts.clock?;
    let shown = instant(clock, observed.facts.zone.as_deref());
    let shown = shown.or_else(|| {
        (clock.year() < YEAR_MIN)
            .then(|| clock.to_zoned(TimeZone::UTC).ok())?
            .map(|z| z.timestamp())
    })?;
    Some(shown.duration_since(at).as_secs())
}

fn instant(clock: jiff::civil::DateTime, zone: Option<&str>) -> Option<Timestamp> {
    let zone = TimeZone::get(zone?).ok()?;
    Some(clock.to_zoned(zone).ok()?.timestamp())
}
