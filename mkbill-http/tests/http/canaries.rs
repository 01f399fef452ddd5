//! Secrets that must never be read again: every answer and every log line of these tests is searched
//! for them.

use std::io::{self, Write};
use std::sync::{Once, PoisonError, RwLock};

use tracing_subscriber::fmt::MakeWriter;

use super::support::{PASSWORD, ROUTER_PASSWORD};

/// What tells of the inside of the program or of a stored password.
const INSIDES: [&str; 9] = [
    "$argon2",
    "SELECT ",
    "INSERT INTO",
    " FROM staff",
    "sqlx::",
    "panicked at",
    "stack backtrace",
    "/src/",
    "no such column",
];

/// Keys that were made while the tests run.
static KEYS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// From now on no log line may hold this.
pub(crate) fn hide(key: &str) {
    KEYS.write().unwrap_or_else(PoisonError::into_inner).push(key.to_owned());
}

/// Stops the test if an answer holds what it must not.
#[track_caller]
pub(crate) fn search_answer(text: &str) {
    let secrets = [PASSWORD, ROUTER_PASSWORD];
    let found = secrets.iter().chain(&INSIDES).find(|secret| text.contains(**secret));
    assert!(found.is_none(), "an answer holds `{}`: {text}", found.unwrap_or(&""));
}

fn search_line(line: &str) {
    let keys = KEYS.read().unwrap_or_else(PoisonError::into_inner).clone();
    let fixed = [PASSWORD, ROUTER_PASSWORD, "$argon2"].map(str::to_owned);
    let found = keys.into_iter().chain(fixed).find(|secret| line.contains(secret));
    assert!(found.is_none(), "a log line holds `{}`: {line}", found.unwrap_or_default());
}

/// Looks at every log line that is written from now on, and at the finest level.
pub(crate) fn watch_the_log() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
        lines.with_writer(Searched).json().init();
    });
}

struct Searched;

impl<'a> MakeWriter<'a> for Searched {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Searched {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        search_line(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
#[should_panic(expected = "a log line holds")]
fn a_secret_in_the_log_is_found() {
    hide("mk_canary");
    watch_the_log();
    let _begun = tracing::trace_span!("request", key = "mk_canary").entered();
    tracing::trace!("somebody came in");
}

#[test]
#[should_panic(expected = "an answer holds")]
fn a_secret_in_an_answer_is_found() {
    search_answer(&format!("{{\"detail\":\"{ROUTER_PASSWORD}\"}}"));
}
