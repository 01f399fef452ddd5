//! One complete look at a router.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use jiff::civil::DateTime;
use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::controller::{
    LoggedIn, ObjectId, Observed, ObservedCookie, ObservedSession, ObservedUser, RouterFacts,
};
use mkbill_core::provisioning::line::Line;
use mkbill_core::provisioning::profile::ProfileFacts;
use mkbill_core::router::health::Vitals;

use crate::client::{Answer, Client};
use crate::command::hotspot::{self, Cookie, UserProfile};
use crate::command::network::Interface;
use crate::command::ppp;
use crate::command::system::{Identity, License, LogEntry, Resource, RouterClock};
use crate::command::{Choice, Command, Record, Row, print};
use crate::error::{Error, ErrorKind, FieldError};
use crate::value::{RateLimit, date, duration, size};

use super::interfaces;

/// Large tables of a slow router take this long at most.
const TABLE_MAX: Duration = Duration::from_mins(1);
const LOGGED_IN: &str = "logged in";
const LOGIN_FAILED: &str = "login failed";

/// A hotspot user with everything the engine compares, its password included.
struct BilledUser(ObservedUser);
/// A secret with everything the engine compares, its password included.
struct BilledSecret(ObservedUser);

impl Record for BilledUser {
    const MENU: &'static str = "/ip/hotspot/user";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "password",
        "profile",
        "comment",
        "disabled",
        "limit-uptime",
        "limit-bytes-total",
        "mac-address",
        "address",
        "uptime",
        "bytes-in",
        "bytes-out",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let unusable = |field, source| Error::Row { menu: Self::MENU, field, source };
        let duration = |field| duration_of(row, field).map_err(|source| unusable(field, source));
        let size = |field| size_of(row, field).map_err(|source| unusable(field, source));
        let total = size("bytes-in")?
            .unwrap_or_default()
            .saturating_add(size("bytes-out")?.unwrap_or_default());
        let shared = shared(LoginKind::Hotspot, row);
        let shared = shared.map_err(|field| unusable(field, FieldError::Missing))?;
        Ok(Self(ObservedUser {
            limit_uptime: duration("limit-uptime")?.filter(|limit| !limit.is_zero()),
            limit_bytes: size("limit-bytes-total")?.filter(|limit| *limit > 0),
            uptime: duration("uptime")?.unwrap_or_default(),
            bytes: total,
            ..shared
        }))
    }
}

impl Record for BilledSecret {
    const MENU: &'static str = "/ppp/secret";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "password",
        "profile",
        "comment",
        "disabled",
        "service",
        "caller-id",
        "local-address",
        "remote-address",
        "remote-ipv6-prefix",
        "routes",
        "ipv6-routes",
        "limit-bytes-in",
        "limit-bytes-out",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let source = FieldError::Missing;
        let shared = shared(LoginKind::Pppoe, row);
        shared.map(Self).map_err(|field| Error::Row { menu: Self::MENU, field, source })
    }
}

/// What users and secrets have in common; else the field that is missing.
fn shared(kind: LoginKind, row: &Row) -> Result<ObservedUser, &'static str> {
    let text = |field| row.text(field).map(std::borrow::Cow::into_owned);
    Ok(ObservedUser {
        kind,
        id: ObjectId(text(".id").ok_or(".id")?),
        name: text("name").ok_or("name")?,
        // From 7.21 on secrets are shown as asterisks unless asked for.
        password: text("password")
            .filter(|shown| shown.is_empty() || shown.bytes().any(|b| b != b'*')),
        profile: text("profile").unwrap_or_else(|| "default".to_owned()),
        comment: text("comment").unwrap_or_default(),
        disabled: is_set(row, "disabled"),
        limit_uptime: None,
        limit_bytes: None,
        line: Line::shown(kind, text),
        uptime: SignedDuration::ZERO,
        bytes: 0,
    })
}

pub(super) fn is_set(row: &Row, field: &str) -> bool {
    matches!(row.get(field), Some(b"true" | b"yes"))
}

fn duration_of(row: &Row, field: &'static str) -> Result<Option<SignedDuration>, FieldError> {
    let text = row.text(field).unwrap_or_default();
    Ok(duration::parse_optional(&text)?)
}

pub(super) fn size_of(row: &Row, field: &'static str) -> Result<Option<u64>, FieldError> {
    let text = row.text(field).filter(|text| !text.is_empty());
    Ok(text.map(|text| size::parse(&text)).transpose()?)
}

pub(super) fn table<R: Record>() -> Command {
    print::<R>().within(TABLE_MAX)
}

/// What the router says of itself.
pub(super) async fn facts(client: &Client) -> Result<RouterFacts, Error> {
    let mut answers = client.run_all(about()).await.into_iter();
    read_facts(&mut answers).map(|(facts, _)| facts)
}

fn about() -> [Command; 6] {
    [
        print::<License>(),
        print::<Resource>(),
        print::<Identity>(),
        print::<RouterClock>(),
        print::<UserProfile>(),
        print::<ppp::Profile>(),
    ]
}

type Answers = std::vec::IntoIter<Result<Answer, Error>>;

fn records<R: Record>(answers: &mut Answers) -> Result<Vec<R>, Error> {
    answers.next().expect("one answer per command")?.records()
}

/// What the machine says of itself. The licence sharpens the picture and may be hidden.
fn vitals(identity: &Identity, resource: &Resource, license: Option<License>) -> Vitals {
    let license = license.and_then(|license| {
        license.cloud_level.or_else(|| license.level.map(|level| format!("L{level}")))
    });
    Vitals {
        identity: Some(identity.name.clone()),
        board: resource.board_name.clone(),
        license,
        cpu_load: resource.cpu_load_percent,
        memory_free: resource.free_memory,
        memory_total: resource.total_memory,
        storage_free: resource.free_storage,
        storage_total: resource.total_storage,
        ..Vitals::default()
    }
}

/// Rows of a menu that a router without the `ppp` package does not have: then there are none.
fn rows_if_installed<R: Record>(answers: &mut Answers) -> Result<Vec<R>, Error> {
    match answers.next().expect("one answer per command") {
        Err(error) if error.is_missing_menu() => Ok(Vec::new()),
        answer => answer?.records(),
    }
}

/// A speed in its shortest form, in which it is compared; one that cannot be read is kept as it is.
fn shortest(rate_limit: String) -> String {
    RateLimit::parse(&rate_limit).map_or(rate_limit, |read| read.to_string())
}

fn hotspot_profile(profile: UserProfile) -> ProfileFacts {
    ProfileFacts {
        kind: LoginKind::Hotspot,
        name: profile.name,
        rate_limit: profile.rate_limit.map(shortest),
        session_timeout: profile.session_timeout,
        idle_timeout: profile.idle_timeout,
        remote_address: profile.address_pool,
        local_address: None,
        address_list: profile.address_list,
        sessions_max: profile.shared_users,
    }
}

fn ppp_profile(profile: ppp::Profile) -> ProfileFacts {
    ProfileFacts {
        kind: LoginKind::Pppoe,
        name: profile.name,
        rate_limit: profile.rate_limit.map(shortest),
        session_timeout: profile.session_timeout,
        idle_timeout: profile.idle_timeout,
        remote_address: profile.remote_address,
        local_address: profile.local_address,
        address_list: profile.address_list,
        sessions_max: (profile.only_one == Choice::Yes).then_some(1),
    }
}

fn single<R: Record>(answers: &mut Answers) -> Result<R, Error> {
    let missing = Error::Row { menu: R::MENU, field: ".id", source: FieldError::Missing };
    records(answers)?.pop().ok_or(missing)
}

/// The facts, and the router's clock if it shows one.
fn read_facts(answers: &mut Answers) -> Result<(RouterFacts, Option<DateTime>), Error> {
    let license = single::<License>(answers).ok();
    let resource: Resource = single(answers)?;
    let identity: Identity = single(answers)?;
    let (clock, zone) = match single::<RouterClock>(answers) {
        Ok(clock) => (Some(clock.local), clock.time_zone),
        Err(_) => (None, None),
    };
    let hotspot = records(answers)?.into_iter().map(hotspot_profile);
    let pppoe = rows_if_installed(answers)?.into_iter().map(ppp_profile);
    let facts = RouterFacts {
        vitals: vitals(&identity, &resource, license),
        identity: identity.name,
        version: resource.version.to_string(),
        uptime: resource.uptime,
        clock,
        zone,
        profiles: hotspot.chain(pppoe).collect(),
    };
    Ok((facts, clock))
}

/// Everything; an answer that is missing or refused makes the whole look fail. The small answers come
/// first: a router that does not give them in time is not asked for the large ones.
pub(super) async fn everything(client: &Client, connection: u64) -> Result<Observed, Error> {
    let began = Instant::now();
    let mut answers = client.run_all(about()).await.into_iter();
    let (facts, clock) = read_facts(&mut answers)?;
    let tables = [
        table::<BilledUser>(),
        table::<hotspot::Active>(),
        table::<Cookie>(),
        table::<LogEntry>(),
        table::<BilledSecret>(),
        table::<ppp::Active>(),
        lines(),
        interfaces::lasting(),
    ];
    let mut answers = client.run_all(tables).await.into_iter();
    let took = SignedDuration::try_from(began.elapsed()).unwrap_or(SignedDuration::MAX);
    let hotspot_users = records::<BilledUser>(&mut answers)?.into_iter().map(|user| user.0);
    let hotspot_sessions = records(&mut answers)?.into_iter().map(hotspot_session);
    let cookies = records(&mut answers)?.into_iter().map(cookie).collect();
    let log = log(answers.next().expect("one answer per command"))?;
    let said = |ends: fn(&str) -> bool| {
        let clock = clock.into_iter();
        clock.flat_map(|clock| log.iter().filter_map(move |row| said(row, clock, ends))).collect()
    };
    let logins = said(|what| what == LOGGED_IN);
    let failed_logins = said(|what| what.starts_with(LOGIN_FAILED));
    let secrets = rows_if_installed(&mut answers)?.into_iter().map(|secret: BilledSecret| secret.0);
    let dialled: Vec<ppp::Active> = rows_if_installed(&mut answers)?;
    let counters = counters(records(&mut answers)?);
    let dialled = dialled.into_iter().map(|active| ppp_session(active, &counters));
    Ok(Observed {
        connection,
        facts,
        users: hotspot_users.chain(secrets).collect(),
        sessions: hotspot_sessions.chain(dialled).collect(),
        cookies,
        logins,
        failed_logins,
        interfaces: interfaces::read(answers.next().expect("one answer per command"))?,
        took,
    })
}

fn hotspot_session(active: hotspot::Active) -> ObservedSession {
    ObservedSession {
        kind: LoginKind::Hotspot,
        id: ObjectId(active.id.to_string()),
        user: active.user,
        address: active.address,
        device: active.mac_address,
        via: active.login_by,
        uptime: active.uptime,
        bytes_in: active.bytes_in,
        bytes_out: active.bytes_out,
    }
}

/// The interfaces that customers' tunnels make.
fn lines() -> Command {
    let table = table::<Interface>().where_is("type", "pppoe-in");
    ["l2tp-in", "ovpn-in", "pptp-in", "sstp-in"]
        .into_iter()
        .fold(table, |table, kind| table.where_is("type", kind).query("#|"))
}

/// Bytes from and to the customer by the name of the line's interface.
type Counters = HashMap<String, (u64, u64)>;

fn counters(lines: Vec<Interface>) -> Counters {
    let counted = |line: Interface| (line.name, (line.rx_bytes, line.tx_bytes));
    lines.into_iter().map(counted).collect()
}

/// A session that came up between two of the reads has no interface yet: it has counted nothing.
fn ppp_session(active: ppp::Active, counters: &Counters) -> ObservedSession {
    let via = active.service.unwrap_or_default();
    let counted = counters.get(&format!("<{via}-{}>", active.name));
    let (bytes_in, bytes_out) = counted.copied().unwrap_or_default();
    ObservedSession {
        kind: LoginKind::Pppoe,
        id: ObjectId(active.id.to_string()),
        user: active.name,
        address: active.address,
        device: active.caller_id,
        via: Some(via),
        uptime: active.uptime,
        bytes_in,
        bytes_out,
    }
}

fn cookie(cookie: Cookie) -> ObservedCookie {
    ObservedCookie { id: ObjectId(cookie.id.to_string()), user: cookie.user }
}

/// The log's rows. A log that may not be read is an empty one: it only sharpens other evidence.
fn log(answer: Result<Answer, Error>) -> Result<Vec<Row>, Error> {
    match answer {
        Ok(answer) => Ok(answer.rows),
        Err(error) if matches!(error.kind(), ErrorKind::Denied | ErrorKind::BadRequest) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// `NAME (10.5.50.7): logged in`.
fn said(row: &Row, clock: DateTime, is_it: fn(&str) -> bool) -> Option<LoggedIn> {
    let message = row.text("message")?;
    // A name may look like the rest of the row, and so may the reason of a failure.
    let splits = [message.rsplit_once("): "), message.split_once("): ")];
    let (who, _) = splits.into_iter().flatten().find(|(_, what)| is_it(what))?;
    let (user, _) = who.rsplit_once(" (")?;
    let at = date::parse_log_time(&row.text("time")?, clock).ok()?;
    Some(LoggedIn { user: user.to_owned(), at })
}
