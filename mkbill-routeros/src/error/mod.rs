//! One error for everything that talks to a router.

mod classify;

use std::{fmt, io, time::Duration};

use thiserror::Error;

use crate::{
    client::Transport,
    proto::{DecodeError, Failure, LoginError, Trap},
    transport::TlsError,
    value::{
        date::DateError, duration::DurationError, mac::MacError, rate_limit::RateLimitError,
        size::SizeError, version::VersionError,
    },
};

/// What the caller can do next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The router could not be reached, or the command was never sent. Surely nothing changed
    /// there.
    Unreachable,
    /// No trusted TLS connection could be made.
    Tls,
    /// The router does not accept the user name or password.
    Auth,
    /// The user may not do this.
    Denied,
    /// An object of this name is already there.
    Duplicate,
    /// The object is not there.
    NotFound,
    /// A field names something that the router does not have, such as a profile.
    BadReference {
        /// The field, as the router names it.
        field: String,
    },
    /// The router does not understand the command: a mistake here, or a version that lacks it.
    BadRequest,
    /// The command was interrupted.
    Cancelled,
    /// Time ran out before the command was sent. Surely nothing changed on the router.
    Timeout,
    /// The command was sent and no answer came: it may have been done or not. Look before doing it
    /// again.
    OutcomeUnknown,
    /// The router ended the connection for a reason of its own.
    Fatal,
    /// The router sent something that cannot be understood.
    Protocol,
    /// The journal of a bulk add cannot be read or written, so nothing more was sent.
    Journal,
    /// The transport cannot carry the command, which was not sent.
    Unsupported,
    /// More at once than this client takes: too many streams, rows that nobody took in time, or
    /// answers that are too long together. Ask for less at once, or read faster.
    Overloaded,
    /// The router refused for a reason that is not known here.
    Other,
}

/// A failure at a router. The message names the act and its subject; causes and advice follow as
/// sources.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No connection was made.
    #[error("connecting to router {address}")]
    Connect {
        /// Host and port as configured.
        address: String,
        /// Why.
        source: ConnectError,
    },
    /// A connection was made, but no TLS over it.
    #[error("securing the connection to router {address}")]
    Tls {
        /// Host and port as configured.
        address: String,
        /// Why.
        source: TlsError,
    },
    /// The router did not let us in.
    #[error("logging in to router {address} as {username:?}")]
    Login {
        /// Host and port as configured.
        address: String,
        /// The user name that was tried.
        username: String,
        /// Why.
        source: LoginFailure,
    },
    /// The router has failed too often lately and is left alone for a while.
    #[error(
        "connecting to router {address}, which failed too often and is left alone for {retry_in:?}"
    )]
    Resting {
        /// Host and port as configured.
        address: String,
        /// How long until the next attempt is made.
        retry_in: Duration,
    },
    /// The router answered a command with traps.
    #[error("running {command}")]
    Refused {
        /// The path of the command.
        command: String,
        /// What the router said.
        source: Refusal,
    },
    /// A command has no answer, or not one that is usable.
    #[error("running {command}")]
    Unanswered {
        /// The path of the command.
        command: String,
        /// Why.
        source: Unanswered,
    },
    /// A command is larger than routers take.
    #[error("running {command}, whose arguments are too large")]
    TooLarge {
        /// The path of the command.
        command: String,
    },
    /// The transport cannot carry a command. Nothing was sent.
    #[error("running {command} over {transport}")]
    Unsupported {
        /// The path of the command.
        command: String,
        /// What was to carry it.
        transport: Transport,
        /// Why it cannot.
        #[source]
        reason: Unsupportable,
    },
    /// A row lacks what is needed of it, or holds what cannot be read.
    #[error("reading field {field} of a row of {menu}")]
    Row {
        /// The menu, for example `/ip/hotspot/user`.
        menu: &'static str,
        /// The field.
        field: &'static str,
        /// Why.
        source: FieldError,
    },
    /// The journal of a bulk add failed, and nothing is sent that is not written down.
    #[error("keeping the journal of a bulk add")]
    Journal(#[source] io::Error),
}

/// Why no connection was made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nothing listens there, or an address list keeps us out.
    #[error(
        "the port is closed: enable the service (`/ip service enable api` or `api-ssl`, \
         for REST `www-ssl`), and check its port and its list of addresses"
    )]
    Closed(#[source] io::Error),
    /// No answer came in time.
    #[error("no answer within {0:?}: check the address, the cable and the firewall")]
    TimedOut(Duration),
    /// Something else, such as a name that does not resolve.
    #[error("dialling failed")]
    Failed(#[source] io::Error),
}

/// Why the router did not let us in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoginFailure {
    /// User name or password are wrong, or the user may not use the API.
    #[error(
        "check the user name, the password, and that the group of the user has the policy `api`"
    )]
    Refused(#[source] Refusal),
    /// User name or password are wrong, or the user may not use REST.
    #[error(
        "check the user name, the password, and that the group of the user has the policy `rest-api`"
    )]
    Unauthorized(#[source] Refusal),
    /// The answer was no login.
    #[error("if the router is older than 6.43, choose the legacy login mode")]
    NotLoggedIn(#[source] LoginError),
    /// No usable answer came.
    #[error("the router did not finish the login")]
    Unanswered(#[source] Unanswered),
}

/// Why a command has no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unanswered {
    /// The connection was gone before the command was sent.
    #[error("the connection ended before the command was sent")]
    NotSent,
    /// The deadline passed before the command was sent.
    #[error("the command waited too long to be sent")]
    Expired,
    /// The deadline passed after the command was sent.
    #[error("no answer in time: whether the router did it is unknown")]
    TimedOut,
    /// The connection ended after the command was sent.
    #[error("the connection ended before the answer: whether the router did it is unknown")]
    Lost,
    /// The router said goodbye.
    #[error("the router ended the connection: {0}")]
    Fatal(String),
    /// The router sent bytes that are no sentences.
    #[error("the router sent what cannot be understood")]
    Garbled(#[source] DecodeError),
    /// The router sent an answer over REST that cannot be understood.
    #[error("the router sent what cannot be understood")]
    Unreadable(#[source] BadAnswer),
    /// The answer was longer than allowed.
    #[error("the answer is longer than allowed: ask for fewer rows or fields")]
    TooLong,
    /// The answers under way on the connection would have been longer than allowed together.
    #[error("the connection holds as much as allowed: ask for fewer rows at once")]
    ConnectionFull,
    /// The router answered nothing for so long that the connection was given up.
    #[error("the router fell silent: whether it did what was sent is unknown")]
    Silent,
    /// The connection carries as many streams as allowed, so the command was not sent.
    #[error("the connection carries as many streams as allowed: end one first")]
    TooManyStreams,
    /// The rows of a stream were not read in time; some are lost and the stream was cancelled.
    #[error("the rows of the stream were not read in time, and some are lost: listen anew")]
    Overflow,
}

/// Why a transport cannot carry a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unsupportable {
    /// It has no end, and its rows would never come.
    #[error("it delivers nothing of a command without an end: use the binary API")]
    Endless,
    /// It may take longer than this, after which the router kills it.
    #[error("the router kills what takes longer than {0:?}: use the binary API")]
    Slow(Duration),
    /// A value is not UTF-8.
    #[error("it carries text only, and a value is not UTF-8: use the binary API")]
    Bytes,
    /// It is about the session.
    #[error("it has no session")]
    Session,
}

/// What is wrong with an answer over REST.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BadAnswer {
    /// It is no HTTP.
    #[error("it is no HTTP: {0}")]
    Http(String),
    /// Its body is no JSON.
    #[error("its body is no JSON: {0}")]
    Json(String),
    /// Its text is not UTF-8, as that of comments that `WinBox` wrote.
    #[error("its text is not UTF-8: use the binary API, which carries any bytes")]
    Encoding,
    /// Its JSON is neither a row nor a list of rows.
    #[error("its JSON is neither a row nor a list of rows")]
    Shape,
    /// Its status says neither yes nor no, as that of a web page that has moved.
    #[error("its status is {0}: something else than a router may answer there")]
    Status(u16),
}

/// What the router said when it refused a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// At least one trap, in the order they came.
    pub traps: Vec<Trap>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the router said")?;
        for (index, trap) in self.traps.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            let message = if trap.message.is_empty() { "nothing" } else { &trap.message };
            write!(formatter, "{separator}{message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// Why a field of a row cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The row lacks it.
    #[error("the row lacks it")]
    Missing,
    /// It is no whole number.
    #[error("it is no whole number")]
    Number,
    /// It is no duration.
    #[error("it is no duration")]
    Duration(#[from] DurationError),
    /// It is no byte count.
    #[error("it is no size")]
    Size(#[from] SizeError),
    /// It is no date.
    #[error("it is no date")]
    Date(#[from] DateError),
    /// It is no rate limit.
    #[error("it is no rate limit")]
    RateLimit(#[from] RateLimitError),
    /// It is no version.
    #[error("it is no version")]
    Version(#[from] VersionError),
    /// It is no pair of values, one for each direction.
    #[error("it is no pair of values")]
    Pair,
    /// It is no hardware address.
    #[error("it is no hardware address")]
    Mac(#[from] MacError),
    /// It is a word that is not known here.
    #[error("it is none of the known words")]
    Word,
    /// It is neither yes nor no.
    #[error("it is neither yes nor no")]
    Flag,
}

impl Error {
    /// What the caller can do next.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Connect { .. } | Self::Resting { .. } => ErrorKind::Unreachable,
            Self::Tls { .. } => ErrorKind::Tls,
            Self::Login { source, .. } => source.kind(),
            Self::Refused { source, .. } => classify::refusal(&source.traps),
            Self::Unanswered { source, .. } => source.kind(),
            Self::TooLarge { .. } => ErrorKind::BadRequest,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Row { .. } => ErrorKind::Protocol,
            Self::Journal(_) => ErrorKind::Journal,
        }
    }

    /// Whether the same again, later, may work and cannot do harm.
    ///
    /// An unknown outcome is not retryable as such: a read may be repeated, a write must be looked
    /// up first.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind(), ErrorKind::Unreachable | ErrorKind::Timeout)
    }

    /// Whether the router may have done what was asked although this is an error.
    pub fn leaves_outcome_unknown(&self) -> bool {
        match self {
            Self::Unanswered { source, .. } => {
                use Unanswered::{Expired, NotSent, TooManyStreams};
                !matches!(source, NotSent | Expired | TooManyStreams)
            }
            _ => self.kind() == ErrorKind::OutcomeUnknown,
        }
    }

    /// Whether the connection is gone, so that only a new one can do better.
    pub fn ended_the_connection(&self) -> bool {
        use Unanswered::{Fatal, Garbled, Lost, NotSent, Silent};
        let Self::Unanswered { source, .. } = self else {
            return false;
        };
        matches!(source, NotSent | Lost | Silent | Fatal(_) | Garbled(_))
    }

    /// Whether the router has no such menu or command at all, as without an optional package.
    pub fn is_missing_menu(&self) -> bool {
        let Self::Refused { source, .. } = self else {
            return false;
        };
        source.traps.iter().any(|trap| trap.message.starts_with("no such command"))
    }

    /// From what became of a command that has no answer.
    pub(crate) fn from_failure(command: &str, failure: Failure) -> Self {
        let command = command.to_owned();
        match Unanswered::try_from(failure) {
            Ok(source) => Self::Unanswered { command, source },
            Err(source) => Self::Refused { command, source },
        }
    }
}

impl TryFrom<Failure> for Unanswered {
    type Error = Refusal;

    fn try_from(failure: Failure) -> Result<Self, Refusal> {
        Ok(match failure {
            Failure::Trapped(traps) => return Err(Refusal { traps }),
            Failure::NotSent => Self::NotSent,
            Failure::Expired => Self::Expired,
            Failure::TimedOut => Self::TimedOut,
            Failure::Lost => Self::Lost,
            Failure::Fatal(reason) => Self::Fatal(reason),
            Failure::Garbled(source) => Self::Garbled(source),
            Failure::AnswerTooLong => Self::TooLong,
            Failure::ConnectionFull => Self::ConnectionFull,
            Failure::Silent => Self::Silent,
            Failure::TooManyStreams => Self::TooManyStreams,
            Failure::Overflow => Self::Overflow,
        })
    }
}

impl Unanswered {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotSent => ErrorKind::Unreachable,
            Self::Expired => ErrorKind::Timeout,
            Self::TimedOut | Self::Lost | Self::Silent => ErrorKind::OutcomeUnknown,
            Self::Fatal(_) => ErrorKind::Fatal,
            Self::Garbled(_) | Self::Unreadable(_) | Self::TooLong => ErrorKind::Protocol,
            Self::ConnectionFull | Self::TooManyStreams | Self::Overflow => ErrorKind::Overloaded,
        }
    }
}

impl LoginFailure {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(_) | Self::Unauthorized(_) | Self::NotLoggedIn(_) => ErrorKind::Auth,
            Self::Unanswered(Unanswered::TimedOut | Unanswered::Expired) => ErrorKind::Timeout,
            Self::Unanswered(Unanswered::Lost | Unanswered::Silent | Unanswered::NotSent) => {
                ErrorKind::Unreachable
            }
            Self::Unanswered(source) => source.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(failure: Failure) -> Error {
        Error::from_failure("/ip/hotspot/user/add", failure)
    }

    #[test]
    fn a_command_that_was_never_sent_is_retryable_and_one_without_answer_is_not() {
        for failure in [Failure::NotSent, Failure::Expired] {
            let error = run(failure);
            assert!(error.is_retryable() && !error.leaves_outcome_unknown(), "{error:?}");
        }
        for failure in [Failure::TimedOut, Failure::Lost, Failure::Fatal("bye".to_owned())] {
            let error = run(failure);
            assert!(!error.is_retryable() && error.leaves_outcome_unknown(), "{error:?}");
        }
    }

    #[test]
    fn a_refusal_shows_every_trap_and_its_command() {
        let trap = |message: &str| Trap { message: message.to_owned(), category: None };
        let error = run(Failure::Trapped(vec![trap("no such item"), trap("")]));
        assert_eq!(error.to_string(), "running /ip/hotspot/user/add");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause, "the router said: no such item; nothing");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
