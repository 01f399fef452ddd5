//! Questions to the books.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::ids::{CustomerId, EntryId};
use crate::kernel::money::{Currency, Money};
use crate::ledger::statement::StatementLine;
use crate::store::StoreError;

use super::money::{AgeingRow, CashBy, CashRow, MonthRow, RevenueBy, RevenueRow, TrialRow};
use super::subscribers::{Received, TopBy, TopCustomer};
use super::{Days, SalesBy, SalesRow, StatisticsRow, Tally};

/// Answers reports.
#[async_trait]
pub trait ReportStore: Send {
    /// Sales of a span of days in one currency.
    async fn sales(
        &mut self,
        days: Days,
        by: SalesBy,
        currency: Currency,
    ) -> Result<Vec<SalesRow>, StoreError>;
    /// How the vouchers made in a span of days stand now.
    async fn statistics(
        &mut self,
        days: Days,
        by: SalesBy,
    ) -> Result<Vec<StatisticsRow>, StoreError>;
}

/// Counts everything there is of a kind.
#[async_trait]
pub trait TallyStore: Send {
    /// Vouchers by their state.
    async fn voucher_states(&mut self) -> Result<Vec<Tally>, StoreError>;
    /// Open sessions by the kind of their login.
    async fn online_kinds(&mut self) -> Result<Vec<Tally>, StoreError>;
}

/// Answers questions about those who keep plans.
#[async_trait]
pub trait SubscriberStore: Send {
    /// How many customers were added since an instant or ever, how many have a subscription that is
    /// served, and how many had one, have none, and have not paid since a day.
    async fn subscriber_counts(
        &mut self,
        added_since: Option<Timestamp>,
        unpaid_since: Date,
    ) -> Result<[u64; 3], StoreError>;
    /// What customers paid since a business day or ever.
    async fn received(
        &mut self,
        since: Option<Date>,
        currency: Currency,
    ) -> Result<Received, StoreError>;
    /// The first customers of a ranking.
    async fn top_customers(
        &mut self,
        by: TopBy,
        since: Option<Date>,
        currency: Currency,
        limit: u32,
    ) -> Result<Vec<TopCustomer>, StoreError>;
    /// The average price of the subscriptions that are not over, and what open invoices took over.
    async fn subscription_amounts(
        &mut self,
        currency: Currency,
    ) -> Result<(Money, Money), StoreError>;
    /// In which months how many subscriptions began, the newest months first.
    async fn subscriptions_begun(&mut self, months: u32) -> Result<Vec<(String, u64)>, StoreError>;
}

/// Which lines of a statement are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatementRange {
    /// Behind this entry.
    pub after: Option<EntryId>,
    /// From this business date on.
    pub from: Option<Date>,
    /// Up to this business date, included.
    pub to: Option<Date>,
}

/// Answers questions about money, and closes books.
#[async_trait]
pub trait BooksStore: Send {
    /// Debits and credits of every account that has any, through a business date or all.
    async fn trial_balance(&mut self, through: Option<Date>) -> Result<Vec<TrialRow>, StoreError>;
    /// Money that came in and went out in a span of business dates.
    async fn cash(
        &mut self,
        days: Days,
        by: CashBy,
        currency: Currency,
    ) -> Result<Vec<CashRow>, StoreError>;
    /// Revenue of a span of business dates.
    async fn revenue(
        &mut self,
        days: Days,
        by: RevenueBy,
        currency: Currency,
    ) -> Result<Vec<RevenueRow>, StoreError>;
    /// What each month changed, from the first entry on; balances are those of the month alone.
    async fn months(
        &mut self,
        through: Date,
        currency: Currency,
    ) -> Result<Vec<MonthRow>, StoreError>;
    /// What each customer owes on open invoices, the highest first.
    async fn ageing(
        &mut self,
        today: Date,
        currency: Currency,
    ) -> Result<Vec<AgeingRow>, StoreError>;
    /// Lines of a customer's statement, in the order of writing; their balance is zero yet.
    async fn statement(
        &mut self,
        customer: CustomerId,
        currency: Currency,
        range: &StatementRange,
        limit: u32,
    ) -> Result<Vec<StatementLine>, StoreError>;
    /// The balance before the first of those lines.
    async fn statement_opening(
        &mut self,
        customer: CustomerId,
        currency: Currency,
        range: &StatementRange,
    ) -> Result<Money, StoreError>;
    /// Closes the books through a day, or opens all.
    async fn books_lock(&mut self, through: Option<Date>) -> Result<(), StoreError>;
    /// Customers whose kept balance is not the sum of their postings; 0 unless the data was damaged.
    async fn balances_off(&mut self) -> Result<u64, StoreError>;
    /// Invoices whose paid amount is not the sum of what pays them; 0 unless the data was damaged.
    async fn invoices_off(&mut self) -> Result<u64, StoreError>;
}
