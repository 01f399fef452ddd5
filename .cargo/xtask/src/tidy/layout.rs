use std::collections::BTreeSet;

use super::Violation;
use super::source::Tree;

const RULE: &str = "top level";

/// What the top level may hold besides files whose name begins with a dot.
const NAMES: [&str; 13] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "docs",
    "examples",
    "migrations",
    "mkbill-core",
    "mkbill-http",
    "mkbill-py",
    "mkbill-routeros",
    "rust-toolchain.toml",
];

/// A newcomer should read the top level in one breath.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let tops = tree.files.iter().filter_map(|file| file.path.split('/').next());
    let unknown: BTreeSet<_> =
        tops.filter(|name| !name.starts_with('.') && !NAMES.contains(name)).collect();
    let text = || "does not belong at the top of the repository".to_owned();
    let violation =
        |name: &str| Violation { path: name.to_owned(), line: 1, rule: RULE, text: text() };
    unknown.into_iter().map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_at_the_top_is_found_once() {
        let tree = Tree::of(&[
            ("Cargo.toml", ""),
            (".deny.toml", ""),
            ("docs/STYLE.md", ""),
            ("scripts/a.sh", ""),
            ("scripts/b.sh", ""),
        ]);
        let found = check(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "scripts");
    }
}
