//! The server under load: pages, answers without work, batches, and many who follow events. Beside it
//! the same page without a server, and by a lean server in Node.js.

mod client;
mod mixed;
mod node;
mod report;
mod shop;
mod wrk;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::db::Postgres;
use crate::debian;
use crate::failure::Failure;
use crate::project::Project;
use crate::server::{self, Server};
use crate::shell::Shell;
use crate::simulator::Profile;

use client::Client;
use mixed::Mixed;
use node::Node;
use report::Measured;
use wrk::{Run, Wrk};

const FOLDER: &str = "mkbill-http/benches/load";
const STATEMENT: &str = "page.sql";
const PAGE: &str = "/api/v1/vouchers?limit=10";
const LIVE: &str = "/live";

const VOUCHERS: u32 = 100_000;
const SEEDED_AT_ONCE: u32 = 10_000;
const ROUNDS: usize = 5;
const SECONDS: u32 = 5;
const CONNECTIONS: u32 = 64;
const MANY_CONNECTIONS: u32 = 256;
const BATCHES: usize = 41;
const BATCH: u32 = 500;

const PGBENCH: &str = "pgbench";
const PACKAGES: [&str; 2] = ["wrk", "postgresql-client"];
const ADVICE: &str = "the load needs wrk, psql and pgbench: install them (Debian: wrk \
                      postgresql-client postgresql)";

/// Measures everything and gives the tables as markdown.
pub(crate) fn measure(project: &Project) -> Result<String, Failure> {
    install(&project.root)?;
    let program = server::build(project, Profile::Release)?;
    let postgres = Postgres::start(&project.root)?;
    let server = Server::start(&program, &project.root, postgres.url(), &[])?;
    seed(&server)?;
    let psql = Shell::new("psql", &project.root).args([postgres.url().as_str(), "-q", "-c"]);
    psql.args(["VACUUM ANALYZE"]).run_quietly()?;
    let node = Node::start(project, &postgres)?;
    let bench = Bench { project, postgres: &postgres, server: &server, node: &node };
    let measured = bench.rounds()?;
    let batches = batches(&server)?;
    let mixed = Mixed::run(&server)?;
    Ok(report::markdown(&node, &measured, &batches, &mixed))
}

fn install(root: &Path) -> Result<(), Failure> {
    let is_there = |program: &str, option: &str| {
        // wrk prints its version and ends with 1.
        Shell::new(program, root).args([option]).finish().is_ok()
    };
    if is_there("wrk", "-v") && is_there("psql", "-V") && is_there(PGBENCH, "-V") {
        return Ok(());
    }
    debian::install(root, &PACKAGES, ADVICE)
}

/// Makes all vouchers as clients would.
fn seed(server: &Server) -> Result<(), Failure> {
    eprintln!("making {VOUCHERS} vouchers");
    let mut client = Client::of(server)?;
    client.post("/api/v1/plans", shop::PLAN)?;
    client.post("/api/v1/routers", shop::ROUTER)?;
    for _ in 0..VOUCHERS / SEEDED_AT_ONCE {
        client.post("/api/v1/voucher-batches", &shop::batch_of(SEEDED_AT_ONCE))?;
    }
    Ok(())
}

/// How long each of many batches took, one after another.
fn batches(server: &Server) -> Result<Vec<Duration>, Failure> {
    eprintln!("{BATCHES} batches of {BATCH}");
    let mut client = Client::of(server)?;
    let mut taken = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let began = Instant::now();
        client.post("/api/v1/voucher-batches", &shop::batch_of(BATCH))?;
        taken.push(began.elapsed());
    }
    Ok(taken)
}

struct Bench<'b> {
    project: &'b Project,
    postgres: &'b Postgres,
    server: &'b Server,
    node: &'b Node,
}

impl Bench<'_> {
    /// Everything that is compared takes turns, so that what else the machine does concerns all.
    fn rounds(&self) -> Result<Measured, Failure> {
        let mut measured = Measured::default();
        for round in 1..=ROUNDS {
            eprintln!("round {round} of {ROUNDS}");
            let (ours, key) = (self.server.address(), Some(self.server.key()));
            measured.page.push(self.wrk(CONNECTIONS).run(ours, PAGE, key)?);
            measured.statement.push(self.statement()?);
            let token = Some(self.node.token());
            measured.node.push(self.wrk(CONNECTIONS).run(self.node.address(), PAGE, token)?);
            measured.crowd.push(self.wrk(MANY_CONNECTIONS).run(ours, PAGE, key)?);
            measured.live.push(self.wrk(CONNECTIONS).run(ours, LIVE, None)?);
        }
        Ok(measured)
    }

    fn wrk(&self, connections: u32) -> Wrk<'_> {
        Wrk { root: &self.project.root, script: self.folder().join("wrk.lua"), connections }
    }

    fn folder(&self) -> PathBuf {
        self.project.root.join(FOLDER)
    }

    /// The statement of the page alone, as PostgreSQL's own program runs it: transactions a second.
    fn statement(&self) -> Result<u64, Failure> {
        let path = self.folder().join(STATEMENT);
        let text = fs::read_to_string(&path).map_err(Failure::file("reading", &path))?;
        let script = self.project.target.join("tmp/page.pgbench");
        let text = text.trim().replace("$1", ":first");
        fs::write(&script, text + ";\n").map_err(Failure::file("writing", &script))?;
        let connections = CONNECTIONS.to_string();
        let printed = Shell::new(PGBENCH, &self.project.root)
            .args(["-n", "-M", "prepared", "-D", "first=00000000-0000-0000-0000-000000000000"])
            .args(["-c", &connections, "-j", "2", "-T", &SECONDS.to_string(), "-f"])
            .args([script])
            .args([self.postgres.url()])
            .output()?;
        let tps = printed.lines().find_map(|line| line.strip_prefix("tps = "));
        let tps = tps.and_then(|rest| rest.split('.').next()?.parse().ok());
        tps.ok_or_else(|| Failure::Refused(format!("pgbench printed no figure but `{printed}`")))
    }
}

/// The middle one of many.
fn median<T: Ord + Copy + Default>(all: impl IntoIterator<Item = T>) -> T {
    percentile(all, 50)
}

/// What so many of a hundred do not exceed.
fn percentile<T: Ord + Copy + Default>(all: impl IntoIterator<Item = T>, percent: usize) -> T {
    let mut all: Vec<T> = all.into_iter().collect();
    all.sort_unstable();
    let place = (all.len().saturating_sub(1) * percent).div_ceil(100);
    all.get(place).copied().unwrap_or_default()
}

impl Run {
    fn per_second(&self) -> u64 {
        self.requests.saturating_mul(1_000_000) / self.microseconds.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        assert_eq!(median([3, 1, 2]), 2);
        assert_eq!(percentile(1..=100, 99), 100);
        assert_eq!(percentile(1..=1_000, 99), 991);
        assert_eq!(median(Vec::<u32>::new()), 0);
    }
}
