//! The program `wrk`, which sends the same request over many connections.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::shell::Shell;

use super::SECONDS;

const THREADS: &str = "2";

/// How it is run.
pub(super) struct Wrk<'w> {
    pub(super) root: &'w Path,
    pub(super) script: PathBuf,
    pub(super) connections: u32,
}

/// What one run showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) requests: u64,
    pub(super) microseconds: u64,
    pub(super) median_us: u64,
    pub(super) p99_us: u64,
}

impl Wrk<'_> {
    /// Runs it; a request that fails makes the figure worthless and is an error.
    pub(super) fn run(&self, address: &str, path: &str, key: Option<&str>) -> Result<Run, Failure> {
        let connections = self.connections.to_string();
        let seconds = format!("{SECONDS}s");
        let wrk = Shell::new("wrk", self.root)
            .args(["-t", THREADS, "-c", &connections, "-d", &seconds, "-s"])
            .args([&self.script])
            .args([format!("http://{address}{path}")]);
        let wrk = match key {
            Some(key) => wrk.env("MKBILL_BENCH_KEY", key),
            None => wrk,
        };
        let printed = wrk.output()?;
        Run::read(&printed).ok_or_else(|| {
            Failure::Refused(format!("wrk printed no figure, or requests failed: `{printed}`"))
        })
    }
}

impl Run {
    /// Reads the last line, which our script prints.
    fn read(printed: &str) -> Option<Self> {
        let mut numbers = printed.lines().last()?.split(' ').map(|number| number.parse().ok());
        let run = Self {
            requests: numbers.next()??,
            microseconds: numbers.next()??,
            median_us: numbers.next()??,
            p99_us: numbers.next()??,
        };
        let failed: u64 = numbers.next()??;
        (failed == 0 && run.requests > 0).then_some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_the_last_line_and_none_may_fail() {
        let run = Run { requests: 9, microseconds: 8, median_us: 7, p99_us: 6 };
        assert_eq!(Run::read("noise\n9 8 7 6 0\n"), Some(run));
        assert_eq!(Run::read("9 8 7 6 1\n"), None);
        assert_eq!(Run::read("no figure\n"), None);
    }
}
