//! Databases on the PostgreSQL server for tests: made from a template, and swept for the next user.
//! A sweep of crashes lives a thousand lives; a database for each would fill the disk.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::OnceCell;

use crate::sql::{DatabaseUrl, open_unsynced};

use super::database::quiet;

/// Where the address of a PostgreSQL server for tests stands; its user may do everything there.
pub(super) const SERVER: &str = "MKBILL_TEST_POSTGRES_URL";

/// Remembers the rows that the schema itself brings.
const REMEMBER: &str = "CREATE SCHEMA seed;
DO $$
DECLARE name text; filled boolean;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE seed.%I AS TABLE public.%I', name, name);
        END IF;
    END LOOP;
END $$";

/// Ends whoever is still connected and leaves only the rows that the schema brings. Triggers, among
/// them those that keep books from being changed, do not fire meanwhile.
const SWEEP: &str = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'seed' LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM seed.%I', name, name);
    END LOOP;
END $$";

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static MADE: AtomicU32 = AtomicU32::new(0);
static FREE: Mutex<Vec<DatabaseUrl>> = Mutex::new(Vec::new());

/// A database that somebody uses; the next one gets it after them.
#[derive(Debug)]
pub(super) struct Lent {
    url: DatabaseUrl,
    kept: AtomicBool,
}

impl Lent {
    /// A database with the schema and nothing else.
    pub(super) async fn take() -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let url = match free {
            Some(url) => swept(url).await,
            None => clone_of_template().await,
        };
        Self { url, kept: AtomicBool::new(false) }
    }

    pub(super) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Nobody gets it afterwards: its schema may have changed.
    pub(super) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    /// Drops it while programs use it.
    pub(super) async fn vanish(&self) {
        self.keep();
        let name = database_of(address(&self.url));
        command(&server(), format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.kept.load(Ordering::Relaxed) {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.url.clone());
        }
    }
}

async fn swept(url: DatabaseUrl) -> DatabaseUrl {
    let mut connection = PgConnection::connect(address(&url)).await.expect("it answers");
    connection.execute(SWEEP).await.expect("everything can be deleted");
    connection.close().await.expect("the connection closes");
    url
}

async fn clone_of_template() -> DatabaseUrl {
    let server = server();
    let template = TEMPLATE.get_or_init(|| make_template(server.clone())).await;
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let name = format!("mkbill_test_{}_{number}", std::process::id());
    command(&server, format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
        .await;
    named(&server, &name)
}

async fn make_template(server: String) -> String {
    let name = format!("mkbill_template_{}", std::process::id());
    command(&server, format!("CREATE DATABASE {name}")).await;
    let url = named(&server, &name);
    let store = open_unsynced(&url, None, quiet()).await.expect("the template opens");
    store.migrate().await.expect("the template takes the schema");
    store.close().await;
    command(address(&url), REMEMBER.to_owned()).await;
    name
}

async fn command(server: &str, sql: String) {
    let mut connection = PgConnection::connect(server).await.expect("the test server answers");
    connection.execute(AssertSqlSafe(sql)).await.expect("the test server obeys");
    connection.close().await.expect("the connection closes");
}

fn server() -> String {
    std::env::var(SERVER).expect("the engine is only offered when a server is named")
}

fn address(url: &DatabaseUrl) -> &str {
    match url {
        DatabaseUrl::Postgres(address) => address.expose_secret(),
        DatabaseUrl::Sqlite(_) => unreachable!("only databases of the server are lent"),
    }
}

/// The name in an address.
fn database_of(address: &str) -> &str {
    let (place, _) = address.split_once('?').unwrap_or((address, ""));
    place.rsplit_once('/').map_or(place, |(_, name)| name)
}

/// The address of another database on the same server.
fn named(server: &str, database: &str) -> DatabaseUrl {
    let (place, options) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = place.rsplit_once('/').expect("an address names a database");
    format!("{host}/{database}?{options}").parse().expect("still an address of PostgreSQL")
}
