//! A fake router on a port, for trying mkbill without hardware.

use std::{
    error::Error,
    fs::File,
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use mkbill_routeros::{
    sim::{
        Crowd, Customer, FaultScript, License, Recorder, RouterOs, Simulator, SimulatorBuilder,
        TimeSource, Traffic,
    },
    transport::Fingerprint,
};
use serde::Serialize;

/// How often sessions are looked at when nobody asks.
const TICK: Duration = Duration::from_secs(1);
const USERS_MAX: u64 = 100_000;
const SPEED_MAX: i64 = 100_000;
/// More than a script may have, so that reading ends and the script says that it is too long.
const SCRIPT_BYTES_MAX: u64 = 2 << 20;
/// In how many ticks all customers have come, and in how many all would have left.
const TICKS_TO_COME: usize = 60;
const TICKS_TO_LEAVE: usize = 600;
/// What a customer moves at most.
const PACE: Traffic = Traffic { upload_per_second: 64_000, download_per_second: 512_000 };

/// Plays a router with a hotspot on a loopback port until Ctrl-C.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the plain API listens; a loopback address.
    #[arg(long, default_value = "127.0.0.1:8728")]
    listen: SocketAddr,
    /// Serves the API over TLS too, on 127.0.0.1:8729 unless told otherwise.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8729")]
    api_ssl: Option<SocketAddr>,
    /// Serves REST over plain HTTP too, on 127.0.0.1:8080 unless told otherwise.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8080")]
    rest: Option<SocketAddr>,
    /// Serves REST over HTTPS too, on 127.0.0.1:8443 unless told otherwise.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8443")]
    rest_ssl: Option<SocketAddr>,
    /// Serves the files of the router over SFTP too, on 127.0.0.1:2222 unless told otherwise.
    #[cfg(feature = "sim-sftp")]
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:2222")]
    sftp: Option<SocketAddr>,
    /// The release to play, such as 6.49 or 7.18.
    #[arg(long, default_value = "7.18", value_name = "VERSION")]
    routeros: RouterOs,
    /// The name of the API account.
    #[arg(long, default_value = "admin")]
    user: String,
    /// The password of the API account.
    #[arg(long, env = "MKBILL_SIM_PASSWORD", default_value = "", hide_env_values = true)]
    password: String,
    /// How many hotspot users there are from the start, named guest1, guest2 and so on.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=USERS_MAX))]
    users: u64,
    /// How many of the users come, move data, leave and come again; there are at least as many users.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=USERS_MAX))]
    customers: u64,
    /// A TOML file of things that go wrong.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Slows down to 20 milliseconds a command after a burst of so many, 150 unless told otherwise.
    #[arg(long, value_name = "COMMANDS", num_args = 0..=1, default_missing_value = "150")]
    tires: Option<u32>,
    /// The level of the licence, which limits how many are online: 3 for one, 4 for 200, 5 for 500.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(3..=6))]
    license_level: u8,
    /// Writes down what passes, without secrets, as a transcript.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// How much faster than the real one the time of the router passes.
    #[arg(long, default_value_t = 1, value_name = "FACTOR", value_parser = clap::value_parser!(i64).range(1..=SPEED_MAX))]
    speed: i64,
    /// Says what listens where as one line of JSON.
    #[arg(long)]
    json: bool,
    /// How long each command takes, in milliseconds.
    #[arg(long, default_value_t = 5, value_name = "MILLISECONDS")]
    delay_ms: u64,
    /// What the chance of the simulator grows from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let simulator = builder(&arguments)?.start().await?;
    if let Some(path) = &arguments.record {
        simulator.record(recorder(path)?);
    }
    add_guests(&simulator, arguments.users.max(arguments.customers))?;
    let mut crowd = simulator.crowd((1..=arguments.customers).map(guest).map(Customer::with_code));
    greet(&simulator, arguments.json)?;
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => {
                stopped?;
                break;
            }
            // Looking at the router is enough: its time follows the system's.
            _ = tick.tick() => stir(&mut crowd, usize::try_from(arguments.customers)?),
        }
    }
    simulator.shutdown().await;
    Ok(())
}

fn builder(arguments: &Arguments) -> Result<SimulatorBuilder, Box<dyn Error>> {
    let mut builder = Simulator::builder()
        .routeros(arguments.routeros)
        .username(&arguments.user)
        .password(&arguments.password)
        .seed(arguments.seed)
        .clock(fast_time(arguments.speed))
        .service_time(Duration::from_millis(arguments.delay_ms))
        .license(license(arguments.license_level))
        .listen(arguments.listen);
    if let Some(address) = arguments.api_ssl {
        builder = builder.listen_tls(address);
    }
    if let Some(address) = arguments.rest {
        builder = builder.listen_rest(address);
    }
    if let Some(address) = arguments.rest_ssl {
        builder = builder.listen_rest_tls(address);
    }
    #[cfg(feature = "sim-sftp")]
    if let Some(address) = arguments.sftp {
        builder = builder.listen_sftp(address);
    }
    if let Some(after) = arguments.tires {
        builder = builder.tires(after, Duration::from_millis(20));
    }
    if let Some(path) = &arguments.script {
        builder = builder.script(&script(path)?);
    }
    Ok(builder)
}

fn license(level: u8) -> License {
    match level {
        ..=3 => License::L3,
        4 => License::L4,
        5 => License::L5,
        6.. => License::L6,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("opening {path}")]
struct OpenError {
    path: PathBuf,
    source: Box<dyn Error>,
}

impl OpenError {
    fn of<E: Error + 'static>(path: &Path) -> impl Fn(E) -> Self {
        move |error| Self { path: path.to_owned(), source: Box::new(error) }
    }
}

fn script(path: &Path) -> Result<FaultScript, OpenError> {
    let file = File::open(path).map_err(OpenError::of(path))?;
    let text = io::read_to_string(file.take(SCRIPT_BYTES_MAX)).map_err(OpenError::of(path))?;
    text.parse().map_err(OpenError::of(path))
}

fn recorder(path: &Path) -> Result<Recorder, OpenError> {
    File::create(path).and_then(Recorder::to).map_err(OpenError::of(path))
}

/// Some customers come, those who are there move data, and some leave.
fn stir(crowd: &mut Crowd, customers: usize) {
    crowd.arrive(customers.div_ceil(TICKS_TO_COME));
    crowd.browse(PACE);
    crowd.leave(customers / TICKS_TO_LEAVE);
}

/// The system's time, `speed` times as fast from now on.
fn fast_time(speed: i64) -> TimeSource {
    let start = system_time();
    TimeSource::Following(Arc::new(move || {
        let passed = system_time().duration_since(start);
        let seconds = passed.as_secs().saturating_mul(speed);
        let nanos = i64::from(passed.subsec_nanos()).saturating_mul(speed);
        let passed = SignedDuration::from_secs(seconds) + SignedDuration::from_nanos(nanos);
        start.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the simulator meets real time; everything else takes it from here"
)]
fn system_time() -> Timestamp {
    Timestamp::now()
}

fn guest(number: u64) -> String {
    format!("guest{number}")
}

fn add_guests(simulator: &Simulator, count: u64) -> Result<(), Box<dyn Error>> {
    simulator.router(|router| {
        for name in (1..=count).map(guest) {
            let (name, password) = (format!("name={name}"), format!("password={name}"));
            router.run("/ip/hotspot/user/add", &[&name, &password])?;
        }
        Ok(())
    })
}

/// What listens where.
#[derive(Serialize)]
struct Greeting {
    routeros: String,
    services: Vec<Service>,
}

#[derive(Serialize)]
struct Service {
    name: &'static str,
    address: SocketAddr,
    /// By what a client recognises it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
}

impl Greeting {
    fn of(simulator: &Simulator) -> Self {
        let api = Service { name: "api", address: simulator.addr(), fingerprint: None };
        let mut services = vec![api];
        let mut add = |name, address: Option<SocketAddr>, fingerprint: Option<&str>| {
            let fingerprint = fingerprint.map(str::to_owned);
            services.extend(address.map(|address| Service { name, address, fingerprint }));
        };
        let certificate = simulator.tls_certificate().map(|der| Fingerprint::of(der).to_string());
        add("api-ssl", simulator.tls_addr(), certificate.as_deref());
        add("rest", simulator.rest_addr(), None);
        add("rest-ssl", simulator.rest_tls_addr(), certificate.as_deref());
        #[cfg(feature = "sim-sftp")]
        add("sftp", simulator.sftp_addr(), simulator.sftp_fingerprint());
        let routeros = simulator.router(|router| router.routeros().to_string());
        Self { routeros, services }
    }
}

fn greet(simulator: &Simulator, json: bool) -> io::Result<()> {
    let greeting = Greeting::of(simulator);
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&greeting)?)?;
        return out.flush();
    }
    writeln!(out, "RouterOS {}", greeting.routeros)?;
    for Service { name, address, fingerprint } in greeting.services {
        match fingerprint {
            Some(fingerprint) => writeln!(out, "{name} {address} {fingerprint}")?,
            None => writeln!(out, "{name} {address}")?,
        }
    }
    out.flush()
}

fn report(error: &dyn Error) {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        line = format!("{line}: {deeper}");
        cause = deeper.source();
    }
    let mut out = io::stderr().lock();
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(out, "mkbill-sim: {line}");
}
