//! The billing engine's port to routers, over this crate's client.

mod apply;
mod fault;
mod interfaces;
mod observe;
mod profiles;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use mkbill_core::kernel::entropy::Entropy;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::RouterId;
use mkbill_core::kernel::language::{Said, said};
use mkbill_core::provisioning::controller::{
    AccessFinding, AccessVerdict, Change, ChangeOutcome, LoginAdd, Mark, Observed, Progress,
    RouterController, RouterFacts, RouterFault, Target,
};
use mkbill_core::provisioning::profile::ProfileFacts;
use mkbill_core::router::{LinkSecurity, Trust as WantedTrust};
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use crate::client::{
    BreakerPolicy, Client, ClientConfig, Credentials, Endpoint, Link, LinkPolicy, Security,
    Timeouts,
};
use crate::kit;
use crate::transport::{FingerprintError, Trust};
use crate::value::RateLimit;

/// Works on routers over the RouterOS API: one connection per router, kept open.
pub struct RouterOsController {
    entropy: Arc<dyn Entropy>,
    timeouts: Timeouts,
    lines: Mutex<HashMap<RouterId, Arc<Line>>>,
    connections: Arc<AtomicU64>,
}

impl std::fmt::Debug for RouterOsController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouterOsController").finish_non_exhaustive()
    }
}

/// The line to one router, and the number of its present connection.
struct Line {
    target: Target,
    link: Link,
    connection: Mutex<(Weak<Client>, u64)>,
    /// Connections of all lines so far: no two have the same number, as handles of one router mean
    /// nothing on another.
    connections: Arc<AtomicU64>,
}

impl Line {
    /// The open connection and its number; a new connection has a new number.
    async fn connected(&self) -> Result<(Arc<Client>, u64), RouterFault> {
        let client = self.link.client().await.map_err(|error| self.fault(&error))?;
        let mut connection = self.connection.lock().await;
        if !connection.0.ptr_eq(&Arc::downgrade(&client)) {
            let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
            *connection = (Arc::downgrade(&client), number);
        }
        Ok((client, connection.1))
    }

    fn fault(&self, error: &crate::error::Error) -> RouterFault {
        fault::of(&self.target.address.to_string(), error)
    }

    fn leads_to(&self, target: &Target) -> bool {
        let known = &self.target;
        known.address == target.address
            && known.security == target.security
            && known.username == target.username
            && known.password.expose_secret() == target.password.expose_secret()
    }
}

/// The outbox decides when a router that fails is tried again, so a line never rests by itself.
const POLICY: LinkPolicy = LinkPolicy {
    breaker: BreakerPolicy {
        failures_max: u32::MAX,
        rest: Duration::ZERO,
        rest_max: Duration::ZERO,
    },
    pause: Duration::from_millis(100),
    pause_max: Duration::from_secs(1),
    attempts: 2,
};

impl RouterOsController {
    /// A controller without connections. `entropy` spreads reconnections.
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        let (lines, connections) = (Mutex::new(HashMap::new()), Arc::new(AtomicU64::new(0)));
        Self { entropy, timeouts: Timeouts::default(), lines, connections }
    }

    /// The same controller with other deadlines.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    async fn line(&self, target: &Target) -> Result<Arc<Line>, RouterFault> {
        let mut lines = self.lines.lock().await;
        if let Some(line) = lines.get(&target.router).filter(|line| line.leads_to(target)) {
            return Ok(Arc::clone(line));
        }
        let entropy = Arc::clone(&self.entropy);
        let chance = Arc::new(move || {
            let mut bytes = [0_u8; 4];
            entropy.fill(&mut bytes);
            u32::from_ne_bytes(bytes)
        });
        let line = Arc::new(Line {
            target: target.clone(),
            link: Link::new(self.config(target)?, POLICY, chance),
            connection: Mutex::new((Weak::new(), 0)),
            connections: Arc::clone(&self.connections),
        });
        lines.insert(target.router, Arc::clone(&line));
        Ok(line)
    }

    fn config(&self, target: &Target) -> Result<ClientConfig, RouterFault> {
        let security =
            Security::try_from(&target.security).map_err(|_| RouterFault::Untrusted {
                address: target.address.to_string(),
                detail: "the stored pin is no SHA-256 fingerprint: give the router another"
                    .to_owned(),
            })?;
        let endpoint =
            Endpoint { host: target.address.host.clone(), port: target.address.port, security };
        let credentials =
            Credentials { username: target.username.clone(), password: target.password.clone() };
        let config = ClientConfig::new(endpoint, credentials);
        Ok(ClientConfig { timeouts: self.timeouts, ..config })
    }
}

impl From<kit::Finding> for AccessFinding {
    fn from(finding: kit::Finding) -> Self {
        let verdict = match finding.verdict {
            kit::Verdict::Good => AccessVerdict::Good,
            kit::Verdict::Advice => AccessVerdict::Advice,
            kit::Verdict::Missing => AccessVerdict::Missing,
        };
        Self { what: finding.what, verdict, detail: finding.detail }
    }
}

impl TryFrom<&LinkSecurity> for Security {
    type Error = Error;

    /// # Errors
    ///
    /// [`Error::Invalid`] when the pin is no [`Fingerprint`](crate::transport::Fingerprint).
    fn try_from(wanted: &LinkSecurity) -> Result<Self, Error> {
        Ok(match wanted {
            LinkSecurity::Plain => Self::Plain,
            LinkSecurity::Tls(WantedTrust::WebPki) => Self::Tls(Trust::WebPki),
            LinkSecurity::Tls(WantedTrust::AnyCertificate) => Self::Tls(Trust::AnyCertificate),
            LinkSecurity::Tls(WantedTrust::Pin(pin)) => {
                let pin = pin.parse().map_err(|error: FingerprintError| {
                    let problem = Said::new(
                        error.to_string(),
                        format!("sidik jari sertifikat tidak terbaca: {error}"),
                    );
                    Error::invalid("certificate_pin", problem)
                })?;
                Self::Tls(Trust::Pin(pin))
            }
        })
    }
}

#[async_trait]
impl RouterController for RouterOsController {
    fn check_security(&self, wanted: &LinkSecurity) -> Result<(), Error> {
        Security::try_from(wanted).map(drop)
    }

    fn check_rate_limit(&self, text: &str) -> Result<String, Error> {
        let read = RateLimit::parse(text).map_err(|_| {
            let form = said!(
                "write upload/download such as 5M/10M, then burst, threshold, time and priority",
                "tulis unggah/unduh seperti 5M/10M, lalu burst, ambang, waktu dan prioritas"
            );
            Error::invalid("rate_limit", form)
        })?;
        Ok(read.to_string())
    }

    async fn put_profiles(
        &self,
        target: &Target,
        profiles: &[ProfileFacts],
    ) -> Result<Vec<ChangeOutcome>, RouterFault> {
        let line = self.line(target).await?;
        let (client, _) = line.connected().await?;
        Ok(profiles::put_all(&client, profiles).await)
    }

    async fn probe(&self, target: &Target) -> Result<RouterFacts, RouterFault> {
        let line = self.line(target).await?;
        let (client, _) = line.connected().await?;
        let facts = match observe::facts(&client).await {
            Err(error) if error.ended_the_connection() => {
                observe::facts(&line.connected().await?.0).await
            }
            facts => facts,
        };
        facts.map_err(|error| line.fault(&error))
    }

    async fn inspect(&self, target: &Target) -> Result<Vec<AccessFinding>, RouterFault> {
        let line = self.line(target).await?;
        let (client, _) = line.connected().await?;
        let findings = kit::inspect(&client, &target.username).await;
        let findings = findings.map_err(|error| line.fault(&error))?;
        Ok(findings.into_iter().map(AccessFinding::from).collect())
    }

    async fn observe(&self, target: &Target) -> Result<Observed, RouterFault> {
        let line = self.line(target).await?;
        let (client, connection) = line.connected().await?;
        // An idle connection may have died unnoticed; reading twice harms nobody.
        let observed = match observe::everything(&client, connection).await {
            Err(error) if error.ended_the_connection() => {
                let (client, connection) = line.connected().await?;
                observe::everything(&client, connection).await
            }
            observed => observed,
        };
        observed.map_err(|error| line.fault(&error))
    }

    async fn add(
        &self,
        target: &Target,
        adds: &[LoginAdd],
        mark: &dyn Mark,
        progress: &dyn Progress,
    ) -> Result<Vec<ChangeOutcome>, RouterFault> {
        let line = self.line(target).await?;
        line.connected().await?;
        Ok(apply::add_all(&line.link, adds, mark, progress).await)
    }

    async fn apply(
        &self,
        target: &Target,
        connection: u64,
        changes: &[Change],
    ) -> Result<Vec<ChangeOutcome>, RouterFault> {
        let line = self.line(target).await?;
        let (client, present) = line.connected().await?;
        if present != connection {
            return Err(RouterFault::Broken {
                address: target.address.to_string(),
                detail: "the connection was lost after the look; it is looked at again".to_owned(),
            });
        }
        Ok(apply::changes(&client, changes).await)
    }
}
