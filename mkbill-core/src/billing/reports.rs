//! Reports and the audit trail.

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::money::{Currency, Money, MoneyError};
use crate::ledger::Account;
use crate::report::{Days, SalesBy, SalesReport, SalesRow, StatisticsRow};
use crate::store::Tx;
use crate::transact::{reading, snapshot};

use super::Reader;

/// The books at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    /// The sum of every account: debit above zero, credit below.
    pub balances: Vec<(Account, Money)>,
    /// Every entry sums to zero, and so do all accounts together, in each currency.
    pub balanced: bool,
}

impl Reader {
    /// Voucher sales of a span of business days in the engine's currency: revenue counts on the day
    /// of the first login.
    pub async fn sales(&self, days: Days, by: SalesBy) -> Result<SalesReport, Error> {
        in_order(days)?;
        let currency = self.currency();
        let rows = reading!(self.store(), |tx| tx.sales(days, by, currency).await)?;
        let total = total(currency, &rows).map_err(|error| Error::broken(error.to_string()))?;
        Ok(SalesReport { rows, total })
    }

    /// How the vouchers made in a span of business days stand now, from the books.
    pub async fn statistics(&self, days: Days, by: SalesBy) -> Result<Vec<StatisticsRow>, Error> {
        in_order(days)?;
        reading!(self.store(), |tx| tx.statistics(days, by).await)
    }

    /// The sum of every account, and whether the books balance.
    pub async fn books(&self) -> Result<Books, Error> {
        snapshot!(self.store(), |tx| books(tx).await)
    }
}

fn in_order(days: Days) -> Result<(), Error> {
    if days.from > days.to {
        return Err(Error::invalid(
            "from",
            said!("the first day is after the last", "hari pertama sesudah hari terakhir"),
        ));
    }
    Ok(())
}

fn total(currency: Currency, rows: &[SalesRow]) -> Result<SalesRow, MoneyError> {
    let sum = |amount: fn(&SalesRow) -> Money| Money::sum(currency, rows.iter().map(amount));
    Ok(SalesRow {
        group: "total".to_owned(),
        vouchers: rows.iter().map(|row| row.vouchers).sum(),
        revenue: sum(|row| row.revenue)?,
        cost: sum(|row| row.cost)?,
        profit: sum(|row| row.profit)?,
    })
}

pub(super) async fn books(tx: &mut dyn Tx) -> Result<Books, Error> {
    let balances = tx.ledger_balances().await?;
    let entries_off = tx.ledger_unbalanced_entries().await?;
    let mut currencies: Vec<Currency> = balances.iter().map(|(_, sum)| sum.currency()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let zero = |currency: &Currency| {
        let of_currency =
            balances.iter().map(|(_, sum)| *sum).filter(|sum| sum.currency() == *currency);
        Money::sum(*currency, of_currency).is_ok_and(Money::is_zero)
    };
    let all_zero = currencies.iter().all(zero);
    Ok(Books { balanced: entries_off == 0 && all_zero, balances })
}
