//! Clients by others talk to the simulator, so that one mistake is not made on both sides of the wire.

use std::path::Path;
use std::thread;

use crate::failure::Failure;
use crate::foreign::Foreign;
use crate::project::Project;
use crate::simulator::{self, PASSWORD, Profile, Service, Simulator};

pub(crate) const SCRIPTS: &str = "mkbill-routeros/tests/judges";

/// The releases to be judged, oldest first.
const RELEASES: [&str; 6] = ["6.42", "6.49", "7.9", "7.14", "7.18", "7.24"];

/// A client by others with a script that says what must hold.
struct Judge {
    name: &'static str,
    script: &'static str,
    service: Service,
    unheard: Option<Unheard>,
}

/// Releases that a judge cannot be heard about.
struct Unheard {
    releases: &'static [&'static str],
    because: &'static str,
}

const JUDGES: [Judge; 7] = [
    Judge::of_all("librouteros", "judge_librouteros.py"),
    Judge::of_all("librouteros async", "judge_librouteros_async.py"),
    Judge::of_all("librouteros suite", "judge_librouteros_suite.py"),
    Judge::of_all("RouterOS-api", "judge_routeros_api.py"),
    Judge::of_all("routeros-py", "judge_routeros_py.py"),
    Judge::of_all("node-routeros", "judge_node_routeros.js"),
    Judge {
        service: Service::Rest,
        unheard: Some(Unheard { releases: &["6.42", "6.49"], because: "REST came with 7.1" }),
        ..Judge::of_all("rosrestpy", "judge_rosrestpy.py")
    },
];

impl Judge {
    const fn of_all(name: &'static str, script: &'static str) -> Self {
        Self { name, script, service: Service::Api, unheard: None }
    }
}

/// What a judge said of one release.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) passed: usize,
    failed: Vec<String>,
    /// Whether the script ended by itself and contentedly.
    ended_well: bool,
}

impl Verdict {
    /// Reads a verdict from the lines of a script, one for each check.
    pub(crate) fn read(printed: &str, ended_well: bool) -> Self {
        let passed = printed.lines().filter(|line| line.starts_with("ok ")).count();
        let failed = printed.lines().filter_map(|line| line.strip_prefix("FAILED "));
        Self { passed, failed: failed.map(str::to_owned).collect(), ended_well }
    }

    pub(crate) fn is_good(&self) -> bool {
        self.passed > 0 && self.failed.is_empty() && self.ended_well
    }

    fn cell(&self) -> String {
        if self.is_good() {
            return self.passed.to_string();
        }
        format!("{}!{}", self.passed, self.failed.len())
    }

    /// What is wrong, each as a line that says who found it where.
    pub(crate) fn complaints(&self, judge: &str, about: &str) -> Vec<String> {
        let of = |text: &str| format!("{judge}, {about}: {text}");
        let mut complaints: Vec<String> = self.failed.iter().map(|text| of(text)).collect();
        if complaints.is_empty() && !self.is_good() {
            complaints.push(of("ended without saying what is wrong"));
        }
        complaints
    }
}

/// Hears every judge whose name holds `only` about every release and prints how many checks held.
pub(crate) fn check(project: &Project, only: &str) -> Result<(), Failure> {
    let foreign = Foreign::install(project, SCRIPTS, "judges")?;
    let program = simulator::build(project, Profile::Debug)?;
    println!("{:<20}{}", "checks that held", RELEASES.map(|name| format!("{name:>8}")).concat());
    let (mut held, mut complaints) = (0, Vec::new());
    let judges: Vec<&Judge> = JUDGES.iter().filter(|judge| judge.name.contains(only)).collect();
    if judges.is_empty() {
        return Err(Failure::Refused(format!("no judge is called `{only}`")));
    }
    for judge in judges {
        print!("{:<20}", judge.name);
        for (release, verdict) in RELEASES.iter().zip(judge.hear_about_all(&foreign, &program)) {
            let verdict = verdict?;
            print!("{:>8}", verdict.as_ref().map_or("-".to_owned(), Verdict::cell));
            held += verdict.as_ref().map_or(0, |said| said.passed);
            let (verdict, about) = (verdict.iter(), format!("RouterOS {release}"));
            complaints.extend(verdict.flat_map(|said| said.complaints(judge.name, &about)));
        }
        let because = judge.unheard.as_ref().map(|unheard| format!("  (-: {})", unheard.because));
        println!("{}", because.unwrap_or_default());
    }
    println!("{held} checks held, {} did not", complaints.len());
    refuse_if_any("the simulator", &complaints)
}

pub(crate) fn refuse_if_any(about: &str, complaints: &[String]) -> Result<(), Failure> {
    for complaint in complaints {
        println!("{complaint}");
    }
    if complaints.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(format!("{} complaints about {about}", complaints.len())))
}

/// What a judge said of one release; `None` when it cannot be heard about it.
type Heard = Result<Option<Verdict>, Failure>;

impl Judge {
    /// What it says of each release, in their order. All at once: these clients mostly wait.
    fn hear_about_all(&self, foreign: &Foreign, program: &Path) -> [Heard; RELEASES.len()] {
        let mut heard = RELEASES.map(|_| Ok(None));
        thread::scope(|scope| {
            for (place, release) in heard.iter_mut().zip(RELEASES) {
                scope.spawn(move || *place = self.hear_if_asked(foreign, program, release));
            }
        });
        heard
    }

    fn hear_if_asked(&self, foreign: &Foreign, program: &Path, release: &str) -> Heard {
        if self.unheard.as_ref().is_some_and(|unheard| unheard.releases.contains(&release)) {
            return Ok(None);
        }
        let arguments = ["--routeros", release, "--delay-ms", "0"];
        match Simulator::start(program, self.service, &arguments) {
            Ok(simulator) => self.hear(foreign, &simulator, release).map(Some),
            Err(failure) => {
                Ok(Some(Verdict { failed: vec![failure.to_string()], ..Verdict::default() }))
            }
        }
    }

    fn hear(
        &self,
        foreign: &Foreign,
        simulator: &Simulator,
        release: &str,
    ) -> Result<Verdict, Failure> {
        let script = foreign.script(&format!("{SCRIPTS}/{}", self.script));
        let script = script.args([simulator.address(), release]).env(PASSWORD.0, PASSWORD.1);
        let (status, printed) = script.finish()?;
        Ok(Verdict::read(&printed, status.success()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_checked_nothing_is_a_complaint() {
        let silent = Verdict::read("", true);
        assert!(!silent.is_good());
        assert_eq!(silent.complaints("a", "RouterOS 7.18").len(), 1);
    }

    #[test]
    fn a_script_that_ends_badly_is_a_complaint_even_if_every_check_held() {
        assert!(!Verdict::read("ok one\n", false).is_good());
        assert!(Verdict::read("ok one\n", true).is_good());
    }

    #[test]
    fn a_failed_check_names_its_judge_and_its_release() {
        let verdict = Verdict::read("ok one\nFAILED two: got 3\n", false);
        assert_eq!(verdict.complaints("a", "RouterOS 7.18"), ["a, RouterOS 7.18: two: got 3"]);
        assert_eq!(verdict.cell(), "1!1");
    }
}
