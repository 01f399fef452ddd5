//! `mkbill bill`

use mkbill_core::billing::{Billing, BillingRun};
use serde_json::json;

use crate::failure::Failure;

use super::output::{Output, facts};

/// Does once what is due by the calendar; ends with status 1 if something could not be billed.
pub(super) async fn run(billing: &Billing) -> Result<Output, Failure> {
    Ok(told(&billing.bill_due().await?))
}

fn told(run: &BillingRun) -> Output {
    let failed = run.failed.iter();
    let json = json!({
        "customers": run.customers,
        "issued": run.issued,
        "paid_from_credit": run.paid_from_credit,
        "suspended": run.suspended,
        "notices": run.notices,
        "failed": failed
            .map(|(id, error)| json!({ "subscription_id": id.to_string(), "error": error }))
            .collect::<Vec<_>>(),
    });
    let mut lines = vec![
        ("customers", run.customers.to_string()),
        ("issued", run.issued.to_string()),
        ("paid from credit", run.paid_from_credit.to_string()),
        ("suspended", run.suspended.to_string()),
        ("notices", run.notices.to_string()),
    ];
    lines.extend(run.failed.iter().map(|(id, error)| ("FAILED", format!("{id}: {error}"))));
    Output::new(json, facts(&lines)).if_well(run.failed.is_empty())
}
