use std::path::PathBuf;

use serde_json::Value;

use crate::failure::Failure;
use crate::shell::Shell;

/// The workspace as cargo describes it.
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One crate of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<String>,
}

impl Project {
    /// Asks cargo for the workspace around the current directory.
    pub(crate) fn find() -> Result<Self, Failure> {
        let metadata =
            Shell::cargo(".".as_ref()).args(["metadata", "--no-deps", "--format-version=1"]);
        let command = metadata.line().to_owned();
        let answer = metadata.output()?;
        let value: Value =
            serde_json::from_str(&answer).map_err(|source| Failure::Answer { command, source })?;
        Ok(Self::read(&value))
    }

    fn read(metadata: &Value) -> Self {
        Self {
            root: text(&metadata["workspace_root"]).into(),
            target: text(&metadata["target_directory"]).into(),
            packages: items(&metadata["packages"]).map(Package::read).collect(),
        }
    }
}

impl Package {
    fn read(package: &Value) -> Self {
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        let features = package["features"].as_object().into_iter().flatten();
        Self {
            name: text(&package["name"]),
            folder: manifest.parent().map(PathBuf::from).unwrap_or_default(),
            features: features.map(|(name, _)| name.clone()).collect(),
            dependencies: items(&package["dependencies"]).map(imported_name).collect(),
        }
    }
}

/// The name by which sources speak of a dependency.
fn imported_name(dependency: &Value) -> String {
    let name = dependency["rename"].as_str().unwrap_or_else(|| str_of(&dependency["name"]));
    name.replace('-', "_")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn str_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn text(value: &Value) -> String {
    str_of(value).to_owned()
}
