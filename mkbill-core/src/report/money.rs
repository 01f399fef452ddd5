//! Reports about money. All but the ageing of receivables fold the ledger and nothing else.

use jiff::civil::Date;

use crate::kernel::ids::CustomerId;
use crate::kernel::money::{Currency, Money};
use crate::kernel::names::names;
use crate::ledger::Account;

names! {
    /// By what money that came in or went out is grouped.
    pub enum CashBy "by" {
        /// Business date.
        Day = "day",
        /// Month of the business date, such as `2026-03`.
        Month = "month",
        /// The account on which it stands: cash, bank or other funds.
        Method = "method",
    }
}

names! {
    /// By what revenue is grouped.
    pub enum RevenueBy "by" {
        /// Business date.
        Day = "day",
        /// Month of the business date, such as `2026-03`.
        Month = "month",
        /// The plan that earned it, as it was then; `-` for what people invoiced without a plan.
        Plan = "plan",
    }
}

/// One account of a trial balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialRow {
    /// The account.
    pub account: Account,
    /// The sum of all debits.
    pub debit: Money,
    /// The sum of all credits, as a positive amount.
    pub credit: Money,
    /// Debit less credit.
    pub balance: Money,
}

/// Money that came in and went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashRow {
    /// The day, month or account.
    pub group: String,
    /// What came in.
    pub received: Money,
    /// What went out again.
    pub returned: Money,
    /// What is left of it.
    pub net: Money,
}

/// What was earned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueRow {
    /// The day, month or plan.
    pub group: String,
    /// From vouchers.
    pub vouchers: Money,
    /// From subscriptions, less what was given back.
    pub subscriptions: Money,
    /// From invoices that people wrote, less what was given back.
    pub other: Money,
    /// All of it, before tax.
    pub total: Money,
}

/// One month, or the sum of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthRow {
    /// Such as `2026-03`; `total` for the sum.
    pub month: String,
    /// Invoiced before tax.
    pub invoiced: Money,
    /// Tax on what was invoiced.
    pub tax: Money,
    /// Taken back by withdrawing invoices, tax included.
    pub voided: Money,
    /// Given back by credit notes, tax included.
    pub credited: Money,
    /// Revenue from vouchers.
    pub vouchers: Money,
    /// Money that came in.
    pub received: Money,
    /// Money that went out again.
    pub returned: Money,
    /// Corrections of credit: above zero was given.
    pub adjusted: Money,
    /// Balances that customers brought along: above zero to their good.
    pub opened: Money,
    /// What customers owe on invoices at the end of the month.
    pub receivable: Money,
    /// What customers have paid and not spent at the end of the month.
    pub credit: Money,
    /// Money that belongs to nobody known at the end of the month.
    pub suspense: Money,
}

impl MonthRow {
    /// A month in which nothing happened after `before`.
    pub(crate) fn quiet(month: String, currency: Currency, before: Option<&Self>) -> Self {
        let zero = Money::zero(currency);
        let stood = |of: fn(&Self) -> Money| before.map_or(zero, of);
        Self {
            month,
            invoiced: zero,
            tax: zero,
            voided: zero,
            credited: zero,
            vouchers: zero,
            received: zero,
            returned: zero,
            adjusted: zero,
            opened: zero,
            receivable: stood(|row| row.receivable),
            credit: stood(|row| row.credit),
            suspense: stood(|row| row.suspense),
        }
    }
}

/// What one customer owes, by how long it is overdue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeingRow {
    /// Who; `None` for the sum of all.
    pub customer: Option<CustomerId>,
    /// Not due yet.
    pub current: Money,
    /// One to thirty days past due.
    pub days_30: Money,
    /// Thirty-one to sixty.
    pub days_60: Money,
    /// Sixty-one to ninety.
    pub days_90: Money,
    /// More than ninety.
    pub older: Money,
    /// All of it.
    pub total: Money,
}

/// The first days of the five ages of a debt, counted back from a day: an invoice that was due on the
/// first of them or later is not overdue.
pub fn ages(today: Date) -> [Date; 4] {
    let back = |days: i64| today.saturating_sub(jiff::Span::new().days(days));
    [today, back(30), back(60), back(90)]
}
