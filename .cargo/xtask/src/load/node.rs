//! A lean server in Node.js that gives the same page.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::db::Postgres;
use crate::failure::Failure;
use crate::foreign;
use crate::project::Project;
use crate::shell::Shell;

use super::{FOLDER, STATEMENT};

const SECRET: &str = "only on loopback";
const PAYLOAD: &str = "operator-1";
/// Prints the signature of a payload as the server checks it.
const SIGN: &str = "const [secret, payload] = process.argv.slice(1); \
    console.log(require('node:crypto').createHmac('sha256', secret).update(payload)\
    .digest('base64url'))";

/// The running server, gone when this value is dropped.
pub(super) struct Node {
    child: Child,
    address: String,
    token: String,
    version: String,
    /// Kept open, so that the program can go on to print.
    lines: BufReader<ChildStdout>,
}

impl Node {
    /// Installs what its lists name and starts it.
    pub(super) fn start(project: &Project, postgres: &Postgres) -> Result<Self, Failure> {
        let folder = project.root.join(FOLDER);
        let modules =
            foreign::install_node(&folder.join("node"), &project.target.join("load/node"))?;
        let node = |arguments: &[&str]| Shell::new("node", &project.root).args(arguments);
        let version = node(&["--version"]).output()?.trim().to_owned();
        let signature = node(&["-e", SIGN, SECRET, PAYLOAD]).output()?;
        let token = format!("{PAYLOAD}.{}", signature.trim());
        let port = free_port()?;
        let mut command = Command::new("node");
        command
            .arg(folder.join("node/reference.js"))
            .arg(port.to_string())
            .env("NODE_PATH", modules)
            .env("NODE_ENV", "production")
            .env("MKBILL_BENCH_SOCKET", postgres.folder())
            .env("MKBILL_BENCH_STATEMENT", folder.join(STATEMENT))
            .env("MKBILL_BENCH_SECRET", SECRET);
        let not_run = |source| Failure::Run { command: "node".to_owned(), source };
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(not_run)?;
        let stdout = child.stdout.take();
        let stdout = stdout.ok_or_else(|| Failure::Refused("`node` has no output".to_owned()))?;
        let address = format!("127.0.0.1:{port}");
        let mut started = Self { child, address, token, version, lines: BufReader::new(stdout) };
        let mut line = String::new();
        started.lines.read_line(&mut line).map_err(not_run)?;
        if line.trim() != "listening" {
            return Err(Failure::Refused(format!("the reference did not start: `{line}`")));
        }
        Ok(started)
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16, Failure> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr());
    let address = bound.map_err(|source| Failure::Run { command: "a port".to_owned(), source })?;
    Ok(address.port())
}
