//! Connections to PostgreSQL on which many ask at the same time.
//!
//! A connection that is had alone sends one statement, and its server wakes up for that one. On these,
//! statements are sent as they come, without waiting for the answers to those before: under load, one
//! system call carries many of them, and neither side falls asleep in between ("Pipelining" in chapter
//! 53.2 of PostgreSQL's manual). Who asks behind a slow statement has to wait for it, so a connection that
//! has not answered for a while is asked nothing more until it has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as Gate;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Error, NoTls, Row as LaneRow, Statement};

use crate::store::StoreError;

use super::engine::{Lend, Share};
use super::error::on_lane;
use super::readers::Lent;
use super::record::PostgresRow;

use super::value::Value;
/// Two, so that one slow statement does not end the sharing.
const LANES: usize = 2;
/// What waits for answers on one connection.
const ASKED_MAX: u32 = 256;
/// A connection on which somebody waits and that has not answered for longer is asked nothing more.
const SILENCE_MAX: Duration = Duration::from_millis(5);
/// Statements that a connection keeps prepared.
const PREPARED_MAX: usize = 256;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Every instant crosses the wire as UTC, and nothing is ever changed here.
const OPTIONS: &str = "-c timezone=UTC -c lock_timeout=5s -c default_transaction_read_only=on";

/// Connections that are shared, opened when they are first wanted.
pub(crate) struct Lanes {
    /// None where a connection would have to be encrypted, which these are not.
    config: Option<Config>,
    lanes: [Place; LANES],
}

#[derive(Default)]
struct Place {
    lane: RwLock<Option<Arc<Lane>>>,
    /// Held by whoever opens one.
    gate: Gate<()>,
}

impl Lanes {
    /// To the server of this address.
    pub(super) fn new(url: &str) -> Self {
        let config = url.parse::<Config>().ok().filter(may_be_plain).map(|mut config| {
            config.options(OPTIONS).application_name("mkbill").connect_timeout(CONNECT_TIMEOUT);
            config
        });
        Self { config, lanes: Default::default() }
    }
}

/// May what is said to this server be said in the clear? Where the address asks for it, and where it
/// leaves open what is done within one machine.
fn may_be_plain(config: &Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    match config.get_ssl_mode() {
        SslMode::Disable => true,
        SslMode::Prefer => {
            config.get_hosts().iter().all(is_here)
                && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
        }
        _ => false,
    }
}

impl Lend<Arc<Lane>> for Lanes {
    async fn lend(&self) -> Option<Arc<Lane>> {
        let config = self.config.as_ref()?;
        for place in &self.lanes {
            let lane = match place.open() {
                Some(lane) => lane,
                None => place.opened(config).await?,
            };
            if lane.is_swift() {
                return Some(lane);
            }
        }
        None
    }

    fn lent(&self) -> Lent {
        let mut lent = Lent::default();
        for lane in self.lanes.iter().filter_map(Place::open) {
            // One of them is the place's own, and one is ours.
            let is_busy = Arc::strong_count(&lane) > 2;
            *(if is_busy { &mut lent.busy } else { &mut lent.idle }) += 1;
        }
        lent
    }

    async fn close(&self) {
        for place in &self.lanes {
            let lane = place.lane.write().unwrap_or_else(PoisonError::into_inner).take();
            let Some(lane) = lane else { continue };
            let task = lane.task.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(lane);
            if let Some(task) = task {
                // It ends when nobody holds the connection any more.
                let _ = tokio::time::timeout(CONNECT_TIMEOUT, task).await;
            }
        }
    }
}

impl Place {
    fn open(&self) -> Option<Arc<Lane>> {
        let lane = self.lane.read().unwrap_or_else(PoisonError::into_inner);
        lane.as_ref().filter(|lane| lane.works()).map(Arc::clone)
    }

    /// Opens a connection, unless somebody else does; nothing where that fails: whoever has a connection
    /// alone then finds out why.
    async fn opened(&self, config: &Config) -> Option<Arc<Lane>> {
        let _only = self.gate.lock().await;
        if let Some(lane) = self.open() {
            return Some(lane);
        }
        match Lane::connect(config).await {
            Ok(lane) => {
                let lane = Arc::new(lane);
                let mut place = self.lane.write().unwrap_or_else(PoisonError::into_inner);
                *place = Some(Arc::clone(&lane));
                Some(lane)
            }
            Err(error) => {
                tracing::debug!(%error, "no shared connection");
                None
            }
        }
    }
}

/// A connection that is shared.
pub(crate) struct Lane {
    client: Client,
    task: Mutex<Option<JoinHandle<()>>>,
    /// By the place of their text in memory.
    prepared: RwLock<HashMap<usize, Statement>>,
    /// Is it to be used no more?
    is_over: AtomicBool,
    /// How many wait for an answer.
    asked: AtomicU32,
    born: Instant,
    /// When somebody began to wait, or an answer came: in microseconds since it was opened.
    heard: AtomicU64,
}

impl Lane {
    async fn connect(config: &Config) -> Result<Self, Error> {
        let (client, connection) = config.connect(NoTls).await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a shared connection ended");
            }
        });
        Ok(Self {
            client,
            task: Mutex::new(Some(task)),
            prepared: RwLock::default(),
            is_over: AtomicBool::new(false),
            asked: AtomicU32::new(0),
            born: Instant::now(),
            heard: AtomicU64::new(0),
        })
    }

    fn works(&self) -> bool {
        !self.client.is_closed() && !self.is_over.load(Ordering::Relaxed)
    }

    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Will it answer soon?
    fn is_swift(&self) -> bool {
        let asked = self.asked.load(Ordering::Relaxed);
        let silent = || self.age().saturating_sub(self.heard.load(Ordering::Relaxed));
        asked == 0 || asked < ASKED_MAX && u128::from(silent()) < SILENCE_MAX.as_micros()
    }

    async fn prepared(&self, sql: &'static str, types: &[Type]) -> Result<Statement, Error> {
        let known = self
            .prepared
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&sql.as_ptr().addr())
            .cloned();
        if let Some(known) = known.filter(|known| known.params() == types) {
            return Ok(known);
        }
        let statement = self.client.prepare_typed(sql, types).await?;
        let mut all = self.prepared.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= PREPARED_MAX {
            all.clear();
        }
        all.insert(sql.as_ptr().addr(), statement.clone());
        Ok(statement)
    }

    async fn ask(&self, sql: &'static str, values: &[Value]) -> Result<Vec<PostgresRow>, Error> {
        let mut waiting = Waiting::begin(self);
        let rows = self.rows(sql, values).await;
        waiting.is_answered = true;
        Ok(rows?.into_iter().map(PostgresRow::Shared).collect())
    }

    async fn rows(&self, sql: &'static str, values: &[Value]) -> Result<Vec<LaneRow>, Error> {
        let (types, values): (Vec<Type>, Vec<_>) = values.iter().map(parameter).unzip();
        let statement = self.prepared(sql, &types).await?;
        self.client.query(&statement, &values).await
    }
}

impl Share<PostgresRow> for Arc<Lane> {
    async fn fetch(
        &self,
        act: &'static str,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<PostgresRow>, StoreError> {
        self.ask(sql, &values).await.map_err(|error| {
            if ends_the_connection(&error) {
                self.is_over.store(true, Ordering::Relaxed);
            }
            on_lane(act, error)
        })
    }
}

/// Is the connection of no use after this? When it was lost or is being ended (`57P…`), and when a statement
/// that was prepared before the schema changed cannot go on (`0A000`, `feature_not_supported`).
fn ends_the_connection(error: &Error) -> bool {
    let ends = |code: &str| code.starts_with("57P") || code == "0A000";
    error.code().is_none_or(|code| ends(code.code()))
}

/// Somebody who waits for an answer. Nobody hears when what they gave up is over, so that whoever comes
/// then gets another connection.
struct Waiting<'l> {
    lane: &'l Lane,
    is_answered: bool,
}

impl<'l> Waiting<'l> {
    fn begin(lane: &'l Lane) -> Self {
        if lane.asked.fetch_add(1, Ordering::Relaxed) == 0 {
            lane.heard.store(lane.age(), Ordering::Relaxed);
        }
        Self { lane, is_answered: false }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let lane = self.lane;
        lane.asked.fetch_sub(1, Ordering::Relaxed);
        lane.heard.store(lane.age(), Ordering::Relaxed);
        if !self.is_answered {
            lane.is_over.store(true, Ordering::Relaxed);
        }
    }
}

/// A value as the driver takes it, and the type that the server is told.
fn parameter(value: &Value) -> (Type, &(dyn ToSql + Sync)) {
    match value {
        Value::Uuid(value) => (Type::UUID, value),
        Value::Text(value) => (Type::TEXT, value),
        Value::Int(value) => (Type::INT8, value),
        Value::Bool(value) => (Type::BOOL, value),
        Value::Instant(value) => (Type::TIMESTAMPTZ, value),
        Value::Day(value) => (Type::DATE, value),
        Value::Bytes(value) => (Type::BYTEA, value),
        Value::Json(value) => (Type::JSONB, value),
        Value::Uuids(values) => (Type::UUID_ARRAY, values),
        Value::Texts(values) => (Type::TEXT_ARRAY, values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_said_in_the_clear_is_shared() {
        for (url, may) in [
            ("postgres://mk@localhost/bill", true),
            ("postgres://mk@127.0.0.1/bill", true),
            ("postgres://mk@/bill?host=/run/postgresql", true),
            ("postgres://mk@db.example/bill?sslmode=disable", true),
            ("postgres://mk@db.example/bill", false),
            ("postgres://mk@localhost,db.example/bill", false),
            ("postgres://mk@localhost/bill?sslmode=require", false),
            ("postgres://mk@localhost/bill?sslmode=verify-full", false),
        ] {
            assert_eq!(Lanes::new(url).config.is_some(), may, "{url}");
        }
    }
}
