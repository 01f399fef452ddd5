use std::fs;
use std::path::Path;

use crate::db::{POSTGRES_URL, Postgres};
use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;

const DOCUMENT: &str = "docs/PERFORMANCE.md";
const BEGIN: &str = "<!-- figures:begin -->";
const END: &str = "<!-- figures:end -->";

/// Measures on this machine and puts the printed figures between the marks of the document.
pub(crate) fn write(project: &Project) -> Result<(), Failure> {
    let postgres = Postgres::start(&project.root)?;
    let mut printed = String::new();
    Shell::cargo(&project.root)
        .args(["bench", "-p", "mkbill-http", "--bench", "figures"])
        .env(POSTGRES_URL, postgres.url())
        .watch(|line| printed.push_str(line))?;
    let figures = between_marks(&printed)
        .ok_or_else(|| Failure::Refused(format!("the figures lack `{BEGIN}` or `{END}`")))?;
    write_figures(&project.root.join(DOCUMENT), figures)
}

fn write_figures(path: &Path, figures: &str) -> Result<(), Failure> {
    let document = match fs::read_to_string(path) {
        Ok(document) => with_figures(&document, figures),
        Err(_) => format!("# Performance\n\n{BEGIN}{figures}{END}\n"),
    };
    fs::write(path, document).map_err(Failure::file("writing", path))
}

/// The text after the first begin mark and before the end mark that follows it.
fn between_marks(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(BEGIN)?;
    let (figures, _) = rest.split_once(END)?;
    Some(figures)
}

/// The document with its figures replaced, or with a section of them at its end.
fn with_figures(document: &str, figures: &str) -> String {
    match between_marks(document) {
        Some(old) => {
            document.replacen(&format!("{BEGIN}{old}{END}"), &format!("{BEGIN}{figures}{END}"), 1)
        }
        None => format!("{}\n\n{BEGIN}{figures}{END}\n", document.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_replace_the_old_ones_and_leave_the_prose() {
        let document = format!("# Speed\n{BEGIN}\nold\n{END}\nprose\n");
        let expected = format!("# Speed\n{BEGIN}\nnew\n{END}\nprose\n");
        assert_eq!(with_figures(&document, "\nnew\n"), expected);
    }

    #[test]
    fn a_document_without_marks_gets_a_section_of_figures() {
        let expected = format!("# Speed\n\n{BEGIN}\nnew\n{END}\n");
        assert_eq!(with_figures("# Speed\n", "\nnew\n"), expected);
    }

    #[test]
    fn output_without_an_end_mark_has_no_figures() {
        assert_eq!(between_marks(&format!("noise {BEGIN} 1")), None);
    }
}
