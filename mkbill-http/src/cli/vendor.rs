//! `mkbill vendor …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::vendor::store::VendorSort;

use crate::api::values::PageBody;
use crate::api::vendors::{NewVendorBody, VendorBody, VendorsQuery};
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, listing};

#[derive(Debug, Subcommand)]
pub(super) enum VendorCommand {
    /// Add a vendor
    Add(AddArgs),
    /// List vendors
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Short unique code: A-Z, 0-9 and -
    code: String,
    /// Name for people
    name: String,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// A part of the code or the name, whatever its case
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    page: PageArgs<VendorSort>,
}

pub(super) async fn run(billing: &Billing, command: VendorCommand) -> Result<Output, Failure> {
    match command {
        VendorCommand::Add(arguments) => add(billing, arguments).await,
        VendorCommand::List(ListArgs { search, page }) => {
            let query = VendorsQuery { search, ..VendorsQuery::default() };
            let page = billing.vendors(query.text()?.as_ref(), page.read()?).await?;
            let page = PageBody::of(page, VendorBody::from);
            Ok(listing(&page, ["code", "name"], |v| [v.code.clone(), v.name.clone()]))
        }
    }
}

async fn add(billing: &Billing, arguments: AddArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let body = NewVendorBody { code: arguments.code, name: arguments.name };
    let vendor = VendorBody::from(billing.add_vendor(&caller, body.read()?).await?);
    let text = arguments.write.verdict(&format!("added vendor {}", vendor.code));
    Ok(Output::new(vendor, text))
}
