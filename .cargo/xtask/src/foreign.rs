//! Clients by others, installed below the target folder from the package sources of the machine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::debian;
use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;

/// What was installed last; when it is no longer what is wanted, everything is installed anew.
const STAMP: &str = "installed";

const PACKAGES: [&str; 4] = ["python3", "python3-venv", "nodejs", "npm"];
const ADVICE: &str = "the judges need Python 3.11 or later with `venv`, and Node.js with npm: \
                      install them (Debian: python3-venv nodejs npm)";
const HAS_PYTHON: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";

/// The installed clients.
pub(crate) struct Foreign {
    root: PathBuf,
    python: PathBuf,
    node_modules: PathBuf,
}

impl Foreign {
    /// Installs what the lists in a folder of the project name, unless it is there already; they are
    /// kept below the target folder under `name`.
    pub(crate) fn install(project: &Project, lists: &str, name: &str) -> Result<Self, Failure> {
        if !are_tools_there(&project.root) {
            debian::install(&project.root, &PACKAGES, ADVICE)?;
        }
        let (lists, folder) = (project.root.join(lists), project.target.join(name));
        Ok(Self {
            root: project.root.clone(),
            python: install_python(&lists, &folder.join("python"))?,
            node_modules: install_node(&lists, &folder.join("node"))?,
        })
    }

    /// A script in Python or JavaScript, told by its ending.
    pub(crate) fn script(&self, path: &str) -> Shell {
        let is_node = Path::new(path).extension().is_some_and(|ending| ending == "js");
        let program = if is_node { Path::new("node") } else { &self.python };
        Shell::new(program, &self.root)
            .args([path])
            .env("NODE_PATH", &self.node_modules)
            .env("PYTHONDONTWRITEBYTECODE", "1")
    }

    /// The releases of both languages, as one line.
    pub(crate) fn languages(&self) -> String {
        let version = |program: &Path| {
            let said = Shell::new(program, &self.root).args(["--version"]).probe();
            said.unwrap_or_default().trim().to_owned()
        };
        format!("{}, Node.js {}", version(&self.python), version("node".as_ref()))
    }
}

fn are_tools_there(root: &Path) -> bool {
    let answers = |program: &str, args: &[&str]| Shell::new(program, root).args(args).probe();
    answers("python3", &["-c", HAS_PYTHON]).is_some()
        && answers("node", &["--version"]).is_some()
        && answers("npm", &["--version"]).is_some()
}

fn install_python(lists: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let list = lists.join("requirements.txt");
    let python = folder.join("bin/python");
    let stamp = format!("{}{}", version("python3", lists), read(&list)?);
    if is_installed(folder, &stamp) && python.exists() {
        return Ok(python);
    }
    println!("installing Python clients");
    let arguments: [OsString; 4] = ["-m".into(), "venv".into(), "--clear".into(), folder.into()];
    Shell::new("python3", lists).args(arguments).run()?;
    Shell::new(&python, lists)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--only-binary", ":all:", "--require-hashes", "-r", "requirements.txt"])
        .run()?;
    write(&folder.join(STAMP), &stamp)?;
    Ok(python)
}

/// Installs what the lists of a folder name into another one, and says where its modules are.
pub(crate) fn install_node(lists: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let modules = folder.join("node_modules");
    let (list, lock) =
        (read(&lists.join("package.json"))?, read(&lists.join("package-lock.json"))?);
    let stamp = format!("{}{list}{lock}", version("node", lists));
    if is_installed(folder, &stamp) && modules.exists() {
        return Ok(modules);
    }
    println!("installing Node.js clients");
    fs::create_dir_all(folder).map_err(Failure::file("making", folder))?;
    write(&folder.join("package.json"), &list)?;
    write(&folder.join("package-lock.json"), &lock)?;
    Shell::new("npm", folder)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .run()?;
    write(&folder.join(STAMP), &stamp)?;
    Ok(modules)
}

fn version(program: &str, root: &Path) -> String {
    Shell::new(program, root).args(["--version"]).probe().unwrap_or_default()
}

fn is_installed(folder: &Path, stamp: &str) -> bool {
    fs::read_to_string(folder.join(STAMP)).is_ok_and(|installed| installed == stamp)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(Failure::file("reading", path))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(Failure::file("writing", path))
}
