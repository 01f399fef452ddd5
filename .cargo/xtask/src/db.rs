use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::debian;
use crate::failure::Failure;
use crate::project::Project;
use crate::redis::{REDIS_URL, Redis};
use crate::shell::Shell;

/// The variable by which suites learn where PostgreSQL is.
pub(crate) const POSTGRES_URL: &str = "MKBILL_TEST_POSTGRES_URL";

/// Socket paths may not exceed 107 bytes and an unprivileged user must be able to reach them, so
/// the machine's own temporary folder is not asked for.
const SHORT_TEMPORARY_FOLDER: &str = "/tmp";
const NOBODY: u32 = 65_534;
const ROOT: u32 = 0;

/// Speed before durability: the data lives as long as the tests. The zone is neither UTC nor the
/// one of the defaults. sqlx asks for UTC on every connection, so this shows only where something
/// else connects or runs inside the server.
const SETTINGS: [&str; 10] = [
    "listen_addresses=",
    "port=5432",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=200",
    "timezone=Asia/Makassar",
    "log_timezone=UTC",
];

/// The server hangs off a shell that reads our pipe: when this program ends, however it ends, the
/// pipe closes and the shell stops the server and removes its folder.
///
/// A shell starts background programs deaf to INT, and a server that is still starting has not
/// changed that, hence TERM first; INT then keeps a running server from waiting for its clients.
const KEEPER: &str = r#"folder=$1 initdb=$2
shift 2
"$initdb" --auth=trust --username=mkbill --encoding=UTF8 --no-locale --no-sync --wal-segsize=1 \
    --pgdata=data >/dev/null || { rm -rf "$folder"; exit 1; }
"$@" >log 2>&1 &
server=$!
cat >/dev/null
kill -TERM "$server"
kill -INT "$server"
wait "$server"
rm -rf "$folder""#;

const ADVICE: &str = "the tests need PostgreSQL: install the package that holds `initdb` and \
                      `postgres` (Debian: postgresql) or put both on the PATH";

const START_POLLS: u32 = 1_500;
const START_POLL: Duration = Duration::from_millis(20);

/// A PostgreSQL server for tests, gone when this value is dropped.
pub(crate) struct Postgres {
    keeper: Child,
    folder: TempDir,
}

impl Postgres {
    /// Initialises and starts a server; installs the Debian package first if root may.
    pub(crate) fn start(root: &Path) -> Result<Self, Failure> {
        let programs = programs(root)?;
        let folder = tempfile::Builder::new()
            .prefix("mkbill-pg-")
            .tempdir_in(SHORT_TEMPORARY_FOLDER)
            .map_err(Failure::file("making a folder in", SHORT_TEMPORARY_FOLDER.as_ref()))?;
        let keeper = keep(&programs, folder.path(), give_away(folder.path())?)?;
        let mut server = Self { keeper, folder };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The address of the server's own database, in the form that both libpq and sqlx read.
    pub(crate) fn url(&self) -> String {
        let folder = self.folder.path().display();
        format!("postgres:///postgres?host={folder}&port=5432&user=mkbill")
    }

    /// Where its socket is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn wait_until_ready(&mut self) -> Result<(), Failure> {
        for _ in 0..START_POLLS {
            if self.is_ready() {
                return Ok(());
            }
            let ended = self.keeper.try_wait().map_err(not_run)?;
            if let Some(status) = ended {
                return Err(Failure::Exit { command: "initdb".to_owned(), status });
            }
            std::thread::sleep(START_POLL);
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        Err(Failure::Refused(format!("PostgreSQL did not get ready; its log:\n{log}")))
    }

    fn is_ready(&self) -> bool {
        let status = self.folder.path().join("data/postmaster.pid");
        let status = fs::read_to_string(status).unwrap_or_default();
        status.lines().last().is_some_and(|line| line.trim() == "ready")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("waiting for PostgreSQL to stop: {error}");
        }
    }
}

/// Runs a command while PostgreSQL and Redis are up.
pub(crate) fn run_with_servers(project: &Project, command: &[OsString]) -> Result<(), Failure> {
    let postgres = Postgres::start(&project.root)?;
    let redis = Redis::start(&project.root)?;
    let (program, args) = command
        .split_first()
        .ok_or_else(|| Failure::Refused("no command was given after `--`".to_owned()))?;
    Shell::new(program, &project.root)
        .args(args)
        .env(POSTGRES_URL, postgres.url())
        .env(REDIS_URL, redis.url())
        .run()
}

struct Programs {
    initdb: PathBuf,
    postgres: PathBuf,
}

fn programs(root: &Path) -> Result<Programs, Failure> {
    if let Some(found) = find_programs() {
        return Ok(found);
    }
    debian::install(root, &["postgresql"], ADVICE)?;
    find_programs().ok_or_else(|| {
        Failure::Refused("`initdb` and `postgres` are missing after the installation".to_owned())
    })
}

fn find_programs() -> Option<Programs> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(debian_folders()).find_map(|folder| {
        let found = Programs { initdb: folder.join("initdb"), postgres: folder.join("postgres") };
        (found.initdb.is_file() && found.postgres.is_file()).then_some(found)
    })
}

/// Debian keeps each major version apart and none of them on the path.
fn debian_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin")).collect()
}

/// PostgreSQL refuses to run as root, so root hands the folder to `nobody`.
fn give_away(folder: &Path) -> Result<bool, Failure> {
    let owner = fs::metadata(folder).map_err(Failure::file("looking at", folder))?.uid();
    if owner != ROOT {
        return Ok(false);
    }
    chown(folder, Some(NOBODY), Some(NOBODY)).map_err(Failure::file("giving away", folder))?;
    Ok(true)
}

fn keep(programs: &Programs, folder: &Path, unprivileged: bool) -> Result<Child, Failure> {
    let mut keeper = Command::new("/bin/sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(folder).arg(&programs.initdb);
    keeper.arg(&programs.postgres).args(["-D", "data", "-k"]).arg(folder);
    for setting in SETTINGS {
        keeper.args(["-c", setting]);
    }
    if unprivileged {
        keeper.uid(NOBODY).gid(NOBODY);
    }
    // A group of its own keeps Ctrl-C from stopping the shell before it has cleaned up.
    keeper
        .current_dir(folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(not_run)
}

fn not_run(source: io::Error) -> Failure {
    Failure::Run { command: "postgres".to_owned(), source }
}
