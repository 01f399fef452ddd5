//! Tools and generated clients by others judge the interface: its document, and a running server.

use std::path::Path;

use crate::failure::Failure;
use crate::foreign::Foreign;
use crate::judges::{Verdict, refuse_if_any};
use crate::project::Project;
use crate::server::{self, Server};
use crate::simulator::{self, Profile, Service, Simulator};

const SCRIPTS: &str = "mkbill-http/tests/judges";
const DOCUMENT: &str = "mkbill-http/openapi.json";
/// With the same number the same requests are thought up.
const SEED: &str = "20260301";

/// A script that says what must hold, and of what.
struct Judge {
    name: &'static str,
    script: &'static str,
}

const JUDGES: [Judge; 4] = [
    Judge { name: "openapi-spec-validator", script: "judge_document.py" },
    Judge { name: "schemathesis", script: "judge_requests.py" },
    Judge { name: "openapi-python-client", script: "judge_python.py" },
    Judge { name: "openapi-typescript", script: "judge_typescript.py" },
];

/// The programs that a judge is heard about.
struct Programs {
    server: std::path::PathBuf,
    router: std::path::PathBuf,
}

/// Hears every judge whose name holds `only`, each about a server of its own.
pub(crate) fn check(project: &Project, only: &str) -> Result<(), Failure> {
    let foreign = Foreign::install(project, SCRIPTS, "clients")?;
    let programs = Programs {
        server: server::build(project, Profile::Debug)?,
        router: simulator::build(project, Profile::Debug)?,
    };
    let judges: Vec<&Judge> = JUDGES.iter().filter(|judge| judge.name.contains(only)).collect();
    if judges.is_empty() {
        return Err(Failure::Refused(format!("no judge is called `{only}`")));
    }
    let (mut held, mut complaints) = (0, Vec::new());
    for judge in judges {
        let verdict = judge.hear(project, &foreign, &programs)?;
        println!("{:<24}{:>4} checks held", judge.name, verdict.passed);
        held += verdict.passed;
        if !verdict.is_good() {
            complaints.extend(verdict.complaints(judge.name, "the interface"));
        }
    }
    println!("{held} checks held, {} did not", complaints.len());
    refuse_if_any("the interface", &complaints)
}

impl Judge {
    fn hear(
        &self,
        project: &Project,
        foreign: &Foreign,
        programs: &Programs,
    ) -> Result<Verdict, Failure> {
        let folder = project.target.join("clients").join(self.name);
        let database = fresh(&folder)?;
        let router = Simulator::start(&programs.router, Service::Api, &["--delay-ms", "0"])?;
        // Without a worker nobody follows the addresses that a judge makes up.
        let options = ["--no-worker"];
        let server = Server::start(&programs.server, &project.root, database, &options)?;
        let script = foreign.script(&format!("{SCRIPTS}/{}", self.script));
        let told = [server.address(), server.key(), router.address(), SEED];
        let script =
            script.args([project.root.join(DOCUMENT)]).args(told).env("PYTHONPATH", SCRIPTS);
        let (status, printed) = script.finish()?;
        Ok(Verdict::read(&printed, status.success()))
    }
}

/// An empty folder for one server, and the address of a database in it.
fn fresh(folder: &Path) -> Result<String, Failure> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(Failure::file("emptying", folder))?;
    }
    std::fs::create_dir_all(folder).map_err(Failure::file("making", folder))?;
    Ok(format!("sqlite:{}", folder.join("mkbill.db").display()))
}
