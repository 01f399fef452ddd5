use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::debian;
use crate::failure::Failure;
use crate::shell::Shell;

/// The variable by which suites learn where Redis is.
pub(crate) const REDIS_URL: &str = "MKBILL_TEST_REDIS_URL";

/// Socket paths may not exceed 107 bytes.
const SHORT_TEMPORARY_FOLDER: &str = "/tmp";
const SOCKET: &str = "redis.sock";
const PROGRAM: &str = "redis-server";

/// The server hangs off a shell that reads our pipe: when this program ends, however it ends, the
/// pipe closes and the shell stops the server and removes its folder.
const KEEPER: &str = r#"folder=$1
shift
"$@" >log 2>&1 &
server=$!
cat >/dev/null
kill -TERM "$server"
wait "$server"
rm -rf "$folder""#;

const ADVICE: &str = "the tests need Redis: install the package that holds `redis-server` (Debian: \
                      redis-server) or put it on the PATH";

const START_POLLS: u32 = 500;
const START_POLL: Duration = Duration::from_millis(20);

/// A Redis server for tests that listens on a socket only, gone when this value is dropped.
pub(crate) struct Redis {
    keeper: Child,
    folder: TempDir,
}

impl Redis {
    /// Starts a server; installs the Debian package first if root may.
    pub(crate) fn start(root: &Path) -> Result<Self, Failure> {
        let version = || Shell::new(PROGRAM, root).args(["--version"]).probe();
        if version().is_none() {
            debian::install(root, &[PROGRAM], ADVICE)?;
        }
        let folder = tempfile::Builder::new()
            .prefix("mkbill-redis-")
            .tempdir_in(SHORT_TEMPORARY_FOLDER)
            .map_err(Failure::file("making a folder in", SHORT_TEMPORARY_FOLDER.as_ref()))?;
        let keeper = keep(folder.path())?;
        let mut server = Self { keeper, folder };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The address of its socket.
    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join(SOCKET).display())
    }

    fn wait_until_ready(&mut self) -> Result<(), Failure> {
        for _ in 0..START_POLLS {
            if UnixStream::connect(self.folder.path().join(SOCKET)).is_ok() {
                return Ok(());
            }
            let ended = self.keeper.try_wait().map_err(not_run)?;
            if let Some(status) = ended {
                return Err(Failure::Exit { command: PROGRAM.to_owned(), status });
            }
            std::thread::sleep(START_POLL);
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        Err(Failure::Refused(format!("Redis did not get ready; its log:\n{log}")))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("waiting for Redis to stop: {error}");
        }
    }
}

fn keep(folder: &Path) -> Result<Child, Failure> {
    Command::new("/bin/sh")
        .args(["-c", KEEPER, "keeper"])
        .arg(folder)
        .args([PROGRAM, "--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
        .arg(folder.join(SOCKET))
        // A group of its own keeps Ctrl-C from stopping the shell before it has cleaned up.
        .current_dir(folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(not_run)
}

fn not_run(source: io::Error) -> Failure {
    Failure::Run { command: PROGRAM.to_owned(), source }
}
