//! `mkbill books …`

use clap::Subcommand;
use jiff::civil::Date;
use mkbill_core::billing::Billing;

use crate::api::books::BooksBody;
use crate::failure::Failure;

use super::args::WriteArgs;
use super::output::Output;

#[derive(Debug, Subcommand)]
pub(super) enum BooksCommand {
    /// Show how far the books are closed
    Show,
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

pub(super) async fn run(billing: &Billing, command: BooksCommand) -> Result<Output, Failure> {
    let (through, tried) = match command {
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
