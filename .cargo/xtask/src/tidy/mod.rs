//! Rules about the sources that no compiler checks.

mod arrows;
mod imports;
mod layout;
mod links;
mod migrations;
mod size;
mod source;
mod words;

use std::fmt;

use crate::failure::Failure;
use crate::project::Project;
use crate::tidy::source::Tree;

/// The rules' own sources, which must name what they forbid.
const OWN_SOURCES: &str = ".cargo/xtask/src/tidy/";

type Rule = fn(&Tree) -> Vec<Violation>;

const RULES: [Rule; 7] = [
    arrows::check,
    imports::check,
    layout::check,
    links::check,
    migrations::check,
    size::check,
    words::check,
];

/// One place where the sources break a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    rule: &'static str,
    text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, text } = self;
        write!(out, "{path}:{line}: {rule}: {text}")
    }
}

/// Prints every violation as `path:line: rule: text` and refuses if there is any.
pub(crate) fn check(project: &Project) -> Result<(), Failure> {
    let tree = Tree::read(&project.root)?;
    for note in size::long_files(&tree) {
        println!("note: {note}");
    }
    let mut violations: Vec<_> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    violations.sort();
    violations.dedup();
    for violation in &violations {
        println!("{violation}");
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(format!("{} places break the project's rules", violations.len())))
}
