use super::Violation;
use super::source::{Source, Tree};

const LINK: &str = "dead link";
const README: &str = "README length";
const README_LINES_MAX: usize = 150;
const SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];

/// Relative links in documents lead to files, and the README stays short.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let documents = tree.with_extension(".md");
    let mut found: Vec<_> = documents.flat_map(|file| dead_links(tree, file)).collect();
    found.extend(tree.files.iter().filter_map(long_readme));
    found
}

fn long_readme(file: &Source) -> Option<Violation> {
    let lines = file.text.lines().count();
    let text = format!("{lines} lines, at most {README_LINES_MAX}");
    (file.path == "README.md" && lines > README_LINES_MAX).then(|| Violation {
        path: file.path.clone(),
        line: lines,
        rule: README,
        text,
    })
}

fn dead_links(tree: &Tree, file: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (line, text) in file.lines() {
        in_code ^= text.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        let dead = targets(text).filter(|target| !leads_somewhere(tree, file, target));
        found.extend(dead.map(|target| Violation {
            path: file.path.clone(),
            line,
            rule: LINK,
            text: format!("`{target}` is not in the repository"),
        }));
    }
    found
}

/// What stands in `](…)`, without a title.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let links = line.split("](").skip(1);
    links.filter_map(|rest| rest.split([')', ' ']).next())
}

fn leads_somewhere(tree: &Tree, file: &Source, target: &str) -> bool {
    let path = target.split('#').next().unwrap_or_default();
    let outside = SCHEMES.iter().any(|scheme| target.starts_with(scheme));
    outside || path.is_empty() || joined(&file.path, path).is_some_and(|path| tree.holds(&path))
}

/// The path from the root, or `None` if it leaves the repository.
fn joined(file: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(text: &str) -> Vec<Violation> {
        check(&Tree::of(&[
            ("docs/adr/0001-ports.md", text),
            ("docs/STYLE.md", ""),
            ("README.md", ""),
        ]))
    }

    #[test]
    fn links_to_files_folders_anchors_and_the_web_are_fine() {
        let text = "[a](../STYLE.md#names) [b](#here) [c](https://example.org/x) [d](../../README.md) [e](../)\n";
        assert_eq!(dead(text), []);
    }

    #[test]
    fn a_link_to_nothing_is_found_with_its_line() {
        let found = dead("fine\n[gone](../GONE.md)\n");
        assert_eq!(
            found[0].to_string(),
            "docs/adr/0001-ports.md:2: dead link: `../GONE.md` is not in the repository"
        );
    }

    #[test]
    fn a_link_out_of_the_repository_is_dead() {
        assert_eq!(dead("[out](../../../README.md)").len(), 1);
    }

    #[test]
    fn code_blocks_are_not_read() {
        assert_eq!(dead("```text\n[x](y)\n```\n"), []);
    }

    #[test]
    fn a_long_readme_is_refused() {
        let long = "line\n".repeat(README_LINES_MAX + 1);
        assert_eq!(check(&Tree::of(&[("README.md", &long)])).len(), 1);
        let enough = "line\n".repeat(README_LINES_MAX);
        assert_eq!(check(&Tree::of(&[("README.md", &enough)])), []);
    }
}
