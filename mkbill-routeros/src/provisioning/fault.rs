//! From the client's errors to the engine's, with what the operator can do.

use std::error::Error as _;

use mkbill_core::provisioning::controller::RouterFault;

use crate::error::{Error, ErrorKind};

pub(super) fn of(address: &str, error: &Error) -> RouterFault {
    let address = address.to_owned();
    let detail = chain(error);
    match error.kind() {
        ErrorKind::Auth => RouterFault::Auth { address, detail },
        ErrorKind::Tls => RouterFault::Untrusted { address, detail },
        ErrorKind::Denied => RouterFault::Denied { address, detail },
        ErrorKind::Unreachable
        | ErrorKind::Timeout
        | ErrorKind::OutcomeUnknown
        | ErrorKind::Fatal => RouterFault::Unreachable { address, detail },
        _ => RouterFault::Broken { address, detail },
    }
}

/// The error and its causes in one line.
pub(super) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
