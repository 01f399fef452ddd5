//! Our server in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;
use crate::simulator::Profile;

/// Any key does: nothing outlives the measurement.
const MASTER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// Builds the program and says where it is.
pub(crate) fn build(project: &Project, profile: Profile) -> Result<PathBuf, Failure> {
    let (folder, option) = profile.folder_and_option();
    let build = ["build", "-p", "mkbill-http", "--bin", "mkbill"];
    Shell::cargo(&project.root).args(build).args(option).run()?;
    Ok(project.target.join(folder).join("mkbill"))
}

/// A running server, gone when this value is dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
    key: String,
    /// Kept open, so that the program can go on to print.
    lines: BufReader<ChildStdout>,
}

impl Server {
    /// Migrates the database, makes a key and serves with these options.
    pub(crate) fn start(
        program: &Path,
        root: &Path,
        database: String,
        options: &[&str],
    ) -> Result<Self, Failure> {
        let settings = [
            ("MKBILL_DATABASE", database),
            ("MKBILL_MASTER_KEY", MASTER_KEY.to_owned()),
            ("MKBILL_LISTEN", "127.0.0.1:0".to_owned()),
            ("MKBILL_LOG_FILTER", "error".to_owned()),
        ];
        let run = |arguments: &[&str]| {
            let program = Shell::new(program, root).args(arguments);
            settings.iter().fold(program, |program, (name, value)| program.env(name, value))
        };
        run(&["migrate"]).run_quietly()?;
        let key = run(&["--json", "apikey", "create", "boss", "--role", "super_admin"]).output()?;
        let key = text_of(&key, "key")?;
        let mut command = Command::new(program);
        command.args(["--json", "serve"]).args(options).envs(settings).current_dir(root);
        let not_run = |source| Failure::Run { command: "mkbill serve".to_owned(), source };
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(not_run)?;
        let stdout = child.stdout.take();
        let stdout = stdout.ok_or_else(|| Failure::Refused("`mkbill` has no output".to_owned()))?;
        let mut server = Self { child, address: String::new(), key, lines: BufReader::new(stdout) };
        let mut line = String::new();
        server.lines.read_line(&mut line).map_err(not_run)?;
        let address = text_of(&line, "listening")?;
        address.trim_start_matches("http://").clone_into(&mut server.address);
        Ok(server)
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Its memory that is in RAM now, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        kib.unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A text in a line of JSON.
fn text_of(line: &str, field: &str) -> Result<String, Failure> {
    let value: Value = serde_json::from_str(line.trim()).unwrap_or_default();
    let text = value[field].as_str().map(ToOwned::to_owned);
    text.ok_or_else(|| Failure::Refused(format!("`mkbill` told no {field} but `{line}`")))
}
