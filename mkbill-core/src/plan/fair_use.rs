//! How much of a plan is had at full speed, and what comes after that.

use serde_json::{Value, json};

use crate::kernel::error::Error;
use crate::kernel::language::{Said, said};

use super::{DATA_QUOTA_MAX, profile};

/// A rule of fair use has at most this many steps.
pub const STEPS_MAX: usize = 8;

/// What becomes of a login that has used so much.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UseEffect {
    /// It is moved to a router profile that is slower.
    MoveToProfile(String),
    /// It is disabled until the next period: the quota is used up.
    Disable,
}

impl UseEffect {
    /// The profile it moves to, if it does.
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::MoveToProfile(profile) => Some(profile),
            Self::Disable => None,
        }
    }
}

/// From how much on something happens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UseStep {
    /// Bytes of a period in both directions together.
    pub at_bytes: u64,
    /// What happens then.
    pub effect: UseEffect,
}

/// What happens when much is used within one period. With the next period all begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FairUse {
    steps: Vec<UseStep>,
}

impl FairUse {
    /// Checks that there are 1 to [`STEPS_MAX`] steps, each from more bytes on than the one before, at
    /// most 1 PiB, and none after the one that disables the login.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names `fair_use`.
    pub fn new(steps: Vec<UseStep>) -> Result<Self, Error> {
        let wrong = |problem: Said| Err(Error::invalid("fair_use", problem));
        if !(1..=STEPS_MAX).contains(&steps.len()) {
            return wrong(said!(
                "use 1 to {STEPS_MAX} steps",
                "gunakan 1 sampai {STEPS_MAX} langkah"
            ));
        }
        if !steps.is_sorted_by(|one, next| one.at_bytes < next.at_bytes) {
            return wrong(said!(
                "begin each step at more bytes than the one before",
                "mulai setiap langkah pada byte yang lebih banyak daripada langkah sebelumnya"
            ));
        }
        if steps.iter().any(|step| !(1..=DATA_QUOTA_MAX).contains(&step.at_bytes)) {
            return wrong(said!("use 1 byte to 1 PiB", "gunakan 1 byte sampai 1 PiB"));
        }
        if steps.iter().rev().skip(1).any(|step| step.effect == UseEffect::Disable) {
            return wrong(said!(
                "only the last step can disable the login",
                "hanya langkah terakhir yang boleh mematikan login"
            ));
        }
        for step in &steps {
            step.effect.profile().map_or(Ok(()), |name| profile(name, "fair_use").map(drop))?;
        }
        Ok(Self { steps })
    }

    /// The steps, from the least bytes on.
    pub fn steps(&self) -> &[UseStep] {
        &self.steps
    }

    /// How many steps so many bytes have passed; 0 is full speed.
    pub fn passed(&self, bytes: u64) -> u32 {
        let passed = self.steps.iter().take_while(|step| step.at_bytes <= bytes).count();
        u32::try_from(passed).unwrap_or(u32::MAX)
    }

    /// What so many steps that were passed bring; `None` for none.
    pub fn effect(&self, passed: u32) -> Option<&UseEffect> {
        let last = usize::try_from(passed).ok()?.min(self.steps.len()).checked_sub(1)?;
        Some(&self.steps[last].effect)
    }

    /// From how many bytes on the next step begins; `None` if none is left.
    pub fn next_at(&self, bytes: u64) -> Option<u64> {
        self.steps.iter().map(|step| step.at_bytes).find(|at| *at > bytes)
    }

    pub(crate) fn to_json(&self) -> Value {
        let steps = self.steps.iter();
        steps
            .map(|step| json!({ "at_bytes": step.at_bytes, "profile": step.effect.profile() }))
            .collect()
    }

    /// Reads what [`Self::to_json`] wrote; `None` if it is something else.
    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let step = |step: &Value| {
            let effect = match step.get("profile")? {
                Value::Null => UseEffect::Disable,
                profile => UseEffect::MoveToProfile(profile.as_str()?.to_owned()),
            };
            Some(UseStep { at_bytes: step["at_bytes"].as_u64()?, effect })
        };
        Self::new(json.as_array()?.iter().map(step).collect::<Option<_>>()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn slow(at_bytes: u64, profile: &str) -> UseStep {
        UseStep { at_bytes, effect: UseEffect::MoveToProfile(profile.to_owned()) }
    }

    const fn stop(at_bytes: u64) -> UseStep {
        UseStep { at_bytes, effect: UseEffect::Disable }
    }

    #[test]
    fn steps_begin_at_more_and_more_and_the_last_may_disable() {
        let rule = FairUse::new(vec![slow(100, "slow"), slow(200, "slower"), stop(300)]).unwrap();
        let expected = [(0, 0), (99, 0), (100, 1), (199, 1), (200, 2), (300, 3), (u64::MAX, 3)];
        for (bytes, passed) in expected {
            assert_eq!(rule.passed(bytes), passed, "{bytes}");
        }
        assert_eq!(rule.effect(0), None);
        assert_eq!(rule.effect(2), Some(&UseEffect::MoveToProfile("slower".to_owned())));
        assert_eq!(rule.effect(3), Some(&UseEffect::Disable));
        assert_eq!(
            (rule.next_at(99), rule.next_at(100), rule.next_at(300)),
            (Some(100), Some(200), None)
        );
        assert_eq!(FairUse::from_json(&rule.to_json()), Some(rule));
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused() {
        let wrong = [
            vec![],
            vec![stop(0)],
            vec![stop(DATA_QUOTA_MAX + 1)],
            vec![slow(2, "a"), slow(2, "b")],
            vec![slow(2, "a"), slow(1, "b")],
            vec![stop(1), slow(2, "a")],
            vec![slow(1, " a")],
            (1..=9).map(|at| slow(at, "a")).collect(),
        ];
        for steps in wrong {
            assert_eq!(FairUse::new(steps.clone()).unwrap_err().code(), "invalid", "{steps:?}");
        }
    }

    proptest! {
        #[test]
        fn more_use_never_passes_fewer_steps_and_the_next_step_is_the_next(
            marks in proptest::collection::btree_set(1..1_000_u64, 1..=STEPS_MAX),
            bytes in 0..1_100_u64,
            more in 0..1_100_u64,
        ) {
            let steps = marks.into_iter().map(|at| slow(at, "slow")).collect();
            let rule = FairUse::new(steps).unwrap();
            prop_assert!(rule.passed(bytes) <= rule.passed(bytes + more));
            if let Some(next) = rule.next_at(bytes) {
                prop_assert_eq!(rule.passed(next - 1), rule.passed(bytes));
                prop_assert_eq!(rule.passed(next), rule.passed(bytes) + 1);
            } else {
                prop_assert_eq!(rule.passed(bytes), rule.passed(u64::MAX));
            }
        }
    }
}
