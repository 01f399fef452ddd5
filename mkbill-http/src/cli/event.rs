//! `mkbill event …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::event::feed::Heard;
use mkbill_core::event::{Event, Position};

use crate::api::events::{EventBody, EventsQuery};
use crate::failure::Failure;
use crate::server::until_told;

use super::output::{Output, Style, line, table};

#[derive(Debug, Subcommand)]
pub(super) enum EventCommand {
    /// List what happened, in its order
    List(ListArgs),
    /// Print what happens as it happens, until it is interrupted
    Follow {
        /// Begin after this position; with what comes now if absent
        #[arg(long)]
        after: Option<i64>,
    },
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Those after this position
    #[arg(long)]
    after: Option<i64>,
    /// How many, 1 to 200
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

pub(super) async fn run(
    billing: &Billing,
    command: EventCommand,
    style: Style,
) -> Result<Output, Failure> {
    match command {
        EventCommand::List(ListArgs { after, limit }) => {
            let page = EventsQuery { after, limit: Some(limit) }.read(billing).await?;
            let rows = page.items.iter().map(|event| {
                let subject = format!("{} {}", event.subject_kind, event.subject);
                [event.position.to_string(), event.at.to_string(), event.kind.clone(), subject]
            });
            let mut text = table(["position", "at", "what", "to what"], rows);
            if page.newest.is_some_and(|newest| newest > page.next_after) {
                text = format!("{text}\nmore: --after {}", page.next_after);
            }
            Ok(Output::new(page, text))
        }
        EventCommand::Follow { after } => follow(billing, after, style).await,
    }
}

async fn follow(billing: &Billing, after: Option<i64>, style: Style) -> Result<Output, Failure> {
    let stop = until_told()?;
    let mut events = billing.watch_events(after.map(Position::new)).await?;
    loop {
        let heard = tokio::select! {
            () = stop.cancelled() => return Ok(Output::nothing()),
            heard = events.next() => heard?,
        };
        match heard {
            Heard::Events(batch) => batch.iter().for_each(|event| line(&shown(event, style))),
            Heard::Gap { from, to } => line(&match style {
                Style::Json => {
                    serde_json::json!({ "gap": [from.number(), to.number()] }).to_string()
                }
                Style::Text => format!("{from} to {to} are missing"),
            }),
        }
    }
}

fn shown(event: &Event, style: Style) -> String {
    match style {
        Style::Json => serde_json::json!(EventBody::from(event)).to_string(),
        Style::Text => {
            let data =
                if event.data.is_null() { String::new() } else { format!("  {}", event.data) };
            let Event { position, at, kind, subject_kind, subject, .. } = event;
            format!("{position}  {at}  {kind}  {subject_kind} {subject}{data}")
        }
    }
}
