//! Sessions and usage in SQL.

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::{LoginId, RouterId, SessionId};
use crate::kernel::page::{Page, PageRequest};
use crate::provisioning::LoginKind;
use crate::provisioning::session::{Session, Used};
use crate::provisioning::store::{SessionFilter, SessionSort, SessionStore, UsageDay};
use crate::store::StoreError;

use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::{Value, count};
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, unsigned};

macro_rules! columns {
    () => {
        "id, router_id, kind, name, login_id, device, address, via, started_at, seen_at, ended_at, \
         uptime_seconds, bytes_in, bytes_out, counter_in, counter_out"
    };
}

statements! {
    OPEN: "reading open sessions" = concat!(
        "SELECT ", columns!(), " FROM session WHERE router_id = $1 AND ended_at IS NULL");
    USAGE: "reading usage" =
        "SELECT day, bytes_in, bytes_out, uptime_seconds FROM usage_day WHERE login_id = $1 \
         AND day >= $2 AND day <= $3 ORDER BY day";
    FORGET: "forgetting sessions" =
        "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE ended_at < $1 \
         ORDER BY ended_at LIMIT $2)";
    FORGET_USAGE: "forgetting usage" = "DELETE FROM usage_day WHERE day < $1";
}

listing! {
    PAGE of SessionSort: "listing sessions" = concat!(
        "SELECT ", columns!(), "{value} FROM session WHERE {past} \
         AND (CAST($1 AS uuid) IS NULL OR router_id = $1) \
         AND (CAST($2 AS text) IS NULL OR kind = $2) \
         AND (CAST($3 AS uuid) IS NULL OR login_id = $3) \
         AND (CAST($4 AS text) IS NULL OR name = $4) \
         AND (NOT $5 OR ended_at IS NULL) AND (NOT $6 OR login_id IS NULL) {page}"),
    by "id" { Created: Column::Identity }
}

const OVER_WHAT_WAS_KNOWN: &str = "ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, \
    ended_at = excluded.ended_at, uptime_seconds = excluded.uptime_seconds, \
    bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out, \
    counter_in = excluded.counter_in, counter_out = excluded.counter_out";
const TO_WHAT_WAS_USED: &str = "ON CONFLICT (login_id, day) DO UPDATE SET \
    bytes_in = usage_day.bytes_in + excluded.bytes_in, \
    bytes_out = usage_day.bytes_out + excluded.bytes_out, \
    uptime_seconds = usage_day.uptime_seconds + excluded.uptime_seconds";

fn row(session: &Session) -> Vec<(&'static str, Value)> {
    vec![
        ("id", session.id.uuid().into()),
        ("router_id", session.router.uuid().into()),
        ("kind", session.kind.name().into()),
        ("name", session.name.as_str().into()),
        ("login_id", session.login.map(LoginId::uuid).into()),
        ("device", session.device.clone().into()),
        ("address", session.address.clone().into()),
        ("via", session.via.clone().into()),
        ("started_at", session.started_at.into()),
        ("seen_at", session.seen_at.into()),
        ("ended_at", session.ended_at.into()),
        ("uptime_seconds", session.uptime.into()),
        ("bytes_in", count(session.bytes_in).into()),
        ("bytes_out", count(session.bytes_out).into()),
        ("counter_in", count(session.counters.0).into()),
        ("counter_out", count(session.counters.1).into()),
    ]
}

fn read(row: &impl Record) -> Result<Session, ReadError> {
    Ok(Session {
        id: SessionId::from_uuid(row.uuid("id")?),
        router: RouterId::from_uuid(row.uuid("router_id")?),
        kind: known("session", "kind", &row.text("kind")?, LoginKind::named)?,
        name: row.text("name")?,
        login: row.uuid_or_none("login_id")?.map(LoginId::from_uuid),
        device: row.text_or_none("device")?,
        address: row.text_or_none("address")?,
        via: row.text_or_none("via")?,
        started_at: row.instant("started_at")?,
        seen_at: row.instant("seen_at")?,
        ended_at: row.instant_or_none("ended_at")?,
        uptime: SignedDuration::from_secs(row.int("uptime_seconds")?),
        bytes_in: unsigned(row.int("bytes_in")?),
        bytes_out: unsigned(row.int("bytes_out")?),
        counters: (unsigned(row.int("counter_in")?), unsigned(row.int("counter_out")?)),
    })
}

fn read_day(row: &impl Record) -> Result<UsageDay, ReadError> {
    let used = Used {
        uptime: SignedDuration::from_secs(row.int("uptime_seconds")?),
        bytes_in: unsigned(row.int("bytes_in")?),
        bytes_out: unsigned(row.int("bytes_out")?),
    };
    Ok(UsageDay { day: row.date("day")?, used })
}

#[async_trait]
impl<D: Dialect> SessionStore for SqlTx<D> {
    async fn sessions_open(&mut self, router: RouterId) -> Result<Vec<Session>, StoreError> {
        self.all(OPEN, vec![router.uuid().into()], read).await
    }

    async fn session_page(
        &mut self,
        filter: &SessionFilter,
        page: PageRequest<SessionSort>,
    ) -> Result<Page<Session>, StoreError> {
        let values = vec![
            filter.router.map(RouterId::uuid).into(),
            filter.kind.map(LoginKind::name).into(),
            filter.login.map(LoginId::uuid).into(),
            filter.name.clone().into(),
            filter.open.into(),
            filter.unknown.into(),
        ];
        self.page(&PAGE, values, &page, read).await
    }

    async fn sessions_write(&mut self, sessions: &[Session]) -> Result<(), StoreError> {
        if sessions.is_empty() {
            return Ok(());
        }
        let columns = transpose(sessions.iter().map(row));
        self.insert_all_or("noting sessions", "session", columns, OVER_WHAT_WAS_KNOWN)
            .await
            .map(drop)
    }

    async fn usage_add(&mut self, day: Date, used: &[(LoginId, Used)]) -> Result<(), StoreError> {
        if used.is_empty() {
            return Ok(());
        }
        let row = |(login, used): &(LoginId, Used)| {
            vec![
                ("login_id", login.uuid().into()),
                ("day", Value::Day(Some(day))),
                ("bytes_in", count(used.bytes_in).into()),
                ("bytes_out", count(used.bytes_out).into()),
                ("uptime_seconds", used.uptime.into()),
            ]
        };
        let columns = transpose(used.iter().map(row));
        self.insert_all_or("noting usage", "usage_day", columns, TO_WHAT_WAS_USED).await.map(drop)
    }

    async fn usage_days(
        &mut self,
        login: LoginId,
        from: Date,
        to: Date,
    ) -> Result<Vec<UsageDay>, StoreError> {
        let values = vec![login.uuid().into(), Value::Day(Some(from)), Value::Day(Some(to))];
        self.all(USAGE, values, read_day).await
    }

    async fn sessions_forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.execute(FORGET, vec![before.into(), limit.into()]).await
    }

    async fn usage_forget(&mut self, before: Date) -> Result<u64, StoreError> {
        self.execute(FORGET_USAGE, vec![Value::Day(Some(before))]).await
    }
}
