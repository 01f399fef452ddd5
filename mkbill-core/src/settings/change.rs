//! Changes of settings.

use jiff::Timestamp;

use crate::customer::change::debt_limit;
use crate::customer::phone::PhoneNumber;
use crate::customer::text;
use crate::kernel::error::{Error, Wrongs};
use crate::kernel::language::{Language, said};
use crate::kernel::money::{Currency, Money};
use crate::kernel::patch::Patch;

use super::{Business, Settings};

/// What changes of the settings; what is kept stays as it is, and what is cleared is again as the engine
/// was built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// What people call the business.
    pub name: Patch<String>,
    /// Where it is found.
    pub address: Patch<String>,
    /// Where customers may call.
    pub phone: Patch<PhoneNumber>,
    /// Address of electronic mail.
    pub email: Patch<String>,
    /// The language of whoever asks for none.
    pub language: Patch<Language>,
    /// Whether tries to sign in are slowed down after some failed.
    pub sign_in_slow_down: Patch<bool>,
    /// From which debt on an operator is told.
    pub high_debt: Patch<Money>,
}

impl SettingsChange {
    /// Checks every text and amount, and takes blanks around texts away.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every field that is wrong, or if nothing is named.
    pub fn checked(self, currency: Currency) -> Result<Self, Error> {
        if self == Self::default() {
            return Err(Error::invalid(
                "settings",
                said!(
                    "name at least one setting to be changed",
                    "sebutkan paling sedikit satu pengaturan yang diubah"
                ),
            ));
        }
        let mut wrongs = Wrongs::default();
        let name = wrongs.good(self.name.try_map(|text| text::name(&text).map(Some)))?;
        let address = wrongs.good(self.address.try_map(|text| text::address(&text).map(Some)))?;
        let email = wrongs.good(self.email.try_map(|text| text::email(&text).map(Some)))?;
        if let Patch::Set(limit) = self.high_debt {
            wrongs.good(debt_limit("high_debt", limit, currency))?;
        }
        wrongs.none()?;
        let [name, address, email] = [name, address, email].map(Option::unwrap_or_default);
        Ok(Self { name, address, email, ..self })
    }

    /// The settings after the change. Those that come out as they were keep the instant of their last
    /// change.
    #[must_use]
    pub fn apply(self, before: &Settings, now: Timestamp) -> Settings {
        let mut after = before.clone();
        let Business { name, address, phone, email } = &mut after.business;
        self.name.apply(name);
        self.address.apply(address);
        self.phone.apply(phone);
        self.email.apply(email);
        self.language.apply(&mut after.language);
        self.sign_in_slow_down.apply(&mut after.sign_in_slow_down);
        self.high_debt.apply(&mut after.high_debt);
        if after != *before {
            after.changed_at = Some(now);
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> SettingsChange {
        SettingsChange { name: Patch::Set(text.to_owned()), ..SettingsChange::default() }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name_and_clears_what_it_is_told_to() {
        let now = Timestamp::UNIX_EPOCH;
        let first = named(" RT Net ").checked(Currency::IDR).unwrap();
        let first = first.apply(&Settings::untouched(), now);
        assert_eq!(first.business.name.as_deref(), Some("RT Net"));
        let email = Patch::Set("Halo@RTNet.id".to_owned());
        let second = SettingsChange { email, ..SettingsChange::default() };
        let second = second.checked(Currency::IDR).unwrap().apply(&first, now);
        assert_eq!(second.business.name.as_deref(), Some("RT Net"));
        assert_eq!(second.business.email.as_deref(), Some("halo@rtnet.id"));
        let clear = SettingsChange { name: Patch::Clear, ..SettingsChange::default() };
        assert_eq!(clear.apply(&second, now).business.name, None);
    }

    #[test]
    fn the_same_again_is_no_change() {
        let before = named("RT Net").apply(&Settings::untouched(), Timestamp::UNIX_EPOCH);
        assert_eq!(named("RT Net").apply(&before, Timestamp::MAX), before);
    }

    #[test]
    fn a_change_without_a_setting_and_one_to_nothing_are_refused() {
        assert!(SettingsChange::default().checked(Currency::IDR).is_err());
        let wrong = SettingsChange {
            address: Patch::Set(" \n".to_owned()),
            email: Patch::Set(String::new()),
            high_debt: Patch::Set(Money::new(1, Currency::USD)),
            ..named(" ")
        };
        let Err(Error::SeveralInvalid(wrong)) = wrong.checked(Currency::IDR) else {
            panic!("all of it is wrong")
        };
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field).collect();
        assert_eq!(fields, ["name", "address", "email", "high_debt"]);
        let below = Patch::Set(Money::rupiah(-1));
        let below = SettingsChange { high_debt: below, ..SettingsChange::default() };
        assert!(below.checked(Currency::IDR).is_err());
    }
}
