//! Commands about the engine itself.

use std::net::SocketAddr;

use clap::Args;
use mkbill_core::billing::PassReport;
use mkbill_core::worker::{TickReport, Worker};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::config::Settings;
use crate::failure::Failure;
use crate::server::{Beside, listen, serve_and_work, until_told};
use crate::wiring::{self, Engine};

use super::output::{Output, Style, line};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port instead of the configured ones
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Leave the background work to `mkbill worker`
    #[arg(long)]
    no_worker: bool,
}

#[derive(Debug, Args)]
pub(super) struct WorkArgs {
    /// Do once what is due, and end
    #[arg(long)]
    once: bool,
}

pub(super) async fn migrate(settings: &Settings) -> Result<Output, Failure> {
    let (engine, applied) = wiring::migrate(settings).await?;
    let text = match applied {
        0 => format!("the {engine} schema is current"),
        applied => format!("applied {applied} migrations to {engine}"),
    };
    Ok(Output::new(json!({ "engine": engine, "applied": applied }), text))
}

pub(super) async fn doctor(settings: &Settings) -> Result<Output, Failure> {
    let engine = Engine::of_any_age(settings).await?;
    let report = engine.billing.doctor().await;
    engine.close().await;
    let report = report?;
    let sign = |ok| if ok { "ok " } else { "BAD" };
    let findings = report.findings.iter();
    let text = findings.map(|f| format!("{}  {}: {}", sign(f.ok), f.name, f.detail));
    let text = text.collect::<Vec<_>>().join("\n");
    let findings = report.findings.iter();
    let findings = findings.map(|f| json!({ "name": f.name, "ok": f.ok, "detail": f.detail }));
    let json = json!({ "healthy": report.healthy(), "findings": findings.collect::<Vec<_>>() });
    Ok(Output::new(json, text).if_well(report.healthy()))
}

pub(super) async fn serve(
    settings: &Settings,
    arguments: &ServeArgs,
    style: Style,
) -> Result<Output, Failure> {
    let engine = Engine::current(settings).await?;
    let listener = listen(arguments.listen.unwrap_or(settings.listen)).await?;
    let address = listener.local_addr().map_err(|e| Failure::Io("asking for the address", e))?;
    let beside = if arguments.no_worker { Beside::Nothing } else { Beside::Worker };
    let stop = until_told()?;
    warn_of_test_clock(&engine);
    let token = engine.billing.setup_token().await?;
    let link = token.map(|token| format!("http://{address}/setup?token={}", token.expose_secret()));
    announce(address, link.as_deref(), style);
    serve_and_work(listener, engine.billing.clone(), &settings.manners(), beside, stop).await;
    engine.close().await;
    Ok(Output::nothing())
}

/// Says where the server answers, and how the first super admin is made if there is none.
fn announce(address: SocketAddr, link: Option<&str>, style: Style) {
    let listening = format!("http://{address}");
    match style {
        Style::Json => line(&json!({ "listening": listening, "setup": link }).to_string()),
        Style::Text => {
            line(&format!("listening on {listening}, documentation at /docs"));
            if let Some(link) = link {
                line(&format!("nobody can sign in yet: make the first super admin at {link}"));
            }
        }
    }
}

fn warn_of_test_clock(engine: &Engine) {
    if engine.billing.test_clock().is_some() {
        let now = engine.billing.now();
        tracing::warn!(%now, "time stands still at {now}: this database lives on a test clock");
    }
}

pub(super) async fn work(
    settings: &Settings,
    arguments: &WorkArgs,
    style: Style,
) -> Result<Output, Failure> {
    let engine = Engine::current(settings).await?;
    if arguments.once {
        let done = Worker::new(engine.billing.clone()).tick().await;
        engine.close().await;
        return Ok(done_once(&done?));
    }
    let stop = until_told()?;
    warn_of_test_clock(&engine);
    match style {
        Style::Json => line(&json!({ "working": true }).to_string()),
        Style::Text => line("working"),
    }
    Worker::new(engine.billing.clone()).run(stop).await;
    engine.close().await;
    Ok(Output::nothing())
}

fn done_once(done: &TickReport) -> Output {
    let errors: Vec<&str> = done.passes.iter().filter_map(|pass| pass.error.as_deref()).collect();
    let sum = |of: fn(&PassReport) -> usize| done.passes.iter().map(of).sum::<usize>();
    let (pushed, changed) = (sum(|pass| pass.pushed), sum(|pass| pass.changed));
    let json = json!({
        "routers": done.passes.len(),
        "pushed": pushed,
        "changed": changed,
        "expired": done.expired,
        "errors": errors,
    });
    let text = format!(
        "{} passes over routers: {pushed} logins pushed, {changed} changed; {} vouchers ended",
        done.passes.len(),
        done.expired
    );
    let text = errors.iter().fold(text, |text, error| format!("{text}\n{error}"));
    Output::new(json, text).if_well(errors.is_empty())
}
