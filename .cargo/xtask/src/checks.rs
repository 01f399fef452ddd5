use crate::db::{POSTGRES_URL, Postgres};
use crate::failure::Failure;
use crate::project::Project;
use crate::redis::{REDIS_URL, Redis};
use crate::shell::Shell;
use crate::steps::Step;
use crate::tally::Tally;
use crate::{clients, deny, features, fuzz, judges, openapi, tidy};

/// Everything that has to hold before a change is taken, cheapest first.
pub(crate) const STEPS: [Step; 15] = [
    Step { name: "toolchain", run: |project, _| toolchain(project) },
    Step { name: "format", run: |project, _| cargo(project, &["fmt", "--all", "--check"]) },
    Step { name: "tidy", run: |project, _| tidy::check(project) },
    Step {
        name: "unused dependencies",
        run: |project, _| features::dependencies_are_used(project),
    },
    Step { name: "licences and bans", run: |project, _| deny::check(project) },
    Step { name: "clippy", run: |project, _| cargo(project, CLIPPY) },
    Step { name: "documentation", run: |project, _| documentation(project) },
    Step { name: "features one by one", run: |project, _| features::build_each(project) },
    Step { name: "openapi", run: |project, _| openapi::check(project) },
    Step { name: "tests", run: tests },
    Step { name: "fuzz", run: |project, _| fuzz::run_each(project) },
    Step { name: "foreign clients", run: |project, _| judges::check(project, "") },
    Step { name: "clients and judges", run: |project, _| clients::check(project, "") },
    Step { name: "release build", run: |project, _| cargo(project, RELEASE_BUILD) },
    Step { name: "demo", run: |project, _| cargo(project, DEMO) },
];

const CLIPPY: &[&str] =
    &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
const DOCUMENTATION: &[&str] = &["doc", "--workspace", "--no-deps", "--all-features"];
const TESTS: &[&str] = &["test", "--workspace", "--all-features", "--no-fail-fast"];
const RELEASE_BUILD: &[&str] = &["build", "--release", "-p", "mkbill-http", "--bin", "mkbill"];
const DEMO: &[&str] =
    &["run", "--release", "-p", "mkbill-http", "--bin", "mkbill", "--", "demo", "--exit", "--json"];

/// What a clean machine must have, each with the argument that makes it answer.
const TOOLS: [(&str, &[&str]); 6] = [
    ("cargo", &["--version"]),
    ("cargo", &["fmt", "--version"]),
    ("cargo", &["clippy", "--version"]),
    ("cc", &["--version"]),
    ("c++", &["--version"]),
    ("git", &["--version"]),
];

fn cargo(project: &Project, args: &[&str]) -> Result<(), Failure> {
    Shell::cargo(&project.root).args(args).run()
}

fn toolchain(project: &Project) -> Result<(), Failure> {
    for (program, args) in TOOLS {
        let tool = match program {
            "cargo" => Shell::cargo(&project.root),
            other => Shell::new(other, &project.root),
        };
        let tool = tool.args(args);
        let command = tool.line().to_owned();
        let version = tool.probe().ok_or_else(|| {
            Failure::Refused(format!("`{command}` does not answer: install it and try again"))
        })?;
        println!("{}", version.lines().next().unwrap_or_default());
    }
    Ok(())
}

fn documentation(project: &Project) -> Result<(), Failure> {
    Shell::cargo(&project.root).args(DOCUMENTATION).env("RUSTDOCFLAGS", "-D warnings").run()
}

/// Unit tests, suites on both engines, stories, examples and documentation tests.
fn tests(project: &Project, tally: &mut Tally) -> Result<(), Failure> {
    let postgres = Postgres::start(&project.root)?;
    let redis = Redis::start(&project.root)?;
    Shell::cargo(&project.root)
        .args(TESTS)
        .env(POSTGRES_URL, postgres.url())
        .env(REDIS_URL, redis.url())
        .watch(|line| tally.read(line))?;
    every_test_ran(*tally)
}

fn every_test_ran(tally: Tally) -> Result<(), Failure> {
    if tally.passed > 0 && tally.failed == 0 && tally.ignored == 0 {
        return Ok(());
    }
    Err(Failure::Refused(format!("every test must run and pass, but: {tally}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_test_is_a_failure() {
        let all = Tally { passed: 3, failed: 0, ignored: 0 };
        assert!(every_test_ran(all).is_ok());
        assert!(every_test_ran(Tally { ignored: 1, ..all }).is_err());
        assert!(every_test_ran(Tally { failed: 1, ..all }).is_err());
        assert!(every_test_ran(Tally::default()).is_err());
    }
}
