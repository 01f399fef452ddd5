//! The `mkbill` program: reads its arguments, asks the engine, prints the answer.

mod alert;
mod apikey;
mod args;
mod audit;
mod batch;
mod bill;
mod books;
mod clock;
mod conformance;
mod credit;
mod customer;
mod engine;
mod event;
mod explain;
mod figures;
mod invoice;
mod login;
mod money_report;
mod monitoring;
mod network;
mod notice;
mod operation;
pub(crate) mod output;
mod payment;
mod plan;
mod profile;
mod progress;
mod quantity;
mod report;
mod router;
mod settings;
mod staff;
mod subscription;
mod tax;
mod vendor;
mod voucher;
mod webhook;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mkbill_core::billing::Billing;
use tokio::runtime::{Builder, Runtime};

use crate::config::Settings;
use crate::demo::{self, DemoArgs};
use crate::failure::Failure;
use crate::wiring::Engine;
use crate::{openapi_json, telemetry};

use output::{Output, Style};
use router::RouterCommand;

/// Threads of the runtime; routers and database are waited for, not computed.
const THREADS: usize = 2;
const JSON_FLAG: &str = "--json";

/// Billing for MikroTik hotspot providers: vouchers from the till to the router and into the books.
#[derive(Debug, Parser)]
#[command(name = "mkbill", version, propagate_version = true)]
struct Cli {
    /// Configuration file; mkbill.toml in the working directory is read by itself
    #[arg(long, global = true, env = "MKBILL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Play the whole story on a simulated router, then stay up to be explored
    Demo(DemoArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Serve the REST interface and work in the background
    Serve(engine::ServeArgs),
    /// Work in the background only
    Worker(engine::WorkArgs),
    /// Bring the database schema up to date
    Migrate,
    /// Look for trouble in the books, the queue and the routers
    Doctor,
    /// Routers
    #[command(subcommand)]
    Router(RouterCommand),
    #[command(flatten)]
    Question(Command),
}

/// What is asked of an engine on a current schema.
#[derive(Debug, Subcommand)]
enum Command {
    /// Plans: what is sold
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// Tax rules
    #[command(subcommand)]
    Tax(tax::TaxCommand),
    /// Vendors: who sells
    #[command(subcommand)]
    Vendor(vendor::VendorCommand),
    /// Customers: who pays
    #[command(subcommand)]
    Customer(Box<customer::CustomerCommand>),
    /// Vouchers
    #[command(subcommand)]
    Voucher(Box<voucher::VoucherCommand>),
    /// Batches of vouchers
    #[command(subcommand)]
    Batch(batch::BatchCommand),
    /// Subscriptions: plans that customers keep
    #[command(subcommand)]
    Subscription(Box<subscription::SubscriptionCommand>),
    /// Logins: what subscribers sign in with
    #[command(subcommand)]
    Login(Box<login::LoginCommand>),
    /// Sessions: who is online
    #[command(subcommand)]
    Session(network::SessionCommand),
    /// Invoices: what customers owe
    #[command(subcommand)]
    Invoice(Box<invoice::InvoiceCommand>),
    /// Payments: money that came in
    #[command(subcommand)]
    Payment(Box<payment::PaymentCommand>),
    /// Credit: what customers have paid and not spent
    #[command(subcommand)]
    Credit(Box<credit::CreditCommand>),
    /// Do once what is due by the calendar; a worker or `mkbill serve` does it by itself
    Bill,
    /// The first super admin
    #[command(subcommand)]
    Admin(staff::AdminCommand),
    /// Staff: people who operate the system
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// Settings: what the business decides for itself
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// Keys for programs that use the REST interface
    #[command(subcommand)]
    Apikey(apikey::ApikeyCommand),
    /// What is told to customers and operators
    #[command(subcommand)]
    Notice(notice::NoticeCommand),
    /// Reports
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// The books: their entries, and closed days
    #[command(subcommand)]
    Books(books::BooksCommand),
    /// What is wrong, who is told, and by which rules
    #[command(subcommand)]
    Alert(alert::AlertCommand),
    /// What happens, in one order
    #[command(subcommand)]
    Event(event::EventCommand),
    /// Webhooks: programs elsewhere that are told of events
    #[command(subcommand)]
    Webhook(Box<webhook::WebhookCommand>),
    /// Operations: work whose client did not wait
    #[command(subcommand)]
    Operation(operation::OperationCommand),
    /// Who did what, and proof that nobody changed it since
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// What time it is, and a test clock that is moved
    #[command(subcommand)]
    Clock(clock::ClockCommand),
    /// Why something is as it is
    #[command(subcommand)]
    Explain(explain::ExplainCommand),
}

/// Runs the program with the arguments of this process.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let wants_json = arguments.iter().any(|argument| argument == JSON_FLAG);
    let style = if wants_json { Style::Json } else { Style::Text };
    match Cli::try_parse_from(arguments) {
        Ok(cli) => perform(cli, style),
        Err(error) if wants_json && error.use_stderr() => output::usage(&error),
        Err(error) => error.exit(),
    }
}

fn perform(cli: Cli, style: Style) -> ExitCode {
    let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
    let done = runtime
        .map_err(|error| Failure::Io("starting the runtime", error))
        .and_then(|runtime: Runtime| runtime.block_on(dispatch(cli, style)));
    match done {
        Ok(output) => output.print(style),
        Err(failure) => output::failure(&failure, style),
    }
}

async fn dispatch(cli: Cli, style: Style) -> Result<Output, Failure> {
    let prepared = || prepare(cli.config.as_deref());
    match cli.task {
        Task::Openapi => Ok(Output::verbatim(openapi_json())),
        Task::Demo(arguments) => demo::run(&arguments, style == Style::Json).await,
        Task::Migrate => engine::migrate(&prepared()?).await,
        Task::Doctor => engine::doctor(&prepared()?).await,
        Task::Serve(arguments) => engine::serve(&prepared()?, &arguments, style).await,
        Task::Worker(arguments) => engine::work(&prepared()?, &arguments, style).await,
        Task::Router(RouterCommand::Conformance(arguments)) => conformance::run(&arguments).await,
        Task::Router(RouterCommand::Kit(arguments)) => router::kit(&arguments),
        Task::Router(RouterCommand::Kept(command)) => {
            ask(&prepared()?, async |billing| router::run(billing, command).await).await
        }
        Task::Question(command) => {
            ask(&prepared()?, async |billing| answer(billing, command, style).await).await
        }
    }
}

/// Puts a question to an engine on a current schema.
async fn ask(
    settings: &Settings,
    question: impl AsyncFnOnce(&Billing) -> Result<Output, Failure>,
) -> Result<Output, Failure> {
    let engine = Engine::current(settings).await?;
    let answer = question(&engine.billing).await;
    engine.close().await;
    answer
}

async fn answer(billing: &Billing, command: Command, style: Style) -> Result<Output, Failure> {
    match command {
        Command::Plan(command) => plan::run(billing, command).await,
        Command::Tax(command) => tax::run(billing, command).await,
        Command::Vendor(command) => vendor::run(billing, command).await,
        Command::Customer(command) => customer::run(billing, *command).await,
        Command::Voucher(command) => voucher::run(billing, *command).await,
        Command::Batch(command) => batch::run(billing, command).await,
        Command::Subscription(command) => subscription::run(billing, *command).await,
        Command::Login(command) => login::run(billing, *command).await,
        Command::Session(command) => network::sessions(billing, command).await,
        Command::Invoice(command) => invoice::run(billing, *command).await,
        Command::Payment(command) => payment::run(billing, *command).await,
        Command::Credit(command) => credit::run(billing, *command).await,
        Command::Bill => bill::run(billing).await,
        Command::Admin(command) => staff::admin(billing, command).await,
        Command::Staff(command) => staff::run(billing, command).await,
        Command::Settings(command) => settings::run(billing, command).await,
        Command::Apikey(command) => apikey::run(billing, command).await,
        Command::Notice(command) => notice::run(billing, command).await,
        Command::Report(command) => report::run(billing, command).await,
        Command::Books(command) => books::run(billing, command).await,
        Command::Alert(command) => alert::run(billing, command).await,
        Command::Event(command) => event::run(billing, command, style).await,
        Command::Webhook(command) => webhook::run(billing, *command).await,
        Command::Operation(command) => operation::run(billing, command, style).await,
        Command::Audit(command) => audit::run(billing, command).await,
        Command::Clock(command) => clock::run(billing, command).await,
        Command::Explain(command) => explain::run(billing, command).await,
    }
}

/// Reads the settings and begins to write log lines.
fn prepare(file: Option<&Path>) -> Result<Settings, Failure> {
    let texts = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let settings = Settings::load(file, std::env::vars_os().filter_map(texts))?;
    telemetry::start(&settings)?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_contradict_nothing() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_router_password_is_never_an_argument() {
        let words = ["mkbill", "router", "add", "x", "--password", "hunter2"];
        assert!(Cli::try_parse_from(words).is_err());
    }
}
