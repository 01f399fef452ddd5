//! Opening a store by its address.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::signal::{LocalSignal, Signal};
use crate::store::{Store, StoreError};

use super::error::driver;
use super::lanes::Lanes;
use super::readers::Readers;
use super::{Hook, StatementHook, on_postgres, on_sqlite};

/// For everything but single statements that read.
const POSTGRES_CONNECTIONS_MAX: u32 = 16;
const POSTGRES_READERS_MAX: u32 = 16;
const SQLITE_SNAPSHOTS_MAX: u32 = 2;
const SQLITE_READERS_MAX: u32 = 4;
/// How many statements a connection to PostgreSQL keeps prepared.
const POSTGRES_PREPARED_MAX: usize = 256;
/// A connection that rested for no longer is taken to work.
const TRUSTED: Duration = Duration::from_secs(1);
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// As long as SQLite waits.
const LOCK_TIMEOUT: &str = "5s";
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECTION_IDLE: Duration = Duration::from_mins(5);
const SQLITE_CACHE_KIB: i64 = 32_000;
/// How much of the file is read through the memory of the system instead of copied.
const SQLITE_MMAP_BYTES: i64 = 1 << 28;
/// How many pages, of 4 KiB each, the log holds before they are copied into the file. A run over many
/// customers changes the same pages again and again; each is copied once for all of them.
const SQLITE_LOG_PAGES: &str = "8000";

/// Where the data lives: `sqlite:PATH` or `postgres://…`.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file; one process writes.
    Sqlite(PathBuf),
    /// A server; any number of processes.
    Postgres(SecretString),
}

impl FromStr for DatabaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.is_empty() && path != ":memory:" {
                return Ok(Self::Sqlite(PathBuf::from(path)));
            }
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(SecretString::from(text)));
        }
        Err(Error::invalid(
            "database",
            said!(
                "use sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
                "gunakan sqlite:PATH atau postgres://USER:PASSWORD@HOST/NAME"
            ),
        ))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let text = url.expose_secret();
                let (scheme, rest) = text.split_once("://").unwrap_or(("postgres", ""));
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                let place = place.split_once('?').map_or(place, |(place, _)| place);
                write!(f, "{scheme}://{place}")
            }
        }
    }
}

/// Opens the store at `url`. Does not touch the schema. Wake-ups stay within the process.
pub async fn open(
    url: &DatabaseUrl,
    hook: Option<Arc<dyn StatementHook>>,
) -> Result<Arc<dyn Store>, StoreError> {
    open_with_signal(url, hook, Arc::new(LocalSignal::new())).await
}

/// As [`open`], with wake-ups that reach other processes too.
pub async fn open_with_signal(
    url: &DatabaseUrl,
    hook: Option<Arc<dyn StatementHook>>,
    signal: Arc<dyn Signal>,
) -> Result<Arc<dyn Store>, StoreError> {
    match url {
        DatabaseUrl::Sqlite(path) => sqlite(path, SqliteSynchronous::Full, hook, signal).await,
        DatabaseUrl::Postgres(text) => postgres(text, hook, signal).await,
    }
}

/// As [`open`] for data that need not outlive the machine: SQLite leaves writing to the disk to the
/// system. What a process that dies had committed is kept all the same.
#[cfg(feature = "testkit")]
pub(crate) async fn open_unsynced(
    url: &DatabaseUrl,
    hook: Option<Arc<dyn StatementHook>>,
    signal: Arc<dyn Signal>,
) -> Result<Arc<dyn Store>, StoreError> {
    match url {
        DatabaseUrl::Sqlite(path) => sqlite(path, SqliteSynchronous::Off, hook, signal).await,
        DatabaseUrl::Postgres(text) => postgres(text, hook, signal).await,
    }
}

async fn sqlite(
    path: &Path,
    synchronous: SqliteSynchronous,
    hook: Hook,
    signal: Arc<dyn Signal>,
) -> Result<Arc<dyn Store>, StoreError> {
    let base = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .pragma("temp_store", "memory")
        .pragma("cache_size", format!("-{SQLITE_CACHE_KIB}"))
        .pragma("mmap_size", SQLITE_MMAP_BYTES.to_string())
        .pragma("wal_autocheckpoint", SQLITE_LOG_PAGES)
        .optimize_on_close(true, None)
        .disable_statement_logging();
    let opened = |error| driver("opening the database file", error);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(base.clone().create_if_missing(true))
        .await
        .map_err(opened)?;
    let snapshots = SqlitePoolOptions::new()
        .max_connections(SQLITE_SNAPSHOTS_MAX)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(CONNECTION_IDLE)
        .connect_lazy_with(base.clone().read_only(true));
    let readers = Readers::new(base.read_only(true), SQLITE_READERS_MAX, ACQUIRE_TIMEOUT);
    let folder = path
        .parent()
        .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    Ok(Arc::new(on_sqlite(writer, snapshots, readers, hook, signal, folder.map(Path::to_owned))))
}

async fn postgres(
    url: &SecretString,
    hook: Hook,
    signal: Arc<dyn Signal>,
) -> Result<Arc<dyn Store>, StoreError> {
    let opened = |error| driver("connecting to the database", error);
    let options: PgConnectOptions = url.expose_secret().parse().map_err(opened)?;
    // Every instant crosses the wire as UTC; the session's zone must not matter for anything.
    let options = options
        .options([("timezone", "UTC"), ("lock_timeout", LOCK_TIMEOUT)])
        .statement_cache_capacity(POSTGRES_PREPARED_MAX)
        .application_name("mkbill")
        .disable_statement_logging();
    let readers = options.clone().options([("default_transaction_read_only", "on")]);
    let readers = Readers::new(readers, POSTGRES_READERS_MAX, ACQUIRE_TIMEOUT);
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS_MAX)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(CONNECTION_IDLE)
        .test_before_acquire(false)
        .before_acquire(|connection, resting| Box::pin(works(connection, resting.idle_for)))
        .connect_with(options)
        .await
        .map_err(opened)?;
    let lanes = Lanes::new(url.expose_secret());
    Ok(Arc::new(on_postgres(pool, readers, lanes, hook, signal)))
}

/// Asks a connection that rested whether it still works.
async fn works(connection: &mut PgConnection, rested: Duration) -> sqlx::Result<bool> {
    if rested > TRUSTED {
        connection.ping().await?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_never_shows_its_password() {
        let url: DatabaseUrl =
            "postgres://mk:hunter2@db.example/bill?sslmode=require".parse().unwrap();
        assert_eq!(
            format!("{url} {url:?}"),
            "postgres://db.example/bill postgres://db.example/bill"
        );
        assert!("mysql://x".parse::<DatabaseUrl>().is_err());
        assert!("sqlite::memory:".parse::<DatabaseUrl>().is_err());
    }

    async fn refused(path: std::path::PathBuf) -> String {
        open(&DatabaseUrl::Sqlite(path), None).await.map(drop).unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_a_database_is_said_in_words() {
        let text = refused("/nowhere/at/all/mkbill.db".into()).await;
        assert!(text.contains("check the path, the rights and the disk"), "{text}");
        let folder = std::env::temp_dir().join(format!("mkbill-open-{}", std::process::id()));
        std::fs::write(&folder, vec![b'x'; 8_192]).unwrap();
        let text = refused(folder.clone()).await;
        std::fs::remove_file(folder).unwrap();
        assert!(text.contains("damaged or not a database"), "{text}");
    }
}
