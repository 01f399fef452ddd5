//! `mkbill settings …`

use clap::{Args, Subcommand, ValueEnum};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::money::Money;

use crate::api::customers::LocaleBody;
use crate::api::settings::{SettingsBody, SettingsChangeBody};
use crate::api::values::Given;
use crate::failure::Failure;

use super::args::WriteArgs;
use super::output::{Output, facts, money, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum SettingsCommand {
    /// Show what the business has decided, and what holds
    Show,
    /// Decide something, or take a decision back
    Set(Box<SetArgs>),
}

/// A switch as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// What can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Decision {
    Name,
    Address,
    Phone,
    Email,
    Language,
    SignInSlowDown,
    HighDebt,
}

#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// What people call the business
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Where it is found
    #[arg(long, value_name = "TEXT")]
    address: Option<String>,
    /// Where customers may call, in any spelling
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// Address of electronic mail
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The language of whoever asks for none, and of new customers
    #[arg(long, value_enum)]
    language: Option<LocaleBody>,
    /// Whether tries to sign in are slowed down after some failed
    #[arg(long, value_enum)]
    sign_in_slow_down: Option<Switch>,
    /// From which debt on you are told, in minor units
    #[arg(long, value_name = "AMOUNT")]
    high_debt: Option<i64>,
    /// Take this decision back: it is again as the server was started. May be given several times
    #[arg(long, value_enum, value_name = "SETTING")]
    unset: Vec<Decision>,
    #[command(flatten)]
    write: WriteArgs,
}

impl SetArgs {
    /// What becomes of one of them.
    fn given<T>(&self, decision: Decision, value: Option<T>) -> Result<Given<T>, Error> {
        match (value, self.unset.contains(&decision)) {
            (None, false) => Ok(Given::Absent),
            (None, true) => Ok(Given::Null),
            (Some(value), false) => Ok(Given::Value(value)),
            (Some(_), true) => Err(Error::invalid(
                "unset",
                said!(
                    "one setting cannot be decided and taken back at once",
                    "satu pengaturan tidak bisa sekaligus ditetapkan dan dibatalkan"
                ),
            )),
        }
    }

    fn body(&self, billing: &Billing) -> Result<SettingsChangeBody, Error> {
        let limit = |minor| Money::new(minor, billing.currency()).into();
        let slow_down = self.sign_in_slow_down.map(|switch| switch == Switch::On);
        Ok(SettingsChangeBody {
            name: self.given(Decision::Name, self.name.clone())?,
            address: self.given(Decision::Address, self.address.clone())?,
            phone: self.given(Decision::Phone, self.phone.clone())?,
            email: self.given(Decision::Email, self.email.clone())?,
            language: self.given(Decision::Language, self.language)?,
            sign_in_slow_down: self.given(Decision::SignInSlowDown, slow_down)?,
            high_debt: self.given(Decision::HighDebt, self.high_debt.map(limit))?,
        })
    }
}

pub(super) async fn run(billing: &Billing, command: SettingsCommand) -> Result<Output, Failure> {
    match command {
        SettingsCommand::Show => Ok(shown(billing.settings().await?.into(), None)),
        SettingsCommand::Set(arguments) => set(billing, &arguments).await,
    }
}

async fn set(billing: &Billing, arguments: &SetArgs) -> Result<Output, Failure> {
    let change = arguments.body(billing)?.read(billing)?;
    let changed = billing.change_settings(&arguments.write.caller()?, change).await?;
    let done = arguments.write.verdict("the settings are");
    Ok(shown(changed.into(), Some(&done)))
}

fn shown(settings: SettingsBody, done: Option<&str>) -> Output {
    let switch = if settings.in_force.sign_in_slow_down { "on" } else { "off" };
    let language = settings.language.map(|language| match language {
        LocaleBody::Id => "id",
        LocaleBody::En => "en",
    });
    let business = &settings.business;
    let lines = facts(&[
        ("name", or_dash(business.name.as_ref())),
        ("address", or_dash(business.address.as_ref())),
        ("phone", or_dash(business.phone.as_ref())),
        ("email", or_dash(business.email.as_ref())),
        ("language", or_dash(language)),
        ("sign-in slow-down", held(switch.to_owned(), settings.sign_in_slow_down.is_some())),
        ("high debt", held(money(&settings.in_force.high_debt), settings.high_debt.is_some())),
    ]);
    let text = done.map_or_else(|| lines.clone(), |done| format!("{done}\n{lines}"));
    Output::new(settings, text)
}

/// What holds, and whether somebody decided it.
fn held(value: String, is_decided: bool) -> String {
    if is_decided { value } else { format!("{value} (as started)") }
}
