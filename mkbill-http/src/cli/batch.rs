//! `mkbill batch …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::voucher::store::{BatchFilter, BatchSort};

use crate::api::batches::{BatchBody, BatchViewBody, MadeFrom};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, facts, listing, money, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum BatchCommand {
    /// List batches, newest first
    List(ListArgs),
    /// Show a batch, how its vouchers stand and how its push fares
    Show {
        /// Number or id
        batch: String,
    },
    /// Try refused vouchers of a batch again; a worker or `mkbill serve` pushes them
    Retry(OneArgs),
    /// Withdraw every voucher of a batch that was never used
    Cancel(OneArgs),
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Number or id
    batch: String,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    from: MadeFrom,
    /// Only those that were cancelled as a whole, or only those that were not
    #[arg(long)]
    cancelled: Option<bool>,
    #[command(flatten)]
    page: PageArgs<BatchSort>,
}

pub(super) async fn run(billing: &Billing, command: BatchCommand) -> Result<Output, Failure> {
    match command {
        BatchCommand::List(arguments) => list_some(billing, arguments).await,
        BatchCommand::Show { batch } => Ok(shown(billing.batch(&batch).await?.into())),
        BatchCommand::Retry(one) => {
            let view = billing.retry_batch(&one.write.caller()?, &one.batch).await?;
            Ok(shown(view.into()))
        }
        BatchCommand::Cancel(one) => {
            let view = billing.cancel_batch(&one.write.caller()?, &one.batch).await?;
            Ok(shown(view.into()))
        }
    }
}

async fn list_some(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let ListArgs { from, cancelled, page } = arguments;
    let filter = BatchFilter { cancelled, ..from.filter(billing).await? };
    let page = billing.batches(&filter, page.read()?).await?;
    Ok(list(&PageBody::of(page, BatchBody::from)))
}

fn list(page: &PageBody<BatchBody>) -> Output {
    listing(page, ["number", "vouchers", "sell", "made", "by", "cancelled"], |batch| {
        [
            batch.number.clone(),
            batch.count.to_string(),
            money(&batch.sell),
            batch.created_at.to_string(),
            batch.created_by.clone(),
            or_dash(batch.cancelled_at),
        ]
    })
}

/// A batch in lines, the warning last where it is seen.
pub(super) fn shown(view: BatchViewBody) -> Output {
    let tally = &view.tally;
    let mut lines = vec![
        ("number", view.batch.number.clone()),
        ("router", view.router.clone()),
        ("plan", view.plan.clone()),
        ("vendor", or_dash(view.vendor.as_ref())),
        ("vouchers", view.batch.count.to_string()),
        ("price", money(&view.batch.sell)),
        ("pending push", format!("{} ({} blocked)", tally.pending_push, tally.blocked)),
        ("available", tally.available.to_string()),
        ("active", tally.active.to_string()),
        ("ended", (tally.expired + tally.used_up).to_string()),
        ("disabled", tally.disabled.to_string()),
        ("cancelled", tally.cancelled.to_string()),
        ("revenue", money(&tally.revenue)),
    ];
    if let Some(error) = &view.push.last_error {
        lines.push(("trouble", format!("{error} (tries: {})", view.push.attempts)));
    }
    if let Some(warning) = &view.warning {
        lines.push(("WARNING", warning.clone()));
    }
    let text = facts(&lines);
    Output::new(view, text)
}
