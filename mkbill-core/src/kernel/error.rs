//! One error, grouped by what the caller can do next.

use std::fmt;

use jiff::SignedDuration;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A rule of the domain said no. Each feature has its own enum of refusals.
pub trait Refusal: std::error::Error + Send + Sync {
    /// A stable machine-readable code, such as `code_space_too_small`.
    fn code(&self) -> &'static str;

    /// After which time asking again may succeed, if waiting is what helps.
    fn retry_after(&self) -> Option<SignedDuration> {
        None
    }
}

/// Why a use case did not do what was asked. Nothing was written.
#[derive(Debug)]
pub enum Error {
    /// A rule forbids it; asking again changes nothing.
    Refused(Box<dyn Refusal>),
    /// No such thing.
    NotFound {
        /// The kind of thing, such as `batch`.
        what: &'static str,
        /// How it was named.
        key: String,
    },
    /// Something else is in the way: a taken name, another writer.
    Conflict {
        /// The kind of thing.
        what: &'static str,
        /// What is in the way and what to do.
        detail: String,
    },
    /// The input cannot be understood or is out of bounds.
    Invalid {
        /// The field, in the words of the API.
        field: &'static str,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// Try again later: a database or a router is away.
    Unavailable {
        /// What is away and what to do.
        what: String,
        /// The cause.
        source: Source,
    },
    /// Ours to mend: stored data or code contradict themselves.
    Broken {
        /// What was found.
        what: String,
        /// The cause, if another error led here.
        source: Option<Source>,
    },
}

impl Error {
    /// Input out of bounds.
    pub fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }

    /// No such thing.
    pub fn not_found(what: &'static str, key: impl fmt::Display) -> Self {
        Self::NotFound { what, key: key.to_string() }
    }

    /// Something is in the way.
    pub fn conflict(what: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict { what, detail: detail.into() }
    }

    /// A contradiction in code or data.
    pub fn broken(what: impl Into<String>) -> Self {
        Self::Broken { what: what.into(), source: None }
    }

    /// A stable machine-readable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::NotFound { .. } => "not_found",
            Self::Conflict { .. } => "conflict",
            Self::Invalid { .. } => "invalid",
            Self::Unavailable { .. } => "unavailable",
            Self::Broken { .. } => "broken",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotFound { what, key } => write!(f, "there is no {what} `{key}`"),
            Self::Conflict { what, detail } => write!(f, "{what}: {detail}"),
            Self::Invalid { field, problem } => write!(f, "{field}: {problem}"),
            Self::Unavailable { what, .. } | Self::Broken { what, .. } => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unavailable { source, .. } => Some(source.as_ref()),
            Self::Broken { source, .. } => source.as_ref().map(|source| &**source as _),
            _ => None,
        }
    }
}

impl<R: Refusal + 'static> From<R> for Error {
    fn from(refusal: R) -> Self {
        Self::Refused(Box::new(refusal))
    }
}
