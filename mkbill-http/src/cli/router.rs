//! `mkbill router …`

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::{Said, said};
use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::subscriber::LoginPassword;
use mkbill_core::router::store::OutageSort;
use mkbill_core::router::{LinkSecurity, RouterAddress};
use mkbill_routeros::kit::{Kit, KitError};

use crate::api::logins::LoginKindBody;
use crate::api::monitoring::{InterfaceUsageBody, VitalsQuery};
use crate::api::network::{DriftBody, OutageBody, UsageQuery, VitalsBody};
use crate::api::profiles::ProfilesQuery;
use crate::api::routers::{
    NewRouterBody, RouterBody, RouterChangeBody, RouterFactsBody, RoutersBody, SecurityBody,
    StrangerBody, StrangersBody, security,
};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{PageArgs, SpanArgs, WriteArgs};
use super::output::{Output, facts, or_dash, table};
use super::{conformance, monitoring, network, profile};

const PASSWORD_VARIABLE: &str = "MKBILL_ROUTER_PASSWORD";

#[derive(Debug, Subcommand)]
pub(super) enum RouterCommand {
    /// Compare a router with the simulator of its release; needs no database
    Conformance(Box<conformance::ConformanceArgs>),
    /// Print the commands that prepare a router for the engine; needs no database
    Kit(KitArgs),
    #[command(flatten)]
    Kept(KeptCommand),
}

#[derive(Debug, Args)]
pub(super) struct KitArgs {
    /// The account to be made
    #[arg(long, default_value = "mkbill")]
    user: String,
    /// The address that the router sees the engine with; nobody else is let in
    #[arg(long, value_name = "ADDRESS")]
    engine: Option<String>,
}

/// Prints the kit, with a password by chance that is shown once.
pub(super) fn kit(arguments: &KitArgs) -> Result<Output, Failure> {
    let password = LoginPassword::random(&OsEntropy);
    let bad = |error: KitError| {
        Error::invalid(
            "kit",
            Said::new(error.to_string(), format!("kit tidak bisa dibuat: {error}")),
        )
    };
    let kit = Kit::new(&arguments.user, password.as_str()).map_err(bad)?;
    let kit = match &arguments.engine {
        Some(address) => kit.reached_from(address).map_err(bad)?,
        None => kit,
    };
    let (commands, user) = (kit.commands(), &arguments.user);
    let text = format!(
        "# Paste into a terminal of the router:\n{commands}\n\n\
         # Then, with the fingerprint that the last line printed and the password {}:\n\
         mkbill router add NAME --host ADDRESS --security tls-pinned \
         --certificate-pin sha256:FINGERPRINT --username {user}",
        password.as_str()
    );
    let json = serde_json::json!({
        "commands": commands.lines().collect::<Vec<_>>(),
        "username": user,
        "password": password.as_str(),
    });
    Ok(Output::new(json, text))
}

/// What is asked about the routers of the business.
#[derive(Debug, Subcommand)]
pub(super) enum KeptCommand {
    /// Add a router; its password comes from a file, the environment or a prompt
    Add(AddArgs),
    /// Change what is stored of a router; it is looked at again at once
    Set(SetArgs),
    /// Remove a router that nobody needs any more; what happened on it stays
    Remove {
        /// Name or id
        router: String,
        #[command(flatten)]
        write: WriteArgs,
    },
    /// List all routers
    List,
    /// Sign in to a router now, ask it about itself, and look whether our account has what is needed
    Check {
        /// Name or id
        router: String,
    },
    /// List the profiles that a router has or had
    Profiles {
        /// Name or id
        router: String,
        /// For this kind of logins only
        #[arg(long)]
        kind: Option<LoginKindBody>,
        /// Names that match only, such as `*pppoe*`
        #[arg(long, value_name = "PATTERN")]
        matching: Option<String>,
    },
    /// Profiles that routers ought to have
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// Say where a router and the books disagreed when it was last looked at
    Drift {
        /// Name or id
        router: String,
    },
    /// Look at a router now and say what a pass would change
    Plan {
        /// Name or id
        router: String,
    },
    /// Have a router looked at and brought in step as soon as a worker can
    Apply {
        /// Name or id
        router: String,
        #[command(flatten)]
        write: WriteArgs,
    },
    /// List when routers were away
    Outages {
        /// Name or id; all routers if absent
        router: Option<String>,
        #[command(flatten)]
        page: PageArgs<OutageSort>,
    },
    /// List the interfaces of a router, whether they run, and what moved through them
    Interfaces {
        /// Name or id
        router: String,
    },
    /// Show what moved through an interface of a router, by business date
    Traffic {
        /// Name or id
        router: String,
        /// Name of the interface
        interface: String,
        #[command(flatten)]
        days: SpanArgs,
    },
    /// Show how a router fared over time, 31 days at most
    Vitals {
        /// Name or id
        router: String,
        /// First instant, such as 2026-03-01T13:00:00Z; a day before the last if absent
        #[arg(long, value_name = "INSTANT")]
        from: Option<Timestamp>,
        /// Last instant; now if absent
        #[arg(long, value_name = "INSTANT")]
        to: Option<Timestamp>,
    },
    /// List users and secrets of a router that are not ours
    Strangers {
        /// Name or id
        router: String,
    },
    /// Show a router
    Show {
        /// Name or id; the id if it was removed
        router: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Your name for it
    name: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
}

/// Where a router is and who we are to it.
#[derive(Debug, Args)]
pub(super) struct ConnectionArgs {
    /// Host name or address of its API service
    #[arg(long)]
    host: String,
    /// Port of its API service; 8728, or 8729 with TLS, if absent
    #[arg(long)]
    port: Option<u16>,
    /// How the connection is protected
    #[arg(long)]
    security: SecurityBody,
    /// Fingerprint of the certificate or its key, with `--security tls-pinned`: sha256:HEX,
    /// spki-sha256:HEX or sha256//BASE64
    #[arg(long, value_name = "FINGERPRINT")]
    certificate_pin: Option<String>,
    /// The API user
    #[arg(long)]
    username: String,
    /// A file that holds the API user's password in its first line
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// What changes of a router; what is absent stays as it is.
#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// Name or id
    router: String,
    /// Your name for it
    #[arg(long)]
    name: Option<String>,
    /// Host name or address of its API service
    #[arg(long)]
    host: Option<String>,
    /// Port of its API service
    #[arg(long)]
    port: Option<u16>,
    /// How the connection is protected
    #[arg(long)]
    security: Option<SecurityBody>,
    /// Fingerprint of the certificate or its key, if it is pinned
    #[arg(long, value_name = "FINGERPRINT")]
    certificate_pin: Option<String>,
    /// The API user
    #[arg(long)]
    username: Option<String>,
    /// A file that holds the API user's new password in its first line
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Take the API user's new password from the environment or a prompt
    #[arg(long, conflicts_with = "password_file")]
    new_password: bool,
    #[command(flatten)]
    write: WriteArgs,
}

impl ConnectionArgs {
    pub(super) fn address(&self, security: &LinkSecurity) -> Result<RouterAddress, Error> {
        RouterAddress::new(&self.host, self.port.unwrap_or_else(|| security.default_port()))
    }

    pub(super) fn security(&self) -> Result<LinkSecurity, Error> {
        security(self.security, self.certificate_pin.clone())
    }

    pub(super) fn username(&self) -> &str {
        &self.username
    }

    /// From the file, the environment or a prompt.
    pub(super) fn password(&self) -> Result<String, Failure> {
        password(self.password_file.as_deref())
    }
}

pub(super) async fn run(billing: &Billing, command: KeptCommand) -> Result<Output, Failure> {
    match command {
        KeptCommand::Add(arguments) => add(billing, arguments).await,
        KeptCommand::Set(arguments) => set(billing, arguments).await,
        KeptCommand::Remove { router, write } => {
            let router = billing.remove_router(&write.caller()?, &router).await?;
            let text = write.verdict(&format!("removed router {} ({})", router.name, router.id));
            Ok(Output::new(RouterBody::from(router), text))
        }
        KeptCommand::List => Ok(list(billing.routers().await?.into())),
        KeptCommand::Check { router } => Ok(checked(billing.check_router(&router).await?.into())),
        KeptCommand::Profiles { router, kind, matching } => {
            let query = ProfilesQuery { kind, matching };
            Ok(profile::list(query.read(billing, &router).await?))
        }
        KeptCommand::Profile(command) => profile::run(billing, command).await,
        KeptCommand::Drift { router } => {
            let drift = billing.drift(&router).await?;
            Ok(network::drift(drift.into_iter().map(DriftBody::from).collect()))
        }
        KeptCommand::Plan { router } => {
            Ok(network::plan(billing.plan_router(&router).await?.into()))
        }
        KeptCommand::Apply { router, write } => {
            let router = billing.apply_router(&write.caller()?, &router).await?;
            let text = write.verdict(&format!("router {} will be brought in step", router.name));
            Ok(Output::new(RouterBody::from(router), text))
        }
        KeptCommand::Outages { router, page } => {
            let page = billing.outages(router.as_deref(), page.read()?).await?;
            Ok(network::outages(&PageBody::of(page, OutageBody::from)))
        }
        KeptCommand::Interfaces { router } => {
            Ok(monitoring::interfaces(billing.interfaces(&router).await?.into()))
        }
        KeptCommand::Traffic { router, interface, days } => {
            let span = UsageQuery { from: days.from, to: days.to };
            let usage = InterfaceUsageBody::read(billing, &router, &interface, &span).await?;
            Ok(monitoring::traffic(usage))
        }
        KeptCommand::Vitals { router, from, to } => {
            let query = VitalsQuery { from, to };
            Ok(monitoring::vitals(query.read(billing, &router).await?))
        }
        KeptCommand::Strangers { router } => {
            let found = billing.strangers(&router).await?;
            Ok(strangers(found.into_iter().map(StrangerBody::from).collect()))
        }
        KeptCommand::Show { router } => Ok(shown(billing.router_or_removed(&router).await?.into())),
    }
}

async fn add(billing: &Billing, arguments: AddArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let password = arguments.connection.password()?;
    let ConnectionArgs { host, port, security, certificate_pin, username, .. } =
        arguments.connection;
    let name = arguments.name;
    let body = NewRouterBody { name, host, port, security, certificate_pin, username, password };
    let router = RouterBody::from(billing.add_router(&caller, body.read()?).await?);
    let text = arguments.write.verdict(&format!("added router {}", router.name));
    Ok(Output::new(router, text))
}

async fn set(billing: &Billing, arguments: SetArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let is_given = arguments.new_password || arguments.password_file.is_some();
    let given = is_given.then(|| password(arguments.password_file.as_deref())).transpose()?;
    let body = RouterChangeBody {
        name: arguments.name,
        host: arguments.host,
        port: arguments.port,
        security: arguments.security,
        certificate_pin: arguments.certificate_pin,
        username: arguments.username,
        password: given,
    };
    let router = billing.change_router(&caller, &arguments.router, body.read()?).await?;
    let router = RouterBody::from(router);
    let address = format!("{}:{}", router.host, router.port);
    let done = format!("router {} is {}@{address}", router.name, router.username);
    let text = arguments.write.verdict(&done);
    Ok(Output::new(router, text))
}

fn password(file: Option<&Path>) -> Result<String, Failure> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(Failure::file("reading the password", path))?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    if !io::stdin().is_terminal() {
        let ways = said!(
            "give --password-file, set {PASSWORD_VARIABLE}, or use a terminal",
            "beri --password-file, setel {PASSWORD_VARIABLE}, atau gunakan terminal"
        );
        return Err(Error::invalid("password", ways).into());
    }
    let typed = rpassword::prompt_password("password of the router's API user: ");
    typed.map_err(|error| Failure::Io("reading the password", error))
}

fn list(routers: RoutersBody) -> Output {
    let row = |router: &RouterBody| {
        [
            router.name.clone(),
            format!("{}:{}", router.host, router.port),
            or_dash(router.routeros_version.as_ref()),
            or_dash(router.observed_at),
            license_used(&router.vitals),
            or_dash(router.last_error.as_ref()),
        ]
    };
    let heads = ["name", "address", "RouterOS", "last seen", "licence used", "trouble"];
    let text = table(heads, routers.items.iter().map(row));
    Output::new(routers, text)
}

fn license_used(vitals: &VitalsBody) -> String {
    or_dash(vitals.license_used_percent.map(|percent| format!("{percent} %")))
}

/// `12`, or `12 of 200` if no more are allowed.
fn used_of(used: Option<u64>, allowed: Option<u64>) -> String {
    let used = or_dash(used);
    allowed.map_or_else(|| used.clone(), |allowed| format!("{used} of {allowed}"))
}

fn shown(router: RouterBody) -> Output {
    let vitals = &router.vitals;
    let text = facts(&[
        ("name", router.name.clone()),
        ("id", router.id.to_string()),
        ("address", format!("{}:{}", router.host, router.port)),
        ("username", router.username.clone()),
        ("RouterOS", or_dash(router.routeros_version.as_ref())),
        ("last seen", or_dash(router.observed_at)),
        ("board", or_dash(vitals.board.as_ref())),
        ("licence", or_dash(vitals.license.as_ref())),
        ("licence used", license_used(vitals)),
        ("hotspot sessions", used_of(vitals.hotspot_sessions, vitals.hotspot_sessions_max)),
        ("PPPoE sessions", used_of(vitals.pppoe_sessions, vitals.pppoe_sessions_max)),
        ("processor", or_dash(vitals.cpu_load.map(|load| format!("{load} %")))),
        ("clock ahead", or_dash(vitals.clock_ahead_seconds.map(|s| format!("{s} s")))),
        ("trouble", or_dash(router.last_error.as_ref())),
        ("removed", or_dash(router.removed_at)),
    ]);
    Output::new(router, text)
}

fn strangers(items: Vec<StrangerBody>) -> Output {
    let row = |stranger: &StrangerBody| {
        [
            LoginKind::from(stranger.kind).to_string(),
            stranger.name.clone(),
            stranger.router_profile.clone(),
            if stranger.disabled { "disabled" } else { "enabled" }.to_owned(),
            stranger.comment.clone(),
        ]
    };
    let text = table(["kind", "name", "profile", "state", "comment"], items.iter().map(row));
    Output::new(StrangersBody { items }, text)
}

fn checked(found: RouterFactsBody) -> Output {
    let mut lines = vec![
        ("identity", found.identity.clone()),
        ("RouterOS", found.routeros_version.clone()),
        ("up for", format!("{} s", found.uptime_seconds)),
        ("its clock", or_dash(found.clock)),
        ("hotspot profiles", found.hotspot_profiles.join(", ")),
        ("pppoe profiles", found.pppoe_profiles.join(", ")),
    ];
    let access = found.access.iter();
    lines.extend(access.map(|one| (one.what, format!("{}: {}", one.verdict, one.detail))));
    let text = facts(&lines);
    let well = found.access.iter().all(|one| one.verdict != "missing");
    Output::new(found, text).if_well(well)
}
