//! `mkbill books …`

use clap::{Args, Subcommand};
use jiff::civil::Date;
use mkbill_core::billing::Billing;
use mkbill_core::ledger::store::EntrySort;
use uuid::Uuid;

use crate::api::books::{BooksBody, EntryBody, EntryQuery, PostingBody};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{PageArgs, SpanArgs, WriteArgs};
use super::output::{Output, listing, money, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum BooksCommand {
    /// Show how far the books are closed
    Show,
    /// List the entries of the books with their sides, newest first
    Entries(EntriesArgs),
    /// Close the books through a day that is over; needs --reason
    Lock {
        /// The last day to close
        #[arg(value_name = "YYYY-MM-DD")]
        through: Date,
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Open closed books again; needs --reason
    Unlock {
        /// The last day that stays closed; all are opened if absent
        #[arg(long, value_name = "YYYY-MM-DD")]
        through: Option<Date>,
        #[command(flatten)]
        write: WriteArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct EntriesArgs {
    #[command(flatten)]
    span: SpanArgs,
    /// With a side on this account, such as cash
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// On the statement of the customer of this id
    #[arg(long, value_name = "ID")]
    customer: Option<Uuid>,
    #[command(flatten)]
    page: PageArgs<EntrySort>,
}

async fn entries(billing: &Billing, arguments: EntriesArgs) -> Result<Output, Failure> {
    let EntriesArgs { span: SpanArgs { from, to }, account, customer, page } = arguments;
    let query = EntryQuery { from, to, account, customer, ..EntryQuery::default() };
    let entries = billing.entries(query.filter()?, page.read()?).await?;
    let entries = PageBody::of(entries, EntryBody::from);
    Ok(listing(&entries, ["on", "what", "sides", "memo"], |entry| {
        let side = |side: &PostingBody| format!("{} {}", side.account, money(&side.amount));
        let sides: Vec<String> = entry.postings.iter().map(side).collect();
        [
            entry.on.to_string(),
            entry.cause.to_owned(),
            sides.join("\n"),
            or_dash(entry.memo.as_ref()),
        ]
    }))
}

pub(super) async fn run(billing: &Billing, command: BooksCommand) -> Result<Output, Failure> {
    let (through, tried) = match command {
        BooksCommand::Entries(arguments) => return entries(billing, arguments).await,
        BooksCommand::Show => (billing.books_locked_through().await?, None),
        BooksCommand::Lock { through, write } => {
            (billing.lock_books(&write.caller()?, through).await?, Some(write))
        }
        BooksCommand::Unlock { through, write } => {
            (billing.unlock_books(&write.caller()?, through).await?, Some(write))
        }
    };
    let text = match through {
        Some(day) => format!("closed through {day}"),
        None => "all days are open".to_owned(),
    };
    let text = match tried {
        Some(write) => write.verdict(&text),
        None => text,
    };
    Ok(Output::new(BooksBody { locked_through: through }, text))
}
