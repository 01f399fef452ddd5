//! The running simulator.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::Offset};
use thiserror::Error;
use tokio_util::sync::{CancellationToken, DropGuard};

#[cfg(feature = "sim-sftp")]
use super::sftp;
use super::{
    chance::Chance,
    crowd::{Crowd, Customer, PppCrowd},
    dialect::RouterOs,
    fault::{Fault, Faults},
    fault_script::FaultScript,
    journal::{CommandSeen, Hook},
    license::License,
    quirks::Quirks,
    refusal::Refusal,
    router::{ObjectView, Router},
    rules::SessionRules,
    schedule::{Schedule, Tiring},
    server::{Port, Protocol},
    shared::{CancelOrder, Shared, TimeSource},
    tls::{self, Identity},
    transcript::Recorder,
};

/// Why a simulator did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("listening on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// An address that others can reach: passwords in tests are no secrets, so the network must not see this router.
    #[error("listening on {0}, which is no loopback address")]
    NotLoopback(SocketAddr),
    /// The account cannot be made.
    #[error("adding the API account")]
    Account(#[source] Refusal),
    /// No certificate could be made.
    #[error("making a certificate")]
    Certificate(#[source] rcgen::Error),
    /// The certificate was refused.
    #[error("setting up TLS")]
    Tls(#[source] rustls::Error),
    /// No key for SSH could be made.
    #[cfg(feature = "sim-sftp")]
    #[error("making a host key")]
    HostKey(#[source] russh::keys::ssh_key::Error),
}

/// What kind of router to start. Every choice has a default.
#[derive(Debug, Clone)]
pub struct SimulatorBuilder {
    routeros: RouterOs,
    username: String,
    password: String,
    seed: u64,
    time: TimeSource,
    zone: (String, Offset),
    service_time: Duration,
    parallelism: usize,
    tiring: Option<Tiring>,
    cancel_order: Option<CancelOrder>,
    listen: SocketAddr,
    listen_tls: Option<SocketAddr>,
    listen_rest: Option<SocketAddr>,
    listen_rest_tls: Option<SocketAddr>,
    #[cfg(feature = "sim-sftp")]
    listen_sftp: Option<SocketAddr>,
    sessions_max: Option<usize>,
    license: License,
    session_rules: SessionRules,
    quirks: Quirks,
    faults: Vec<Fault>,
}

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// 2026-01-01 00:00:00 UTC: a year after which router clocks count as sane.
const DEFAULT_START: Timestamp = Timestamp::constant(1_767_225_600, 0);
const DEFAULT_PARALLELISM: usize = 16;

impl Default for SimulatorBuilder {
    fn default() -> Self {
        Self {
            routeros: RouterOs::default(),
            username: "admin".to_owned(),
            password: String::new(),
            seed: 0,
            time: TimeSource::Manual(DEFAULT_START),
            zone: ("UTC".to_owned(), Offset::UTC),
            service_time: Duration::ZERO,
            parallelism: DEFAULT_PARALLELISM,
            tiring: None,
            cancel_order: None,
            listen: ANY_PORT,
            listen_tls: None,
            listen_rest: None,
            listen_rest_tls: None,
            #[cfg(feature = "sim-sftp")]
            listen_sftp: None,
            sessions_max: None,
            license: License::default(),
            session_rules: SessionRules::default(),
            quirks: Quirks::default(),
            faults: Vec::new(),
        }
    }
}

impl SimulatorBuilder {
    /// The release to play; 7.18 unless told otherwise.
    #[must_use]
    pub fn routeros(mut self, routeros: RouterOs) -> Self {
        self.routeros = routeros;
        self
    }

    /// The name of the API account, which is in the group `full`; `admin` unless told otherwise.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = username.into();
        self
    }

    /// The password of the API account; empty unless told otherwise.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = password.into();
        self
    }

    /// All chance of the simulator comes from this number; only the key of a certificate does not.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Where true time comes from; by hand from the start of 2026 unless told otherwise.
    #[must_use]
    pub fn clock(mut self, time: TimeSource) -> Self {
        self.time = time;
        self
    }

    /// The time zone of the router; UTC unless told otherwise.
    #[must_use]
    pub fn zone(mut self, name: impl Into<String>, offset: Offset) -> Self {
        self.zone = (name.into(), offset);
        self
    }

    /// How long each command takes; no time unless told otherwise. Measured by the timer of tokio.
    #[must_use]
    pub fn service_time(mut self, service_time: Duration) -> Self {
        self.service_time = service_time;
        self
    }

    /// How many commands are worked on at once, over all connections; 16 unless told otherwise, never less than 1.
    #[must_use]
    pub fn parallelism(mut self, parallelism: usize) -> Self {
        self.parallelism = parallelism;
        self
    }

    /// After so many commands without a rest each takes `service_time`, until the router had nothing to do for a moment.
    ///
    /// Some routers answer a burst of about 150 calls in a millisecond each and then take 20. It never happens to a
    /// router whose commands take no time at all, as that always rests.
    #[must_use]
    pub fn tires(mut self, after: u32, service_time: Duration) -> Self {
        self.tiring = Some(Tiring { after, service_time });
        self
    }

    /// Which `!done` comes first on cancel; the seed decides unless told otherwise.
    #[must_use]
    pub fn cancel_order(mut self, order: CancelOrder) -> Self {
        self.cancel_order = Some(order);
        self
    }

    /// The address of the plain API; a free port of 127.0.0.1 unless told otherwise. It must be a loopback address.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Serves `api-ssl` too, with a self-signed certificate, on a free port of 127.0.0.1.
    #[must_use]
    pub fn tls(self) -> Self {
        self.listen_tls(ANY_PORT)
    }

    /// As [`Self::tls`], on a loopback address of choice.
    #[must_use]
    pub fn listen_tls(mut self, address: SocketAddr) -> Self {
        self.listen_tls = Some(address);
        self
    }

    /// Serves REST over plain HTTP too (`www`), on a free port of 127.0.0.1. Releases before 7.9 answer 404 there.
    #[must_use]
    pub fn rest(self) -> Self {
        self.listen_rest(ANY_PORT)
    }

    /// As [`Self::rest`], on a loopback address of choice.
    #[must_use]
    pub fn listen_rest(mut self, address: SocketAddr) -> Self {
        self.listen_rest = Some(address);
        self
    }

    /// Serves REST over HTTPS too (`www-ssl`), with the certificate of `api-ssl`, on a free port of 127.0.0.1. Releases
    /// before 7.1 answer 404 there.
    #[must_use]
    pub fn rest_tls(self) -> Self {
        self.listen_rest_tls(ANY_PORT)
    }

    /// As [`Self::rest_tls`], on a loopback address of choice.
    #[must_use]
    pub fn listen_rest_tls(mut self, address: SocketAddr) -> Self {
        self.listen_rest_tls = Some(address);
        self
    }

    /// Serves the files of the router over SFTP on a loopback address, for accounts whose group has the policies `ssh`
    /// and `ftp`; with `read` they list and read, with `write` they write and remove.
    #[cfg(feature = "sim-sftp")]
    #[must_use]
    pub fn listen_sftp(mut self, address: SocketAddr) -> Self {
        self.listen_sftp = Some(address);
        self
    }

    /// The licence of the router; level 6, which limits nothing, unless told otherwise.
    #[must_use]
    pub fn license(mut self, license: License) -> Self {
        self.license = license;
        self
    }

    /// How changes to users, profiles and secrets reach sessions that run; at the next login unless told otherwise.
    #[must_use]
    pub fn session_rules(mut self, rules: SessionRules) -> Self {
        self.session_rules = rules;
        self
    }

    /// What the router does where routers disagree; see [`Quirks`].
    #[must_use]
    pub fn quirks(mut self, quirks: Quirks) -> Self {
        self.quirks = quirks;
        self
    }

    /// How many hotspot sessions are allowed at once, whatever the licence says; that of the licence unless told otherwise.
    #[must_use]
    pub fn sessions_max(mut self, sessions_max: usize) -> Self {
        self.sessions_max = Some(sessions_max);
        self
    }

    /// What goes wrong from the start, on top of what was told before; see [`FaultScript`].
    #[must_use]
    pub fn script(mut self, script: &FaultScript) -> Self {
        if let Some((after, service_time)) = script.tires() {
            self = self.tires(after, service_time);
        }
        self.faults.extend(script.faults());
        self
    }

    /// Starts the router on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`] when an address cannot be listened on, is no loopback address, or TLS cannot be set up.
    pub async fn start(self) -> Result<Simulator, StartError> {
        let shared = Arc::new(self.shared()?);
        let stop = CancellationToken::new();
        let open = async |address: Option<SocketAddr>, protocol, tls| {
            let Some(address) = address else { return Ok(None) };
            if !address.ip().is_loopback() {
                return Err(StartError::NotLoopback(address));
            }
            Port::open(address, protocol, Arc::clone(&shared), tls, stop.clone())
                .await
                .map(Some)
                .map_err(|source| StartError::Listen { address, source })
        };
        let port = open(Some(self.listen), Protocol::Api, None).await?;
        let identity = match self.listen_tls.or(self.listen_rest_tls) {
            Some(_) => Some(Identity::generate()?),
            None => None,
        };
        let acceptor = || identity.as_ref().map(|identity| identity.acceptor.clone());
        let tls = open(self.listen_tls, Protocol::Api, acceptor()).await?;
        let rest = open(self.listen_rest, Protocol::Rest, None).await?;
        let rest_tls = open(self.listen_rest_tls, Protocol::Rest, acceptor()).await?;
        #[cfg(feature = "sim-sftp")]
        let sftp = if self.listen_sftp.is_some() {
            let host = sftp::Host::generate()?;
            let fingerprint = host.fingerprint.clone();
            let port = open(self.listen_sftp, Protocol::Sftp(host), None).await?;
            port.map(|port| (port, fingerprint))
        } else {
            None
        };
        Ok(Simulator {
            port: port.expect("an address was given"),
            tls,
            rest,
            rest_tls,
            #[cfg(feature = "sim-sftp")]
            sftp,
            certificate: identity.map(|identity| identity.certificate),
            seed: self.seed,
            shared,
            stop: stop.drop_guard(),
        })
    }

    fn shared(&self) -> Result<Shared, StartError> {
        let mut router = Router::new(self.routeros, self.time.start());
        router.set_sessions_max(self.sessions_max);
        router.set_license(self.license);
        router.set_session_rules(self.session_rules);
        router.set_quirks(self.quirks);
        router.clock_mut().set_zone(self.zone.0.clone(), self.zone.1);
        let account = [
            format!("name={}", self.username),
            format!("password={}", self.password),
            "group=full".to_owned(),
        ];
        let words: Vec<&str> = account.iter().map(String::as_str).collect();
        router.run("/user/add", &words).map_err(StartError::Account)?;
        if self.listen_rest_tls.is_some() {
            router
                .run("/ip/service/enable", &[".id=www-ssl"])
                .expect("every router has the service, switched off as it leaves the factory");
        }
        let mut chance = Chance::seeded(self.seed);
        let by_seed = match chance.below(2) {
            0 => CancelOrder::CommandFirst,
            _ => CancelOrder::CancelFirst,
        };
        let shared = Shared::new(
            router,
            self.time.clone(),
            Schedule::new(self.service_time, self.parallelism).tiring(self.tiring),
            self.cancel_order.unwrap_or(by_seed),
            chance,
        );
        self.faults.iter().for_each(|fault| shared.faults.push(fault.clone()));
        Ok(shared)
    }
}

/// A router that speaks the binary API on a loopback port until it is shut down or dropped.
///
/// Several can run in one process; they share nothing.
#[derive(Debug)]
pub struct Simulator {
    port: Port,
    tls: Option<Port>,
    rest: Option<Port>,
    rest_tls: Option<Port>,
    certificate: Option<Vec<u8>>,
    #[cfg(feature = "sim-sftp")]
    sftp: Option<(Port, String)>,
    seed: u64,
    shared: Arc<Shared>,
    stop: DropGuard,
}

impl Simulator {
    /// Begins to describe a router.
    pub fn builder() -> SimulatorBuilder {
        SimulatorBuilder::default()
    }

    /// Where the plain API listens.
    pub fn addr(&self) -> SocketAddr {
        self.port.address()
    }

    /// Where `api-ssl` listens, if it does.
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls.as_ref().map(Port::address)
    }

    /// Where REST over plain HTTP listens, if it does.
    pub fn rest_addr(&self) -> Option<SocketAddr> {
        self.rest.as_ref().map(Port::address)
    }

    /// Where REST over HTTPS listens, if it does.
    pub fn rest_tls_addr(&self) -> Option<SocketAddr> {
        self.rest_tls.as_ref().map(Port::address)
    }

    /// Where SFTP listens, if it does.
    #[cfg(feature = "sim-sftp")]
    pub fn sftp_addr(&self) -> Option<SocketAddr> {
        self.sftp.as_ref().map(|(port, _)| port.address())
    }

    /// The fingerprint of the host key of SFTP, as `ssh-keygen -l` shows it.
    #[cfg(feature = "sim-sftp")]
    pub fn sftp_fingerprint(&self) -> Option<&str> {
        self.sftp.as_ref().map(|(_, fingerprint)| fingerprint.as_str())
    }

    /// The certificate of `api-ssl` and `www-ssl` in DER, for trusting or pinning.
    pub fn tls_certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// SHA-256 of the certificate of `api-ssl` and `www-ssl`.
    pub fn tls_fingerprint(&self) -> Option<[u8; 32]> {
        self.tls_certificate().map(tls::fingerprint)
    }

    /// Looks at or changes the state of the router. No command is applied meanwhile, so do not wait inside.
    pub fn router<T>(&self, act: impl FnOnce(&mut Router) -> T) -> T {
        act(&mut self.shared.router())
    }

    /// Lets time pass: see [`Router::advance`].
    pub fn advance(&self, by: SignedDuration) {
        self.shared.router().advance(by);
    }

    /// Restarts the router: see [`Router::reboot`].
    pub fn reboot(&self) {
        self.shared.router().reboot();
    }

    /// Takes the router off the network: connections are cut and new ones refused.
    ///
    /// # Errors
    ///
    /// Only when the simulator has stopped.
    pub async fn unplug(&self) -> io::Result<()> {
        for port in self.ports() {
            port.unplug().await?;
        }
        Ok(())
    }

    /// Puts the router back on the network, on its old ports.
    ///
    /// # Errors
    ///
    /// When someone else has taken a port, or the simulator has stopped.
    pub async fn plug_in(&self) -> io::Result<()> {
        for port in self.ports() {
            port.plug_in().await?;
        }
        Ok(())
    }

    /// The faults scripted for this router.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Asks `hook` before and after every command is applied, in place of an earlier hook.
    ///
    /// The hook may look at the router.
    pub fn on_command(&self, hook: Hook) {
        self.shared.journal().hook = Some(hook);
    }

    /// Writes down what passes on all connections that are made from now on, `api-ssl` included.
    pub fn record(&self, recorder: Recorder) {
        self.shared.journal().recorder = Some(recorder);
    }

    /// The commands that reached the router since [`Self::forget_commands`], oldest first, without secrets.
    pub fn commands(&self) -> Vec<CommandSeen> {
        self.shared.journal().commands()
    }

    /// Empties the list of commands. Their count goes on.
    pub fn forget_commands(&self) {
        self.shared.journal().forget();
    }

    /// The text of all chosen objects: see [`Router::export_objects`].
    pub fn export_objects(&self, chosen: impl Fn(&ObjectView<'_>) -> bool) -> String {
        self.shared.router().export_objects(chosen)
    }

    /// Customers with their devices, who are told when to come, what to move and when to leave.
    pub fn crowd(&self, customers: impl IntoIterator<Item = Customer>) -> Crowd {
        Crowd::new(Arc::clone(&self.shared), customers, self.chance())
    }

    /// Customers with modems for `PPPoE`, who are told when to dial in, what to move and when to hang up.
    pub fn ppp_crowd(&self, customers: impl IntoIterator<Item = Customer>) -> PppCrowd {
        PppCrowd::new(Arc::clone(&self.shared), customers, self.chance())
    }

    fn chance(&self) -> Chance {
        Chance::seeded(self.seed ^ self.shared.chance().next())
    }

    /// Stops the router and waits until none of its tasks is left.
    pub async fn shutdown(self) {
        drop(self.stop);
        self.port.ended().await;
        for port in [self.tls, self.rest, self.rest_tls].into_iter().flatten() {
            port.ended().await;
        }
        #[cfg(feature = "sim-sftp")]
        if let Some((port, _)) = self.sftp {
            port.ended().await;
        }
    }

    fn ports(&self) -> impl Iterator<Item = &Port> {
        let others = [&self.tls, &self.rest, &self.rest_tls].into_iter().flatten();
        let ports = std::iter::once(&self.port).chain(others);
        #[cfg(feature = "sim-sftp")]
        let ports = ports.chain(self.sftp.iter().map(|(port, _)| port));
        ports
    }
}
