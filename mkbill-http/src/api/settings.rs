//! The settings of the business over HTTP.

use jiff::Timestamp;
use mkbill_core::billing::Reader;
use mkbill_core::customer::Locale;
use mkbill_core::customer::phone::PhoneNumber;
use mkbill_core::kernel::error::{Error, Wrongs};
use mkbill_core::kernel::language::Language;
use mkbill_core::kernel::permission::needs::{SettingsEdit, SettingsView};
use mkbill_core::settings::{Business, InForce, SettingsChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problems;
use super::customers::LocaleBody;
use super::values::{Given, MoneyBody};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, WriteHeaders, WriteQuery};
use crate::tag::{Shown, Tagged};

/// Who the business is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Business)]
pub(crate) struct BusinessBody {
    /// What people call it.
    #[schema(example = "RT Net Sejahtera")]
    pub(crate) name: Option<String>,
    /// Where it is found.
    #[schema(example = "Jl. Melati 5, Bandung")]
    pub(crate) address: Option<String>,
    /// Where customers may call, in E.164 form.
    #[schema(example = "+62225550123")]
    pub(crate) phone: Option<String>,
    /// Address of electronic mail.
    #[schema(example = "halo@rtnet.example")]
    pub(crate) email: Option<String>,
}

impl From<Business> for BusinessBody {
    fn from(business: Business) -> Self {
        let phone = business.phone.map(|phone| phone.to_string());
        Self { name: business.name, address: business.address, phone, email: business.email }
    }
}

/// What holds: what was decided, and else what the server was started with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettingsInForce)]
pub(crate) struct InForceBody {
    /// Are tries to sign in slowed down after some failed?
    #[schema(example = true)]
    pub(crate) sign_in_slow_down: bool,
    /// From which debt on an operator is told.
    pub(crate) high_debt: MoneyBody,
}

/// What the business has decided; null where it has not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub(crate) struct SettingsBody {
    /// Who the business is: in the file of a customer, and its name in notices.
    #[serde(flatten)]
    pub(crate) business: BusinessBody,
    /// The language in which problems are told to whoever asks for none, English if null; and in which
    /// new customers are written to that have none of their own, Indonesian if null.
    #[schema(example = "id")]
    pub(crate) language: Option<LocaleBody>,
    /// Whether tries to sign in are slowed down after some failed.
    #[schema(example = true)]
    pub(crate) sign_in_slow_down: Option<bool>,
    /// From which debt on an operator is told, unless a customer has a limit of their own.
    pub(crate) high_debt: Option<MoneyBody>,
    /// What holds now.
    pub(crate) in_force: InForceBody,
    /// When something was changed last; null if nothing ever was.
    pub(crate) changed_at: Option<Timestamp>,
}

impl From<InForce> for SettingsBody {
    fn from(all: InForce) -> Self {
        let in_force = InForceBody {
            sign_in_slow_down: all.sign_in_slow_down(),
            high_debt: all.high_debt().into(),
        };
        let settings = all.settings;
        Self {
            business: settings.business.into(),
            language: settings.language.map(|language| Locale::from(language).into()),
            sign_in_slow_down: settings.sign_in_slow_down,
            high_debt: settings.high_debt.map(MoneyBody::from),
            in_force,
            changed_at: settings.changed_at,
        }
    }
}

/// What changes of the settings: what is absent stays as it is, null takes a decision back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SettingsChange)]
pub(crate) struct SettingsChangeBody {
    /// What people call the business.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, example = "RT Net Sejahtera")]
    pub(crate) name: Given<String>,
    /// Where it is found.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500, example = "Jl. Melati 5, Bandung")]
    pub(crate) address: Given<String>,
    /// Where customers may call, in any spelling.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 64, example = "022 555 0123")]
    pub(crate) phone: Given<String>,
    /// Address of electronic mail.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 254, example = "halo@rtnet.example")]
    pub(crate) email: Given<String>,
    /// The language of whoever asks for none.
    #[serde(default)]
    #[schema(value_type = Option<LocaleBody>, example = "id")]
    pub(crate) language: Given<LocaleBody>,
    /// Whether tries to sign in are slowed down after some failed.
    #[serde(default)]
    #[schema(value_type = Option<bool>, example = true)]
    pub(crate) sign_in_slow_down: Given<bool>,
    /// From which debt on an operator is told: zero or more, in the currency of the business.
    #[serde(default)]
    #[schema(value_type = Option<MoneyBody>)]
    pub(crate) high_debt: Given<MoneyBody>,
}

impl SettingsChangeBody {
    pub(crate) fn read(self, billing: &Reader) -> Result<SettingsChange, Error> {
        let mut wrongs = Wrongs::default();
        let phone = self.phone.read(|text| PhoneNumber::parse(&text, billing.region()));
        let phone = wrongs.good(phone)?;
        let high_debt = wrongs.good(self.high_debt.read(|money| money.read("high_debt")))?;
        let change = SettingsChange {
            name: self.name.read(Ok)?,
            address: self.address.read(Ok)?,
            phone: phone.unwrap_or_default(),
            email: self.email.read(Ok)?,
            language: self.language.read(|locale| Ok(Language::from(Locale::from(locale))))?,
            sign_in_slow_down: self.sign_in_slow_down.read(Ok)?,
            high_debt: high_debt.unwrap_or_default(),
        };
        if change != SettingsChange::default() {
            wrongs.good(change.clone().checked(billing.currency()))?;
        }
        wrongs.none()?;
        Ok(change)
    }
}

/// Shows the settings of the business.
#[utoipa::path(get, path = "/settings", tag = "settings",
    responses((status = 200, description = "The settings", body = SettingsBody), Problems))]
pub(crate) async fn show_settings(billing: Reads<SettingsView>) -> Shown<SettingsBody> {
    Ok(Tagged::from(billing.settings().await?))
}

/// Changes settings of the business. They hold at once, in every process on the database.
#[utoipa::path(patch, path = "/settings", tag = "settings", params(WriteHeaders, WriteQuery),
    request_body = SettingsChangeBody,
    responses((status = 200, description = "The settings as they are now", body = SettingsBody),
        Problems))]
pub(crate) async fn change_settings(
    billing: Writes<SettingsEdit>,
    Body(body): Body<SettingsChangeBody>,
) -> Shown<SettingsBody> {
    let change = body.read(&billing)?;
    Ok(Tagged::from(billing.change_settings(&billing.caller, change).await?))
}
