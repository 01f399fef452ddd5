use std::fs;

use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;

const DOCUMENT: &str = "mkbill-http/openapi.json";

/// Writes the document that the server's own route table yields.
pub(crate) fn write(project: &Project) -> Result<(), Failure> {
    let path = project.root.join(DOCUMENT);
    fs::write(&path, generated(project)?).map_err(Failure::file("writing", &path))
}

/// Refuses a committed document that differs from the route table.
pub(crate) fn check(project: &Project) -> Result<(), Failure> {
    let path = project.root.join(DOCUMENT);
    let committed = fs::read_to_string(&path).map_err(Failure::file("reading", &path))?;
    match first_difference(&committed, &generated(project)?) {
        None => Ok(()),
        Some(line) => Err(Failure::Refused(format!(
            "{DOCUMENT}:{line} differs from the routes: run `cargo xtask openapi` and commit it"
        ))),
    }
}

fn generated(project: &Project) -> Result<String, Failure> {
    Shell::cargo(&project.root)
        .args(["run", "--quiet", "-p", "mkbill-http", "--bin", "mkbill", "--", "openapi"])
        .output()
}

fn first_difference(committed: &str, generated: &str) -> Option<usize> {
    if committed == generated {
        return None;
    }
    let same = committed.lines().zip(generated.lines()).take_while(|(a, b)| a == b).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
    }
}
