//! `mkbill login …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::LoginId;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::thing::Thing;
use mkbill_core::operation::wish::Wish;
use mkbill_core::provisioning::line::LineField;
use mkbill_core::provisioning::store::LoginSort;

use crate::api::customer_details::LineErrorBody;
use crate::api::login_files::{LoginExportQuery, LoginImportReportBody};
use crate::api::logins::{
    LoginBody, LoginKindBody, LoginsQuery, NumberingBody, NumberingChangeBody, NumberingsBody,
};
use crate::api::network::UsageQuery;
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{LaterArgs, PageArgs, SpanArgs, WriteArgs};
use super::network;
use super::operation;
use super::output::{Output, facts, listing, or_dash, table, written};

#[derive(Debug, Subcommand)]
pub(super) enum LoginCommand {
    /// List logins, newest first
    List(ListArgs),
    /// Show a login
    Show {
        /// Its id, or its name if only one router has it
        login: String,
    },
    /// Show what a login used, by business date
    Usage {
        /// Its id, or its name if only one router has it
        login: String,
        #[command(flatten)]
        days: SpanArgs,
    },
    /// Give a subscriber's login another password
    ResetPassword(PasswordArgs),
    /// Change who may use a subscriber's login and which addresses it gets
    Change(ChangeArgs),
    /// Disable it whatever the subscription is due; charges go on
    Disable(OneArgs),
    /// Let the subscription decide again
    Enable(OneArgs),
    /// Leave to a person what the router says of it
    Override(OneArgs),
    /// Put the books in charge of it again
    Release(OneArgs),
    /// Take it away; the subscription goes on without one
    Remove(OneArgs),
    /// Make the subscriptions of a CSV file with their logins; good lines are made, bad ones reported
    Import(ImportArgs),
    /// Subscribers' logins as CSV, which an import reads again
    Export(ExportArgs),
    /// How names are counted
    #[command(subcommand)]
    Numbering(NumberingCommand),
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file; its heading names the columns whatsapp, plan, router, login or prefix, password, adopt,
    /// and the fields of a line such as `caller_id` and `remote_address`
    file: PathBuf,
    #[command(flatten)]
    later: LaterArgs,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// On this router only: name or id
    #[arg(long)]
    router: Option<String>,
    /// In this menu only
    #[arg(long)]
    kind: Option<LoginKindBody>,
    /// With their passwords
    #[arg(long)]
    with_passwords: bool,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum NumberingCommand {
    /// List all numberings
    List,
    /// Add a numbering, or change the one of its prefix
    Set(NumberingArgs),
    /// Take a numbering away
    Remove {
        /// What the names begin with
        prefix: String,
        #[command(flatten)]
        write: WriteArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct NumberingArgs {
    /// What the names begin with
    prefix: String,
    /// Up to how many digits numbers are filled with zeros
    #[arg(long)]
    digits: Option<u32>,
    /// The number that counts as given last
    #[arg(long)]
    last: Option<i64>,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// On this router only: name or id
    #[arg(long)]
    router: Option<String>,
    /// In this menu only
    #[arg(long)]
    kind: Option<LoginKindBody>,
    /// Whose router is so far only: pending, applied or blocked
    #[arg(long)]
    sync: Option<String>,
    /// Those of vouchers too
    #[arg(long)]
    vouchers: bool,
    /// A part of the name, whatever its case
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    page: PageArgs<LoginSort>,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Its id, or its name if only one router has it
    login: String,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct PasswordArgs {
    #[command(flatten)]
    one: OneArgs,
    /// The new password; by chance if absent
    #[arg(long)]
    password: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    #[command(flatten)]
    one: OneArgs,
    /// A field and its new value, such as `remote_address=10.20.0.7`; nothing behind the `=` empties it
    #[arg(long, value_name = "FIELD=VALUE", required = true)]
    set: Vec<String>,
}

pub(super) async fn run(billing: &Billing, command: LoginCommand) -> Result<Output, Failure> {
    let (login, write) = match command {
        LoginCommand::List(arguments) => return list(billing, arguments).await,
        LoginCommand::Import(arguments) => return import(billing, arguments).await,
        LoginCommand::Export(arguments) => return export(billing, arguments).await,
        LoginCommand::Numbering(command) => return numbering(billing, command).await,
        LoginCommand::Show { login } => {
            let login = billing.login(find(billing, &login).await?).await?;
            let login = LoginBody::from(login);
            let text = text(&login);
            return Ok(Output::new(login, text));
        }
        LoginCommand::Usage { login, days } => {
            let query = UsageQuery { from: days.from, to: days.to };
            let login = find(billing, &login).await?;
            return Ok(network::usage(query.read(billing, login).await?));
        }
        LoginCommand::ResetPassword(PasswordArgs { one, password }) => {
            let (caller, id) = (one.write.caller()?, find(billing, &one.login).await?);
            let password = password.as_deref().map(str::parse).transpose()?;
            (billing.reset_login_password(&caller, id, password).await?, one.write)
        }
        LoginCommand::Change(ChangeArgs { one, set }) => {
            let (caller, id) = (one.write.caller()?, find(billing, &one.login).await?);
            let fields = set.iter().map(|text| field(text)).collect::<Result<_, _>>()?;
            (billing.change_login(&caller, id, fields).await?, one.write)
        }
        LoginCommand::Disable(one) => {
            let (caller, id) = (one.write.caller()?, find(billing, &one.login).await?);
            (billing.disable_login(&caller, id).await?, one.write)
        }
        LoginCommand::Enable(one) => {
            let (caller, id) = (one.write.caller()?, find(billing, &one.login).await?);
            (billing.enable_login(&caller, id).await?, one.write)
        }
        LoginCommand::Override(one) => {
            let (caller, id) = (one.write.caller()?, find(billing, &one.login).await?);
            (billing.override_login(&caller, id, true).await?, one.write)
        }
        LoginCommand::Release(one) => {
            let (caller, id) = (one.write.caller()?, find(billing, &one.login).await?);
            (billing.override_login(&caller, id, false).await?, one.write)
        }
        LoginCommand::Remove(one) => {
            let (caller, id) = (one.write.caller()?, find(billing, &one.login).await?);
            (billing.remove_login(&caller, id).await?, one.write)
        }
    };
    Ok(shown(login.into(), &write))
}

/// The id of a login that is named by its id, or by a name that only one router has.
async fn find(billing: &Billing, key: &str) -> Result<LoginId, Error> {
    if let Ok(id) = key.parse() {
        return Ok(id);
    }
    let query = LoginsQuery { name: Some(key.to_owned()), ..LoginsQuery::default() };
    let page = billing.logins(&query.filter(billing).await?, PageRequest::new(None, 2)?).await?;
    match page.items.as_slice() {
        [] => Err(Error::not_found(Thing::Login, key)),
        [login] => Ok(login.id),
        _ => Err(Error::invalid(
            "login",
            said!(
                "several logins have this name: give the id",
                "beberapa login memakai nama ini: berikan id-nya"
            ),
        )),
    }
}

fn field(text: &str) -> Result<(LineField, Option<String>), Error> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| Error::invalid("set", said!("write FIELD=VALUE", "tulis FIELD=VALUE")))?;
    Ok((name.parse()?, (!value.is_empty()).then(|| value.to_owned())))
}

async fn list(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let query = LoginsQuery {
        router: arguments.router,
        kind: arguments.kind,
        sync: arguments.sync,
        vouchers: arguments.vouchers,
        search: arguments.search,
        ..LoginsQuery::default()
    };
    let page = billing.logins(&query.filter(billing).await?, arguments.page.read()?).await?;
    let page = PageBody::of(page, LoginBody::from);
    let heads = ["id", "name", "profile", "address", "ought to be", "router", "trouble"];
    Ok(listing(&page, heads, |login| {
        [
            login.id.to_string(),
            login.name.clone(),
            login.router_profile.clone(),
            or_dash(login.line.remote_address.as_ref()),
            login.presence.to_owned(),
            login.sync.to_owned(),
            or_dash(login.last_error.as_ref()),
        ]
    }))
}

async fn import(billing: &Billing, arguments: ImportArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let path = &arguments.file;
    let csv = std::fs::read(path).map_err(Failure::file("reading", path))?;
    if arguments.later.is_wished() {
        return operation::left(billing, &caller, Wish::ImportLogins(csv)).await;
    }
    let report = billing.import_logins(&caller, &csv).await?.value;
    let report = LoginImportReportBody::from(report);
    let done = format!("{} of {} logins imported", report.imported, report.total);
    let mut lines = vec![arguments.write.verdict(&done)];
    let line =
        |error: &LineErrorBody| format!("line {}: {}: {}", error.line, error.field, error.problem);
    lines.extend(report.existing.iter().chain(&report.errors).map(line));
    let well = report.failed == 0;
    Ok(Output::new(report, lines.join("\n")).if_well(well))
}

async fn export(billing: &Billing, arguments: ExportArgs) -> Result<Output, Failure> {
    let ExportArgs { router, kind, with_passwords, output } = arguments;
    let query = LoginExportQuery { router, kind, include_passwords: with_passwords };
    let csv = query.csv(billing).await?;
    if let Some(path) = &output {
        return written(path, &csv);
    }
    let text = String::from_utf8(csv).map_err(|_| Error::broken("logins as CSV are not UTF-8"))?;
    Ok(Output::verbatim(text))
}

/// A login after a change.
pub(super) fn shown(login: LoginBody, write: &WriteArgs) -> Output {
    let text = write.verdict(&text(&login));
    Output::new(login, text)
}

fn text(login: &LoginBody) -> String {
    let mut lines = vec![
        ("name", login.name.clone()),
        ("id", login.id.to_string()),
        ("password", login.password.clone()),
        ("profile", login.router_profile.clone()),
        ("on the router", format!("{}, {}", login.presence, login.sync)),
    ];
    let said = [
        ("device", login.line.caller_id.as_ref()),
        ("address", login.line.remote_address.as_ref()),
        ("TROUBLE", login.last_error.as_ref()),
    ];
    lines.extend(said.into_iter().filter_map(|(name, value)| Some((name, value?.clone()))));
    if login.disabled_by_hand {
        lines.push(("disabled", "by hand".to_owned()));
    }
    if login.overridden {
        lines.push(("in charge", "a person".to_owned()));
    }
    facts(&lines)
}

async fn numbering(billing: &Billing, command: NumberingCommand) -> Result<Output, Failure> {
    match command {
        NumberingCommand::List => {
            let items = billing.numberings().await?.into_iter().map(NumberingBody::from).collect();
            let all = NumberingsBody { items };
            let row = |rule: &NumberingBody| {
                [rule.prefix.clone(), rule.digits.to_string(), rule.last.to_string()]
            };
            let text = table(["prefix", "digits", "last"], all.items.iter().map(row));
            Ok(Output::new(all, text))
        }
        NumberingCommand::Set(arguments) => {
            let caller = arguments.write.caller()?;
            let change = NumberingChangeBody { digits: arguments.digits, last: arguments.last };
            let rule = billing.set_numbering(&caller, change.read(&arguments.prefix)?).await?;
            let rule = NumberingBody::from(rule);
            let done = format!("{} is counted on from {}", rule.prefix, rule.last);
            Ok(Output::new(rule, arguments.write.verdict(&done)))
        }
        NumberingCommand::Remove { prefix, write } => {
            billing.remove_numbering(&write.caller()?, &prefix.parse()?).await?;
            Ok(Output::verbatim(write.verdict(&format!("{prefix} is counted no more"))))
        }
    }
}
