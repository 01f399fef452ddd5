use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;
use crate::tools::Tool;

const TOOL: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// Checks licences, banned crates, doubled versions and sources against `.deny.toml`.
pub(crate) fn check(project: &Project) -> Result<(), Failure> {
    let tool = TOOL.ready(project)?;
    // The licences of crates for other platforms are read from their sources, so all must be here.
    Shell::cargo(&project.root).args(["fetch", "--quiet"]).run()?;
    Shell::new(tool, &project.root)
        .args(["--offline", "--all-features", "--config", ".deny.toml"])
        .args(["check", "bans", "licenses", "sources"])
        .run()
}
