use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::shell::Shell;

/// Every file that is or may be committed.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) files: Vec<Source>,
}

/// A file: its path from the root with `/`, and its text (empty for files that are not text).
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    /// Asks git for the files, ignored ones left out.
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        let listing = Shell::new("git", root)
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()?;
        let names = listing.split('\0').filter(|name| !name.is_empty());
        let present = names.filter(|name| root.join(name).exists());
        Ok(Self { files: present.map(|name| Source::read(root, name)).collect() })
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let source =
            |(path, text): &(&str, &str)| Source { path: (*path).into(), text: (*text).into() };
        Self { files: files.iter().map(source).collect() }
    }

    pub(super) fn rust(&self) -> impl Iterator<Item = &Source> {
        self.with_extension(".rs")
    }

    pub(super) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &Source> {
        self.files.iter().filter(move |file| file.path.ends_with(extension))
    }

    /// Whether `path` is a file or a folder of the tree.
    pub(super) fn holds(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }
}

impl Source {
    fn read(root: &Path, name: &str) -> Self {
        let text = fs::read(root.join(name)).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        Self { path: name.to_owned(), text: text.unwrap_or_default() }
    }

    /// Lines with their numbers, from one.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    pub(super) fn is_own(&self) -> bool {
        self.path.starts_with(super::OWN_SOURCES)
    }
}
