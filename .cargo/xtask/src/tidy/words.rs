use super::Violation;
use super::source::{Source, Tree};

/// Words that may not stand in files with one of these extensions; none means every file.
struct Ban {
    rule: &'static str,
    extensions: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

const BANS: [Ban; 5] = [
    Ban {
        rule: "unfinished",
        extensions: &[".py", ".rs", ".sh", ".sql", ".toml"],
        words: &["TODO", "FIXME", "todo!(", "unimplemented!("],
        why: "finish it, or write down the decision in docs/adr",
    },
    Ban { rule: "left over", extensions: &[".rs"], words: &["dbg!("], why: "take it out" },
    Ban {
        rule: "skipped test",
        extensions: &[".rs"],
        words: &["#[ignore"],
        why: "a test runs or is deleted",
    },
    Ban {
        rule: "silenced lint",
        extensions: &[".rs"],
        words: &["#[allow(", "#![allow("],
        why: "use `#[expect(lint, reason = \"…\")]`",
    },
    Ban {
        rule: "private",
        extensions: &[],
        words: &["/root/", "/work/", "/home/", "/Users/", "PRIVATE KEY-----"],
        why: "the repository names no machine and holds no key",
    },
];

/// Reads every line for words that may not be committed.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let files = tree.files.iter().filter(|file| !file.is_own());
    files.flat_map(|file| BANS.iter().flat_map(|ban| ban.find(file))).collect()
}

impl Ban {
    fn find(&self, file: &Source) -> Vec<Violation> {
        if !self.covers(&file.path) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (line, text) in file.lines() {
            let words = self.words.iter().filter(|word| text.contains(**word));
            found.extend(words.map(|word| Violation {
                path: file.path.clone(),
                line,
                rule: self.rule,
                text: format!("`{word}`: {}", self.why),
            }));
        }
        found
    }

    fn covers(&self, path: &str) -> bool {
        let named = self.extensions.iter().any(|extension| path.ends_with(extension));
        self.extensions.is_empty() || named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn unfinished_code_is_found() {
        assert_eq!(rules("mkbill-core/src/lib.rs", "// TODO later"), ["unfinished"]);
        assert_eq!(rules("mkbill-core/src/lib.rs", "fn f() { unimplemented!() }"), ["unfinished"]);
        assert_eq!(rules("migrations/sqlite/0001_plan.sql", "-- FIXME"), ["unfinished"]);
    }

    #[test]
    fn skipped_tests_silenced_lints_and_debug_prints_are_found() {
        assert_eq!(rules("mkbill-core/src/lib.rs", "#[ignore = \"slow\"]"), ["skipped test"]);
        assert_eq!(rules("mkbill-core/src/lib.rs", "#[allow(dead_code)]"), ["silenced lint"]);
        assert_eq!(rules("mkbill-core/src/lib.rs", "dbg!(x);"), ["left over"]);
    }

    #[test]
    fn paths_of_machines_are_found_in_every_file() {
        assert_eq!(rules("docs/STYLE.md", "see /home/amina/notes"), ["private"]);
    }

    #[test]
    fn documents_may_speak_of_code_that_may_not_be_written() {
        assert!(rules("docs/STYLE.md", "never `dbg!(x)` and no TODO").is_empty());
    }
}
