//! The whole story on a simulated router, through the code that works in production.

mod browser;
mod clock;
mod stage;
mod story;
mod tale;

use clap::Args;
use mkbill_core::worker::Worker;
use secrecy::ExposeSecret as _;

use crate::cli::output::{Output, line};
use crate::failure::Failure;
use crate::server::until_told;

use stage::Stage;
use tale::Tale;

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End after the story; status 0 only if every step held
    #[arg(long)]
    exit: bool,
    /// How many vouchers the batch has
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    vouchers: u32,
}

/// Plays the story, and stays up afterwards unless told to exit.
pub(crate) async fn run(arguments: &DemoArgs, quiet: bool) -> Result<Output, Failure> {
    let mut tale = Tale::new(quiet);
    tale.say("mkbill demo: one hotspot, one day, a simulated router, real TCP");
    let stage = Stage::set().await?;
    let held = story::play(&stage, &mut tale, arguments.vouchers).await;
    let (figures, well) = tale.close(held);
    if arguments.exit || !well {
        stage.clear().await?;
        return Ok(Output::new(figures, "").if_well(well));
    }
    if quiet {
        line(&figures.to_string());
    }
    stay_up(stage, quiet).await?;
    Ok(Output::nothing())
}

/// Lets the clock run on and the worker work, until somebody ends it.
async fn stay_up(stage: Stage, quiet: bool) -> Result<(), Failure> {
    let stop = until_told()?;
    stage.clock.run_on();
    if !quiet {
        line(&invitation(&stage));
    }
    Worker::new(stage.billing().clone()).run(stop).await;
    stage.clear().await
}

fn invitation(stage: &Stage) -> String {
    let (address, key) = (stage.address, stage.key.expose_secret());
    format!(
        "\nIt stays up until ctrl-c, with its clock running on.\n\
         documentation  http://{address}/docs\n\
         API key        KEY={key}\n\
         try            curl -H \"Authorization: Bearer $KEY\" 'http://{address}/api/v1/vouchers?limit=3'"
    )
}
