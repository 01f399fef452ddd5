//! `mkbill bill`

use mkbill_core::billing::{Billing, BillingRun};
use serde::Serialize;

use crate::api::clock::{BillingRunBody, FailedBody};
use crate::failure::Failure;

use super::output::{Output, facts};

/// What a run did, and for how many.
#[derive(Debug, Serialize)]
struct Billed {
    customers: usize,
    #[serde(flatten)]
    run: BillingRunBody,
}

/// Does once what is due by the calendar; ends with status 1 if something could not be billed.
pub(super) async fn run(billing: &Billing) -> Result<Output, Failure> {
    Ok(told(billing.bill_due().await?))
}

fn told(run: BillingRun) -> Output {
    let billed = Billed { customers: run.customers, run: run.into() };
    let mut lines = vec![("customers", billed.customers.to_string())];
    lines.extend(done(&billed.run));
    lines.extend(failures(&billed.run));
    let well = billed.run.failed.is_empty();
    let text = facts(&lines);
    Output::new(billed, text).if_well(well)
}

/// What a run did, as facts.
pub(super) fn done(run: &BillingRunBody) -> [(&'static str, String); 4] {
    [
        ("issued", run.issued.to_string()),
        ("paid from credit", run.paid_from_credit.to_string()),
        ("suspended", run.suspended.to_string()),
        ("notices", run.notices.to_string()),
    ]
}

/// What a run could not do, as facts.
pub(super) fn failures(run: &BillingRunBody) -> impl Iterator<Item = (&'static str, String)> {
    let text =
        |failed: &FailedBody| ("FAILED", format!("{}: {}", failed.subscription_id, failed.error));
    run.failed.iter().map(text)
}
