//! One complete look at a router.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use mkbill_core::provisioning::controller::{
    LoggedIn, ObjectId, Observed, ObservedCookie, ObservedSession, ObservedUser, RouterFacts,
};

use crate::client::{Answer, Client};
use crate::command::hotspot::{Active, Cookie, UserProfile};
use crate::command::system::{Identity, LogEntry, Resource, RouterClock};
use crate::command::{Command, Record, Row, print};
use crate::error::{Error, ErrorKind, FieldError};
use crate::value::{date, duration, size};

/// Large tables of a slow router take this long at most.
const TABLE_MAX: Duration = Duration::from_mins(1);
const LOGGED_IN: &str = ": logged in";

/// A hotspot user with everything the engine compares, its password included.
struct BilledUser(ObservedUser);

const USER_MENU: &str = "/ip/hotspot/user";

impl Record for BilledUser {
    const MENU: &'static str = USER_MENU;
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "password",
        "profile",
        "comment",
        "disabled",
        "limit-uptime",
        "limit-bytes-total",
        "uptime",
        "bytes-in",
        "bytes-out",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let text = |field| row.text(field).map(std::borrow::Cow::into_owned);
        let total = size_of(row, "bytes-in")?
            .unwrap_or_default()
            .saturating_add(size_of(row, "bytes-out")?.unwrap_or_default());
        Ok(Self(ObservedUser {
            id: ObjectId(text(".id").ok_or_else(|| unusable(".id", FieldError::Missing))?),
            name: text("name").ok_or_else(|| unusable("name", FieldError::Missing))?,
            // From 7.21 on secrets are shown as asterisks unless asked for.
            password: text("password")
                .filter(|shown| shown.is_empty() || shown.bytes().any(|b| b != b'*')),
            profile: text("profile").unwrap_or_else(|| "default".to_owned()),
            comment: text("comment").unwrap_or_default(),
            disabled: matches!(row.get("disabled"), Some(b"true" | b"yes")),
            limit_uptime: duration_of(row, "limit-uptime")?.filter(|limit| !limit.is_zero()),
            limit_bytes: size_of(row, "limit-bytes-total")?.filter(|limit| *limit > 0),
            uptime: duration_of(row, "uptime")?.unwrap_or_default(),
            bytes: total,
        }))
    }
}

fn unusable(field: &'static str, source: FieldError) -> Error {
    Error::Row { menu: USER_MENU, field, source }
}

fn duration_of(row: &Row, field: &'static str) -> Result<Option<SignedDuration>, Error> {
    let text = row.text(field).unwrap_or_default();
    duration::parse_optional(&text).map_err(|error| unusable(field, error.into()))
}

fn size_of(row: &Row, field: &'static str) -> Result<Option<u64>, Error> {
    let text = row.text(field).filter(|text| !text.is_empty());
    let size = text.map(|text| size::parse(&text)).transpose();
    size.map_err(|error| unusable(field, error.into()))
}

fn table<R: Record>() -> Command {
    print::<R>().within(TABLE_MAX)
}

/// What the router says of itself.
pub(super) async fn facts(client: &Client) -> Result<RouterFacts, Error> {
    let mut answers = client.run_all(about()).await.into_iter();
    read_facts(&mut answers).map(|(facts, _)| facts)
}

fn about() -> [Command; 4] {
    [print::<Resource>(), print::<Identity>(), print::<RouterClock>(), table::<UserProfile>()]
}

type Answers = std::vec::IntoIter<Result<Answer, Error>>;

fn records<R: Record>(answers: &mut Answers) -> Result<Vec<R>, Error> {
    answers.next().expect("one answer per command")?.records()
}

fn single<R: Record>(answers: &mut Answers) -> Result<R, Error> {
    let missing = Error::Row { menu: R::MENU, field: ".id", source: FieldError::Missing };
    records(answers)?.pop().ok_or(missing)
}

/// The facts, and the router's clock if it shows one.
fn read_facts(answers: &mut Answers) -> Result<(RouterFacts, Option<DateTime>), Error> {
    let resource: Resource = single(answers)?;
    let identity: Identity = single(answers)?;
    let clock = single::<RouterClock>(answers).ok().map(|clock| clock.local);
    let profiles: Vec<UserProfile> = records(answers)?;
    let facts = RouterFacts {
        identity: identity.name,
        version: resource.version.to_string(),
        uptime: resource.uptime,
        clock,
        profiles: profiles.into_iter().map(|profile| profile.name).collect(),
    };
    Ok((facts, clock))
}

/// Everything at once; an answer that is missing or refused makes the whole look fail.
pub(super) async fn everything(client: &Client, connection: u64) -> Result<Observed, Error> {
    let mut commands = Vec::from(about());
    commands.extend([
        table::<BilledUser>(),
        table::<Active>(),
        table::<Cookie>(),
        table::<LogEntry>(),
    ]);
    let mut answers = client.run_all(commands).await.into_iter();
    let (facts, clock) = read_facts(&mut answers)?;
    let users = records::<BilledUser>(&mut answers)?.into_iter().map(|user| user.0).collect();
    let sessions = records::<Active>(&mut answers)?.into_iter().map(session).collect();
    let cookies = records::<Cookie>(&mut answers)?.into_iter().map(cookie).collect();
    let logins = logins(answers.next().expect("one answer per command"), clock)?;
    Ok(Observed { connection, facts, users, sessions, cookies, logins })
}

fn session(active: Active) -> ObservedSession {
    ObservedSession {
        id: ObjectId(active.id.to_string()),
        user: active.user,
        address: active.address,
        mac: active.mac_address,
        uptime: active.uptime,
        bytes: active.bytes_in.saturating_add(active.bytes_out),
    }
}

fn cookie(cookie: Cookie) -> ObservedCookie {
    ObservedCookie { id: ObjectId(cookie.id.to_string()), user: cookie.user }
}

/// `logged in` lines. A log that may not be read is an empty one: it only sharpens other evidence.
fn logins(answer: Result<Answer, Error>, clock: Option<DateTime>) -> Result<Vec<LoggedIn>, Error> {
    let rows = match answer {
        Ok(answer) => answer.rows,
        Err(error) if matches!(error.kind(), ErrorKind::Denied | ErrorKind::BadRequest) => {
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let Some(clock) = clock else { return Ok(Vec::new()) };
    Ok(rows.iter().filter_map(|row| logged_in(row, clock)).collect())
}

/// `NAME (10.5.50.7): logged in`.
fn logged_in(row: &Row, clock: DateTime) -> Option<LoggedIn> {
    let message = row.text("message")?;
    let (user, _) = message.strip_suffix(LOGGED_IN)?.rsplit_once(" (")?;
    let at = date::parse_log_time(&row.text("time")?, clock).ok()?;
    Some(LoggedIn { user: user.to_owned(), at })
}
