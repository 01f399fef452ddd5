use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::failure::Failure;

/// What `cargo run` sets for this program only; build scripts of other crates would see it as a
/// change and build again.
const OWN_VARIABLES: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// A command that prints itself in errors.
pub(crate) struct Shell {
    command: Command,
    line: String,
}

impl Shell {
    pub(crate) fn new(program: impl AsRef<OsStr>, root: &Path) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.current_dir(root);
        for (name, _) in std::env::vars_os() {
            if OWN_VARIABLES.iter().any(|own| name.to_string_lossy().starts_with(own)) {
                command.env_remove(name);
            }
        }
        Self { command, line: program.to_string_lossy().into_owned() }
    }

    pub(crate) fn cargo(root: &Path) -> Self {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self { line: "cargo".to_owned(), ..Self::new(program, root) }
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        for arg in args {
            self.line.push(' ');
            self.line.push_str(&arg.as_ref().to_string_lossy());
            self.command.arg(arg);
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    /// Runs the command on our own terminal.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        let status = self.command.status().map_err(|source| self.not_run(source))?;
        self.succeeded(status)
    }

    /// Runs the command and shows what it said only when it fails.
    pub(crate) fn run_quietly(mut self) -> Result<(), Failure> {
        let output = self.command.output().map_err(|source| self.not_run(source))?;
        if !output.status.success() {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
        }
        self.succeeded(output.status)
    }

    /// Runs the command and returns what it printed; its errors go to our own terminal.
    pub(crate) fn output(mut self) -> Result<String, Failure> {
        let (status, printed) = self.run_to_end()?;
        self.succeeded(status)?;
        Ok(printed)
    }

    /// Runs the command, which may fail, and returns how it ended and what it printed.
    pub(crate) fn finish(mut self) -> Result<(ExitStatus, String), Failure> {
        self.run_to_end()
    }

    fn run_to_end(&mut self) -> Result<(ExitStatus, String), Failure> {
        let output = self.command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|source| self.not_run(source))?;
        Ok((output.status, String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// Runs the command without showing anything; `None` when it is missing or fails.
    pub(crate) fn probe(mut self) -> Option<String> {
        let output = self.command.stderr(Stdio::null()).output().ok()?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(printed)
    }

    /// Runs the command, shows each line as it comes and hands it to `seen`.
    pub(crate) fn watch(mut self, mut seen: impl FnMut(&str)) -> Result<(), Failure> {
        let mut child =
            self.command.stdout(Stdio::piped()).spawn().map_err(|source| self.not_run(source))?;
        let read = show_lines(&mut child, &mut seen);
        let status = child.wait().map_err(|source| self.not_run(source))?;
        read.map_err(|source| self.not_run(source))?;
        self.succeeded(status)
    }

    fn not_run(&self, source: std::io::Error) -> Failure {
        Failure::Run { command: self.line.clone(), source }
    }

    fn succeeded(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        Err(Failure::Exit { command: self.line.clone(), status })
    }
}

fn show_lines(child: &mut Child, seen: &mut impl FnMut(&str)) -> std::io::Result<()> {
    let Some(stdout) = child.stdout.take() else {
        return Ok(());
    };
    let mut reader = BufReader::new(stdout);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        print!("{line}");
        seen(&line);
        bytes.clear();
    }
    Ok(())
}
