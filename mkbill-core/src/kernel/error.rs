//! One error, grouped by what the caller can do next.

use std::fmt;

use jiff::SignedDuration;

use super::language::{Language, Said};
use super::thing::Thing;
use super::wrong::{Wrong, WrongField};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A rule of the domain said no. Each feature has its own enum of refusals.
pub trait Refusal: std::error::Error + Send + Sync {
    /// A stable machine-readable code, such as `code_space_too_small`.
    fn code(&self) -> &'static str;

    /// Why, and what is allowed instead, in Indonesian for operators; `Display` says it in English.
    fn indonesian(&self) -> String;

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
        /// The kind of thing.
        what: Thing,
        /// How it was named.
        key: String,
    },
    /// Something else is in the way: a taken name, another writer.
    Conflict {
        /// The kind of thing.
        what: Thing,
        /// What is in the way and what to do.
        detail: Said,
    },
    /// The input cannot be understood or is out of bounds.
    Invalid {
        /// The field, in the words of the API.
        field: &'static str,
        /// What is wrong and what is allowed.
        problem: Wrong,
    },
    /// Several fields of the input are wrong, of which none can be understood or is within bounds.
    SeveralInvalid(Vec<WrongField>),
    /// Try again later: a database or a router is away.
    Unavailable {
        /// What is away and what to do.
        what: Said,
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
    pub fn invalid(field: &'static str, problem: impl Into<Wrong>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }

    /// No such thing.
    pub fn not_found(what: Thing, key: impl fmt::Display) -> Self {
        Self::NotFound { what, key: key.to_string() }
    }

    /// Something is in the way.
    pub fn conflict(what: Thing, detail: Said) -> Self {
        Self::Conflict { what, detail }
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
            Self::Invalid { .. } | Self::SeveralInvalid(_) => "invalid",
            Self::Unavailable { .. } => "unavailable",
            Self::Broken { .. } => "broken",
        }
    }

    /// What happened, in every language. What is broken inside is for the log alone.
    pub fn said(&self) -> Said {
        let indonesian = match self {
            Self::Refused(refusal) => refusal.indonesian(),
            Self::NotFound { what, key } => {
                format!("tidak ada {} `{key}`", what.text(Language::Indonesian))
            }
            Self::Conflict { what, detail } => {
                format!("{}: {}", what.text(Language::Indonesian), detail.indonesian())
            }
            Self::Invalid { field, problem } => format!("{field}: {}", problem.said().indonesian()),
            Self::SeveralInvalid(fields) => {
                joined(fields, |wrong| wrong.problem.said().indonesian().to_owned())
            }
            Self::Unavailable { what, .. } => what.indonesian().to_owned(),
            Self::Broken { .. } => "ada kesalahan di dalam sistem".to_owned(),
        };
        Said::new(self.to_string(), indonesian)
    }
}

fn joined(fields: &[WrongField], problem: impl Fn(&WrongField) -> String) -> String {
    let told = fields.iter().map(|wrong| format!("{}: {}", wrong.field, problem(wrong)));
    told.collect::<Vec<_>>().join("; ")
}

/// Gathers all that is wrong with a request, so that it is told at once.
#[derive(Debug, Default)]
pub struct Wrongs(Vec<WrongField>);

impl Wrongs {
    /// The value; `None` if it is wrong, which is noted.
    ///
    /// # Errors
    ///
    /// Any error that is not about a field.
    pub fn good<T>(&mut self, value: Result<T, Error>) -> Result<Option<T>, Error> {
        match value {
            Ok(value) => return Ok(Some(value)),
            Err(Error::Invalid { field, problem }) => self.0.push(WrongField { field, problem }),
            Err(Error::SeveralInvalid(fields)) => self.0.extend(fields),
            Err(other) => return Err(other),
        }
        Ok(None)
    }

    /// Nothing, if nothing was wrong.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] or [`Error::SeveralInvalid`] with everything that was noted.
    pub fn none(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(self.told()) }
    }

    /// Everything that was noted, by whoever has missed a value.
    pub fn told(mut self) -> Error {
        match (self.0.len(), self.0.pop()) {
            (1, Some(WrongField { field, problem })) => Error::Invalid { field, problem },
            (_, Some(last)) => {
                self.0.push(last);
                Error::SeveralInvalid(self.0)
            }
            (_, None) => Error::broken("a value is missing and nothing was wrong with it"),
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
            Self::SeveralInvalid(fields) => {
                f.write_str(&joined(fields, |wrong| wrong.problem.to_string()))
            }
            Self::Unavailable { what, .. } => what.fmt(f),
            Self::Broken { what, .. } => f.write_str(what),
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
