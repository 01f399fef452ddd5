//! The program `mkbill-sim` in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;

/// The variable by which the program and its clients learn the password.
pub(crate) const PASSWORD: (&str, &str) = ("MKBILL_SIM_PASSWORD", "only=on loopback");

const ANY_PORT: &str = "127.0.0.1:0";

/// How the program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    /// Where what is built stands, and how it is asked for.
    pub(crate) const fn folder_and_option(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Debug => ("debug", None),
            Self::Release => ("release", Some("--release")),
        }
    }
}

/// Which of its services a client talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Api,
    Rest,
}

impl Service {
    /// How the line that tells its address begins.
    const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Rest => "rest",
        }
    }
}

/// Builds the program and says where it is.
pub(crate) fn build(project: &Project, profile: Profile) -> Result<PathBuf, Failure> {
    const BUILD: [&str; 7] =
        ["build", "-p", "mkbill-routeros", "--features", "sim", "--bin", "mkbill-sim"];
    let (folder, option) = profile.folder_and_option();
    Shell::cargo(&project.root).args(BUILD).args(option).run()?;
    Ok(project.target.join(folder).join("mkbill-sim"))
}

/// A running simulator, gone when this value is dropped.
pub(crate) struct Simulator {
    child: Child,
    address: String,
    /// Kept open, so that the program can go on to print.
    _lines: BufReader<ChildStdout>,
}

impl Simulator {
    /// Starts a fresh router on free ports and waits until `service` can be reached.
    pub(crate) fn start(
        program: &Path,
        service: Service,
        arguments: &[&str],
    ) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(["--listen", ANY_PORT]).args(arguments).env(PASSWORD.0, PASSWORD.1);
        if service == Service::Rest {
            command.args(["--rest", ANY_PORT]);
        }
        let not_run = |source| Failure::Run { command: "mkbill-sim".to_owned(), source };
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(not_run)?;
        let lines = child.stdout.take().map(BufReader::new);
        let mut lines =
            lines.ok_or_else(|| Failure::Refused("`mkbill-sim` has no output".to_owned()))?;
        let address = read_address(&mut lines, service);
        let mut simulator = Self { child, address: String::new(), _lines: lines };
        simulator.address = address?;
        Ok(simulator)
    }

    /// Where the service listens, as `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The processor time that it has used so far, over all its threads.
    pub(crate) fn cpu_time(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let tasks = tasks.into_iter().flatten().flatten();
        let used = tasks.filter_map(|task| nanoseconds(&task.path().join("schedstat")));
        Duration::from_nanos(used.sum())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Linux tells the time that a thread has run as the first number of the file.
fn nanoseconds(schedstat: &Path) -> Option<u64> {
    fs::read_to_string(schedstat).ok()?.split(' ').next()?.parse().ok()
}

fn read_address(lines: &mut impl BufRead, service: Service) -> Result<String, Failure> {
    for line in lines.lines().map_while(Result::ok) {
        if let Some((name, address)) = line.split_once(' ')
            && name == service.name()
        {
            return Ok(address.to_owned());
        }
    }
    Err(Failure::Refused(format!("`mkbill-sim` does not tell where `{}` listens", service.name())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETING: &[u8] = b"RouterOS 7.18.2 (stable)\napi 127.0.0.1:4711\nrest 127.0.0.1:4712\n";

    #[test]
    fn the_address_of_a_service_is_read_from_its_own_line() {
        assert_eq!(read_address(&mut &GREETING[..], Service::Api).unwrap(), "127.0.0.1:4711");
        assert_eq!(read_address(&mut &GREETING[..], Service::Rest).unwrap(), "127.0.0.1:4712");
    }

    #[test]
    fn a_program_that_ends_without_an_address_is_refused() {
        assert!(read_address(&mut &b"RouterOS 7.18\n"[..], Service::Api).is_err());
    }
}
