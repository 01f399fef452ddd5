//! Use cases around the books: statements, reports about money, closed months.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::account::desk::Desk;
use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::CustomerId;
use crate::kernel::language::said;
use crate::kernel::money::{Currency, Money, MoneyError};
use crate::kernel::page::{PAGE_ITEMS_MAX, Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::ledger::Entry;
use crate::ledger::statement::Statement;
use crate::ledger::store::{EntryFilter, EntrySort};
use crate::report::Days;
use crate::report::money::{AgeingRow, CashBy, CashRow, MonthRow, RevenueBy, RevenueRow, TrialRow};
use crate::report::store::StatementRange;
use crate::request::Once;
use crate::store::Tx;
use crate::transact::{reading, snapshot, transact};

use super::desk::{first_time, reason};
use super::{Billing, Reader};

/// Why books are not closed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BooksRefusal {
    /// Today's books have to stay open.
    #[error("books can be closed through yesterday at the latest: {0} is not over")]
    NotOver(Date),
    /// Closing moves forward only.
    #[error("the books are closed through {0} already: open them first to move it back")]
    Forward(Date),
    /// Opening moves back only.
    #[error("the books are not closed through a later day: close them to move it forward")]
    Backward,
}

impl Refusal for BooksRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NotOver(_) => "books_day_not_over",
            Self::Forward(_) => "books_closed_already",
            Self::Backward => "books_not_closed",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::NotOver(day) => {
                format!("buku paling jauh ditutup sampai kemarin: {day} belum berakhir")
            }
            Self::Forward(day) => {
                format!("buku sudah ditutup sampai {day}: buka dulu untuk memundurkannya")
            }
            Self::Backward => {
                "buku tidak ditutup sampai hari yang lebih akhir: tutup buku untuk memajukannya"
                    .to_owned()
            }
        }
    }
}

impl Billing {
    /// Closes the books through a day that is over; a reason has to be given. Nothing can be booked on
    /// those days any more.
    ///
    /// # Errors
    ///
    /// A [`BooksRefusal`] for a day that is not over or is closed already.
    pub async fn lock_books(&self, caller: &Caller, through: Date) -> Result<Option<Date>, Error> {
        let context = self.permitted(caller, Permission::BooksLock)?;
        transact!(self.store(), caller.mode, |tx| {
            lock(tx, self.desk(context).await?, Some(through), Move::Forward).await
        })
    }

    /// Opens closed books again, all or those after a day; a reason has to be given.
    ///
    /// # Errors
    ///
    /// [`BooksRefusal::Backward`] if those days are open.
    pub async fn unlock_books(
        &self,
        caller: &Caller,
        through: Option<Date>,
    ) -> Result<Option<Date>, Error> {
        let context = self.permitted(caller, Permission::BooksUnlock)?;
        transact!(self.store(), caller.mode, |tx| {
            lock(tx, self.desk(context).await?, through, Move::Back).await
        })
    }
}

impl Reader {
    /// A page of at most 200 lines of a customer's statement in the engine's currency.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such customer.
    pub async fn statement(
        &self,
        customer: CustomerId,
        range: StatementRange,
    ) -> Result<Statement, Error> {
        let currency = self.currency();
        snapshot!(self.store(), |tx| statement(tx, customer, currency, range).await)
    }

    /// Entries of the books with their sides; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn entries(
        &self,
        filter: EntryFilter,
        page: PageRequest<EntrySort>,
    ) -> Result<Page<Entry>, Error> {
        reading!(self.store(), |tx| tx.ledger_page(filter, page).await)
    }

    /// Debits and credits of every account, through a business date or all there is.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn trial_balance(&self, through: Option<Date>) -> Result<Vec<TrialRow>, Error> {
        snapshot!(self.store(), |tx| tx.trial_balance(through).await)
    }

    /// Money that came in and went out in a span of business dates.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn cash(&self, days: Days, by: CashBy) -> Result<Vec<CashRow>, Error> {
        let currency = self.currency();
        snapshot!(self.store(), |tx| tx.cash(days, by, currency).await)
    }

    /// What was earned in a span of business dates, before tax.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn revenue(&self, days: Days, by: RevenueBy) -> Result<Vec<RevenueRow>, Error> {
        let currency = self.currency();
        snapshot!(self.store(), |tx| tx.revenue(days, by, currency).await)
    }

    /// What happened in each month of a year, and where balances stood at its end.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a year outside the calendar.
    pub async fn months(&self, year: i16) -> Result<Vec<MonthRow>, Error> {
        let last = Date::new(year, 12, 31);
        let last = last.map_err(|_| {
            Error::invalid("year", said!("use a year such as 2026", "gunakan tahun seperti 2026"))
        })?;
        let currency = self.currency();
        let all = snapshot!(self.store(), |tx| tx.months(last, currency).await)?;
        Ok(of_year(year, currency, &running(all)?))
    }

    /// What each customer owes on invoices that are open now, by how long each would be overdue on a
    /// day, the highest first, and the sum of all.
    ///
    /// # Errors
    ///
    /// A sum that is out of range.
    pub async fn ageing(&self, on: Date) -> Result<(Vec<AgeingRow>, AgeingRow), Error> {
        let (currency, today) = (self.currency(), on);
        let rows = snapshot!(self.store(), |tx| tx.ageing(today, currency).await)?;
        let total = sum_of(currency, &rows)?;
        Ok((rows, total))
    }

    /// The last day of closed books.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn books_locked_through(&self) -> Result<Option<Date>, Error> {
        reading!(self.store(), |tx| tx.books_locked_through().await)
    }
}

async fn statement(
    tx: &mut dyn Tx,
    customer: CustomerId,
    currency: Currency,
    range: StatementRange,
) -> Result<Statement, Error> {
    let found = tx.customer_by_id(customer).await?;
    found.ok_or_else(|| Error::not_found(Thing::Customer, customer))?;
    let opening = tx.statement_opening(customer, currency, &range).await?;
    let lines = tx.statement(customer, currency, &range, PAGE_ITEMS_MAX + 1).await?;
    Ok(Statement::of(opening, lines, PAGE_ITEMS_MAX as usize)?)
}

/// Turns what each month changed of balances into where they stood at its end.
fn running(mut rows: Vec<MonthRow>) -> Result<Vec<MonthRow>, MoneyError> {
    for index in 1..rows.len() {
        let before = rows[index - 1].clone();
        let row = &mut rows[index];
        row.receivable = row.receivable.checked_add(before.receivable)?;
        row.credit = row.credit.checked_add(before.credit)?;
        row.suspense = row.suspense.checked_add(before.suspense)?;
    }
    Ok(rows)
}

/// The twelve months of a year. One without entries changed nothing: balances stand where they stood.
fn of_year(year: i16, currency: Currency, rows: &[MonthRow]) -> Vec<MonthRow> {
    let month = |number| {
        let name = format!("{year:04}-{number:02}");
        let before = rows.iter().rev().find(|row| row.month <= name);
        match before {
            Some(row) if row.month == name => row.clone(),
            before => MonthRow::quiet(name, currency, before),
        }
    };
    (1..=12).map(month).collect()
}

fn sum_of(currency: Currency, rows: &[AgeingRow]) -> Result<AgeingRow, MoneyError> {
    let sum = |of: fn(&AgeingRow) -> Money| Money::sum(currency, rows.iter().map(of));
    Ok(AgeingRow {
        customer: None,
        current: sum(|row| row.current)?,
        days_30: sum(|row| row.days_30)?,
        days_60: sum(|row| row.days_60)?,
        days_90: sum(|row| row.days_90)?,
        older: sum(|row| row.older)?,
        total: sum(|row| row.total)?,
    })
}

/// Which way the last closed day moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    Forward,
    Back,
}

async fn lock(
    tx: &mut dyn Tx,
    desk: Desk<'_>,
    through: Option<Date>,
    way: Move,
) -> Result<Option<Date>, Error> {
    let reason = reason(&desk)?;
    let input = Fingerprint::of("books.lock", &[&through, &way, &reason]);
    let nil = uuid::Uuid::nil();
    if first_time(tx, &desk, input, nil).await? != Once::First {
        return Ok(tx.books_locked_through().await?);
    }
    let before = tx.books_locked_through().await?;
    check(before, through, way, desk.today())?;
    tx.books_lock(through).await?;
    let action = if way == Move::Forward { "books.lock" } else { "books.unlock" };
    let act = Act { action, subject_kind: "books", subject: nil };
    let shown = |day: Option<Date>| json!({ "locked_through": day.map(|day| day.to_string()) });
    let context = desk.context;
    let (before, after): (Value, Value) = (shown(before), shown(through));
    let record = Record::new(context, act, before, after);
    tx.audit_append(&[record]).await?;
    Ok(through)
}

fn check(
    before: Option<Date>,
    through: Option<Date>,
    way: Move,
    today: Date,
) -> Result<(), BooksRefusal> {
    match (way, through) {
        (Move::Forward, Some(day)) if day >= today => Err(BooksRefusal::NotOver(day)),
        (Move::Forward, day) => match before {
            Some(known) if day <= Some(known) => Err(BooksRefusal::Forward(known)),
            _ => Ok(()),
        },
        (Move::Back, day) if day >= before => Err(BooksRefusal::Backward),
        (Move::Back, _) => Ok(()),
    }
}
