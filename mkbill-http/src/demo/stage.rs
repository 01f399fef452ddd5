//! Everything the story needs: a folder, a router, an engine, a server, one clock.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::Offset;
use mkbill_core::apikey::NewApiKey;
use mkbill_core::billing::Billing;
use mkbill_core::customer::phone::Region;
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::money::Currency;
use mkbill_core::kernel::network::Networks;
use mkbill_core::kernel::time::{BusinessZone, Clock as _, SystemClock};
use mkbill_routeros::sim::{RouterOs, Simulator, TimeSource};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{KeySource, LogFormat, Settings, SignalSource};
use crate::failure::Failure;
use crate::routes::Manners;
use crate::server::{listen, serve};
use crate::wiring::{DatabaseUrl, Engine};

use super::clock::StoryClock;

pub(super) const POLL_EVERY: SignedDuration = SignedDuration::from_secs(30);
pub(super) const ROUTER_USER: &str = "mkbill";
pub(super) const ROUTER_PASSWORD: &str = "only-on-loopback";
const ZONE: &str = "Asia/Jakarta";
const ZONE_OFFSET: Offset = Offset::constant(7);
/// A user that was on the router before us, with a comment that is not ours.
const FOREIGN_USER: [&str; 3] = ["name=kantor", "password=rahasia", "comment=front office"];
const USERS: &str = "/ip/hotspot/user";

/// The stage while the story is played.
pub(super) struct Stage {
    pub(super) clock: Arc<StoryClock>,
    pub(super) router: Simulator,
    engine: Engine,
    foreign_user: String,
    pub(super) address: SocketAddr,
    pub(super) key: SecretString,
    stop: CancellationToken,
    server: JoinHandle<()>,
    _folder: TempDir,
}

impl Stage {
    /// Sets everything up; the server answers when this returns.
    pub(super) async fn set() -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(|e| Failure::Io("making a folder", e))?;
        let clock = Arc::new(StoryClock::at(SystemClock.now()));
        let router = simulated(&clock).await?;
        let foreign_user = foreign_user(&router);
        let settings = settings(&folder)?;
        let engine = Engine::fresh(&settings, Arc::clone(&clock) as _).await?;
        let billing = &engine.billing;
        let caller = Caller::new(Actor::cli("demo"));
        let (_, key) = billing.create_api_key(&caller, &NewApiKey::for_everything("demo")).await?;
        let listener = listen(settings.listen).await?;
        let address =
            listener.local_addr().map_err(|e| Failure::Io("asking for the address", e))?;
        let stop = CancellationToken::new();
        let (shared, end) = (billing.clone(), stop.clone());
        let server =
            tokio::spawn(async move { serve(listener, shared, &Manners::default(), end).await });
        Ok(Self {
            clock,
            router,
            engine,
            foreign_user,
            address,
            key,
            stop,
            server,
            _folder: folder,
        })
    }

    pub(super) const fn billing(&self) -> &Billing {
        &self.engine.billing
    }

    /// Ends the server and the router, and waits for both.
    pub(super) async fn clear(self) -> Result<(), Failure> {
        self.stop.cancel();
        let served = self.server.await;
        self.router.shutdown().await;
        self.engine.close().await;
        served.map_err(|e| Failure::Io("serving", std::io::Error::other(e)))
    }

    /// Is the user that was there before us the same, byte for byte?
    pub(super) fn foreign_user_is_unchanged(&self) -> bool {
        !self.foreign_user.is_empty() && self.foreign_user == foreign_user(&self.router)
    }

    /// How many of these logins the router still knows, in any form.
    pub(super) fn users_left(&self, codes: &[String]) -> usize {
        self.router.router(|router| {
            codes.iter().filter(|code| router.value(USERS, code, "name").is_some()).count()
        })
    }
}

fn foreign_user(router: &Simulator) -> String {
    router.export_objects(|object| object.path() == USERS && object.get("name") == Some(b"kantor"))
}

async fn simulated(clock: &Arc<StoryClock>) -> Result<Simulator, Failure> {
    let time = Arc::clone(clock);
    let started = Simulator::builder()
        .routeros(RouterOs::V7_18)
        .username(ROUTER_USER)
        .password(ROUTER_PASSWORD)
        .zone(ZONE, ZONE_OFFSET)
        .clock(TimeSource::Following(Arc::new(move || time.now())))
        .start()
        .await;
    let failed = |error| Failure::Io("starting the simulated router", std::io::Error::other(error));
    let router = started.map_err(failed)?;
    let added = router.router(|router| router.run("/ip/hotspot/user/add", &FOREIGN_USER));
    added.map_err(|refusal| Error::broken(format!("the simulated router refused: {refusal:?}")))?;
    Ok(router)
}

fn settings(folder: &TempDir) -> Result<Settings, Failure> {
    let zone = BusinessZone::named(ZONE)
        .map_err(|error| Error::broken(format!("the time zone database lacks {ZONE}: {error}")))?;
    Ok(Settings {
        signal: SignalSource::Local,
        database: DatabaseUrl::Sqlite(folder.path().join("mkbill.db")),
        master_key: KeySource::Beside,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        zone,
        currency: Currency::IDR,
        region: Region::ID,
        poll_every: POLL_EVERY,
        sign_in_slow_down: true,
        allowed_origins: Vec::new(),
        webhook_private_networks: Networks::none(),
        log_format: LogFormat::Text,
        log_filter: "warn".to_owned(),
        trusted_proxies: Networks::none(),
    })
}
