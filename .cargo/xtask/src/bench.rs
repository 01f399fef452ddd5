use std::fs;
use std::path::Path;

use crate::db::{POSTGRES_URL, Postgres};
use crate::failure::Failure;
use crate::project::Project;
use crate::shell::Shell;
use crate::{load, machine, peers};

const DOCUMENT: &str = "docs/PERFORMANCE.md";

/// A table of the document, measured by itself. It stands between marks that bear its name.
struct Part {
    name: &'static str,
    measure: fn(&Project) -> Result<String, Failure>,
}

const PARTS: [Part; 3] = [
    Part { name: "figures", measure: measure_figures },
    Part { name: "peers", measure: peers::measure },
    Part { name: "load", measure: load::measure },
];

/// Measures all parts on this machine, or only one, and puts them between their marks.
pub(crate) fn write(project: &Project, only: Option<&str>) -> Result<(), Failure> {
    let path = project.root.join(DOCUMENT);
    let mut parts =
        PARTS.iter().filter(|part| only.is_none_or(|name| name == part.name)).peekable();
    if parts.peek().is_none() {
        return Err(Failure::Refused(format!("no part is called {only:?}")));
    }
    for part in parts {
        let facts = machine::facts();
        let table = (part.measure)(project)?;
        write_part(&path, &Marks::of(part.name), &format!("\n\n{facts}\n{table}\n"))?;
    }
    Ok(())
}

/// Runs the program that measures the engine; its table comes between marks too.
fn measure_figures(project: &Project) -> Result<String, Failure> {
    let postgres = Postgres::start(&project.root)?;
    let mut printed = String::new();
    Shell::cargo(&project.root)
        .args(["bench", "-p", "mkbill-http", "--bench", "figures"])
        .env(POSTGRES_URL, postgres.url())
        .watch(|line| printed.push_str(line))?;
    let marks = Marks::of("figures");
    let table = marks.between(&printed).map(|table| format!("\n{}\n", table.trim()));
    table.ok_or_else(|| Failure::Refused(format!("the figures lack `{}`", marks.begin)))
}

fn write_part(path: &Path, marks: &Marks, text: &str) -> Result<(), Failure> {
    let document = match fs::read_to_string(path) {
        Ok(document) => marks.replaced(&document, text),
        Err(_) => format!("# Performance\n\n{}{text}{}\n", marks.begin, marks.end),
    };
    fs::write(path, document).map_err(Failure::file("writing", path))
}

/// Where a part begins and ends.
struct Marks {
    begin: String,
    end: String,
}

impl Marks {
    fn of(name: &str) -> Self {
        Self { begin: format!("<!-- {name}:begin -->"), end: format!("<!-- {name}:end -->") }
    }

    /// The text after the first begin mark and before the end mark that follows it.
    fn between<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (_, rest) = text.split_once(&self.begin)?;
        let (part, _) = rest.split_once(&self.end)?;
        Some(part)
    }

    /// The document with this part replaced, or with it at its end.
    fn replaced(&self, document: &str, text: &str) -> String {
        let Self { begin, end } = self;
        match self.between(document) {
            Some(old) => {
                document.replacen(&format!("{begin}{old}{end}"), &format!("{begin}{text}{end}"), 1)
            }
            None => format!("{}\n\n{begin}{text}{end}\n", document.trim_end()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- figures:begin -->";
    const END: &str = "<!-- figures:end -->";

    #[test]
    fn a_part_replaces_its_old_text_and_leaves_prose_and_other_parts() {
        let others = "<!-- peers:begin -->\nold\n<!-- peers:end -->\nprose\n";
        let document = format!("# Speed\n{BEGIN}\nold\n{END}\n{others}");
        let expected = format!("# Speed\n{BEGIN}\nnew\n{END}\n{others}");
        assert_eq!(Marks::of("figures").replaced(&document, "\nnew\n"), expected);
    }

    #[test]
    fn a_document_without_marks_gets_the_part_at_its_end() {
        let expected = format!("# Speed\n\n{BEGIN}\nnew\n{END}\n");
        assert_eq!(Marks::of("figures").replaced("# Speed\n", "\nnew\n"), expected);
    }

    #[test]
    fn output_without_an_end_mark_has_no_part() {
        assert_eq!(Marks::of("figures").between(&format!("noise {BEGIN} 1")), None);
    }
}
