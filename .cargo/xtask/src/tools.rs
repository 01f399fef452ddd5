use std::path::PathBuf;

use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;

/// A cargo subcommand of one version, kept in the target folder where the machine lacks it.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

impl Tool {
    /// Where the tool is, installed now if need be.
    pub(crate) fn ready(&self, project: &Project) -> Result<PathBuf, Failure> {
        self.installed(project).map_or_else(|| self.install(project), Ok)
    }

    fn cached(&self, project: &Project) -> PathBuf {
        project.target.join("tools/bin").join(self.name)
    }

    fn installed(&self, project: &Project) -> Option<PathBuf> {
        let candidates = [self.cached(project), self.name.into()];
        candidates.into_iter().find(|tool| {
            let answer = Shell::new(tool, &project.root).args(["--version"]).probe();
            answer.is_some_and(|answer| answer.trim().ends_with(self.version))
        })
    }

    fn install(&self, project: &Project) -> Result<PathBuf, Failure> {
        let Self { name, version } = self;
        println!("installing {name} {version} (once; a few minutes)");
        Shell::cargo(&project.root)
            .args(["install", "--locked", "--quiet", name, "--version", version, "--root"])
            .args([project.target.join("tools")])
            .without_env("CARGO_TARGET_DIR")
            .run()?;
        Ok(self.cached(project))
    }
}
