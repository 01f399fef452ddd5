use std::fmt;

/// How many tests ran, counted from the `test result:` lines of the test programs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Tally {
    /// Adds a line of output if it reports a test program's result.
    pub(crate) fn read(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result:") else {
            return;
        };
        self.passed += count_before(result, " passed");
        self.failed += count_before(result, " failed");
        self.ignored += count_before(result, " ignored");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return out.write_str("no test ran");
        }
        write!(out, "{} passed, {} failed", self.passed, self.failed)?;
        if self.ignored > 0 {
            write!(out, ", {} ignored", self.ignored)?;
        }
        Ok(())
    }
}

fn count_before(result: &str, word: &str) -> u64 {
    let before = result.split_once(word).map_or("", |(before, _)| before);
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_programs_add_up() {
        let mut tally = Tally::default();
        tally.read("running 3 tests\n");
        tally.read("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out\n");
        tally.read("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured\n");
        assert_eq!(tally, Tally { passed: 15, failed: 2, ignored: 1 });
    }

    #[test]
    fn no_test_is_not_mistaken_for_no_failure() {
        assert_eq!(Tally::default().to_string(), "no test ran");
    }

    #[test]
    fn coloured_results_count_too() {
        let mut tally = Tally::default();
        tally.read("test result: \u{1b}[32mok\u{1b}[0m. 7 passed; 0 failed; 0 ignored\n");
        assert_eq!(tally.to_string(), "7 passed, 0 failed");
    }
}
