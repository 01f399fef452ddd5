//! How much one client, and all of them together, may ask of the server.

use std::time::Duration;

/// Bounds of the serving loop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many connections are open at the same time. Where all are, the one that rested longest
    /// makes room; where none rests, who comes waits.
    pub(crate) connections: usize,
    /// How long a client may take for the head of a request, counted from the answer before or from
    /// the connection. So a connection that rests is closed after as long.
    pub(crate) head_time: Duration,
    /// How large a head may be, its first line included.
    pub(crate) head_bytes: usize,
    /// How long a client may take for the body of a request.
    pub(crate) body_time: Duration,
    /// How long a client may leave an answer unread before more of it is sent.
    pub(crate) read_time: Duration,
    /// How long requests that began may take to finish once the end was asked for.
    pub(crate) farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head_time: Duration::from_secs(10),
            head_bytes: 16 << 10,
            body_time: Duration::from_secs(20),
            read_time: Duration::from_secs(30),
            farewell: Duration::from_secs(20),
        }
    }
}

/// Files that the program needs beside connections: databases, routers, logs.
const OTHER_FILES: u64 = 256;

impl Limits {
    /// The usual bounds, as far as the system lets this process open so many files. It is asked for
    /// more where it may be.
    pub(crate) fn of_this_process() -> Self {
        let usual = Self::default();
        let wanted = u64::try_from(usual.connections).unwrap_or(u64::MAX) + OTHER_FILES;
        let places = open_files_allowed(wanted).saturating_sub(OTHER_FILES).max(1);
        let places = usize::try_from(places).unwrap_or(usize::MAX);
        Self { connections: usual.connections.min(places), ..usual }
    }
}

#[cfg(unix)]
fn open_files_allowed(wanted: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let current = now.current.unwrap_or(u64::MAX);
    let raised = wanted.min(now.maximum.unwrap_or(u64::MAX));
    if current >= raised {
        return current;
    }
    let asked = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..now });
    if asked.is_ok() { raised } else { current }
}

#[cfg(not(unix))]
fn open_files_allowed(wanted: u64) -> u64 {
    wanted
}
