//! Log lines on standard error.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};
use crate::failure::Failure;

/// Begins to write log lines. A second call changes nothing.
pub(crate) fn start(settings: &Settings) -> Result<(), Failure> {
    let text = &settings.log_filter;
    let filter = EnvFilter::builder().parse(text);
    let filter = filter.map_err(|source| Failure::LogFilter(text.clone(), source))?;
    let colours = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let lines = lines.with_ansi(colours);
    // Somebody else's subscriber is as good as ours.
    drop(match settings.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    });
    Ok(())
}
