//! Reports about money, statements and the lock of the books, in SQL.

use async_trait::async_trait;
use jiff::civil::Date;
use uuid::Uuid;

use crate::kernel::document::DocumentNumber;
use crate::kernel::ids::{CustomerId, EntryId};
use crate::kernel::money::{Currency, Money};
use crate::ledger::statement::StatementLine;
use crate::ledger::{Account, Cause};
use crate::report::Days;
use crate::report::money::{
    AgeingRow, CashBy, CashRow, MonthRow, RevenueBy, RevenueRow, TrialRow, ages,
};
use crate::report::store::{BooksStore, StatementRange};
use crate::store::StoreError;

use super::engine::Dialect;
use super::invoice::currency;
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::{ReadError, SqlTx, known, unsigned};

macro_rules! month {
    () => {
        "substr(CAST(e.business_date AS text), 1, 7)"
    };
}

macro_rules! cash {
    ($group:expr) => {
        concat!(
            "SELECT ",
            $group,
            " AS grp, \
             CAST(SUM(CASE WHEN p.amount_minor > 0 THEN p.amount_minor ELSE 0 END) AS bigint) \
             AS received, \
             CAST(SUM(CASE WHEN p.amount_minor < 0 THEN -p.amount_minor ELSE 0 END) AS bigint) \
             AS returned FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id \
             WHERE p.account IN ('cash', 'bank', 'other_funds') AND p.currency = $3 \
             AND e.business_date >= $1 AND e.business_date <= $2 GROUP BY grp ORDER BY grp"
        )
    };
}

macro_rules! revenue {
    ($group:expr) => {
        concat!(
            "SELECT ",
            $group,
            " AS grp, \
             CAST(SUM(CASE WHEN p.account = 'voucher_revenue' THEN -p.amount_minor ELSE 0 END) \
             AS bigint) AS vouchers, \
             CAST(SUM(CASE WHEN p.account = 'subscription_revenue' THEN -p.amount_minor ELSE 0 END) \
             AS bigint) AS subscriptions, \
             CAST(SUM(CASE WHEN p.account = 'other_revenue' THEN -p.amount_minor ELSE 0 END) \
             AS bigint) AS other FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id \
             LEFT JOIN voucher v ON v.id = e.voucher_id \
             LEFT JOIN voucher_batch b ON b.id = v.batch_id \
             LEFT JOIN plan ON plan.id = COALESCE(p.plan_id, b.plan_id) \
             WHERE p.account IN ('voucher_revenue', 'subscription_revenue', 'other_revenue') \
             AND p.currency = $3 AND e.business_date >= $1 AND e.business_date <= $2 \
             GROUP BY grp ORDER BY grp"
        )
    };
}

/// The sum of postings that fulfil a condition.
macro_rules! sum {
    ($condition:expr, $sign:literal, $name:literal) => {
        concat!(
            "CAST(SUM(CASE WHEN ",
            $condition,
            " THEN ",
            $sign,
            "p.amount_minor ELSE 0 END) AS bigint) AS ",
            $name
        )
    };
}

/// Is a posting on an account that is the customer's?
///
/// It is no condition, so that the postings of a statement are found by their entries. By account they
/// would be those of all customers.
macro_rules! own {
    () => {
        "p.account IN ('customer_credit', 'receivable')"
    };
}

/// What the postings of an entry come to that are the customer's, found by the entry.
macro_rules! of_entry {
    ($sum:expr) => {
        concat!(
            "(SELECT ",
            $sum,
            " FROM ledger_posting p WHERE p.entry_id = e.id AND p.customer_id = $1 \
             AND p.currency = $2)"
        )
    };
}

statements! {
    TRIAL: "adding up the ledger" =
        "SELECT account, currency, \
         CAST(SUM(CASE WHEN amount_minor > 0 THEN amount_minor ELSE 0 END) AS bigint) AS debit, \
         CAST(SUM(CASE WHEN amount_minor < 0 THEN -amount_minor ELSE 0 END) AS bigint) AS credit \
         FROM ledger_posting GROUP BY account, currency ORDER BY account, currency";
    TRIAL_THROUGH: "adding up the ledger" =
        "SELECT p.account, p.currency, \
         CAST(SUM(CASE WHEN p.amount_minor > 0 THEN p.amount_minor ELSE 0 END) AS bigint) AS debit, \
         CAST(SUM(CASE WHEN p.amount_minor < 0 THEN -p.amount_minor ELSE 0 END) AS bigint) \
         AS credit FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id \
         WHERE e.business_date <= $1 GROUP BY p.account, p.currency ORDER BY p.account, p.currency";
    CASH_BY_DAY: "reporting money by day" = cash!("CAST(e.business_date AS text)");
    CASH_BY_MONTH: "reporting money by month" = cash!(month!());
    CASH_BY_METHOD: "reporting money by account" = cash!("p.account");
    REVENUE_BY_DAY: "reporting revenue by day" = revenue!("CAST(e.business_date AS text)");
    REVENUE_BY_MONTH: "reporting revenue by month" = revenue!(month!());
    REVENUE_BY_PLAN: "reporting revenue by plan" = revenue!("COALESCE(plan.name, '-')");
    MONTHS: "reporting months" = concat!(
        "SELECT ", month!(), " AS grp, ",
        sum!("e.cause LIKE 'invoice_issued:%' AND p.account IN ('subscription_revenue', 'other_revenue')", "-", "invoiced"), ", ",
        sum!("e.cause LIKE 'invoice_issued:%' AND p.account = 'tax_payable'", "-", "tax"), ", ",
        sum!("e.cause LIKE 'invoice_voided:%' AND p.account = 'receivable'", "-", "voided"), ", ",
        sum!("e.cause LIKE 'credit_noted:%' AND p.account = 'customer_credit'", "-", "credited"), ", ",
        sum!("p.account = 'voucher_revenue'", "-", "vouchers"), ", ",
        sum!("p.account IN ('cash', 'bank', 'other_funds') AND p.amount_minor > 0", "", "received"), ", ",
        sum!("p.account IN ('cash', 'bank', 'other_funds') AND p.amount_minor < 0", "-", "returned"), ", ",
        sum!("p.account = 'adjustments'", "", "adjusted"), ", ",
        sum!("p.account = 'opening_balances'", "", "opened"), ", ",
        sum!("p.account = 'receivable'", "", "receivable"), ", ",
        sum!("p.account = 'customer_credit'", "-", "credit"), ", ",
        sum!("p.account = 'suspense'", "-", "suspense"),
        " FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id \
         WHERE p.currency = $1 AND e.business_date <= $2 GROUP BY grp ORDER BY grp");
    AGEING: "reporting what is owed" =
        "SELECT i.customer_id, \
         CAST(SUM(CASE WHEN i.due_on >= $2 THEN i.total_minor - i.paid_minor ELSE 0 END) AS bigint) \
         AS current, \
         CAST(SUM(CASE WHEN i.due_on < $2 AND i.due_on >= $3 THEN i.total_minor - i.paid_minor \
         ELSE 0 END) AS bigint) AS days_30, \
         CAST(SUM(CASE WHEN i.due_on < $3 AND i.due_on >= $4 THEN i.total_minor - i.paid_minor \
         ELSE 0 END) AS bigint) AS days_60, \
         CAST(SUM(CASE WHEN i.due_on < $4 AND i.due_on >= $5 THEN i.total_minor - i.paid_minor \
         ELSE 0 END) AS bigint) AS days_90, \
         CAST(SUM(CASE WHEN i.due_on < $5 THEN i.total_minor - i.paid_minor ELSE 0 END) AS bigint) \
         AS older, CAST(SUM(i.total_minor - i.paid_minor) AS bigint) AS total \
         FROM invoice i WHERE i.state = 'open' AND i.currency = $1 \
         GROUP BY i.customer_id ORDER BY total DESC, i.customer_id";
    STATEMENT: "reading a statement" = concat!(
        "SELECT e.id, e.cause, e.business_date, e.recorded_at, e.memo, \
         (SELECT i.number FROM invoice i WHERE i.id = e.invoice_id) AS invoice_number, \
         (SELECT pay.number FROM payment pay WHERE pay.id = e.payment_id) AS payment_number, ",
        of_entry!(concat!("CAST(SUM(CASE WHEN ", own!(), " THEN -p.amount_minor ELSE 0 END) AS bigint)")),
        " AS change, ",
        of_entry!(concat!("CAST(SUM(CASE WHEN p.amount_minor > 0 AND ", own!(),
            " THEN p.amount_minor ELSE 0 END) AS bigint)")),
        " AS moved FROM ledger_entry e WHERE e.customer_id = $1 AND e.id > $3 \
         AND (CAST($4 AS date) IS NULL OR e.business_date >= $4) \
         AND (CAST($5 AS date) IS NULL OR e.business_date <= $5) AND ",
        of_entry!(concat!("COUNT(CASE WHEN ", own!(), " THEN 1 END)")),
        " > 0 ORDER BY e.id LIMIT $6");
    OPENING: "reading a balance" = concat!(
        "SELECT CAST(COALESCE(SUM(",
        of_entry!(concat!("SUM(CASE WHEN ", own!(), " THEN -p.amount_minor END)")),
        "), 0) AS bigint) AS n FROM ledger_entry e \
         WHERE e.customer_id = $1 AND ((CAST($4 AS date) IS NOT NULL AND e.business_date < $4) \
         OR (e.id <= $3 AND (CAST($4 AS date) IS NULL OR e.business_date >= $4) \
         AND (CAST($5 AS date) IS NULL OR e.business_date <= $5)))");
    LOCK: "closing books" =
        "INSERT INTO books_lock (id, locked_through) VALUES (1, $1) \
         ON CONFLICT (id) DO UPDATE SET locked_through = excluded.locked_through";
    UNLOCK: "opening books" = "DELETE FROM books_lock WHERE id = 1";
    BALANCES_OFF: "checking balances of customers" =
        "SELECT COUNT(*) AS n FROM (SELECT customer_id FROM (\
         SELECT customer_id, account, subscription_id, currency, amount_minor \
         FROM customer_balance UNION ALL \
         SELECT customer_id, account, \
         COALESCE(CASE WHEN account = 'customer_credit' THEN subscription_id END, $1), currency, \
         -amount_minor FROM ledger_posting \
         WHERE account IN ('customer_credit', 'receivable')) AS both_sides \
         GROUP BY customer_id, account, subscription_id, currency \
         HAVING SUM(amount_minor) <> 0) AS off";
    INVOICES_OFF: "checking invoices" =
        "SELECT COUNT(*) AS n FROM invoice i LEFT JOIN (SELECT invoice_id, SUM(amount_minor) AS paid \
         FROM allocation WHERE released_at IS NULL GROUP BY invoice_id) a ON a.invoice_id = i.id \
         WHERE i.paid_minor <> COALESCE(a.paid, 0)";
}

fn read_trial(row: &impl Record) -> Result<TrialRow, ReadError> {
    let currency = currency(row, "ledger_posting")?;
    let (debit, credit) = (row.int("debit")?, row.int("credit")?);
    let money = |minor| Money::new(minor, currency);
    Ok(TrialRow {
        account: known("ledger_posting", "account", &row.text("account")?, Account::named)?,
        debit: money(debit),
        credit: money(credit),
        balance: money(debit.saturating_sub(credit)),
    })
}

fn read_line(row: &impl Record, currency: Currency) -> Result<StatementLine, ReadError> {
    let money = |column| row.int(column).map(|minor| Money::new(minor, currency));
    let number = |column| row.text_or_none(column).map(|number| number.map(DocumentNumber::stored));
    Ok(StatementLine {
        entry: EntryId::from_uuid(row.uuid("id")?),
        cause: known("ledger_entry", "cause", &row.text("cause")?, Cause::read)?,
        on: row.date("business_date")?,
        recorded_at: row.instant("recorded_at")?,
        invoice: number("invoice_number")?,
        payment: number("payment_number")?,
        memo: row.text_or_none("memo")?,
        change: money("change")?,
        moved: money("moved")?,
        balance: Money::zero(currency),
    })
}

fn read_month(row: &impl Record, currency: Currency) -> Result<MonthRow, ReadError> {
    let money = |column| row.int(column).map(|minor| Money::new(minor, currency));
    Ok(MonthRow {
        month: row.text("grp")?,
        invoiced: money("invoiced")?,
        tax: money("tax")?,
        voided: money("voided")?,
        credited: money("credited")?,
        vouchers: money("vouchers")?,
        received: money("received")?,
        returned: money("returned")?,
        adjusted: money("adjusted")?,
        opened: money("opened")?,
        receivable: money("receivable")?,
        credit: money("credit")?,
        suspense: money("suspense")?,
    })
}

/// No entry comes before the nil identifier.
fn range_values(customer: CustomerId, currency: Currency, range: &StatementRange) -> Vec<Value> {
    vec![
        customer.uuid().into(),
        currency.code().into(),
        range.after.map_or(Uuid::nil(), EntryId::uuid).into(),
        range.from.into(),
        range.to.into(),
    ]
}

#[async_trait]
impl<D: Dialect> BooksStore for SqlTx<D> {
    async fn trial_balance(&mut self, through: Option<Date>) -> Result<Vec<TrialRow>, StoreError> {
        match through {
            None => self.all(TRIAL, Vec::new(), read_trial).await,
            Some(day) => self.all(TRIAL_THROUGH, vec![day.into()], read_trial).await,
        }
    }

    async fn cash(
        &mut self,
        days: Days,
        by: CashBy,
        currency: Currency,
    ) -> Result<Vec<CashRow>, StoreError> {
        let statement = match by {
            CashBy::Day => CASH_BY_DAY,
            CashBy::Month => CASH_BY_MONTH,
            CashBy::Method => CASH_BY_METHOD,
        };
        let read = |row: &D::Found| {
            let (received, returned) = (row.int("received")?, row.int("returned")?);
            Ok(CashRow {
                group: row.text("grp")?,
                received: Money::new(received, currency),
                returned: Money::new(returned, currency),
                net: Money::new(received.saturating_sub(returned), currency),
            })
        };
        let values = vec![days.from.into(), days.to.into(), currency.code().into()];
        self.all(statement, values, read).await
    }

    async fn revenue(
        &mut self,
        days: Days,
        by: RevenueBy,
        currency: Currency,
    ) -> Result<Vec<RevenueRow>, StoreError> {
        let statement = match by {
            RevenueBy::Day => REVENUE_BY_DAY,
            RevenueBy::Month => REVENUE_BY_MONTH,
            RevenueBy::Plan => REVENUE_BY_PLAN,
        };
        let read = |row: &D::Found| {
            let [vouchers, subscriptions, other] =
                [row.int("vouchers")?, row.int("subscriptions")?, row.int("other")?];
            let total = vouchers.saturating_add(subscriptions).saturating_add(other);
            let money = |minor| Money::new(minor, currency);
            Ok(RevenueRow {
                group: row.text("grp")?,
                vouchers: money(vouchers),
                subscriptions: money(subscriptions),
                other: money(other),
                total: money(total),
            })
        };
        let values = vec![days.from.into(), days.to.into(), currency.code().into()];
        self.all(statement, values, read).await
    }

    async fn months(
        &mut self,
        through: Date,
        currency: Currency,
    ) -> Result<Vec<MonthRow>, StoreError> {
        let values = vec![currency.code().into(), through.into()];
        self.all(MONTHS, values, |row| read_month(row, currency)).await
    }

    async fn ageing(
        &mut self,
        today: Date,
        currency: Currency,
    ) -> Result<Vec<AgeingRow>, StoreError> {
        let mut values: Vec<Value> = vec![currency.code().into()];
        values.extend(ages(today).map(Value::from));
        let read = |row: &D::Found| {
            let money = |column| row.int(column).map(|minor| Money::new(minor, currency));
            Ok(AgeingRow {
                customer: Some(CustomerId::from_uuid(row.uuid("customer_id")?)),
                current: money("current")?,
                days_30: money("days_30")?,
                days_60: money("days_60")?,
                days_90: money("days_90")?,
                older: money("older")?,
                total: money("total")?,
            })
        };
        self.all(AGEING, values, read).await
    }

    async fn statement(
        &mut self,
        customer: CustomerId,
        currency: Currency,
        range: &StatementRange,
        limit: u32,
    ) -> Result<Vec<StatementLine>, StoreError> {
        let mut values = range_values(customer, currency, range);
        values.push(limit.into());
        self.all(STATEMENT, values, |row| read_line(row, currency)).await
    }

    async fn statement_opening(
        &mut self,
        customer: CustomerId,
        currency: Currency,
        range: &StatementRange,
    ) -> Result<Money, StoreError> {
        let minor = self.number(OPENING, range_values(customer, currency, range)).await?;
        Ok(Money::new(minor, currency))
    }

    async fn books_lock(&mut self, through: Option<Date>) -> Result<(), StoreError> {
        match through {
            Some(day) => self.execute(LOCK, vec![day.into()]).await.map(drop),
            None => self.execute(UNLOCK, Vec::new()).await.map(drop),
        }
    }

    async fn balances_off(&mut self) -> Result<u64, StoreError> {
        self.number(BALANCES_OFF, vec![Uuid::nil().into()]).await.map(unsigned)
    }

    async fn invoices_off(&mut self) -> Result<u64, StoreError> {
        self.number(INVOICES_OFF, Vec::new()).await.map(unsigned)
    }
}
