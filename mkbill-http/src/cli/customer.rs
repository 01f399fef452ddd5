//! `mkbill customer …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mkbill_core::billing::Billing;
use mkbill_core::customer::store::CustomerSort;
use mkbill_core::customer::tag::{Tag, TagEdit};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::money::Money;
use mkbill_core::operation::wish::Wish;

use crate::api::customer_details::{
    CustomerFileBody, CustomerStatisticsBody, DuplicateBody, DuplicatesBody, ImportReportBody,
};
use crate::api::customers::{
    CustomerBody, CustomerChangeBody, CustomerQuery, CustomerStatusBody, LocaleBody,
    NewCustomerBody, TagBody,
};
use crate::api::values::{Given, MoneyBody, PageBody};
use crate::failure::Failure;

use super::args::{LaterArgs, PageArgs, WriteArgs};
use super::operation;
use super::output::{Output, facts, listing, money, or_dash, table};

#[derive(Debug, Subcommand)]
pub(super) enum CustomerCommand {
    /// Add a customer
    Add(AddArgs),
    /// List customers
    List(ListArgs),
    /// Show a customer with balances and tags
    Show {
        /// Number in any spelling, or id
        customer: String,
    },
    /// Change what is known of a customer; an empty text takes a value away
    Change(ChangeArgs),
    /// Delete a customer; books, invoices and payments stay
    Delete(OneArgs),
    /// Take everything personal of a customer away, for good
    Anonymise(OneArgs),
    /// Put tags on a customer
    Tag(TagArgs),
    /// Take a tag off a customer
    Untag(UntagArgs),
    /// Add the customers of a CSV file; good lines are added, bad ones reported
    Import(ImportArgs),
    /// All customers as CSV, or everything that is kept of one as JSON
    Export {
        /// Number in any spelling, or id; all customers if absent
        customer: Option<String>,
    },
    /// How customers stand as a whole
    Statistics,
    /// List customers that may be one and the same
    Duplicates,
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// What people call them
    name: String,
    /// Where they get messages, in any spelling
    phone: String,
    /// Address of electronic mail
    #[arg(long)]
    email: Option<String>,
    /// Where they live
    #[arg(long, value_name = "TEXT")]
    address: Option<String>,
    /// What people at the counter ought to know
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,
    /// Zone of their days, such as Asia/Makassar
    #[arg(long)]
    zone: Option<String>,
    /// The language they are written to in
    #[arg(long, value_enum)]
    locale: Option<LocaleBody>,
    /// From which debt on you are told, in minor units
    #[arg(long, value_name = "AMOUNT")]
    credit_limit: Option<i64>,
    /// What they bring along, in minor units: below zero is debt
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    initial_balance: Option<i64>,
    /// A word on them; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// A part of the name, the number or the e-mail
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// With this status only
    #[arg(long, value_enum)]
    status: Option<CustomerStatusBody>,
    /// With at least one of these tags, separated by commas
    #[arg(long, value_name = "TAGS")]
    tags: Option<String>,
    /// With at least this balance, in minor units
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    balance_min: Option<i64>,
    /// With at most this balance: -1 for all who owe something
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    balance_max: Option<i64>,
    /// Added after this instant
    #[arg(long, value_name = "INSTANT")]
    created_after: Option<Timestamp>,
    /// Added before this instant
    #[arg(long, value_name = "INSTANT")]
    created_before: Option<Timestamp>,
    #[command(flatten)]
    page: PageArgs<CustomerSort>,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Number in any spelling, or id
    customer: String,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// Number in any spelling, or id
    customer: String,
    /// What people call them
    #[arg(long)]
    name: Option<String>,
    /// Where they get messages, in any spelling
    #[arg(long)]
    phone: Option<String>,
    /// Address of electronic mail
    #[arg(long)]
    email: Option<String>,
    /// Where they live
    #[arg(long, value_name = "TEXT")]
    address: Option<String>,
    /// What people at the counter ought to know
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,
    /// Zone of their days, such as Asia/Makassar
    #[arg(long)]
    zone: Option<String>,
    /// The language they are written to in
    #[arg(long, value_enum)]
    locale: Option<LocaleBody>,
    /// Whether they are served
    #[arg(long, value_enum)]
    status: Option<CustomerStatusBody>,
    /// From which debt on you are told, in minor units
    #[arg(long, value_name = "AMOUNT", conflicts_with = "no_credit_limit")]
    credit_limit: Option<i64>,
    /// Be told from the debt on that holds for all
    #[arg(long)]
    no_credit_limit: bool,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct TagArgs {
    /// Number in any spelling, or id
    customer: String,
    /// The words
    #[arg(required = true)]
    tags: Vec<String>,
    /// Their colour, such as #007bff
    #[arg(long)]
    colour: Option<String>,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct UntagArgs {
    /// Number in any spelling, or id
    customer: String,
    /// The word
    tag: String,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file; its heading names the columns name, whatsapp, email, phone, address,
    /// `initial_balance`, tags, notes
    file: PathBuf,
    #[command(flatten)]
    later: LaterArgs,
    #[command(flatten)]
    write: WriteArgs,
}

pub(super) async fn run(billing: &Billing, command: CustomerCommand) -> Result<Output, Failure> {
    match command {
        CustomerCommand::Add(arguments) => add(billing, arguments).await,
        CustomerCommand::List(arguments) => list(billing, arguments).await,
        CustomerCommand::Show { customer } => {
            Ok(shown(CustomerBody::of(billing.customer(&customer).await?)?))
        }
        CustomerCommand::Change(arguments) => change(billing, arguments).await,
        CustomerCommand::Delete(one) => {
            let view = billing.delete_customer(&one.write.caller()?, &one.customer).await?;
            Ok(shown(CustomerBody::of(view)?))
        }
        CustomerCommand::Anonymise(one) => {
            let view = billing.anonymise_customer(&one.write.caller()?, &one.customer).await?;
            Ok(shown(CustomerBody::of(view)?))
        }
        CustomerCommand::Tag(arguments) => tag(billing, arguments).await,
        CustomerCommand::Untag(arguments) => {
            let (caller, edit) = (arguments.write.caller()?, TagEdit::Remove(arguments.tag));
            let view = billing.tag_customer(&caller, &arguments.customer, edit).await?;
            Ok(shown(CustomerBody::of(view)?))
        }
        CustomerCommand::Import(arguments) => import(billing, arguments).await,
        CustomerCommand::Export { customer } => export(billing, customer.as_deref()).await,
        CustomerCommand::Statistics => Ok(statistics(billing.customer_statistics().await?.into())),
        CustomerCommand::Duplicates => {
            let found = billing.customer_duplicates().await?;
            Ok(duplicates(found.into_iter().map(DuplicateBody::from).collect()))
        }
    }
}

fn amount(billing: &Billing, minor: i64) -> MoneyBody {
    Money::new(minor, billing.currency()).into()
}

async fn add(billing: &Billing, arguments: AddArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let tag = |name| TagBody { name, colour: None };
    let body = NewCustomerBody {
        name: arguments.name,
        phone: arguments.phone,
        email: arguments.email,
        address: arguments.address,
        notes: arguments.notes,
        zone: arguments.zone,
        locale: arguments.locale,
        credit_limit: arguments.credit_limit.map(|minor| amount(billing, minor)),
        initial_balance: arguments.initial_balance.map(|minor| amount(billing, minor)),
        tags: arguments.tags.into_iter().map(tag).collect(),
        contacts: Vec::new(),
    };
    let added = billing.add_customer(&caller, body.read(billing)?).await?;
    let customer = CustomerBody::of(added.value)?;
    let done = format!("added customer {} ({})", customer.name, customer.phone);
    let text = arguments.write.verdict(&done);
    Ok(Output::new(customer, text))
}

async fn list(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let query = CustomerQuery {
        search: arguments.search,
        status: arguments.status,
        tags: arguments.tags,
        balance_min: arguments.balance_min,
        balance_max: arguments.balance_max,
        created_after: arguments.created_after,
        created_before: arguments.created_before,
        ..CustomerQuery::default()
    };
    let page = billing.customers(&query.filter(billing), arguments.page.read()?).await?;
    let page = PageBody::try_of(page, CustomerBody::of)?;
    Ok(listing(&page, ["name", "phone", "status", "balance", "tags"], |customer| {
        [
            customer.name.clone(),
            customer.phone.clone(),
            status(customer.status).to_owned(),
            balances(customer),
            tags(customer),
        ]
    }))
}

async fn change(billing: &Billing, arguments: ChangeArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let given = |text: Option<String>| match text {
        None => Given::Absent,
        Some(text) if text.trim().is_empty() => Given::Null,
        Some(text) => Given::Value(text),
    };
    let credit_limit = match (arguments.credit_limit, arguments.no_credit_limit) {
        (Some(minor), _) => Given::Value(amount(billing, minor)),
        (None, true) => Given::Null,
        (None, false) => Given::Absent,
    };
    let body = CustomerChangeBody {
        name: arguments.name,
        phone: arguments.phone,
        email: given(arguments.email),
        address: given(arguments.address),
        notes: given(arguments.notes),
        zone: given(arguments.zone),
        locale: arguments.locale,
        status: arguments.status,
        credit_limit,
    };
    let change = body.read(billing)?;
    let view = billing.change_customer(&caller, &arguments.customer, change).await?;
    Ok(shown(CustomerBody::of(view)?))
}

async fn tag(billing: &Billing, arguments: TagArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let colour = arguments.colour.as_deref();
    let tags = arguments.tags.iter().map(|name| Tag::new(name, colour));
    let edit = TagEdit::Add(tags.collect::<Result<_, Error>>()?);
    let view = billing.tag_customer(&caller, &arguments.customer, edit).await?;
    Ok(shown(CustomerBody::of(view)?))
}

async fn import(billing: &Billing, arguments: ImportArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let csv = std::fs::read(&arguments.file);
    let csv = csv.map_err(|error| Failure::Io("reading the file of customers", error))?;
    if arguments.later.is_wished() {
        return operation::left(billing, &caller, Wish::ImportCustomers(csv)).await;
    }
    let report = billing.import_customers(&caller, &csv).await?.value;
    let done = format!("{} of {} customers imported", report.imported, report.total);
    let mut text = arguments.write.verdict(&done);
    let report = ImportReportBody::from(report);
    for error in &report.errors {
        text = format!("{text}\nline {}: {}: {}", error.line, error.field, error.problem);
    }
    let well = report.failed == 0;
    Ok(Output::new(report, text).if_well(well))
}

async fn export(billing: &Billing, customer: Option<&str>) -> Result<Output, Failure> {
    if let Some(customer) = customer {
        let file = CustomerFileBody::of(billing.customer_file(customer).await?)?;
        let text = serde_json::to_string_pretty(&file);
        let text = text.expect("our own types have text keys, which is all JSON asks for");
        return Ok(Output::new(file, text));
    }
    let csv = billing.export_customers().await?;
    let text =
        String::from_utf8(csv).map_err(|_| Error::broken("customers as CSV are not UTF-8"))?;
    Ok(Output::verbatim(text))
}

fn statistics(figures: CustomerStatisticsBody) -> Output {
    let new = &figures.new;
    let text = facts(&[
        ("customers", figures.total.to_string()),
        ("active", figures.active.to_string()),
        ("inactive", figures.inactive.to_string()),
        ("blacklisted", figures.blacklisted.to_string()),
        (
            "new in 7, 30, 90, 365 days",
            format!("{}, {}, {}, {}", new.week, new.month, new.quarter, new.year),
        ),
        ("debtors", figures.debtors.to_string()),
        ("debt", money(&figures.total_debt)),
        ("credit", money(&figures.total_credit)),
    ]);
    Output::new(figures, text)
}

fn duplicates(items: Vec<DuplicateBody>) -> Output {
    let rows = items.iter().map(|found| {
        let ids: Vec<String> = found.customer_ids.iter().map(ToString::to_string).collect();
        [found.kind.clone(), found.value.clone(), ids.join("\n")]
    });
    let text = table(["what", "value", "customers"], rows);
    Output::new(DuplicatesBody { items }, text)
}

const fn status(status: CustomerStatusBody) -> &'static str {
    match status {
        CustomerStatusBody::Active => "active",
        CustomerStatusBody::Inactive => "inactive",
        CustomerStatusBody::Blacklisted => "blacklisted",
    }
}

fn balances(customer: &CustomerBody) -> String {
    let balances = customer.balances.iter().map(|balance| money(&balance.balance));
    balances.collect::<Vec<_>>().join(", ")
}

fn tags(customer: &CustomerBody) -> String {
    let names: Vec<&str> = customer.tags.iter().map(|tag| tag.name.as_str()).collect();
    names.join(", ")
}

fn shown(customer: CustomerBody) -> Output {
    let text = facts(&[
        ("id", customer.id.to_string()),
        ("name", customer.name.clone()),
        ("phone", customer.phone.clone()),
        ("email", or_dash(customer.email.as_ref())),
        ("address", or_dash(customer.address.as_ref())),
        ("notes", or_dash(customer.notes.as_ref())),
        ("status", status(customer.status).to_owned()),
        ("balance", or_dash(Some(balances(&customer)).filter(|text| !text.is_empty()))),
        ("credit limit", or_dash(customer.credit_limit.as_ref().map(money))),
        ("tags", or_dash(Some(tags(&customer)).filter(|text| !text.is_empty()))),
        ("added", customer.created_at.to_string()),
        ("deleted", or_dash(customer.deleted_at)),
        ("anonymous since", or_dash(customer.anonymised_at)),
    ]);
    Output::new(customer, text)
}
