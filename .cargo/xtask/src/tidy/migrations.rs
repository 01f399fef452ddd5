use super::Violation;
use super::source::{Source, Tree};

const RULE: &str = "migration";
const ENGINES: [(&str, &str); 2] = [("postgres", "sqlite"), ("sqlite", "postgres")];

/// Both engines have the same migrations, numbered without gaps, each with its reason on top.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    ENGINES.iter().flat_map(|(engine, twin)| check_engine(tree, engine, twin)).collect()
}

fn check_engine(tree: &Tree, engine: &str, twin: &str) -> Vec<Violation> {
    let folder = format!("migrations/{engine}/");
    let mut files: Vec<_> =
        tree.with_extension(".sql").filter(|file| file.path.starts_with(&folder)).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut found = Vec::new();
    for (file, number) in files.into_iter().zip(1_usize..) {
        let name = &file.path[folder.len()..];
        let expected = format!("{number:04}_");
        if !name.starts_with(&expected) {
            found.push(violation(file, format!("the next number is {number:04}")));
        }
        let other = format!("migrations/{twin}/{name}");
        if !tree.holds(&other) {
            found.push(violation(file, format!("its twin `{other}` is missing")));
        }
        if !says_why(file) {
            found.push(violation(file, "the first line is a comment that says why".to_owned()));
        }
    }
    found
}

fn says_why(file: &Source) -> bool {
    let first = file.text.lines().next().unwrap_or_default();
    first.strip_prefix("-- ").is_some_and(|reason| !reason.trim().is_empty())
}

fn violation(file: &Source, text: String) -> Violation {
    Violation { path: file.path.clone(), line: 1, rule: RULE, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "-- Plans come first: everything else points at one.\nCREATE TABLE plan ();\n";

    fn texts(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).into_iter().map(|violation| violation.text).collect()
    }

    #[test]
    fn twins_in_order_with_a_reason_are_fine() {
        let files = [
            ("migrations/postgres/0001_plan.sql", GOOD),
            ("migrations/sqlite/0001_plan.sql", GOOD),
        ];
        assert!(texts(&files).is_empty());
    }

    #[test]
    fn a_missing_twin_is_found() {
        assert_eq!(
            texts(&[("migrations/sqlite/0001_plan.sql", GOOD)]),
            ["its twin `migrations/postgres/0001_plan.sql` is missing"]
        );
    }

    #[test]
    fn a_gap_in_the_numbers_is_found() {
        let files = [
            ("migrations/postgres/0002_plan.sql", GOOD),
            ("migrations/sqlite/0002_plan.sql", GOOD),
        ];
        assert_eq!(texts(&files), ["the next number is 0001", "the next number is 0001"]);
    }

    #[test]
    fn a_migration_without_a_reason_is_found() {
        let files = [
            ("migrations/postgres/0001_plan.sql", GOOD),
            ("migrations/sqlite/0001_plan.sql", "CREATE"),
        ];
        assert_eq!(texts(&files), ["the first line is a comment that says why"]);
    }
}
