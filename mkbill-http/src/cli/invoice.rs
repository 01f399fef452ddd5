//! `mkbill invoice …`

use clap::{Args, Subcommand};
use jiff::civil::Date;
use mkbill_core::billing::Billing;
use mkbill_core::invoice::store::InvoiceSort;
use mkbill_core::kernel::money::Money;
use uuid::Uuid;

use crate::api::invoices::{
    InvoiceBody, InvoiceViewBody, InvoicesQuery, NewInvoiceBody, NewLineBody,
};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, facts, listing, money, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum InvoiceCommand {
    /// Issue an invoice by hand and pay it from credit as far as that goes
    Issue(IssueArgs),
    /// List invoices, newest first
    List(ListArgs),
    /// Show an invoice, what paid it, what was given back, and its public token
    Show {
        /// Number or id
        invoice: String,
    },
    /// Withdraw an open invoice; needs --reason
    Void(OneArgs),
    /// Give a part of an invoice back as credit; needs --reason
    Credit(CreditArgs),
}

#[derive(Debug, Args)]
pub(super) struct IssueArgs {
    /// Who owes it: an id
    customer: Uuid,
    /// A line, such as "Cable, per metre=5000x20": text, price of one in minor units, and how many
    #[arg(long = "line", value_name = "TEXT=PRICE[xQUANTITY]", value_parser = line, required = true)]
    lines: Vec<AskedLine>,
    /// When it is to be paid at the latest
    #[arg(long, value_name = "YYYY-MM-DD")]
    due_on: Date,
    /// The tax on all lines, such as ppn
    #[arg(long, value_name = "NAME")]
    tax: Option<String>,
    /// The subscription whose service depends on it
    #[arg(long, value_name = "ID")]
    subscription: Option<Uuid>,
    #[command(flatten)]
    write: WriteArgs,
}

/// A line as it is typed: its price is in the currency of the business.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AskedLine {
    text: String,
    unit: i64,
    quantity: u32,
}

fn line(typed: &str) -> Result<AskedLine, String> {
    let wrong = || "use a line such as \"Cable, per metre=5000x20\"".to_owned();
    let (text, price) = typed.rsplit_once('=').ok_or_else(wrong)?;
    let (unit, quantity) = price.split_once('x').unwrap_or((price, "1"));
    let unit = unit.parse().map_err(|_| wrong())?;
    let quantity = quantity.parse().map_err(|_| wrong())?;
    Ok(AskedLine { text: text.to_owned(), unit, quantity })
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Of this customer only
    #[arg(long, value_name = "ID")]
    customer: Option<Uuid>,
    /// Of this subscription only
    #[arg(long, value_name = "ID")]
    subscription: Option<Uuid>,
    /// In this state only, such as `open`
    #[arg(long)]
    status: Option<String>,
    /// Open and due before this day only
    #[arg(long, value_name = "YYYY-MM-DD")]
    due_before: Option<Date>,
    /// Issued on this day or later
    #[arg(long, value_name = "YYYY-MM-DD")]
    issued_from: Option<Date>,
    /// Issued on this day or earlier
    #[arg(long, value_name = "YYYY-MM-DD")]
    issued_to: Option<Date>,
    /// Due on this day or later
    #[arg(long, value_name = "YYYY-MM-DD")]
    due_from: Option<Date>,
    /// Due on this day or earlier
    #[arg(long, value_name = "YYYY-MM-DD")]
    due_to: Option<Date>,
    #[command(flatten)]
    page: PageArgs<InvoiceSort>,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Number or id
    invoice: String,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct CreditArgs {
    #[command(flatten)]
    one: OneArgs,
    /// How much, its tax included, in minor units (whole rupiah, cents)
    #[arg(long, value_name = "AMOUNT")]
    amount: i64,
}

pub(super) async fn run(billing: &Billing, command: InvoiceCommand) -> Result<Output, Failure> {
    let view = match command {
        InvoiceCommand::Issue(arguments) => return issue(billing, arguments).await,
        InvoiceCommand::List(arguments) => return list(billing, arguments).await,
        InvoiceCommand::Show { invoice } => {
            let view = billing.invoice(&invoice).await?;
            return Ok(shown(InvoiceViewBody::with_token(view, billing)?));
        }
        InvoiceCommand::Void(one) => {
            billing.void_invoice(&one.write.caller()?, &one.invoice).await?
        }
        InvoiceCommand::Credit(CreditArgs { one, amount }) => {
            let amount = Money::new(amount, billing.currency());
            billing.credit_invoice(&one.write.caller()?, &one.invoice, amount).await?
        }
    };
    Ok(shown(InvoiceViewBody::of(view)?))
}

async fn issue(billing: &Billing, arguments: IssueArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let lines = arguments.lines.into_iter().map(|line| NewLineBody {
        text: line.text,
        quantity: line.quantity,
        unit: Money::new(line.unit, billing.currency()).into(),
    });
    let body = NewInvoiceBody {
        customer: arguments.customer,
        lines: lines.collect(),
        tax: arguments.tax,
        due_on: arguments.due_on,
        subscription: arguments.subscription,
    };
    let (customer, manual) = body.read()?;
    let receipt = billing.issue_invoice(&caller, customer, manual).await?;
    Ok(shown(InvoiceViewBody::of(receipt.value)?))
}

async fn list(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let query = InvoicesQuery {
        customer: arguments.customer,
        subscription: arguments.subscription,
        status: arguments.status,
        due_before: arguments.due_before,
        issued_from: arguments.issued_from,
        issued_to: arguments.issued_to,
        due_from: arguments.due_from,
        due_to: arguments.due_to,
        ..InvoicesQuery::default()
    };
    let page = billing.invoices(&query.filter()?, arguments.page.read()?).await?;
    let page = PageBody::try_of(page, InvoiceBody::of)?;
    let heads = ["number", "customer", "status", "total", "outstanding", "issued", "due"];
    Ok(listing(&page, heads, |invoice| {
        [
            invoice.number.clone(),
            invoice.customer_id.to_string(),
            invoice.status.to_owned(),
            money(&invoice.total),
            money(&invoice.outstanding),
            invoice.issued_on.to_string(),
            invoice.due_on.to_string(),
        ]
    }))
}

fn shown(view: InvoiceViewBody) -> Output {
    let invoice = &view.invoice;
    let mut lines = vec![
        ("number", invoice.number.clone()),
        ("customer", invoice.customer_id.to_string()),
        ("status", invoice.status.to_owned()),
        ("issued", invoice.issued_on.to_string()),
        ("due", invoice.due_on.to_string()),
    ];
    for line in &view.lines {
        lines.push(("line", format!("{} × {} {}", line.quantity, money(&line.unit), line.text)));
    }
    lines.push(("tax", money(&invoice.tax)));
    lines.push(("total", money(&invoice.total)));
    lines.push(("paid", money(&invoice.paid)));
    lines.push(("outstanding", money(&invoice.outstanding)));
    for note in &view.credit_notes {
        let amount = money(&note.amount);
        lines.push(("given back", format!("{}: {amount}, {}", note.number, note.reason)));
    }
    if invoice.void_reason.is_some() {
        lines.push(("withdrawn", or_dash(invoice.void_reason.as_ref())));
    }
    if let Some(token) = &view.token {
        lines.push(("token", token.clone()));
    }
    let text = facts(&lines);
    Output::new(view, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_from_its_end_so_that_its_text_may_hold_anything() {
        let read = |text: &str, unit, quantity| AskedLine { text: text.to_owned(), unit, quantity };
        assert_eq!(line("Cable x2 (a=b)=5000x20"), Ok(read("Cable x2 (a=b)", 5_000, 20)));
        assert_eq!(line("Refund=-5000"), Ok(read("Refund", -5_000, 1)));
        for bad in ["", "Cable", "Cable=", "Cable=5000x", "Cable=5000x-1", "Cable=x2"] {
            assert!(line(bad).is_err(), "{bad}");
        }
    }
}
