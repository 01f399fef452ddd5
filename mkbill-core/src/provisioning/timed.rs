//! How long routers take, told to whoever watches the process.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use metrics::histogram;

use crate::kernel::error::Error;
use crate::router::LinkSecurity;

use super::controller::{
    AccessFinding, Change, ChangeOutcome, LoginAdd, Mark, Observed, Progress, RouterController,
    RouterFacts, RouterFault, Target,
};
use super::profile::ProfileFacts;

const LATENCY: &str = "mikrotik_api_latency_seconds";

/// A controller whose calls are timed.
pub(crate) struct Timed(pub(crate) Arc<dyn RouterController>);

impl fmt::Debug for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timed")
    }
}

async fn timed<T>(method: &'static str, call: impl Future<Output = T> + Send) -> T {
    let began = Instant::now();
    let outcome = call.await;
    histogram!(LATENCY, "method" => method).record(began.elapsed());
    outcome
}

#[async_trait]
impl RouterController for Timed {
    fn check_security(&self, wanted: &LinkSecurity) -> Result<(), Error> {
        self.0.check_security(wanted)
    }

    fn check_rate_limit(&self, text: &str) -> Result<String, Error> {
        self.0.check_rate_limit(text)
    }

    async fn put_profiles(
        &self,
        target: &Target,
        profiles: &[ProfileFacts],
    ) -> Result<Vec<ChangeOutcome>, RouterFault> {
        timed("put_profiles", self.0.put_profiles(target, profiles)).await
    }

    async fn probe(&self, target: &Target) -> Result<RouterFacts, RouterFault> {
        timed("probe", self.0.probe(target)).await
    }

    async fn inspect(&self, target: &Target) -> Result<Vec<AccessFinding>, RouterFault> {
        timed("inspect", self.0.inspect(target)).await
    }

    async fn observe(&self, target: &Target) -> Result<Observed, RouterFault> {
        timed("observe", self.0.observe(target)).await
    }

    async fn add(
        &self,
        target: &Target,
        adds: &[LoginAdd],
        mark: &dyn Mark,
        progress: &dyn Progress,
    ) -> Result<Vec<ChangeOutcome>, RouterFault> {
        timed("add", self.0.add(target, adds, mark, progress)).await
    }

    async fn apply(
        &self,
        target: &Target,
        connection: u64,
        changes: &[Change],
    ) -> Result<Vec<ChangeOutcome>, RouterFault> {
        timed("apply", self.0.apply(target, connection, changes)).await
    }
}
