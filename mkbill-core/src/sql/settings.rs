//! Settings in SQL.

use async_trait::async_trait;

use crate::customer::phone::PhoneNumber;
use crate::kernel::language::Language;
use crate::kernel::money::{Currency, Money};
use crate::settings::store::SettingsStore;
use crate::settings::{Business, Settings};
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::{ReadError, SqlTx, known};

const ON: &str = "on";
const OFF: &str = "off";

macro_rules! settings {
    ($tail:literal) => {
        concat!(
            "SELECT name, address, phone, email, language, sign_in_slow_down, high_debt_minor, \
             high_debt_currency, changed_at, revision FROM settings WHERE id = 1",
            $tail
        )
    };
}

statements! {
    READ: "reading the settings" = settings!("");
    LOCK: "reading the settings" = settings!(" {for_update}");
    REPLACE: "changing the settings" =
        "UPDATE settings SET name = $2, address = $3, phone = $4, email = $5, language = $6, \
         sign_in_slow_down = $7, high_debt_minor = $8, high_debt_currency = $9, changed_at = $10, \
         revision = revision + 1 WHERE id = 1 AND revision = $1";
}

fn read(row: &impl Record) -> Result<Settings, ReadError> {
    Ok(Settings {
        business: Business {
            name: row.text_or_none("name")?,
            address: row.text_or_none("address")?,
            phone: row.text_or_none("phone")?.map(PhoneNumber::stored),
            email: row.text_or_none("email")?,
        },
        language: read_as(row, "language", Language::tagged)?,
        sign_in_slow_down: read_as(row, "sign_in_slow_down", on_or_off)?,
        high_debt: {
            let currency: Option<Currency> =
                read_as(row, "high_debt_currency", |text| text.parse().ok())?;
            row.int_or_none("high_debt_minor")?
                .zip(currency)
                .map(|(minor, of)| Money::new(minor, of))
        },
        changed_at: row.instant_or_none("changed_at")?,
        revision: row.int("revision")?,
    })
}

fn read_as<T>(
    row: &impl Record,
    column: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ReadError> {
    let text = row.text_or_none(column)?;
    text.map(|text| known("settings", column, &text, read)).transpose()
}

fn on_or_off(text: &str) -> Option<bool> {
    match text {
        ON => Some(true),
        OFF => Some(false),
        _ => None,
    }
}

impl<D: Dialect> SqlTx<D> {
    async fn settings_by(&mut self, statement: Statement) -> Result<Settings, StoreError> {
        let found = self.one(statement, Vec::new(), read).await?;
        found.ok_or_else(|| StoreError::Schema("the row of the settings is missing".to_owned()))
    }
}

#[async_trait]
impl<D: Dialect> SettingsStore for SqlTx<D> {
    async fn settings(&mut self) -> Result<Settings, StoreError> {
        self.settings_by(READ).await
    }

    async fn settings_lock(&mut self) -> Result<Settings, StoreError> {
        self.settings_by(LOCK).await
    }

    async fn settings_replace(&mut self, settings: &Settings) -> Result<(), StoreError> {
        let Business { name, address, phone, email } = &settings.business;
        let values = vec![
            settings.revision.into(),
            name.as_deref().into(),
            address.as_deref().into(),
            phone.as_ref().map(PhoneNumber::as_str).into(),
            email.as_deref().into(),
            settings.language.map(Language::tag).into(),
            settings.sign_in_slow_down.map(|on| if on { ON } else { OFF }).into(),
            settings.high_debt.map(Money::minor).into(),
            settings.high_debt.map(|limit| limit.currency().code().to_owned()).into(),
            settings.changed_at.into(),
        ];
        self.has_settings = true;
        match self.execute(REPLACE, values).await? {
            1 => Ok(()),
            _ => Err(StoreError::Overtaken { what: "settings" }),
        }
    }
}
