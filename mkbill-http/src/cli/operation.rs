//! `mkbill operation …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::ids::OperationId;
use mkbill_core::operation::store::OperationSort;
use mkbill_core::operation::wish::Wish;
use mkbill_core::operation::{OperationKind, StateName};

use crate::api::operations::{
    OperationBody, OperationKindBody, OperationStateBody, OperationsQuery, ResultBody, SubjectBody,
};
use crate::api::values::PageBody;
use crate::failure::Failure;
use crate::server::until_told;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, Style, facts, line, listing, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum OperationCommand {
    /// List operations, newest first
    List(ListArgs),
    /// Show an operation: where it stands, and what came of it
    Show {
        /// Id
        operation: OperationId,
    },
    /// Cancel an operation; what was done until then stays
    Cancel {
        /// Id
        operation: OperationId,
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Print how an operation fares until it is over; status 1 unless it succeeded
    Watch {
        /// Id
        operation: OperationId,
    },
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// In this state only
    #[arg(long)]
    state: Option<OperationStateBody>,
    /// Of this kind only
    #[arg(long)]
    kind: Option<OperationKindBody>,
    #[command(flatten)]
    page: PageArgs<OperationSort>,
}

pub(super) async fn run(
    billing: &Billing,
    command: OperationCommand,
    style: Style,
) -> Result<Output, Failure> {
    match command {
        OperationCommand::List(arguments) => list(billing, arguments).await,
        OperationCommand::Show { operation } => {
            let caller = WriteArgs::default().caller()?;
            Ok(shown(OperationBody::of(billing.operation(&caller, operation).await?)))
        }
        OperationCommand::Cancel { operation, write } => {
            let cancelled = billing.cancel_operation(&write.caller()?, operation).await?;
            let cancelled = OperationBody::of(cancelled);
            let text = write.verdict(&text_of(&cancelled));
            Ok(Output::new(cancelled, text))
        }
        OperationCommand::Watch { operation } => watch(billing, operation, style).await,
    }
}

/// Leaves something to a worker.
pub(super) async fn left(
    billing: &Billing,
    caller: &Caller,
    wish: Wish,
) -> Result<Output, Failure> {
    Ok(shown(OperationBody::of(billing.request_operation(caller, wish).await?.value)))
}

async fn list(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let ListArgs { state, kind, page } = arguments;
    let filter = OperationsQuery { state, kind, ..OperationsQuery::default() }.filter();
    let caller = WriteArgs::default().caller()?;
    let found = billing.operations(&caller, filter, page.read()?).await?;
    let page = PageBody::of(found, OperationBody::of);
    let heads = ["id", "kind", "state", "progress", "about", "asked by", "made", "ended"];
    Ok(listing(&page, heads, |operation| {
        [
            operation.id.to_string(),
            OperationKind::from(operation.kind).to_string(),
            StateName::from(operation.state).to_string(),
            progress(operation),
            or_dash(subject(operation).map(|subject| &subject.name)),
            operation.asked_by.clone(),
            operation.made_at.to_string(),
            or_dash(operation.ended_at),
        ]
    }))
}

async fn watch(billing: &Billing, id: OperationId, style: Style) -> Result<Output, Failure> {
    let stop = until_told()?;
    let caller = WriteArgs::default().caller()?;
    let mut operations = billing.watch_operation(&caller, id).await?;
    let mut went_well = false;
    loop {
        let moved = tokio::select! {
            () = stop.cancelled() => return Ok(Output::nothing()),
            moved = operations.next() => moved?,
        };
        let Some(operation) = moved.map(OperationBody::of) else {
            return Ok(Output::nothing().if_well(went_well));
        };
        went_well = operation.state == OperationStateBody::Succeeded;
        line(&match style {
            Style::Json => serde_json::json!(operation).to_string(),
            Style::Text => step(&operation),
        });
    }
}

/// Where it stands, in one line.
fn step(operation: &OperationBody) -> String {
    let state = StateName::from(operation.state);
    let why = operation.problem.as_ref().map(|problem| format!(": {}", problem.detail));
    format!("{state}  {}{}", progress(operation), why.unwrap_or_default())
}

fn progress(operation: &OperationBody) -> String {
    let Some(progress) = &operation.progress else { return "-".to_owned() };
    let blocked = match progress.blocked {
        0 => String::new(),
        blocked => format!(" ({blocked} blocked)"),
    };
    format!("{} of {}{blocked}", progress.done, progress.total)
}

fn subject(operation: &OperationBody) -> Option<&SubjectBody> {
    operation.result.as_ref().and_then(|result| result.subject.as_ref())
}

fn shown(operation: OperationBody) -> Output {
    let text = text_of(&operation);
    Output::new(operation, text)
}

fn text_of(operation: &OperationBody) -> String {
    let mut lines = vec![
        ("operation", operation.id.to_string()),
        ("kind", OperationKind::from(operation.kind).to_string()),
        ("state", StateName::from(operation.state).to_string()),
        ("progress", progress(operation)),
        ("about", or_dash(subject(operation).map(|subject| &subject.name))),
        ("asked by", operation.asked_by.clone()),
        ("reason", or_dash(operation.reason.as_ref())),
        ("made", operation.made_at.to_string()),
        ("started", or_dash(operation.started_at)),
        ("ended", or_dash(operation.ended_at)),
    ];
    if let Some(by) = &operation.cancelled_by {
        lines.push(("cancelled by", by.clone()));
    }
    if let Some(problem) = &operation.problem {
        lines.push(("problem", format!("{} ({})", problem.detail, problem.code)));
    }
    if let Some(ResultBody { lines: Some(file), .. }) = &operation.result {
        let existing = file.existing.len();
        let told = format!(
            "{} lines: {} imported, {existing} there already, {} bad",
            file.total, file.imported, file.failed
        );
        lines.push(("file", told));
        for error in &file.errors {
            lines.push(("", format!("line {}, {}: {}", error.line, error.field, error.problem)));
        }
    }
    facts(&lines)
}
