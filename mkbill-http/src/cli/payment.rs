//! `mkbill payment …`

use clap::{Args, Subcommand};
use jiff::civil::Date;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::kernel::money::Money;
use mkbill_core::payment::store::PaymentSort;
use uuid::Uuid;

use crate::api::payments::{
    MethodBody, NewPaymentBody, PartBody, PaymentBody, PaymentViewBody, PaymentsQuery,
};
use crate::api::values::{MoneyBody, PageBody};
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, facts, listing, money, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum PaymentCommand {
    /// Record money that came in; with --dry-run, show what it would do
    Record(RecordArgs),
    /// List payments, newest first
    List(ListArgs),
    /// Show a payment and what it pays
    Show {
        /// Receipt number, reference or id
        payment: String,
    },
    /// Take a payment back; needs --reason
    Reverse(OneArgs),
    /// Give a payment that stands in suspense to its customer
    Match(MatchArgs),
}

#[derive(Debug, Args)]
pub(super) struct RecordArgs {
    /// How much, in minor units (whole rupiah, cents)
    amount: i64,
    /// Whose it is; without one it stands in suspense
    #[arg(long, value_name = "ID")]
    customer: Option<Uuid>,
    /// The only subscription that it is for
    #[arg(long, value_name = "ID")]
    subscription: Option<Uuid>,
    /// The invoice it pays before all others: number or id
    #[arg(long)]
    invoice: Option<String>,
    /// How all of it came in
    #[arg(long, value_enum, conflicts_with = "parts", required_unless_present = "parts")]
    method: Option<MethodBody>,
    /// A part of it, such as cash=50000; once for each
    #[arg(long = "part", id = "parts", value_name = "METHOD=AMOUNT", value_parser = part)]
    parts: Vec<(MethodBody, i64)>,
    /// The business date on which it came in; today if absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    received_on: Option<Date>,
    /// Its name in the world outside; a second payment of the same name is the same payment
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// A note
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    write: WriteArgs,
}

fn part(text: &str) -> Result<(MethodBody, i64), String> {
    let wrong = || "use a part such as cash=50000".to_owned();
    let (method, amount) = text.split_once('=').ok_or_else(wrong)?;
    let method = <MethodBody as clap::ValueEnum>::from_str(method, false)?;
    Ok((method, amount.parse().map_err(|_| wrong())?))
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Of this customer only
    #[arg(long, value_name = "ID")]
    customer: Option<Uuid>,
    /// Only those that belong to nobody yet
    #[arg(long)]
    in_suspense: bool,
    /// Received on this day or later
    #[arg(long, value_name = "YYYY-MM-DD")]
    received_from: Option<Date>,
    /// Received on this day or earlier
    #[arg(long, value_name = "YYYY-MM-DD")]
    received_to: Option<Date>,
    /// With a part that came this way
    #[arg(long, value_enum)]
    method: Option<MethodBody>,
    #[command(flatten)]
    page: PageArgs<PaymentSort>,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Receipt number, reference or id
    payment: String,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct MatchArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Whose it is: an id
    customer: CustomerId,
}

pub(super) async fn run(billing: &Billing, command: PaymentCommand) -> Result<Output, Failure> {
    let view = match command {
        PaymentCommand::Record(arguments) => return record(billing, arguments).await,
        PaymentCommand::List(arguments) => return list(billing, arguments).await,
        PaymentCommand::Show { payment } => billing.payment(&payment).await?,
        PaymentCommand::Reverse(one) => {
            billing.reverse_payment(&one.write.caller()?, &one.payment).await?
        }
        PaymentCommand::Match(MatchArgs { one, customer }) => {
            billing.match_payment(&one.write.caller()?, &one.payment, customer).await?
        }
    };
    let view = PaymentViewBody::of(view)?;
    let text = told(&view);
    Ok(Output::new(view, text))
}

async fn record(billing: &Billing, arguments: RecordArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let amount = |minor| MoneyBody::from(Money::new(minor, billing.currency()));
    let parts = arguments.parts.into_iter().map(|(method, minor)| PartBody {
        method,
        amount: amount(minor),
        reference: None,
    });
    let parts: Vec<PartBody> = parts.collect();
    let body = NewPaymentBody {
        customer: arguments.customer,
        subscription: arguments.subscription,
        invoice: arguments.invoice,
        amount: amount(arguments.amount),
        parts: (!parts.is_empty()).then_some(parts),
        method: arguments.method,
        received_on: arguments.received_on,
        reference: arguments.reference,
        note: arguments.note,
    };
    let receipt = billing.record_payment(&caller, body.read(billing).await?).await?;
    let view = PaymentViewBody::of(receipt.value)?;
    let verdict = if receipt.replayed { "recorded before" } else { "recorded" };
    let text = format!("{}\n{}", arguments.write.verdict(verdict), told(&view));
    Ok(Output::new(view, text))
}

async fn list(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let query = PaymentsQuery {
        customer: arguments.customer,
        in_suspense: arguments.in_suspense,
        received_from: arguments.received_from,
        received_to: arguments.received_to,
        method: arguments.method,
        ..PaymentsQuery::default()
    };
    let page = billing.payments(&query.filter(), arguments.page.read()?).await?;
    let page = PageBody::of(page, PaymentBody::from);
    let heads = ["number", "customer", "amount", "received", "reference", "reversed"];
    Ok(listing(&page, heads, |payment| {
        [
            payment.number.clone(),
            or_dash(payment.customer_id),
            money(&payment.amount),
            payment.received_on.to_string(),
            or_dash(payment.reference.as_ref()),
            or_dash(payment.reversed_at),
        ]
    }))
}

fn told(view: &PaymentViewBody) -> String {
    let payment = &view.payment;
    let mut lines = vec![
        ("number", payment.number.clone()),
        ("customer", or_dash(payment.customer_id)),
        ("amount", money(&payment.amount)),
        ("received", payment.received_on.to_string()),
    ];
    for paid in &view.paid {
        let invoice = &paid.invoice;
        let amount = money(&paid.amount);
        lines.push(("pays", format!("{amount} of {} ({})", invoice.number, invoice.status)));
    }
    for credit in &view.credit {
        lines.push(("credit", money(&credit.amount)));
    }
    if let Some(reason) = &payment.reversal_reason {
        lines.push(("taken back", reason.clone()));
    }
    facts(&lines)
}
