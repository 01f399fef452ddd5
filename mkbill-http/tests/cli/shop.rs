//! A business at the terminal: a folder with a database, and the program.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_mkbill");

/// A working directory with a migrated database.
pub(crate) struct Shop(TempDir);

impl Shop {
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn open() -> Self {
        let shop = Self::empty();
        assert_eq!(shop.json(&["migrate"])["engine"], "SQLite");
        shop
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.here(PROGRAM);
        command.args(words);
        command
    }

    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = self.here("sh");
        command.args(["-c", line]);
        command
    }

    pub(crate) fn here(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MKBILL_")) {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What the program says with `--json`, which must be a success.
    #[track_caller]
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let output = self.command(words).arg("--json").output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        one_object(&output)
    }

    /// The complaint of the program with `--json`, which must be of this code.
    #[track_caller]
    pub(crate) fn complaint(&self, words: &[&str], code: &str) -> String {
        complaint(&self.command(words).arg("--json").output().unwrap(), code)
    }

    pub(crate) fn with_plan(self) -> Self {
        self.json(&words(
            "plan add daily --router-profile default --cost 3000 --sell 5000 --validity 24h",
        ));
        self
    }

    pub(crate) fn with_router(self, port: u16) -> Self {
        std::fs::write(self.path().join("password"), "correct horse\n").unwrap();
        let port = port.to_string();
        let mut add = words("router add rt-05 --host 127.0.0.1 --security plain --username mkbill");
        add.extend(["--password-file", "password", "--port", &port]);
        self.json(&add);
        self
    }
}

pub(crate) fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

pub(crate) fn one_object(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
}

#[track_caller]
pub(crate) fn complaint(output: &Output, code: &str) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = &one_object(output)["error"];
    assert_eq!(error["code"], code, "{error}");
    error["detail"].as_str().unwrap().to_owned()
}
