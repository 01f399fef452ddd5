//! `mkbill credit …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::kernel::money::Money;
use uuid::Uuid;

use crate::api::credit::{AdjustmentBody, PlaceBody, StandingsBody, TransferBody};
use crate::failure::Failure;

use super::args::WriteArgs;
use super::output::{Output, money, table};

#[derive(Debug, Subcommand)]
pub(super) enum CreditCommand {
    /// Correct a customer's credit; needs --reason
    Adjust(AdjustArgs),
    /// Move credit between customers or subscriptions
    Transfer(TransferArgs),
    /// Show what a customer has and owes
    Show {
        /// Id
        customer: CustomerId,
    },
}

#[derive(Debug, Args)]
pub(super) struct AdjustArgs {
    /// Id
    customer: CustomerId,
    /// Above zero gives credit, below takes it; in minor units (whole rupiah, cents)
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    amount: i64,
    /// The only subscription whose credit it is
    #[arg(long, value_name = "ID")]
    subscription: Option<Uuid>,
    /// Less than nothing may be left
    #[arg(long)]
    allow_negative: bool,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct TransferArgs {
    /// From which customer: an id
    from: Uuid,
    /// To which customer: an id
    to: Uuid,
    /// How much, in minor units (whole rupiah, cents)
    #[arg(long, value_name = "AMOUNT")]
    amount: i64,
    /// From the credit of this subscription
    #[arg(long, value_name = "ID")]
    from_subscription: Option<Uuid>,
    /// To the credit of this subscription
    #[arg(long, value_name = "ID")]
    to_subscription: Option<Uuid>,
    #[command(flatten)]
    write: WriteArgs,
}

pub(super) async fn run(billing: &Billing, command: CreditCommand) -> Result<Output, Failure> {
    match command {
        CreditCommand::Adjust(arguments) => adjust(billing, arguments).await,
        CreditCommand::Transfer(arguments) => transfer(billing, arguments).await,
        CreditCommand::Show { customer } => {
            Ok(shown(StandingsBody::of(customer, billing.standing(customer).await?)))
        }
    }
}

async fn adjust(billing: &Billing, arguments: AdjustArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let body = AdjustmentBody {
        amount: Money::new(arguments.amount, billing.currency()).into(),
        subscription: arguments.subscription,
        allow_negative: arguments.allow_negative,
    };
    let customer = arguments.customer;
    let standing = billing.adjust_credit(&caller, customer, body.read()?).await?;
    Ok(shown(StandingsBody::of(customer, standing)))
}

async fn transfer(billing: &Billing, arguments: TransferArgs) -> Result<Output, Failure> {
    let caller = arguments.write.caller()?;
    let place = |customer, subscription| PlaceBody { customer, subscription };
    let body = TransferBody {
        from: place(arguments.from, arguments.from_subscription),
        to: place(arguments.to, arguments.to_subscription),
        amount: Money::new(arguments.amount, billing.currency()).into(),
    };
    let transfer = body.read()?;
    let standing = billing.transfer_credit(&caller, transfer).await?;
    Ok(shown(StandingsBody::of(transfer.from, standing)))
}

fn shown(standings: StandingsBody) -> Output {
    let rows = standings.items.iter().map(|standing| {
        let credit = standing.credit.iter().map(|credit| money(&credit.amount));
        let credit = credit.collect::<Vec<_>>().join(" + ");
        [standing.currency.clone(), credit, money(&standing.owed), money(&standing.balance)]
    });
    let text = table(["currency", "credit", "owed", "balance"], rows.collect::<Vec<_>>());
    Output::new(standings, text)
}
