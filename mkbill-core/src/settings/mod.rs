//! What a business decides for itself while the engine runs: who it is, and what holds where nobody says
//! otherwise. Each holds as soon as it is committed, in every process on the database.

mod change;
pub mod store;

use jiff::Timestamp;

use crate::customer::phone::PhoneNumber;
use crate::kernel::language::Language;
use crate::kernel::money::Money;

pub use change::SettingsChange;

/// Who the business is: what customers are told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Business {
    /// What people call it: 1 to 200 visible characters.
    pub name: Option<String>,
    /// Where it is found: at most 500 characters.
    pub address: Option<String>,
    /// Where customers may call.
    pub phone: Option<PhoneNumber>,
    /// Address of electronic mail, in small letters.
    pub email: Option<String>,
}

/// What the database has. What is absent was never decided, and is as the engine was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who the business is.
    pub business: Business,
    /// The language in which whoever asks for none is answered, and new customers are written to. Without
    /// one that is English for answers, and Indonesian for customers.
    pub language: Option<Language>,
    /// Whether tries to sign in are slowed down after some failed.
    pub sign_in_slow_down: Option<bool>,
    /// From which debt on an operator is told, unless a customer has a limit of their own.
    pub high_debt: Option<Money>,
    /// When something was changed last; absent if nothing ever was.
    pub changed_at: Option<Timestamp>,
    /// Counts changes.
    pub revision: i64,
}

impl Settings {
    /// Nothing was ever decided.
    pub fn untouched() -> Self {
        Self {
            business: Business::default(),
            language: None,
            sign_in_slow_down: None,
            high_debt: None,
            changed_at: None,
            revision: 1,
        }
    }
}

/// How the engine was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// Whether tries to sign in are slowed down after some failed.
    pub sign_in_slow_down: bool,
    /// From which debt on an operator is told, in the currency of the engine.
    pub high_debt: Money,
}

/// What holds: the settings of the database, and where they say nothing, how the engine was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// What the database has.
    pub settings: Settings,
    /// How the engine was built.
    pub defaults: Defaults,
}

impl InForce {
    /// Whether tries to sign in are slowed down after some failed.
    pub fn sign_in_slow_down(&self) -> bool {
        self.settings.sign_in_slow_down.unwrap_or(self.defaults.sign_in_slow_down)
    }

    /// From which debt on an operator is told. A limit in another currency than that of the engine, which
    /// was started with another one since, says nothing.
    pub fn high_debt(&self) -> Money {
        let currency = self.defaults.high_debt.currency();
        let decided = self.settings.high_debt.filter(|limit| limit.currency() == currency);
        decided.unwrap_or(self.defaults.high_debt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::money::Currency;

    fn in_force(settings: Settings) -> InForce {
        let high_debt = Money::rupiah(500_000);
        InForce { settings, defaults: Defaults { sign_in_slow_down: true, high_debt } }
    }

    #[test]
    fn what_nobody_decided_is_as_the_engine_was_built() {
        let untouched = in_force(Settings::untouched());
        assert!(untouched.sign_in_slow_down());
        assert_eq!(untouched.high_debt(), Money::rupiah(500_000));
        let (sign_in_slow_down, high_debt) = (Some(false), Some(Money::rupiah(0)));
        let decided = Settings { sign_in_slow_down, high_debt, ..Settings::untouched() };
        assert!(!in_force(decided.clone()).sign_in_slow_down());
        assert_eq!(in_force(decided).high_debt(), Money::rupiah(0));
    }

    #[test]
    fn a_limit_in_a_currency_that_is_gone_is_no_limit_in_the_present_one() {
        let dollars = Money::new(9, Currency::USD);
        let settings = Settings { high_debt: Some(dollars), ..Settings::untouched() };
        assert_eq!(in_force(settings).high_debt(), Money::rupiah(500_000));
    }
}
