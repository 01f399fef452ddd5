//! What is told of the story: a line and a figure for each step, and whether it held.

use serde_json::{Map, Value, json};

use crate::cli::output::line;
use crate::failure::Failure;

/// The story as far as it was told.
#[derive(Debug)]
pub(super) struct Tale {
    quiet: bool,
    steps: Vec<Value>,
    figures: Map<String, Value>,
    well: bool,
}

impl Tale {
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet, steps: Vec::new(), figures: Map::new(), well: true }
    }

    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            line(text);
        }
    }

    pub(super) fn figure(&mut self, name: &str, value: Value) {
        self.figures.insert(name.to_owned(), value);
    }

    /// Tells a step. One that does not hold ends the story.
    pub(super) fn step(
        &mut self,
        name: &'static str,
        holds: bool,
        detail: String,
    ) -> Result<(), Failure> {
        self.note(name, holds, &detail);
        if holds { Ok(()) } else { Err(Failure::Story { step: name, detail }) }
    }

    fn note(&mut self, name: &str, holds: bool, detail: &str) {
        let sign = if holds { "ok" } else { "FAILED" };
        self.say(&format!("{sign:>6}  {name:<14}  {detail}"));
        self.steps.push(json!({ "name": name, "ok": holds, "detail": detail }));
        self.well &= holds;
    }

    /// All figures, and whether every step held.
    pub(super) fn close(mut self, held: Result<(), Failure>) -> (Value, bool) {
        match held {
            Ok(()) | Err(Failure::Story { .. }) => {}
            Err(other) => self.note("engine", false, &other.lines().join(": ")),
        }
        self.figures.insert("ok".to_owned(), self.well.into());
        self.figures.insert("steps".to_owned(), self.steps.into());
        (self.figures.into(), self.well)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_does_not_hold_ends_the_story_and_is_told() {
        let mut tale = Tale::new(true);
        tale.step("first", true, "fine".to_owned()).unwrap();
        let held = tale.step("second", false, "1 of 2".to_owned());
        let (figures, well) = tale.close(held);
        assert!(!well && figures["ok"] == false);
        assert_eq!(figures["steps"][1]["detail"], "1 of 2");
    }
}
