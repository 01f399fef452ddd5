//! Puts an engine together from settings: store, master key, routers.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mkbill_core::adapter::outbound::GuardedHttp;
use mkbill_core::billing::{Billing, BillingBuilder, stored_clock};
use mkbill_core::kernel::clock::TestClock;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::kernel::time::Clock;
use mkbill_core::signal::redis::RedisSignal;
use mkbill_core::signal::{LocalSignal, Signal};
pub(crate) use mkbill_core::sql::DatabaseUrl;
use mkbill_core::sql::{self, PostgresSignal};
use mkbill_core::store::Store;
use mkbill_routeros::provisioning::RouterOsController;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{KeySource, Settings, SignalSource};
use crate::failure::Failure;

/// An engine and the store below it, which wants to be closed in the end.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) billing: Billing,
    store: Arc<dyn Store>,
}

impl Engine {
    /// An engine on a current schema.
    pub(crate) async fn current(settings: &Settings) -> Result<Self, Failure> {
        if let DatabaseUrl::Sqlite(path) = &settings.database
            && !path.exists()
        {
            return Err(Failure::NoDatabase(path.clone()));
        }
        let store = open(settings).await?;
        match store.migrations_missing().await.map_err(Error::from)? {
            0 => {}
            missing => return Err(Failure::NotMigrated(missing)),
        }
        let builder = Billing::builder();
        let builder = match stored_clock(store.as_ref()).await? {
            Some(stands) => builder.test_clock(Arc::new(TestClock::at(stands))),
            None => builder,
        };
        Self::on(store, settings, builder)
    }

    /// An engine on a schema that may be old, for looking at it.
    pub(crate) async fn of_any_age(settings: &Settings) -> Result<Self, Failure> {
        Self::on(open(settings).await?, settings, Billing::builder())
    }

    /// An engine whose schema was brought up to date just now, with a clock of its own.
    pub(crate) async fn fresh(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let store = open(settings).await?;
        store.migrate().await.map_err(Error::from)?;
        Self::on(store, settings, Billing::builder().clock(clock))
    }

    /// Closes the store.
    pub(crate) async fn close(self) {
        self.store.close().await;
    }

    fn on(
        store: Arc<dyn Store>,
        settings: &Settings,
        builder: BillingBuilder,
    ) -> Result<Self, Failure> {
        let networks = settings.webhook_private_networks.clone();
        let billing = builder
            .store(Arc::clone(&store))
            .outbound(Arc::new(GuardedHttp::default().allowing(networks)))
            .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
            .master_key(master_key(settings)?)
            .zone(settings.zone.clone())
            .currency(settings.currency)
            .region(settings.region)
            .poll_every(settings.poll_every)
            .slow_down(settings.sign_in_slow_down)
            .build()?;
        Ok(Self { billing, store })
    }
}

/// Brings the schema up to date; answers how many migrations were applied.
pub(crate) async fn migrate(settings: &Settings) -> Result<(&'static str, usize), Failure> {
    let store = open(settings).await?;
    let applied = store.migrate().await.map_err(Error::from)?;
    store.close().await;
    Ok((store.engine(), applied))
}

async fn open(settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    let signal = signal(settings).await?;
    Ok(sql::open_with_signal(&settings.database, None, signal).await.map_err(Error::from)?)
}

async fn signal(settings: &Settings) -> Result<Arc<dyn Signal>, Error> {
    Ok(match (&settings.signal, &settings.database) {
        (SignalSource::Redis(url), _) => Arc::new(RedisSignal::connect(url).await?),
        (SignalSource::Suitable | SignalSource::Database, DatabaseUrl::Postgres(url)) => {
            Arc::new(PostgresSignal::connect(url).await?)
        }
        (SignalSource::Database, DatabaseUrl::Sqlite(_)) => {
            return Err(Error::invalid(
                "signal",
                said!(
                    "an SQLite file wakes nobody: use local or redis",
                    "berkas SQLite tidak membangunkan siapa pun: gunakan local atau redis"
                ),
            ));
        }
        (SignalSource::Suitable | SignalSource::Local, _) => Arc::new(LocalSignal::new()),
    })
}

fn master_key(settings: &Settings) -> Result<MasterKey, Failure> {
    let text = match (&settings.master_key, &settings.database) {
        (KeySource::Text(text), _) => text.clone(),
        (KeySource::File(path), _) => read_key(path)?,
        (KeySource::Beside, DatabaseUrl::Sqlite(database)) => key_beside(database)?,
        (KeySource::Beside, DatabaseUrl::Postgres(_)) => return Err(Failure::NoMasterKey),
    };
    Ok(MasterKey::from_base64(&text)?)
}

fn read_key(path: &Path) -> Result<SecretString, Failure> {
    let text = fs::read_to_string(path);
    text.map(SecretString::from).map_err(Failure::file("reading the master key", path))
}

/// The key kept beside an SQLite file, made on first use.
fn key_beside(database: &Path) -> Result<SecretString, Failure> {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    let path = PathBuf::from(name);
    if !path.exists() {
        make_key(&path).map_err(Failure::file("making the master key", &path))?;
    }
    read_key(&path)
}

/// Writes a new key under a name of its own first: of two processes one wins, and nobody ever
/// reads half a key.
fn make_key(path: &Path) -> io::Result<()> {
    let (_, text) = MasterKey::generate(&OsEntropy);
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(&draft)?, "{}", text.expose_secret())?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("mkbill.db");
        let first = key_beside(&database).unwrap();
        let again = key_beside(&database).unwrap();
        assert_eq!(first.expose_secret(), again.expose_secret());
        assert!(MasterKey::from_base64(&first).is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = fs::metadata(folder.path().join("mkbill.db.key")).unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
