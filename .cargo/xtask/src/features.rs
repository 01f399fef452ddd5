use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::project::{Package, Project};
use crate::shell::Shell;

/// Lints each crate without features and with each single feature, so that none leans on another.
pub(crate) fn build_each(project: &Project) -> Result<(), Failure> {
    for package in &project.packages {
        for feature in single_features(package) {
            println!("--- {} [{feature}]", package.name);
            Shell::cargo(&project.root)
                .args(["clippy", "--quiet", "-p", &package.name, "--no-default-features"])
                .args(["--features", feature, "--", "-D", "warnings"])
                .run()?;
        }
    }
    Ok(())
}

/// The empty set first, then every feature but `default`.
fn single_features(package: &Package) -> impl Iterator<Item = &str> {
    let named = package.features.iter().map(String::as_str);
    std::iter::once("").chain(named.filter(|feature| *feature != "default"))
}

/// Refuses a dependency that no source file of its crate names.
pub(crate) fn dependencies_are_used(project: &Project) -> Result<(), Failure> {
    let mut unused = Vec::new();
    for package in &project.packages {
        let mut sources = String::new();
        read_sources(&package.folder, &mut sources)?;
        let missing = package.dependencies.iter().filter(|name| !names(&sources, name));
        unused.extend(missing.map(|name| format!("{}: {name}", package.name)));
    }
    unused.dedup();
    if unused.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(format!("unused dependencies: {}", unused.join(", "))))
}

fn read_sources(folder: &Path, sources: &mut String) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(Failure::file("listing", folder))? {
        let path = entry.map_err(Failure::file("listing", folder))?.path();
        if path.is_dir() && !path.is_symlink() {
            read_sources(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(Failure::file("reading", &path))?;
            sources.push_str(&text);
        }
    }
    Ok(())
}

/// Whether `sources` contain `name` as a whole word.
fn names(sources: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    sources.match_indices(name).any(|(at, _)| {
        !sources[..at].ends_with(part_of_word)
            && !sources[at + name.len()..].starts_with(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_used_when_a_source_names_it_as_a_whole_word() {
        assert!(names("use serde::Serialize;", "serde"));
        assert!(names("#[derive(thiserror::Error)]", "thiserror"));
        assert!(!names("use serde_json::Value;", "serde"));
    }

    #[test]
    fn each_feature_is_built_alone_and_none_is_built_first() {
        let package = Package {
            name: "shop".to_owned(),
            folder: "shop".into(),
            features: ["default", "print", "sell"].map(str::to_owned).to_vec(),
            dependencies: Vec::new(),
        };
        assert_eq!(single_features(&package).collect::<Vec<_>>(), ["", "print", "sell"]);
    }
}
