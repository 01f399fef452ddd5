//! Arguments that several commands share.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::order::{Order, SortKey};
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::report::Days;

use crate::api::reports::days;

/// Variables that name the person at the terminal, in the order of asking.
const USER_VARIABLES: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// How a write is done.
#[derive(Debug, Default, Args)]
pub(super) struct WriteArgs {
    /// Do everything, answer as if, and keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Why; kept in the audit trail
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Your own name for this request: sent twice, it is done once
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

impl WriteArgs {
    pub(super) fn caller(&self) -> Result<Caller, Error> {
        let user = USER_VARIABLES.into_iter().find_map(|name| std::env::var(name).ok());
        let actor = Actor::cli(user.as_deref().unwrap_or("unknown"));
        let mut caller = Caller::new(actor);
        if let Some(reason) = &self.reason {
            caller = caller.because(reason)?;
        }
        if let Some(key) = &self.idempotency_key {
            caller = caller.with_key(key.parse()?);
        }
        Ok(if self.dry_run { caller.dry_run() } else { caller })
    }

    /// `done`, or that it was only tried.
    pub(super) fn verdict(&self, done: &str) -> String {
        if self.dry_run { format!("dry run, nothing kept: {done}") } else { done.to_owned() }
    }
}

/// Whether somebody waits.
#[derive(Debug, Args)]
pub(super) struct LaterArgs {
    /// Do not wait: leave it to a worker or `mkbill serve`, and print the operation
    #[arg(long, conflicts_with = "dry_run")]
    later: bool,
}

impl LaterArgs {
    pub(super) fn is_wished(&self) -> bool {
        self.later
    }
}

/// Which page of a list, and in which order.
#[derive(Debug, Args)]
pub(super) struct PageArgs<K: SortKey> {
    /// In which order; what has no value comes last
    #[arg(
        long,
        value_name = "ORDER",
        allow_hyphen_values = true,
        value_parser = orders::<K>(),
        default_value = K::DEFAULT.name(),
    )]
    sort: Order<K>,
    /// How many lines, 1 to 200
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// The `next` of the page before, in the same order
    #[arg(long)]
    cursor: Option<String>,
}

impl<K: SortKey> PageArgs<K> {
    pub(super) fn read(&self) -> Result<PageRequest<K>, Error> {
        let after = self.cursor.as_deref().map(str::parse).transpose()?;
        PageRequest::sorted(self.sort, after, self.limit)
    }
}

/// Reads an order of a list; the help names them all.
fn orders<K: SortKey>() -> impl TypedValueParser<Value = Order<K>> {
    PossibleValuesParser::new(Order::<K>::all().map(Order::name))
        .try_map(|name| name.parse::<Order<K>>())
}

/// A span of business days that is open where nothing is named.
#[derive(Debug, Args)]
pub(super) struct SpanArgs {
    /// First business day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(super) from: Option<Date>,
    /// Last business day, included
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(super) to: Option<Date>,
}

/// A span of business days.
#[derive(Debug, Args)]
pub(super) struct DaysArgs {
    /// First business day; today if absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<Date>,
    /// Last business day, included; today if absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<Date>,
}

impl DaysArgs {
    pub(super) fn read(&self, billing: &Billing) -> Days {
        days(billing, self.from, self.to)
    }
}
