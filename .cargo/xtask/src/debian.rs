//! What a machine lacks, installed where that can be done without asking.

use std::path::Path;

use crate::failure::Failure;
use crate::shell::Shell;

/// Installs Debian packages if root asks for it on Debian; everybody else is told what to do.
pub(crate) fn install(root: &Path, packages: &[&str], advice: &str) -> Result<(), Failure> {
    let user = Shell::new("id", root).args(["-u"]).probe().unwrap_or_default();
    let apt = Shell::new("apt-get", root).args(["--version"]).probe();
    if user.trim() != "0" || apt.is_none() {
        return Err(Failure::Refused(advice.to_owned()));
    }
    Shell::new("apt-get", root).args(["update"]).run()?;
    Shell::new("apt-get", root)
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
}
