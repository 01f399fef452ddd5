//! The figures as markdown.

use std::time::Duration;

use super::mixed::{FOLLOWERS, Mixed, PER_SECOND};
use super::node::Node;
use super::wrk::Run;
use super::{BATCH, CONNECTIONS, MANY_CONNECTIONS, ROUNDS, median, percentile};

/// What each round showed.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) page: Vec<Run>,
    pub(super) crowd: Vec<Run>,
    pub(super) live: Vec<Run>,
    pub(super) node: Vec<Run>,
    /// Transactions a second of the statement alone.
    pub(super) statement: Vec<u64>,
}

fn speed(runs: &[Run]) -> u64 {
    median(runs.iter().map(Run::per_second))
}

fn slowest(runs: &[Run]) -> u64 {
    median(runs.iter().map(|run| run.p99_us))
}

/// Hundredths of how many times faster the page was in the same round.
fn times(page: &[Run], others: impl IntoIterator<Item = u64>) -> u64 {
    let rounds = page.iter().zip(others);
    median(rounds.map(|(ours, theirs)| ours.per_second().saturating_mul(100) / theirs.max(1)))
}

/// A figure beside what it ought to be.
struct Row {
    what: String,
    target: String,
    got: String,
    is_met: bool,
}

impl Row {
    fn at_least(what: String, target: u64, got: u64, shown: fn(u64) -> String) -> Self {
        let is_met = got >= target;
        Self { what, target: format!("≥ {}", shown(target)), got: shown(got), is_met }
    }

    fn at_most(what: String, target: u64, got: u64, shown: fn(u64) -> String) -> Self {
        let is_met = got <= target;
        Self { what, target: format!("≤ {}", shown(target)), got: shown(got), is_met }
    }

    fn told(what: String, got: String) -> Self {
        Self { what, target: "–".to_owned(), got, is_met: true }
    }

    fn markdown(&self) -> String {
        let Self { what, target, got, is_met } = self;
        let got = if *is_met { got.clone() } else { format!("**{got} (missed)**") };
        format!("| {what} | {target} | {got} |\n")
    }
}

pub(super) fn markdown(
    node: &Node,
    measured: &Measured,
    batches: &[Duration],
    mixed: &Mixed,
) -> String {
    let Measured { page, crowd, live, node: reference, statement } = measured;
    let rows = [
        Row::at_least(page_over(CONNECTIONS), 6_000, speed(page), a_second),
        Row::at_most("the slowest of 100".to_owned(), 40_000, slowest(page), milliseconds),
        Row::told(page_over(MANY_CONNECTIONS), a_second(speed(crowd))),
        Row::at_most("the slowest of 100".to_owned(), 150_000, slowest(crowd), milliseconds),
        Row::told(
            format!("its statement alone by pgbench, {CONNECTIONS} connections"),
            a_second(median(statement.iter().copied())),
        ),
        Row::at_least(
            "the page, of the statement alone".to_owned(),
            50,
            times(page, statement.iter().copied()),
            percent,
        ),
        Row::told(
            format!("the page by Node.js, {CONNECTIONS} connections"),
            a_second(speed(reference)),
        ),
        Row::at_least(
            "the page, times faster than Node.js".to_owned(),
            200,
            times(page, reference.iter().map(Run::per_second)),
            hundredths,
        ),
        Row::at_least("`/live`".to_owned(), 40_000, speed(live), a_second),
        Row::at_most(
            format!("a batch of {BATCH}, one after another"),
            120_000,
            microseconds(median(batches.iter().copied())),
            milliseconds,
        ),
        Row::at_most(
            format!("{PER_SECOND} mixed requests a second, the slowest of 100"),
            200_000,
            microseconds(percentile(mixed.taken.iter().copied(), 99)),
            milliseconds,
        ),
        Row::at_most(
            format!("memory of the server, {FOLLOWERS} follow"),
            150 << 10,
            mixed.resident_kib,
            mebibytes,
        ),
    ];
    let rows: String = rows.iter().map(Row::markdown).collect();
    format!(
        "- Node.js {}, Fastify 4.29.1, pg 8.23.1\n- {ROUNDS} rounds; those who follow heard {} MiB\n\n\
         | figure | target | measured |\n|---|---:|---:|\n{rows}",
        node.version(),
        mixed.heard >> 20
    )
}

fn page_over(connections: u32) -> String {
    format!("page of 10 of 100,000 vouchers, {connections} connections")
}

fn a_second(count: u64) -> String {
    format!("{count}/s")
}

fn milliseconds(microseconds: u64) -> String {
    format!("{}.{} ms", microseconds / 1_000, microseconds % 1_000 / 100)
}

fn microseconds(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

fn percent(count: u64) -> String {
    format!("{count} %")
}

fn hundredths(count: u64) -> String {
    format!("{}.{:02} ×", count / 100, count % 100)
}

fn mebibytes(kib: u64) -> String {
    format!("{}.{} MiB", kib >> 10, ((kib & 0x3FF) * 10) >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_misses_its_target_stands_in_bold() {
        let good = Row::at_most("a".to_owned(), 40_000, 40_000, milliseconds);
        assert_eq!(good.markdown(), "| a | ≤ 40.0 ms | 40.0 ms |\n");
        let bad = Row::at_least("b".to_owned(), 200, 199, hundredths);
        assert_eq!(bad.markdown(), "| b | ≥ 2.00 × | **1.99 × (missed)** |\n");
    }
}
