//! `mkbill vendor …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;

use crate::api::values::PageBody;
use crate::api::vendors::{NewVendorBody, VendorBody};
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, listing};

#[derive(Debug, Subcommand)]
pub(super) enum VendorCommand {
    /// Add a vendor
    Add(AddArgs),
    /// List vendors
    List(PageArgs),
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

pub(super) async fn run(billing: &Billing, command: VendorCommand) -> Result<Output, Failure> {
    match command {
        VendorCommand::Add(arguments) => add(billing, arguments).await,
        VendorCommand::List(page) => {
            let page = PageBody::of(billing.vendors(page.read()?).await?, VendorBody::from);
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
