//! How a router differs from the simulator of its release.
//!
//! The same commands are run on both and what they answer is compared: which menus and fields there
//! are, how values are spelled, what refusals say. The [`Report`] names the differences and can be
//! sent to others: of what was on the router before it holds field names, formats and counts only,
//! never a value.
//!
//! ```no_run
//! use mkbill_routeros::{
//!     client::{ClientConfig, Credentials, Endpoint, Security},
//!     conformance::{self, Plan},
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let endpoint = Endpoint { host: "192.0.2.1".into(), port: 8728, security: Security::Plain };
//! let router = ClientConfig::new(endpoint, Credentials::new("billing", "secret"));
//! let never = std::future::pending();
//! let report = conformance::run(&router, &Plan::default(), never).await?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```

mod format;
mod look;
mod menus;
mod populate;
mod report;
mod seen;
mod subject;
mod write;

use std::pin::pin;

use secrecy::SecretString;
use thiserror::Error as ThisError;
use tracing::debug;

pub use report::{AddTimes, Difference, Report};

use crate::{
    client::{ClientConfig, Credentials, Endpoint, Security},
    error::Error,
    proto::LoginMode,
    sim::{Simulator, StartError},
    value::Version,
};
use seen::Seen;
use subject::Subject;

/// What all test objects are called, so that they can be told from everything else on a router.
pub const TEST_PREFIX: &str = "mkbill-test-";

/// What a run does besides reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whether objects named [`TEST_PREFIX`] are added, changed and removed again.
    pub writes: Writes,
    /// What becomes of such objects that are there beforehand.
    pub leftovers: Leftovers,
    /// The release to compare with; `None` means that of the router.
    pub against: Option<Version>,
}

/// Whether a run changes the router.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Writes {
    /// Nothing is changed.
    #[default]
    Never,
    /// Test objects are added and removed again, also when the run fails halfway.
    TestObjects,
}

/// What becomes of test objects that are there before a run that writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Leftovers {
    /// The run refuses to begin.
    #[default]
    Refuse,
    /// They are removed.
    Remove,
}

/// Why there is no report.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ConformanceError {
    /// The router could not be reached or did not let us in.
    #[error("talking to the router")]
    Router(#[source] Error),
    /// It does not say what it is.
    #[error("asking the router for its version")]
    Version,
    /// The simulator did not start.
    #[error("starting the simulator")]
    Start(#[source] StartError),
    /// The simulator did not answer.
    #[error("talking to the simulator")]
    Simulator(#[source] Error),
    /// Test objects of an earlier run are there.
    #[error("finding test objects of an earlier run, which a run may be told to remove: {0}")]
    Leftovers(String),
    /// Test objects could not be removed: some may be left.
    #[error("removing the test objects, of which some may be left")]
    Unclean(#[source] Error),
    /// The router did not let its test objects be removed.
    #[error("removing the test objects, of which these are left: {0}")]
    Left(String),
    /// The caller ended the run. Test objects were removed.
    #[error("stopped before the end")]
    Stopped,
}

/// Compares a router with the simulator of its release.
///
/// The run ends early when `stop` is ready; what it added to the router is removed then too.
///
/// # Errors
///
/// [`ConformanceError`] when the comparison could not be made. Differences are no error.
pub async fn run(
    router: &ClientConfig,
    plan: &Plan,
    stop: impl Future<Output = ()>,
) -> Result<Report, ConformanceError> {
    let mut stop = pin!(stop);
    let version = tokio::select! {
        version = version_of(router) => version?,
        () = &mut stop => return Err(ConformanceError::Stopped),
    };
    let against = plan.against.unwrap_or(version);
    let mut on_router = tokio::select! {
        seen = seen_on_router(router) => seen?,
        () = &mut stop => return Err(ConformanceError::Stopped),
    };
    let mut on_simulator = seen_on_simulator(against).await?;
    if plan.writes == Writes::TestObjects {
        make_room(router, plan.leftovers).await?;
        let written = tokio::select! {
            written = written_on_router(router) => written,
            () = &mut stop => Err(ConformanceError::Stopped),
        };
        clean(router).await?;
        on_router.extend(written?);
        on_simulator.extend(written_on_simulator(against).await?);
    }
    Ok(Report::of(version, against, plan.writes, &on_router, &on_simulator))
}

async fn version_of(router: &ClientConfig) -> Result<Version, ConformanceError> {
    let mut subject = Subject::open(router).await.map_err(ConformanceError::Router)?;
    let version = look::version(&mut subject).await.map_err(ConformanceError::Router)?;
    version.ok_or(ConformanceError::Version)
}

async fn seen_on_router(router: &ClientConfig) -> Result<Seen, ConformanceError> {
    let mut subject = Subject::open(router).await.map_err(ConformanceError::Router)?;
    look::everything(&mut subject).await.map_err(ConformanceError::Router)
}

async fn written_on_router(router: &ClientConfig) -> Result<Seen, ConformanceError> {
    let mut subject = Subject::open(router).await.map_err(ConformanceError::Router)?;
    write::everything(&mut subject).await.map_err(ConformanceError::Router)
}

async fn make_room(router: &ClientConfig, leftovers: Leftovers) -> Result<(), ConformanceError> {
    match leftovers {
        Leftovers::Remove => clean(router).await,
        Leftovers::Refuse => {
            let found = write::leftovers(router).await.map_err(ConformanceError::Router)?;
            if found.is_empty() {
                Ok(())
            } else {
                Err(ConformanceError::Leftovers(found.join(", ")))
            }
        }
    }
}

/// Removes the test objects and looks whether they are gone.
async fn clean(router: &ClientConfig) -> Result<(), ConformanceError> {
    write::remove_all(router).await.map_err(ConformanceError::Unclean)?;
    let left = write::leftovers(router).await.map_err(ConformanceError::Unclean)?;
    if left.is_empty() { Ok(()) } else { Err(ConformanceError::Left(left.join(", "))) }
}

/// A simulator that shows as many fields as it has is compared with a router that is in use.
async fn seen_on_simulator(version: Version) -> Result<Seen, ConformanceError> {
    let (simulator, config) = simulator(version).await?;
    for refused in simulator.router(populate::populate) {
        debug!(%refused, "the simulator lacks an object to compare with");
    }
    let look = async {
        let mut subject = Subject::open(&config).await?;
        look::everything(&mut subject).await
    };
    look.await.map_err(ConformanceError::Simulator)
}

async fn written_on_simulator(version: Version) -> Result<Seen, ConformanceError> {
    let (_simulator, config) = simulator(version).await?;
    let written = async {
        let mut subject = Subject::open(&config).await?;
        write::everything(&mut subject).await
    };
    written.await.map_err(ConformanceError::Simulator)
}

async fn simulator(version: Version) -> Result<(Simulator, ClientConfig), ConformanceError> {
    let builder = Simulator::builder().routeros(version.into());
    let simulator = builder.start().await.map_err(ConformanceError::Start)?;
    let endpoint = Endpoint {
        host: simulator.addr().ip().to_string(),
        port: simulator.addr().port(),
        security: Security::Plain,
    };
    let account = Credentials { username: "admin".to_owned(), password: SecretString::default() };
    let config = ClientConfig::new(endpoint, account);
    Ok((simulator, ClientConfig { login_mode: LoginMode::Auto, ..config }))
}
