//! `mkbill notice …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::notice::NoticeKind;
use mkbill_core::notice::store::{NoticeFilter, NoticeSort};

use crate::api::notices::NoticeBody;
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::PageArgs;
use super::output::{Output, listing, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum NoticeCommand {
    /// List what was and will be told, newest first
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// To this customer only
    #[arg(long, value_name = "ID")]
    customer: Option<CustomerId>,
    /// Of this kind only, such as `invoice_issued`
    #[arg(long)]
    kind: Option<String>,
    #[command(flatten)]
    page: PageArgs<NoticeSort>,
}

pub(super) async fn run(billing: &Billing, command: NoticeCommand) -> Result<Output, Failure> {
    let NoticeCommand::List(wanted) = command;
    let kind = wanted.kind.as_deref().map(str::parse::<NoticeKind>).transpose()?;
    let filter = NoticeFilter { customer: wanted.customer, kind };
    let found = billing.notices(filter, wanted.page.read()?).await?;
    let page = PageBody::of(found, NoticeBody::from);
    let heads = ["not before", "kind", "customer", "about"];
    Ok(listing(&page, heads, |notice| {
        let about = format!("{} {}", notice.subject_kind, notice.subject_id);
        let customer = or_dash(notice.customer_id);
        [notice.not_before.to_string(), notice.kind.to_owned(), customer, about]
    }))
}
