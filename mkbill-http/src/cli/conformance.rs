//! `mkbill router conformance`

use clap::Args;
use mkbill_routeros::client::{ClientConfig, Credentials, Endpoint, Security};
use mkbill_routeros::conformance::{self, Leftovers, Plan, Writes};
use mkbill_routeros::proto::LoginMode;
use mkbill_routeros::value::Version;

use crate::failure::Failure;
use crate::server::until_told;

use super::output::Output;
use super::router::ConnectionArgs;

/// Differences are no failure of the program, which is 1.
const STATUS_DIFFERENT: u8 = 3;

#[derive(Debug, Args)]
#[command(after_help = "Ends with status 0 when no difference was found, 3 when there are \
                        differences, 1 when the comparison could not be made, 2 when \
                        the command line is not understood.\n\
                        The report holds no value of what is on the router and can be sent to \
                        the makers of mkbill.")]
pub(super) struct ConformanceArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Sign in as routers before 6.43 want it: the password does not cross the network
    #[arg(long)]
    challenge_login: bool,
    /// Also add objects named mkbill-test-..., all out of force, and remove them again
    #[arg(long)]
    writes: bool,
    /// Remove such objects of an earlier run first
    #[arg(long, requires = "writes")]
    cleanup: bool,
    /// Compare with this release instead of the router's own
    #[arg(long, value_name = "VERSION", value_parser = version)]
    against: Option<Version>,
}

pub(super) async fn run(arguments: &ConformanceArgs) -> Result<Output, Failure> {
    let config = config(arguments)?;
    let plan = Plan {
        writes: if arguments.writes { Writes::TestObjects } else { Writes::Never },
        leftovers: if arguments.cleanup { Leftovers::Remove } else { Leftovers::Refuse },
        against: arguments.against,
    };
    let stop = until_told()?.cancelled_owned();
    let compared = Box::pin(conformance::run(&config, &plan, stop)).await;
    let report = compared.map_err(|error| Failure::Conformance(Box::new(error)))?;
    let status = if report.is_same() { 0 } else { STATUS_DIFFERENT };
    let text = report.to_string();
    Ok(Output::new(report, text).ending_with(status))
}

fn config(arguments: &ConformanceArgs) -> Result<ClientConfig, Failure> {
    let connection = &arguments.connection;
    let wanted = connection.security()?;
    let address = connection.address(&wanted)?;
    let security = Security::try_from(&wanted)?;
    let endpoint = Endpoint { host: address.host, port: address.port, security };
    let credentials = Credentials::new(connection.username(), connection.password()?);
    let login_mode =
        if arguments.challenge_login { LoginMode::LegacyMd5 } else { LoginMode::Modern };
    Ok(ClientConfig { login_mode, ..ClientConfig::new(endpoint, credentials) })
}

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).map_err(|_| "give a release such as 6.49.10 or 7.9".to_owned())
}
