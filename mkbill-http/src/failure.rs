//! Why the program stopped, for people and for programs.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mkbill_core::kernel::error::Error;
use mkbill_routeros::conformance::ConformanceError;

use crate::config::ConfigError;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Engine(#[from] Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("comparing the router with its simulator")]
    Conformance(#[source] Box<ConformanceError>),
    #[error("{act} {}", path.display())]
    File { act: &'static str, path: PathBuf, source: io::Error },
    #[error("{0}")]
    Io(&'static str, #[source] io::Error),
    #[error("listening on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the log filter `{0}` is not understood")]
    LogFilter(String, #[source] tracing_subscriber::filter::ParseError),
    #[error("there is no database at {0}: run `mkbill migrate` to make it")]
    NoDatabase(PathBuf),
    #[error("{0} migrations are missing: run `mkbill migrate`")]
    NotMigrated(usize),
    #[error("a PostgreSQL store needs a key of its own: set master_key or master_key_file")]
    NoMasterKey,
    #[error("{}: {detail}", step)]
    Story { step: &'static str, detail: String },
}

impl Failure {
    /// What was done to which file when it failed.
    pub(crate) fn file(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { act, path: path.into(), source }
    }

    /// A stable machine-readable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Engine(error) => error.code(),
            Self::Config(_) | Self::LogFilter(..) | Self::NoMasterKey => "configuration",
            Self::Conformance(_) => "conformance",
            Self::File { .. } | Self::Io(..) => "io",
            Self::Listen { .. } => "listen",
            Self::NoDatabase(_) | Self::NotMigrated(_) => "not_migrated",
            Self::Story { .. } => "demo",
        }
    }

    /// The failure and its causes, outermost first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.to_string()];
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            lines.push(error.to_string());
            cause = error.source();
        }
        lines.dedup();
        lines
    }
}
