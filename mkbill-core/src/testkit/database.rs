//! Throw-away databases on both engines.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::signal::{LocalSignal, Signal};
use crate::sql::{DatabaseUrl, StatementHook, open_unsynced};
use crate::store::Store;

use super::postgres::{Lent, SERVER};

/// A database engine that tests run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder that goes away.
    Sqlite,
    /// A database of its own on the server named in the environment.
    Postgres,
}

impl Engine {
    /// Its name in the names of tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// The engines that can be tested here: SQLite always, PostgreSQL if a server is named. Says on
/// standard error what is left out.
pub fn engines() -> Vec<Engine> {
    if std::env::var_os(SERVER).is_some() {
        return vec![Engine::Sqlite, Engine::Postgres];
    }
    eprintln!(
        "PostgreSQL is left out: {SERVER} is not set (`cargo xtask test` starts a server and sets it)"
    );
    vec![Engine::Sqlite]
}

/// Wake-ups that nobody else hears.
pub(super) fn quiet() -> Arc<dyn Signal> {
    Arc::new(LocalSignal::new())
}

/// A database with the current schema and nothing else. It goes away with the value (SQLite) or with
/// the server (PostgreSQL).
#[derive(Debug)]
pub struct TestDatabase {
    url: DatabaseUrl,
    place: Place,
}

/// What goes away with a test's database.
#[derive(Debug)]
enum Place {
    Folder { _folder: TempDir },
    Server(Lent),
}

impl TestDatabase {
    /// A new database on `engine`, with the schema.
    pub async fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let file = folder.path().join("mkbill.db");
                let template = SQLITE_TEMPLATE.get_or_init(make_sqlite_template).await;
                std::fs::write(&file, template).expect("the folder takes a file");
                Self { url: DatabaseUrl::Sqlite(file), place: Place::Folder { _folder: folder } }
            }
            Engine::Postgres => {
                let lent = Lent::take().await;
                Self { url: lent.url().clone(), place: Place::Server(lent) }
            }
        }
    }

    /// Where it is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Runs a bare statement on it, as somebody with a database console would.
    ///
    /// # Errors
    /// What the database says against it.
    pub async fn run(&self, statement: &'static str) -> Result<(), String> {
        if let Place::Server(lent) = &self.place {
            lent.keep();
        }
        self.console().await.run(statement).await
    }

    async fn console(&self) -> Console {
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let address = format!("sqlite://{}", path.display());
                Console::Sqlite(SqliteConnection::connect(&address).await.expect("it opens"))
            }
            DatabaseUrl::Postgres(address) => {
                let connected = PgConnection::connect(address.expose_secret()).await;
                Console::Postgres(connected.expect("it answers"))
            }
        }
    }

    /// Drops it while programs use it. On PostgreSQL only: an open SQLite file outlives its name.
    pub async fn vanish(&self) {
        if let Place::Server(lent) = &self.place {
            lent.vanish().await;
        }
    }

    /// Keeps writers out until the lock is dropped.
    pub async fn lock(&self) -> DatabaseLock {
        let mut console = self.console().await;
        let (begin, lock) = match &console {
            Console::Sqlite(_) => ("BEGIN IMMEDIATE", "SELECT 1"),
            Console::Postgres(_) => {
                ("BEGIN", "LOCK TABLE counter, request_key, voucher_batch, code_space")
            }
        };
        console.run(begin).await.expect("nobody else holds it");
        console.run(lock).await.expect("nobody else holds it");
        DatabaseLock(console)
    }

    /// From now on a login finds no room: PostgreSQL reports what it reports on a full disk.
    pub async fn fill_disk(&self) {
        for statement in [
            "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$",
            "CREATE TRIGGER disk_full BEFORE INSERT ON login EXECUTE FUNCTION disk_full()",
        ] {
            self.run(statement).await.expect("the console may");
        }
    }

    /// Undoes [`Self::fill_disk`].
    pub async fn free_disk(&self) {
        self.run("DROP FUNCTION disk_full CASCADE").await.expect("it was full");
    }

    /// Opens a store on it. Commits are not forced onto the disk on either engine.
    pub async fn store(&self, hook: Option<Arc<dyn StatementHook>>) -> Arc<dyn Store> {
        self.store_with_signal(hook, quiet()).await
    }

    /// The same, with other wake-ups.
    pub async fn store_with_signal(
        &self,
        hook: Option<Arc<dyn StatementHook>>,
        signal: Arc<dyn Signal>,
    ) -> Arc<dyn Store> {
        open_unsynced(&self.url, hook, signal).await.expect("the test database opens")
    }
}

static SQLITE_TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();

/// The bytes of a database file with the current schema.
async fn make_sqlite_template() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("template.db");
    let url = DatabaseUrl::Sqlite(file.clone());
    let store = open_unsynced(&url, None, quiet()).await.expect("a new file opens");
    store.migrate().await.expect("a new file takes the schema");
    store.close().await;
    std::fs::read(file).expect("the file was just closed")
}

/// A database console.
#[derive(Debug)]
enum Console {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Console {
    async fn run(&mut self, statement: &'static str) -> Result<(), String> {
        let done = match self {
            Self::Sqlite(connection) => sqlx::query(statement).execute(connection).await.map(drop),
            Self::Postgres(connection) => {
                sqlx::query(statement).execute(connection).await.map(drop)
            }
        };
        done.map_err(|error| error.to_string())
    }
}

/// Keeps writers out of a database.
#[derive(Debug)]
pub struct DatabaseLock(Console);

impl DatabaseLock {
    /// Lets writers in again.
    pub async fn release(mut self) {
        self.0.run("ROLLBACK").await.expect("the lock was held");
    }
}
