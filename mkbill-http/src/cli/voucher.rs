//! `mkbill voucher …`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use mkbill_core::billing::{BatchView, Billing, Unpushed};
use mkbill_core::kernel::money::Money;
use mkbill_core::voucher::store::{VoucherFilter, VoucherSort};
use mkbill_core::worker::Worker;
use serde_json::json;

use crate::api::batches::{BatchViewBody, LoginModeBody, MadeFrom, NewBatchBody};
use crate::api::values::PageBody;
use crate::api::vouchers::{ExtensionBody, VoucherBody, VouchersQuery};
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::batch;
use super::output::{Output, facts, listing, money, or_dash, written};
use super::progress::Shown;
use super::quantity::{bytes, seconds};

/// How long `--wait` waits for a router that does not answer.
const WAIT_MAX: Duration = Duration::from_mins(2);
/// How often `--wait` looks when another process pushes.
const LOOK_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Subcommand)]
pub(super) enum VoucherCommand {
    /// Make a batch of vouchers
    Create(CreateArgs),
    /// List vouchers in the order of making
    List(ListArgs),
    /// Show a voucher
    Show {
        /// Code or id
        voucher: String,
    },
    /// Write the vouchers of a batch as CSV
    Export(ExportArgs),
    /// Add time or data to a voucher in use
    Extend(ExtendArgs),
    /// Close a voucher; whoever is online with it is cut off
    Disable(OneArgs),
    /// Open a closed voucher again
    Enable(OneArgs),
    /// Withdraw a voucher that was never used
    Cancel(OneArgs),
    /// Give an unsold voucher a new code
    Regenerate(OneArgs),
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// On which router: name or id
    #[arg(long)]
    router: String,
    /// Of which plan: name or id
    #[arg(long)]
    plan: String,
    /// For which vendor: code or id
    #[arg(long)]
    vendor: Option<String>,
    /// How many, 1 to 10000
    #[arg(long)]
    count: u32,
    /// Begins every code: up to 10 of A-Z, 0-9 and -
    #[arg(long, default_value = "")]
    prefix: String,
    /// Random characters behind the prefix
    #[arg(long)]
    random_chars: Option<u8>,
    /// What the password is
    #[arg(long, value_enum, default_value_t = LoginModeBody::Same)]
    login_mode: LoginModeBody,
    /// Cost of one voucher instead of the plan's, in minor units
    #[arg(long, value_name = "AMOUNT")]
    cost: Option<i64>,
    /// Selling price of one voucher instead of the plan's, in minor units
    #[arg(long, value_name = "AMOUNT")]
    sell: Option<i64>,
    /// The last business day on which an unused voucher may begin
    #[arg(long, value_name = "YYYY-MM-DD")]
    sell_by: Option<Date>,
    /// Push them now and wait until they are on the router
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Of this batch: number or id
    #[arg(long)]
    batch: Option<String>,
    /// In this state, such as available
    #[arg(long)]
    state: Option<String>,
    /// With this very code
    #[arg(long)]
    code: Option<String>,
    #[command(flatten)]
    from: MadeFrom,
    #[command(flatten)]
    page: PageArgs<VoucherSort>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Number or id of the batch
    batch: String,
    /// Include vouchers that do not work on the router yet
    #[arg(long)]
    unpushed: bool,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExtendArgs {
    /// Code or id
    voucher: String,
    /// Added to the end of its validity, such as 24h
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    validity: Option<u64>,
    /// Added to its time online, such as 2h
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    uptime_quota: Option<u64>,
    /// Added to its data, such as 1GiB
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    data_quota: Option<u64>,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Code or id
    voucher: String,
    #[command(flatten)]
    write: WriteArgs,
}

pub(super) async fn run(billing: &Billing, command: VoucherCommand) -> Result<Output, Failure> {
    let changed = match command {
        VoucherCommand::Create(arguments) => return create(billing, arguments).await,
        VoucherCommand::List(arguments) => return list(billing, arguments).await,
        VoucherCommand::Export(arguments) => return export(billing, arguments).await,
        VoucherCommand::Show { voucher } => billing.voucher(&voucher).await?,
        VoucherCommand::Extend(a) => {
            let body = ExtensionBody {
                validity_seconds: a.validity,
                uptime_quota_seconds: a.uptime_quota,
                data_quota_bytes: a.data_quota,
            };
            billing.extend_voucher(&a.write.caller()?, &a.voucher, body.read()?).await?
        }
        VoucherCommand::Disable(a) => {
            billing.disable_voucher(&a.write.caller()?, &a.voucher).await?
        }
        VoucherCommand::Enable(a) => billing.enable_voucher(&a.write.caller()?, &a.voucher).await?,
        VoucherCommand::Cancel(a) => billing.cancel_voucher(&a.write.caller()?, &a.voucher).await?,
        VoucherCommand::Regenerate(a) => {
            billing.regenerate_voucher(&a.write.caller()?, &a.voucher).await?
        }
    };
    Ok(shown(changed.into()))
}

async fn create(billing: &Billing, arguments: CreateArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let amount = |minor| Money::new(minor, billing.currency()).into();
    let body = NewBatchBody {
        router: arguments.router,
        plan: arguments.plan,
        vendor: arguments.vendor,
        count: arguments.count,
        prefix: arguments.prefix,
        random_chars: arguments.random_chars,
        login_mode: arguments.login_mode,
        cost: arguments.cost.map(amount),
        sell: arguments.sell.map(amount),
        sell_by: arguments.sell_by,
    };
    let receipt = billing.create_batch(&caller, body.read(billing).await?).await?;
    if arguments.wait && !receipt.dry_run {
        let view = push(billing, receipt.value).await?;
        let all_there = view.tally.pending_push == 0;
        return Ok(batch::shown(BatchViewBody::from(view)).if_well(all_there));
    }
    Ok(batch::shown(BatchViewBody::from(receipt.value)))
}

/// Pushes until nothing of the batch waits, the router fails, or the time is over.
async fn push(billing: &Billing, made: BatchView) -> Result<BatchView, Failure> {
    let worker = Worker::new(billing.clone()).with_progress(Arc::new(Shown::here()));
    let number = made.batch.number.to_string();
    let pushing = async {
        loop {
            let report = worker.tick().await?;
            let view = billing.batch(&number).await?;
            let failed = report
                .passes
                .iter()
                .any(|pass| pass.router == Some(view.batch.router) && pass.error.is_some());
            if failed || view.tally.pending_push <= view.tally.blocked {
                return Ok(view);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(WAIT_MAX, pushing).await {
        Ok(view) => view,
        Err(_) => Ok(billing.batch(&number).await?),
    }
}

async fn list(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let query = VouchersQuery {
        batch: arguments.batch,
        state: arguments.state,
        code: arguments.code,
        ..VouchersQuery::default()
    };
    let named = query.filter(billing).await?;
    let filter = VoucherFilter { batches: arguments.from.filter(billing).await?, ..named };
    let page = billing.vouchers(&filter, arguments.page.read()?).await?;
    let page = PageBody::of(page, VoucherBody::from);
    Ok(listing(&page, ["no", "code", "state", "sell", "first login", "expires"], |voucher| {
        [
            voucher.number.to_string(),
            voucher.code.clone(),
            voucher.state.to_owned(),
            money(&voucher.sell),
            or_dash(voucher.first_login.as_ref().map(|first| first.at)),
            or_dash(voucher.expires_at),
        ]
    }))
}

async fn export(billing: &Billing, arguments: ExportArgs) -> Result<Output, Failure> {
    let unpushed = if arguments.unpushed { Unpushed::Include } else { Unpushed::Refuse };
    let csv = billing.export_batch(&arguments.batch, unpushed).await?;
    if let Some(path) = &arguments.output {
        return written(path, &csv);
    }
    let text = String::from_utf8_lossy(&csv).into_owned();
    Ok(Output::new(json!({ "csv": text }), text))
}

fn shown(voucher: VoucherBody) -> Output {
    let text = facts(&[
        ("code", voucher.code.clone()),
        ("password", voucher.password.clone()),
        ("state", voucher.state.to_owned()),
        ("price", money(&voucher.sell)),
        ("first login", or_dash(voucher.first_login.as_ref().map(|first| first.at))),
        ("expires", or_dash(voucher.expires_at)),
        ("ended", or_dash(voucher.ended_by)),
    ]);
    Output::new(voucher, text)
}
