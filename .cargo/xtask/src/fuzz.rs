use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;
use crate::tools::Tool;

const TOOL: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };
const FOLDER: &str = "mkbill-routeros/fuzz";
const SECONDS_EACH: u32 = 10;

/// Runs every fuzz target for a while, seeds first. What is found stays under the target folder.
pub(crate) fn run_each(project: &Project) -> Result<(), Failure> {
    let folder = project.root.join(FOLDER);
    let programs = build(project, &folder)?;
    for target in targets(&folder)? {
        println!("--- {target}, {SECONDS_EACH} s");
        run(project, &programs, &folder, &target)?;
    }
    Ok(())
}

/// Builds all targets and gives the folder they are in.
///
/// No sanitizer: there is no unsafe code to watch, and without one the pinned toolchain will do.
fn build(project: &Project, folder: &Path) -> Result<PathBuf, Failure> {
    let tool = TOOL.ready(project)?;
    let host = Shell::new("rustc", &project.root).args(["--print", "host-tuple"]).output()?;
    let built = project.target.join("fuzz");
    Shell::new(tool, folder)
        .args(["build", "--sanitizer", "none", "--target", host.trim()])
        .args(["--fuzz-dir".as_ref(), folder.as_os_str()])
        .args(["--target-dir".as_ref(), built.as_os_str()])
        .run()?;
    Ok(built.join(host.trim()).join("release"))
}

fn targets(folder: &Path) -> Result<Vec<String>, Failure> {
    let sources = folder.join("fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&sources).map_err(Failure::file("listing", &sources))? {
        let path = entry.map_err(Failure::file("listing", &sources))?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Starts from the seeds and from what earlier runs found; a crash names the file of its input.
fn run(project: &Project, programs: &Path, folder: &Path, target: &str) -> Result<(), Failure> {
    let found = project.target.join("fuzz/found").join(target);
    let corpus = found.join("corpus");
    fs::create_dir_all(&corpus).map_err(Failure::file("making", &corpus))?;
    Shell::new(programs.join(target), &project.root)
        .args([&corpus, &folder.join("seeds").join(target)])
        .args([format!("-artifact_prefix={}/", found.display())])
        .args([format!("-max_total_time={SECONDS_EACH}")])
        .args(["-max_len=2048", "-timeout=10", "-rss_limit_mb=1024"])
        .run_quietly()
}
