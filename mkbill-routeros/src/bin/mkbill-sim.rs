//! A fake router on a port, for trying mkbill without hardware.

use std::{
    error::Error,
    io::{self, Write as _},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::Parser;
use jiff::Timestamp;
use mkbill_routeros::sim::{RouterOs, Simulator, TimeSource};

/// How often sessions are looked at when nobody asks.
const TICK: Duration = Duration::from_secs(1);
const USERS_MAX: u64 = 100_000;

/// Plays a router with a hotspot on a loopback port until Ctrl-C.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the plain API listens; a loopback address.
    #[arg(long, default_value = "127.0.0.1:8728")]
    listen: SocketAddr,
    /// Where the API over TLS listens; off unless given.
    #[arg(long, value_name = "ADDRESS")]
    api_ssl: Option<SocketAddr>,
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
    let mut builder = Simulator::builder()
        .routeros(arguments.routeros)
        .username(arguments.user)
        .password(arguments.password)
        .seed(arguments.seed)
        .clock(TimeSource::Following(Arc::new(system_time)))
        .service_time(Duration::from_millis(arguments.delay_ms))
        .listen(arguments.listen);
    if let Some(address) = arguments.api_ssl {
        builder = builder.listen_tls(address);
    }
    let simulator = builder.start().await?;
    add_guests(&simulator, arguments.users)?;
    greet(&simulator)?;
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => {
                stopped?;
                break;
            }
            // Looking at the router is enough: its time follows the system's.
            _ = tick.tick() => simulator.router(|_| ()),
        }
    }
    simulator.shutdown().await;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the simulator meets real time; everything else takes it from here"
)]
fn system_time() -> Timestamp {
    Timestamp::now()
}

fn add_guests(simulator: &Simulator, count: u64) -> Result<(), Box<dyn Error>> {
    simulator.router(|router| {
        for number in 1..=count {
            let (name, password) =
                (format!("name=guest{number}"), format!("password=guest{number}"));
            router.run("/ip/hotspot/user/add", &[&name, &password])?;
        }
        Ok(())
    })
}

fn greet(simulator: &Simulator) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let routeros = simulator.router(|router| router.routeros());
    writeln!(out, "RouterOS {routeros}")?;
    writeln!(out, "api {}", simulator.addr())?;
    if let (Some(address), Some(fingerprint)) = (simulator.tls_addr(), simulator.tls_fingerprint())
    {
        let hex: Vec<String> = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(out, "api-ssl {address} sha256:{}", hex.concat())?;
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
