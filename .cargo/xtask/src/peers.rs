//! Our client side by side with clients by others, on the same simulator over loopback.

use std::path::PathBuf;
use std::time::Duration;

use crate::failure::Failure;
use crate::foreign::Foreign;
use crate::judges;
use crate::project::Project;
use crate::shell::Shell;
use crate::simulator::{self, PASSWORD, Profile, Service, Simulator};

const OURS: [&str; 9] =
    ["bench", "-q", "-p", "mkbill-routeros", "--features", "sim", "--bench", "peers", "--"];
const PYTHON: &str = "mkbill-routeros/benches/peers/peers.py";
const NODE: &str = "mkbill-routeros/benches/peers/peers.js";
/// The latest release that every client copes with.
const RELEASE: &str = "7.14";

/// A program that does the work.
#[derive(Debug, Clone, Copy)]
struct Peer {
    name: &'static str,
    /// By which its program knows it.
    client: &'static str,
    /// `None` for our own program.
    script: Option<&'static str>,
}

const MKBILL: Peer = Peer { name: "mkbill-routeros", client: "mkbill", script: None };
const LIBROUTEROS: Peer =
    Peer { name: "librouteros 4.2.2", client: "librouteros", script: Some(PYTHON) };
const ROUTEROS_API: Peer =
    Peer { name: "RouterOS-api 0.21.0", client: "RouterOS-api", script: Some(PYTHON) };
const NODE_ROUTEROS: Peer =
    Peer { name: "node-routeros 1.6.9", client: "node-routeros", script: Some(NODE) };
/// The bytes of the answer alone: nobody can be faster than that.
const SOCKET: Peer = Peer { name: "reading the bytes only", client: "socket", script: None };
const DECODER: Peer =
    Peer { name: "our decoder without a client", client: "decoder", script: None };

const ALL: &[Peer] = &[MKBILL, LIBROUTEROS, ROUTEROS_API, NODE_ROUTEROS];
/// librouteros has no tags.
const TAGGING: &[Peer] = &[MKBILL, ROUTEROS_API, NODE_ROUTEROS];
const READING: &[Peer] = &[MKBILL, LIBROUTEROS, ROUTEROS_API, NODE_ROUTEROS, DECODER, SOCKET];

/// Something to do, and who does it.
struct Work {
    title: &'static str,
    /// By which the programs know it.
    name: &'static str,
    count: &'static str,
    /// How the simulator is started.
    router: &'static [&'static str],
    runs: usize,
    peers: &'static [Peer],
}

/// The row that a fresh router has is printed too.
const LIST: Work = Work {
    title: "print 30,000 hotspot users",
    name: "list",
    count: "30001",
    router: &["--users", "30000", "--delay-ms", "0"],
    runs: 5,
    peers: READING,
};
const ADDS: Work = Work {
    title: "1,000 adds, one after another",
    name: "adds",
    count: "1000",
    router: &["--delay-ms", "0"],
    runs: 3,
    peers: ALL,
};
const ADDS_AT_ONCE: Work =
    Work { title: "1,000 adds at once", name: "adds-at-once", peers: TAGGING, ..ADDS };
const SLOW_ADDS: Work = Work {
    title: "1,000 adds, one after another, 5 ms each",
    router: &["--delay-ms", "5"],
    ..ADDS
};
const SLOW_ADDS_AT_ONCE: Work = Work {
    title: "1,000 adds at once, 5 ms each",
    name: "adds-at-once",
    peers: TAGGING,
    ..SLOW_ADDS
};
const CONNECT: Work =
    Work { title: "100 times connect, log in, one command", name: "connect", count: "100", ..ADDS };

/// What a piece of work took, as the median of its runs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Taken {
    wall_ns: u64,
    cpu_ns: u64,
    peak_kib: u64,
    router_ns: u64,
}

/// A work with what it took each of its peers, in their order.
struct Compared {
    work: &'static Work,
    taken: Vec<Taken>,
}

/// Measures all works and gives the promises and the tables as markdown.
pub(crate) fn measure(project: &Project) -> Result<String, Failure> {
    let bench = Bench {
        project,
        foreign: Foreign::install(project, judges::SCRIPTS, "judges")?,
        router: simulator::build(project, Profile::Release)?,
    };
    let list = bench.compare(&LIST)?;
    let adds = bench.compare(&ADDS)?;
    let adds_at_once = bench.compare(&ADDS_AT_ONCE)?;
    let slow_adds = bench.compare(&SLOW_ADDS)?;
    let slow_adds_at_once = bench.compare(&SLOW_ADDS_AT_ONCE)?;
    let connect = bench.compare(&CONNECT)?;
    let promises = promises(&list, &slow_adds, &slow_adds_at_once);
    let all = [list, adds, adds_at_once, slow_adds, slow_adds_at_once, connect];
    let tables = all.iter().map(Compared::markdown).collect::<Vec<_>>().join("\n");
    Ok(format!(
        "- {}, simulator of RouterOS {RELEASE}\n\n{promises}\n{tables}",
        bench.foreign.languages()
    ))
}

struct Bench<'p> {
    project: &'p Project,
    foreign: Foreign,
    router: PathBuf,
}

impl Bench<'_> {
    fn compare(&self, work: &'static Work) -> Result<Compared, Failure> {
        eprintln!("{}", work.title);
        let arguments = [&["--routeros", RELEASE], work.router].concat();
        let router = Simulator::start(&self.router, Service::Api, &arguments)?;
        let median = |peer: &Peer| {
            let runs = (0..work.runs).map(|run| self.run(*peer, work, &router, run));
            runs.collect::<Result<Vec<_>, _>>().map(|runs| Taken::median(&runs))
        };
        let taken = work.peers.iter().map(median).collect::<Result<_, _>>()?;
        Ok(Compared { work, taken })
    }

    fn run(
        &self,
        peer: Peer,
        work: &Work,
        router: &Simulator,
        run: usize,
    ) -> Result<Taken, Failure> {
        let prefix = format!("{}-{run}-", peer.client);
        let arguments = [peer.client, work.name, router.address(), work.count, &prefix];
        let program = match peer.script {
            Some(script) => self.foreign.script(script),
            None => Shell::cargo(&self.project.root).args(OURS),
        };
        let before = router.cpu_time();
        let printed = program.args(arguments).env(PASSWORD.0, PASSWORD.1).output()?;
        let router_took = router.cpu_time().saturating_sub(before);
        Taken::read(&printed, router_took).ok_or_else(|| {
            Failure::Refused(format!("{} printed no measurement but `{printed}`", peer.name))
        })
    }
}

impl Taken {
    /// Reads the line that every program ends with.
    fn read(printed: &str, router: Duration) -> Option<Self> {
        let mut numbers = printed.lines().last()?.split(' ').map(|number| number.parse().ok());
        Some(Self {
            wall_ns: numbers.next()??,
            cpu_ns: numbers.next()??,
            peak_kib: numbers.next()??,
            router_ns: u64::try_from(router.as_nanos()).ok()?,
        })
    }

    /// The median of each number by itself.
    fn median(runs: &[Self]) -> Self {
        let middle = |number: fn(&Self) -> u64| {
            let mut numbers: Vec<u64> = runs.iter().map(number).collect();
            numbers.sort_unstable();
            numbers.get(runs.len() / 2).copied().unwrap_or_default()
        };
        Self {
            wall_ns: middle(|taken| taken.wall_ns),
            cpu_ns: middle(|taken| taken.cpu_ns),
            peak_kib: middle(|taken| taken.peak_kib),
            router_ns: middle(|taken| taken.router_ns),
        }
    }
}

impl Compared {
    fn of(&self, peer: Peer) -> Taken {
        let place = self.work.peers.iter().position(|one| one.client == peer.client);
        place.and_then(|place| self.taken.get(place)).copied().unwrap_or_default()
    }

    fn markdown(&self) -> String {
        const HEAD: &str = "| client | time | times ours | its processor time | its memory, peak \
                            | processor time of the router |\n|---|---:|---:|---:|---:|---:|\n";
        let ours = self.of(MKBILL);
        let row = |(peer, taken): (&Peer, &Taken)| {
            format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                peer.name,
                time(taken.wall_ns),
                times(taken.wall_ns, ours.wall_ns),
                time(taken.cpu_ns),
                memory(taken.peak_kib),
                time(taken.router_ns),
            )
        };
        let rows: String = self.work.peers.iter().zip(&self.taken).map(row).collect();
        format!("**{}** (median of {})\n\n{HEAD}{rows}", self.work.title, self.work.runs)
    }
}

/// What is promised of our client, and what it did.
fn promises(list: &Compared, one_by_one: &Compared, at_once: &Compared) -> String {
    let ours = list.of(MKBILL).wall_ns;
    let python = list.of(LIBROUTEROS).wall_ns.min(list.of(ROUTEROS_API).wall_ns);
    let node = list.of(NODE_ROUTEROS).wall_ns;
    let (slow, fast) = (one_by_one.of(MKBILL).wall_ns, at_once.of(MKBILL).wall_ns);
    let rows = [
        ("the list, against the fastest Python client", 50, tenths(python, ours)),
        ("the list, against node-routeros", 20, tenths(node, ours)),
        ("1,000 adds of 5 ms at once, against one after another", 100, tenths(slow, fast)),
    ];
    let row = |(what, target, got): (&str, u64, u64)| {
        let shown = shown_tenths(got);
        let cell = if got >= target { shown } else { format!("**{shown} (missed)**") };
        format!("| {what} | ≥ {} | {cell} |\n", shown_tenths(target))
    };
    format!("| times faster | target | measured |\n|---|---:|---:|\n{}", rows.map(row).concat())
}

fn tenths(theirs: u64, ours: u64) -> u64 {
    theirs.saturating_mul(10) / ours.max(1)
}

fn times(theirs: u64, ours: u64) -> String {
    shown_tenths(tenths(theirs, ours))
}

fn shown_tenths(tenths: u64) -> String {
    format!("{}.{} ×", tenths / 10, tenths % 10)
}

fn time(nanoseconds: u64) -> String {
    let tenths = nanoseconds / 100_000;
    if tenths < 10_000 {
        return format!("{}.{} ms", tenths / 10, tenths % 10);
    }
    format!("{}.{:02} s", tenths / 10_000, tenths % 10_000 / 100)
}

fn memory(kib: u64) -> String {
    format!("{}.{} MiB", kib >> 10, ((kib & 0x3FF) * 10) >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_the_last_line_of_three_numbers() {
        let taken = Taken::read("noise\n1500000 900000 2048\n", Duration::from_nanos(7));
        let wanted = Taken { wall_ns: 1_500_000, cpu_ns: 900_000, peak_kib: 2048, router_ns: 7 };
        assert_eq!(taken, Some(wanted));
        assert_eq!(Taken::read("no numbers\n", Duration::ZERO), None);
    }

    #[test]
    fn the_median_is_taken_of_each_number_by_itself() {
        let run = |wall_ns, cpu_ns| Taken { wall_ns, cpu_ns, ..Taken::default() };
        assert_eq!(Taken::median(&[run(3, 10), run(1, 30), run(2, 20)]), run(2, 20));
    }

    #[test]
    fn amounts_are_short() {
        assert_eq!(time(12_345_678), "12.3 ms");
        assert_eq!(time(1_234_567_890), "1.23 s");
        assert_eq!(memory(1536), "1.5 MiB");
        assert_eq!(times(55, 10), "5.5 ×");
    }
}
