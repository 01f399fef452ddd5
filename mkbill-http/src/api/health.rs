//! Whether the server lives, can work, and how its parts are.

use std::time::Instant;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use mkbill_core::billing::Reader;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::permission::needs::SystemView;
use mkbill_core::outbox::store::OutboxTally;
use mkbill_core::router::Router;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use crate::auth::access::{Anyone, Reads};
use crate::problem::{Problem, ProblemBody};
use crate::watch::machine::{self, Room};

/// Above so many percent of disk or memory something has to be done.
const ROOM_DEGRADED_PERCENT: u64 = 80;
/// Above so many percent the next hour is in danger.
const ROOM_UNHEALTHY_PERCENT: u64 = 90;

/// Whether the server is there for requests.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Presence)]
pub(crate) struct PresenceBody {
    /// `live` or `ready`.
    status: &'static str,
}

/// Is the process alive? Touches nothing.
#[utoipa::path(get, path = "/live", tag = "health",
    responses((status = 200, description = "It lives", body = PresenceBody)))]
pub(crate) async fn live() -> Response {
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let fresh = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    ([kind, fresh], r#"{"status":"live"}"#).into_response()
}

/// Can it work? Asks whether the database answers and its schema is current.
#[utoipa::path(get, path = "/ready", tag = "health",
    responses(
        (status = 200, description = "It can work", body = PresenceBody),
        (status = 503, description = "The database is away or its schema is not current",
            body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn ready(anyone: Anyone) -> Answer<PresenceBody> {
    match anyone.billing.ready().await {
        Ok(()) => Ok(Json(PresenceBody { status: "ready" })),
        Err(error @ Error::Unavailable { .. }) => Err(error.into()),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "not ready");
            let detail = said!(
                "the database does not answer as it should; the log has more",
                "basis data tidak menjawab sebagaimana mestinya; log memuat lebih banyak"
            );
            Err(Problem::new("unavailable", detail))
        }
    }
}

/// How something is; the worst is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Condition {
    /// All is well.
    Ok,
    /// It works, and somebody should look.
    Degraded,
    /// It does not work, or soon will not.
    Unhealthy,
}

/// One part of the server.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HealthPart)]
pub(crate) struct Part<T> {
    status: Condition,
    /// How long the look at it took.
    latency_ms: u64,
    /// What was seen; absent if it does not answer.
    #[serde(flatten)]
    seen: Option<T>,
}

/// Connections to the database.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DatabaseHealth)]
pub(crate) struct DatabaseSeen {
    /// Those at work in this process.
    connections_active: u32,
    /// Those at hand in this process.
    connections_idle: u32,
}

/// Routers, as the last look at each showed them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoutersHealth)]
pub(crate) struct RoutersSeen {
    /// How many answered, or were not looked at yet.
    reachable: usize,
    /// How many did not.
    away: usize,
}

/// Messages of the outbox.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutboxHealth)]
pub(crate) struct OutboxSeen {
    /// Messages whose time has come.
    due: u64,
    /// Messages that failed at least once since they last worked.
    failing: u64,
    /// Messages that nobody will deliver any more.
    dead: u64,
}

/// How much is taken of disk or memory.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoomHealth)]
pub(crate) struct RoomSeen {
    used_bytes: u64,
    /// What there is for this process.
    total_bytes: u64,
    used_percent: u64,
}

/// How the server is, part by part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthBody {
    /// That of the worst part.
    status: Condition,
    /// Unhealthy while it does not answer or its schema is not current.
    database: Part<DatabaseSeen>,
    /// Degraded while one is away.
    routers: Part<RoutersSeen>,
    /// Degraded while a message fails or will never be delivered.
    outbox: Part<OutboxSeen>,
    /// The disk with the database file, or with the working directory; null where the system does not
    /// tell. Degraded above 80 percent, unhealthy above 90.
    disk: Option<Part<RoomSeen>>,
    /// The memory of this process; as the disk.
    memory: Option<Part<RoomSeen>>,
}

/// How are the parts of the server? Asks the database, and no router.
#[utoipa::path(get, operation_id = "show_health", path = "/health", tag = "health",
    responses(
        (status = 200, description = "All is well, or degraded", body = HealthBody),
        (status = 401, description = "The API key or the token is missing, unknown, over or revoked",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "It may not do this",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "A part is unhealthy", body = HealthBody)))]
pub(crate) async fn health(billing: Reads<SystemView>) -> Response {
    let database = timed(billing.ready(), |()| of_database(&billing)).await;
    let routers = timed(billing.routers(), |routers| of_routers(&routers)).await;
    let outbox = timed(billing.outbox_tally(), |tally| of_outbox(&tally)).await;
    let began = Instant::now();
    let machine = machine::look(billing.database_folder()).await;
    let room = |room: Option<Room>| room.map(|room| part(of_room(room), began));
    let (disk, memory) = (room(machine.disk), room(machine.memory));
    let rooms = disk.iter().chain(&memory).map(|part| part.status);
    let all = [database.status, routers.status, outbox.status].into_iter().chain(rooms);
    let status = all.max().unwrap_or(Condition::Ok);
    let code = match status {
        Condition::Ok | Condition::Degraded => StatusCode::OK,
        Condition::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, Json(HealthBody { status, database, routers, outbox, disk, memory })).into_response()
}

async fn timed<T, S>(
    looked: impl Future<Output = Result<T, Error>>,
    judge: impl FnOnce(T) -> (Condition, S),
) -> Part<S> {
    let began = Instant::now();
    match looked.await {
        Ok(found) => part(judge(found), began),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a part does not answer");
            Part { status: Condition::Unhealthy, latency_ms: since(began), seen: None }
        }
    }
}

fn part<S>((status, seen): (Condition, S), began: Instant) -> Part<S> {
    Part { status, latency_ms: since(began), seen: Some(seen) }
}

fn since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn of_database(billing: &Reader) -> (Condition, DatabaseSeen) {
    let now = billing.database_connections();
    let seen = DatabaseSeen { connections_active: now.active, connections_idle: now.idle };
    (Condition::Ok, seen)
}

fn of_routers(routers: &[Router]) -> (Condition, RoutersSeen) {
    let away = routers.iter().filter(|router| router.health.failures > 0).count();
    (well_if(away == 0), RoutersSeen { reachable: routers.len() - away, away })
}

fn of_outbox(tally: &OutboxTally) -> (Condition, OutboxSeen) {
    let OutboxTally { due, failing, dead, .. } = *tally;
    (well_if(failing == 0 && dead == 0), OutboxSeen { due, failing, dead })
}

fn well_if(well: bool) -> Condition {
    if well { Condition::Ok } else { Condition::Degraded }
}

fn of_room(room: Room) -> (Condition, RoomSeen) {
    let used_percent = room.used_percent();
    let condition = if used_percent > ROOM_UNHEALTHY_PERCENT {
        Condition::Unhealthy
    } else if used_percent > ROOM_DEGRADED_PERCENT {
        Condition::Degraded
    } else {
        Condition::Ok
    };
    let Room { used_bytes, total_bytes } = room;
    (condition, RoomSeen { used_bytes, total_bytes, used_percent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_judged_by_what_is_taken() {
        let of = |used_bytes| of_room(Room { used_bytes, total_bytes: 1_000 }).0;
        assert_eq!(
            [800, 801, 900, 901].map(of),
            [Condition::Ok, Condition::Degraded, Condition::Degraded, Condition::Unhealthy]
        );
    }
}
