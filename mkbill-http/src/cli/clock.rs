//! `mkbill clock …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::worker::Worker;
use serde_json::json;

use crate::api::clock::{AdvancedBody, ClockBody, instant};
use crate::failure::Failure;

use super::args::WriteArgs;
use super::bill::{done, failures};
use super::output::{Output, facts};

#[derive(Debug, Subcommand)]
pub(super) enum ClockCommand {
    /// What time it is for the engine
    Show,
    /// Let a new database live on a clock that stands still until it is moved
    Start(StartArgs),
    /// Move a test clock, and do everything that falls due on the way
    Advance {
        /// A business day, or an instant such as 2026-03-01T12:00:00Z
        #[arg(long, value_name = "WHEN")]
        to: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// What it shows: a business day, or an instant such as 2026-01-10T01:00:00Z
    #[arg(long, value_name = "WHEN")]
    at: String,
    #[command(flatten)]
    write: WriteArgs,
}

pub(super) async fn run(billing: &Billing, command: ClockCommand) -> Result<Output, Failure> {
    match command {
        ClockCommand::Show => {
            let clock = ClockBody::of(billing);
            let text =
                format!("{} by the {} clock, business day {}", clock.now, clock.mode, clock.today);
            Ok(Output::new(clock, text))
        }
        ClockCommand::Start(StartArgs { at, write }) => {
            let at = instant(billing, "at", &at)?;
            billing.start_test_clock(&write.caller()?, at).await?;
            let text = write.verdict(&format!("time stands still at {at}"));
            Ok(Output::new(json!({ "mode": "test", "now": at }), text))
        }
        ClockCommand::Advance { to } => {
            let to = instant(billing, "to", &to)?;
            let advanced = Worker::new(billing.clone()).advance_to(to).await?;
            Ok(told(AdvancedBody::of(billing, advanced)))
        }
    }
}

fn told(advanced: AdvancedBody) -> Output {
    let mut lines =
        vec![("now", advanced.now.to_string()), ("moments", advanced.moments.to_string())];
    lines.extend(done(&advanced.run));
    lines.push(("vouchers ended", advanced.expired.to_string()));
    lines.extend(failures(&advanced.run));
    let well = advanced.run.failed.is_empty();
    let text = facts(&lines);
    Output::new(advanced, text).if_well(well)
}
