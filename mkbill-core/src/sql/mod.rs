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
mod ledger;
mod login;
mod login_rows;
mod names;
mod notice;
mod open;
mod outbox;
mod payment;
mod period_use;
#[cfg(feature = "testkit")]
mod prepare;
mod profile;
mod report;
mod router;
mod sample;
mod session;
mod signal;
mod staff;
mod statement;
mod subscribers;
mod subscription;
mod terms;
mod trail;
mod value;
mod voucher;
mod voucher_rows;
mod webhook;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::{Pool, Postgres, Sqlite, Transaction};

use crate::event::NewEvent;
use crate::signal::{Signal, Topic};
use crate::store::{Access, Store, StoreError, Tx};

use engine::{Dialect, Record};
use error::driver;
use statement::Statement;
use value::Value;

#[cfg(feature = "testkit")]
pub(crate) use open::open_unsynced;
pub use open::{DatabaseUrl, open, open_with_signal};
#[cfg(feature = "testkit")]
pub use prepare::prepare_all;
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
    reader: Pool<D>,
    migrator: &'static Migrator,
    hook: Hook,
    signal: Arc<dyn Signal>,
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
}

fn schema(error: sqlx::migrate::MigrateError) -> StoreError {
    match error {
        sqlx::migrate::MigrateError::Execute(source) => driver("migrating", source),
        other => StoreError::Schema(other.to_string()),
    }
}

/// The table in which applied migrations are noted.
const MIGRATIONS_TABLE: &str = "_sqlx_migrations";

#[async_trait]
impl<D: Dialect<Connection: Migrate>> Store for SqlStore<D> {
    async fn begin(&self, access: Access) -> Result<Box<dyn Tx>, StoreError> {
        let (pool, begin) = match access {
            Access::Read => (&self.reader, D::BEGIN_READ),
            Access::Write => (&self.writer, D::BEGIN_WRITE),
        };
        before(&self.hook)?;
        let transaction =
            pool.begin_with(begin).await.map_err(|error| driver("beginning", error))?;
        after(&self.hook)?;
        Ok(Box::new(SqlTx {
            transaction,
            hook: self.hook.clone(),
            signal: Arc::clone(&self.signal),
            events: Vec::new(),
            records: Vec::new(),
            has_work: false,
            has_access: false,
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

    fn engine(&self) -> &'static str {
        D::ENGINE
    }

    fn signal(&self) -> Arc<dyn Signal> {
        Arc::clone(&self.signal)
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

fn before(hook: &Hook) -> Result<(), StoreError> {
    hook.as_ref().map_or(Ok(()), |hook| hook.before())
}

fn after(hook: &Hook) -> Result<(), StoreError> {
    hook.as_ref().map_or(Ok(()), |hook| hook.after())
}

pub(crate) struct SqlTx<D: Dialect> {
    transaction: Transaction<'static, D>,
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
}

#[async_trait]
impl<D> Tx for SqlTx<D>
where
    D: Dialect,
{
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let has_events = self.write_events().await?;
        before(&self.hook)?;
        self.transaction.commit().await.map_err(|error| driver("committing", error))?;
        if self.has_work {
            self.signal.tell(Topic::Work);
        }
        if has_events {
            self.signal.tell(Topic::Events);
        }
        if self.has_access {
            self.signal.tell(Topic::Access);
        }
        after(&self.hook)
    }

    async fn rollback(self: Box<Self>) {
        if let Err(error) = self.transaction.rollback().await {
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
        let rows = D::execute(&mut self.transaction, sql, arguments).await;
        let rows = rows.map_err(|error| driver(statement.act, error))?;
        after(&self.hook)?;
        Ok(rows)
    }

    async fn all<T>(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
        read: impl Fn(&D::Row) -> Result<T, ReadError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let (sql, arguments) = statement.bound::<D>(values)?;
        before(&self.hook)?;
        let rows = D::fetch(&mut self.transaction, sql, arguments).await;
        let rows = rows.map_err(|error| driver(statement.act, error))?;
        after(&self.hook)?;
        rows.iter().map(|row| read(row).map_err(|error| error.while_doing(statement.act))).collect()
    }

    async fn one<T>(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
        read: impl Fn(&D::Row) -> Result<T, ReadError> + Send,
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
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let mut written = 0;
        for start in (0..rows).step_by(D::BULK_ROWS) {
            let end = rows.min(start + D::BULK_ROWS);
            let (source, arguments) = D::bulk(&columns, start..end)
                .map_err(|error| driver(act, sqlx::Error::Encode(error)))?;
            let sql = format!("INSERT INTO {table} ({}) {source} {conflict}", names.join(", "));
            before(&self.hook)?;
            let done = D::execute(&mut self.transaction, sql, arguments).await;
            written += done.map_err(|error| driver(act, error))?;
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

fn on_postgres(pool: Pool<Postgres>, hook: Hook, signal: Arc<dyn Signal>) -> SqlStore<Postgres> {
    SqlStore { writer: pool.clone(), reader: pool, migrator: &POSTGRES_MIGRATIONS, hook, signal }
}

fn on_sqlite(
    writer: Pool<Sqlite>,
    reader: Pool<Sqlite>,
    hook: Hook,
    signal: Arc<dyn Signal>,
) -> SqlStore<Sqlite> {
    SqlStore { writer, reader, migrator: &SQLITE_MIGRATIONS, hook, signal }
}
