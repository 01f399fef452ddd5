//! The store on PostgreSQL and SQLite. The only place that names sqlx.

mod account;
mod alert;
mod answer;
mod books;
mod catalogue;
mod clock;
mod customer;
mod delivery;
mod engine;
mod error;
mod event;
mod interface;
mod invoice;
mod keys;
mod lanes;
mod ledger;
mod listing;
mod login;
mod login_rows;
mod names;
mod notice;
mod open;
mod operation;
mod outbox;
mod payment;
mod period_use;
#[cfg(feature = "testkit")]
mod prepare;
mod profile;
mod readers;
mod record;
mod report;
mod router;
mod sample;
mod session;
mod settings;
mod signal;
mod staff;
mod statement;
mod subscribers;
mod subscription;
mod tallies;
mod terms;
mod trail;
mod value;
mod voucher;
mod voucher_rows;
mod watch;
mod webhook;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Pool, Postgres, SqlSafeStr as _, SqlStr, Sqlite, Transaction};

use crate::event::NewEvent;
use crate::signal::{Signal, Topic};
use crate::store::{Access, Connections, Store, StoreError, Tx};

use engine::{Dialect, Lend as _, Share as _};
use error::driver;
use lanes::Lanes;
use readers::{Reader, Readers};
use record::Record;
use statement::{Statement, statements};
use value::Value;
use watch::Subject;

#[cfg(feature = "testkit")]
pub(crate) use open::open_unsynced;
pub use open::{DatabaseUrl, open, open_with_signal};
#[cfg(feature = "testkit")]
pub use prepare::{explain_lists, prepare_all};
pub use signal::PostgresSignal;

/// Stands around every statement; tests use it to make the process die at a chosen one.
pub trait StatementHook: Send + Sync {
    /// Before a statement, begin or commit reaches the database.
    fn before(&self) -> Result<(), StoreError>;
    /// After it took effect there.
    fn after(&self) -> Result<(), StoreError>;
}

pub(crate) type Hook = Option<Arc<dyn StatementHook>>;

struct SqlStore<D: Dialect> {
    writer: Pool<D>,
    /// For reading what has to agree.
    snapshots: Pool<D>,
    readers: Readers<D>,
    lanes: D::Lanes,
    migrator: &'static Migrator,
    hook: Hook,
    signal: Arc<dyn Signal>,
    folder: Option<PathBuf>,
}

impl<D: Dialect> fmt::Debug for SqlStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlStore({})", D::ENGINE)
    }
}

impl<D: Dialect> SqlStore<D> {
    async fn connection(&self) -> Result<PoolConnection<D>, StoreError> {
        self.writer.acquire().await.map_err(|error| driver("connecting", error))
    }

    async fn reading(&self) -> Result<SqlTx<D>, StoreError> {
        before(&self.hook)?;
        let line = match self.lanes.lend().await {
            Some(shared) => Line::Shared(shared),
            None => Line::Reader(self.reader().await?),
        };
        after(&self.hook)?;
        Ok(self.over(line))
    }

    async fn reader(&self) -> Result<Reader<D>, StoreError> {
        self.readers.reader().await.map_err(|error| driver("connecting", error))
    }

    async fn transaction(
        &self,
        pool: &Pool<D>,
        begin: &'static str,
    ) -> Result<SqlTx<D>, StoreError> {
        before(&self.hook)?;
        let opened = pool.begin_with(begin).await.map_err(|error| driver("beginning", error))?;
        after(&self.hook)?;
        Ok(self.over(Line::Transaction(opened)))
    }

    fn over(&self, line: Line<D>) -> SqlTx<D> {
        let (hook, signal) = (self.hook.clone(), Arc::clone(&self.signal));
        SqlTx {
            line,
            hook,
            signal,
            events: Vec::new(),
            records: Vec::new(),
            has_work: false,
            has_access: false,
            has_settings: false,
        }
    }
}

fn schema(error: sqlx::migrate::MigrateError) -> StoreError {
    match error {
        sqlx::migrate::MigrateError::Execute(source) => driver("migrating", source),
        other => StoreError::Schema(other.to_string()),
    }
}

statements! {
    SCHEMA: "looking at the schema" = "SELECT version FROM _sqlx_migrations WHERE success";
}

/// The table in which applied migrations are noted.
const MIGRATIONS_TABLE: &str = "_sqlx_migrations";

#[async_trait]
impl<D: Dialect<Connection: Migrate>> Store for SqlStore<D> {
    async fn begin(&self, access: Access) -> Result<Box<dyn Tx>, StoreError> {
        Ok(Box::new(match access {
            Access::Read => self.reading().await?,
            Access::Snapshot => self.transaction(&self.snapshots, D::BEGIN_SNAPSHOT).await?,
            Access::Write => self.transaction(&self.writer, D::BEGIN_WRITE).await?,
        }))
    }

    async fn migrate(&self) -> Result<usize, StoreError> {
        let missing = self.migrations_missing().await?;
        if missing > 0 {
            let mut connection = self.connection().await?;
            self.migrator.run_direct(None, &mut *connection, false).await.map_err(schema)?;
        }
        Ok(missing)
    }

    async fn migrations_missing(&self) -> Result<usize, StoreError> {
        let mut connection = self.connection().await?;
        connection.ensure_migrations_table(MIGRATIONS_TABLE).await.map_err(schema)?;
        let applied = connection.list_applied_migrations(MIGRATIONS_TABLE).await.map_err(schema)?;
        if let Some(unknown) = applied.iter().find(|m| !self.migrator.version_exists(m.version)) {
            return Err(StoreError::Schema(format!(
                "migration {} was applied by a newer version of this program",
                unknown.version
            )));
        }
        Ok(self.migrator.iter().count() - applied.len())
    }

    async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let mut tx = self.reading().await?;
        let mut applied = tx.all(SCHEMA, Vec::new(), |row| Ok(row.int("version")?)).await?;
        applied.sort_unstable();
        Ok(self.migrator.iter().map(|migration| migration.version).eq(applied))
    }

    async fn bytes(&self) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        let sql = D::BYTES.into_sql_str();
        let rows = D::fetch(reader.begun(), sql, D::Arguments::default()).await;
        reader.done();
        let rows = rows.and_then(|rows| rows.first().map_or(Ok(0), |row| row.int("n")));
        rows.map(unsigned).map_err(|error| driver("measuring the database", error))
    }

    fn connections(&self) -> Connections {
        let lent = self.readers.lent();
        let shared = self.lanes.lent();
        let (mut active, mut idle) = (lent.busy + shared.busy, lent.idle + shared.idle);
        let pools = [&self.writer, &self.snapshots];
        for pool in &pools[..if D::SNAPSHOTS_APART { 2 } else { 1 }] {
            let resting = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            active += pool.size().saturating_sub(resting);
            idle += resting;
        }
        Connections { active, idle }
    }

    fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    fn engine(&self) -> &'static str {
        D::ENGINE
    }

    fn signal(&self) -> Arc<dyn Signal> {
        Arc::clone(&self.signal)
    }

    async fn close(&self) {
        self.lanes.close().await;
        self.readers.close().await;
        self.snapshots.close().await;
        self.writer.close().await;
    }
}

fn before(hook: &Hook) -> Result<(), StoreError> {
    hook.as_ref().map_or(Ok(()), |hook| hook.before())
}

fn after(hook: &Hook) -> Result<(), StoreError> {
    hook.as_ref().map_or(Ok(()), |hook| hook.after())
}

/// What statements go over.
enum Line<D: Dialect> {
    Transaction(Transaction<'static, D>),
    /// Each statement by itself.
    Reader(Reader<D>),
    /// Each by itself, among those of others.
    Shared(D::Shared),
}

impl<D: Dialect> Line<D> {
    async fn execute(
        &mut self,
        act: &'static str,
        sql: SqlStr,
        arguments: D::Arguments,
    ) -> Result<u64, StoreError> {
        let done = match self {
            Self::Transaction(transaction) => D::execute(transaction, sql, arguments).await,
            Self::Reader(reader) => {
                let done = D::execute(reader.begun(), sql, arguments).await;
                done.inspect(|_| reader.done())
            }
            Self::Shared(_) => return Err(error::only_reads(act)),
        };
        done.map_err(|error| driver(act, error))
    }

    async fn fetch(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Vec<D::Found>, StoreError> {
        let rows = match self {
            Self::Transaction(transaction) => {
                let (sql, arguments) = statement.bound::<D>(values)?;
                D::fetch(transaction, sql, arguments).await
            }
            Self::Reader(reader) => {
                let (sql, arguments) = statement.bound::<D>(values)?;
                let rows = D::fetch(reader.begun(), sql, arguments).await;
                rows.inspect(|_| reader.done())
            }
            Self::Shared(shared) => {
                statement.check(&values)?;
                let sql = statement.for_dialect::<D>();
                return shared.fetch(statement.act, sql, values).await;
            }
        };
        rows.map_err(|error| driver(statement.act, error))
    }
}

pub(crate) struct SqlTx<D: Dialect> {
    line: Line<D>,
    hook: Hook,
    signal: Arc<dyn Signal>,
    /// What happens with the commit.
    events: Vec<NewEvent>,
    /// What is chained to the trail with the commit.
    records: Vec<crate::audit::Record>,
    /// Was a message queued?
    has_work: bool,
    /// Did it change who may do what?
    has_access: bool,
    /// Did it change the settings?
    has_settings: bool,
}

#[async_trait]
impl<D> Tx for SqlTx<D>
where
    D: Dialect,
{
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let has_events = self.write_events().await?;
        let Line::Transaction(transaction) = self.line else { return Ok(()) };
        before(&self.hook)?;
        transaction.commit().await.map_err(|error| driver("committing", error))?;
        if self.has_work {
            self.signal.tell(Topic::Work);
        }
        if has_events {
            self.signal.tell(Topic::Events);
        }
        if self.has_access {
            self.signal.tell(Topic::Access);
        }
        if self.has_settings {
            self.signal.tell(Topic::Settings);
        }
        after(&self.hook)
    }

    async fn rollback(self: Box<Self>) {
        let Line::Transaction(transaction) = self.line else { return };
        if let Err(error) = transaction.rollback().await {
            tracing::debug!(error = %error, "a transaction could not be rolled back by hand");
        }
    }
}

impl<D: Dialect> SqlTx<D> {
    async fn execute(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let (sql, arguments) = statement.bound::<D>(values)?;
        before(&self.hook)?;
        let began = Instant::now();
        let rows = self.line.execute(statement.act, sql, arguments).await;
        statement.subject().took(statement.act, began);
        let rows = rows?;
        after(&self.hook)?;
        Ok(rows)
    }

    async fn all<T>(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
        read: impl Fn(&D::Found) -> Result<T, ReadError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.rows(statement, values).await?;
        rows.iter().map(|row| read(row).map_err(|error| error.while_doing(statement.act))).collect()
    }

    async fn rows(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Vec<D::Found>, StoreError> {
        before(&self.hook)?;
        let began = Instant::now();
        let rows = self.line.fetch(statement, values).await;
        statement.subject().took(statement.act, began);
        let rows = rows?;
        after(&self.hook)?;
        Ok(rows)
    }

    async fn one<T>(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
        read: impl Fn(&D::Found) -> Result<T, ReadError> + Send,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(statement, values, read).await?.pop())
    }

    /// The single number a counting statement answers.
    async fn number(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<i64, StoreError> {
        let found = self.one(statement, values, |row| Ok(row.int("n")?)).await?;
        Ok(found.unwrap_or_default())
    }

    /// Inserts many rows, as few statements as the dialect allows.
    async fn insert_all(
        &mut self,
        act: &'static str,
        table: &'static str,
        columns: Vec<(&'static str, Vec<Value>)>,
    ) -> Result<(), StoreError> {
        self.insert_all_or(act, table, columns, "").await.map(drop)
    }

    /// As [`Self::insert_all`]; `conflict` is the tail that says what becomes of rows that are there
    /// already, such as `ON CONFLICT (cause) DO NOTHING`. Answers how many rows were written.
    async fn insert_all_or(
        &mut self,
        act: &'static str,
        table: &'static str,
        columns: Vec<(&'static str, Vec<Value>)>,
        conflict: &'static str,
    ) -> Result<u64, StoreError> {
        columns.iter().try_for_each(|(_, values)| Value::check_eras(values))?;
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let subject = Subject::new("insert", table);
        let mut written = 0;
        for start in (0..rows).step_by(D::BULK_ROWS) {
            let end = rows.min(start + D::BULK_ROWS);
            let (source, arguments) = D::bulk(&columns, start..end)
                .map_err(|error| driver(act, sqlx::Error::Encode(error)))?;
            let sql = format!("INSERT INTO {table} ({}) {source} {conflict}", names.join(", "));
            before(&self.hook)?;
            let sql = AssertSqlSafe(sql).into_sql_str();
            let began = Instant::now();
            let done = self.line.execute(act, sql, arguments).await;
            subject.took(act, began);
            written += done?;
            after(&self.hook)?;
        }
        Ok(written)
    }
}

/// Why a row could not be read.
pub(crate) enum ReadError {
    Column(sqlx::Error),
    Unknown { table: &'static str, column: &'static str, value: String },
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Column(error)
    }
}

impl ReadError {
    fn while_doing(self, act: &'static str) -> StoreError {
        match self {
            Self::Column(error) => driver(act, error),
            Self::Unknown { table, column, value } => {
                StoreError::Unreadable { table, column, value }
            }
        }
    }
}

/// Turns stored text into a value of the domain, or names what cannot be read.
fn known<T>(
    table: &'static str,
    column: &'static str,
    value: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ReadError> {
    read(value).ok_or_else(|| ReadError::Unknown { table, column, value: value.to_owned() })
}

/// Stored counts are never negative; a damaged one reads as zero rather than wrapping.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn small(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");
static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

fn on_postgres(
    pool: Pool<Postgres>,
    readers: Readers<Postgres>,
    lanes: Lanes,
    hook: Hook,
    signal: Arc<dyn Signal>,
) -> SqlStore<Postgres> {
    let snapshots = pool.clone();
    SqlStore {
        writer: pool,
        snapshots,
        readers,
        lanes,
        migrator: &POSTGRES_MIGRATIONS,
        hook,
        signal,
        folder: None,
    }
}

fn on_sqlite(
    writer: Pool<Sqlite>,
    snapshots: Pool<Sqlite>,
    readers: Readers<Sqlite>,
    hook: Hook,
    signal: Arc<dyn Signal>,
    folder: Option<PathBuf>,
) -> SqlStore<Sqlite> {
    let migrator = &SQLITE_MIGRATIONS;
    SqlStore { writer, snapshots, readers, lanes: (), migrator, hook, signal, folder }
}
