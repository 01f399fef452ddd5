use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::project::Project;
use crate::tally::Tally;

/// One named part of `cargo xtask test`.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Project, &mut Tally) -> Result<(), Failure>,
}

struct Done {
    name: &'static str,
    took: Duration,
    passed: bool,
}

/// Runs the steps in order, stops at the first failure and always ends with a table.
pub(crate) fn run_all(project: &Project, steps: &[Step]) -> Result<(), Failure> {
    let mut tally = Tally::default();
    let mut done = Vec::new();
    let mut outcome = Ok(());
    for step in steps {
        println!("==> {}", step.name);
        let start = Instant::now();
        outcome = (step.run)(project, &mut tally);
        let step = Done { name: step.name, took: start.elapsed(), passed: outcome.is_ok() };
        println!("<== {} {} after {}\n", step.name, step.verdict(), seconds(step.took));
        done.push(step);
        if outcome.is_err() {
            break;
        }
    }
    print_summary(&done, steps.len(), tally);
    outcome.map_err(|failure| name_step(&done, failure))
}

fn print_summary(done: &[Done], planned: usize, tally: Tally) {
    for step in done {
        println!("{:<24} {:>9}  {}", step.name, seconds(step.took), step.verdict());
    }
    let total = done.iter().map(|step| step.took).sum();
    println!("{:<24} {:>9}  {} of {planned} steps", "total", seconds(total), done.len());
    println!("{tally}");
}

fn name_step(done: &[Done], failure: Failure) -> Failure {
    if let Some(step) = done.last() {
        eprintln!("failed step: {}", step.name);
    }
    failure
}

impl Done {
    fn verdict(&self) -> &'static str {
        if self.passed { "ok" } else { "FAILED" }
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}
