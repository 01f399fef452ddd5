use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why a command of the project did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("running `{command}`")]
    Run { command: String, source: io::Error },
    #[error("`{command}` ended with {status}")]
    Exit { command: String, status: ExitStatus },
    #[error("{act} {}", path.display())]
    File { act: &'static str, path: PathBuf, source: io::Error },
    #[error("reading the answer of `{command}`")]
    Answer { command: String, source: serde_json::Error },
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    pub(crate) fn file(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { act, path, source }
    }
}
