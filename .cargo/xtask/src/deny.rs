use std::path::PathBuf;

use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;

const VERSION: &str = "0.20.2";

/// Checks licences, banned crates, doubled versions and sources against `.deny.toml`.
pub(crate) fn check(project: &Project) -> Result<(), Failure> {
    let tool = installed(project).map_or_else(|| install(project), Ok)?;
    // The licences of crates for other platforms are read from their sources, so all must be here.
    Shell::cargo(&project.root).args(["fetch", "--quiet"]).run()?;
    Shell::new(tool, &project.root)
        .args(["--offline", "--all-features", "--config", ".deny.toml"])
        .args(["check", "bans", "licenses", "sources"])
        .run()
}

fn cached(project: &Project) -> PathBuf {
    project.target.join("tools/bin/cargo-deny")
}

fn installed(project: &Project) -> Option<PathBuf> {
    let candidates = [cached(project), "cargo-deny".into()];
    candidates.into_iter().find(|tool| {
        let answer = Shell::new(tool, &project.root).args(["--version"]).probe();
        answer.is_some_and(|answer| answer.trim().ends_with(VERSION))
    })
}

fn install(project: &Project) -> Result<PathBuf, Failure> {
    println!("installing cargo-deny {VERSION} (once; a few minutes)");
    Shell::cargo(&project.root)
        .args(["install", "--locked", "--quiet", "cargo-deny", "--version", VERSION, "--root"])
        .args([project.target.join("tools")])
        .without_env("CARGO_TARGET_DIR")
        .run()?;
    Ok(cached(project))
}
