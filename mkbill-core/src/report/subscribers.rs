//! Figures of those who keep plans: how many come, stay and leave, and what they bring.

use jiff::SignedDuration;

use crate::kernel::ids::CustomerId;
use crate::kernel::money::Money;
use crate::kernel::names::names;
use crate::subscription::StateName;

/// A customer without a subscription who has not paid for so many days has left.
pub const CHURN_DAYS: u32 = 30;

names! {
    /// How far back figures look.
    pub enum Window "window" {
        /// 7 days.
        Week = "week",
        /// 30 days.
        Month = "month",
        /// 90 days.
        Quarter = "quarter",
        /// 365 days.
        Year = "year",
        /// All there is.
        All = "all",
    }
}

impl Window {
    /// How long it is; `None` without an end.
    pub fn span(self) -> Option<SignedDuration> {
        let days = match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
            Self::Year => 365,
            Self::All => return None,
        };
        Some(SignedDuration::from_hours(24 * days))
    }
}

names! {
    /// By what customers are ranked.
    pub enum TopBy "by" {
        /// What they paid, less what was taken back.
        Received = "received",
        /// How many subscriptions they have that are not over.
        Subscriptions = "subscriptions",
        /// Their balance, whether they owe it or hold it.
        Balance = "balance",
    }
}

/// Figures of customers. Deleted ones count only in what was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriberFigures {
    /// How many were added in the window.
    pub new: u64,
    /// How many have a subscription that is served.
    pub active: u64,
    /// How many had a subscription, have none any more, and have not paid for 30 days.
    pub churned: u64,
    /// What customers paid in the window, less what was taken back.
    pub received: Money,
    /// What was received in the window for each active customer, rounded down; zero without any.
    pub per_active: Money,
    /// What each customer who ever paid has paid on average, rounded down.
    pub lifetime_average: Money,
    /// The most that one customer has paid.
    pub lifetime_most: Money,
}

/// What customers paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// How many of them paid something that was not taken back.
    pub payers: u64,
    /// What they paid together.
    pub total: Money,
    /// The most that one of them paid.
    pub most: Money,
}

impl SubscriberFigures {
    /// Puts the figures together.
    pub fn new(counts: [u64; 3], window: Received, ever: Received) -> Self {
        let [new, active, churned] = counts;
        Self {
            new,
            active,
            churned,
            received: window.total,
            per_active: each(window.total, active),
            lifetime_average: each(ever.total, ever.payers),
            lifetime_most: ever.most,
        }
    }
}

fn each(total: Money, count: u64) -> Money {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Money::new(total.minor().checked_div(count).unwrap_or(0), total.currency())
}

/// A customer of a ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopCustomer {
    /// Who.
    pub customer: CustomerId,
    /// Their name.
    pub name: String,
    /// Minor units of money, or a number of subscriptions.
    pub value: i64,
}

/// Figures of subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionFigures {
    /// How many there are in each state that occurs.
    pub by_state: Vec<(StateName, u64)>,
    /// The average price of a period of those that are not over, rounded down.
    pub average_price: Money,
    /// What open invoices took over from earlier ones.
    pub carried_over: Money,
    /// In which months how many began, newest first: twelve months that have any.
    pub begun: Vec<(String, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_brings_is_rounded_down_and_nothing_without_anybody() {
        let sum = |payers, total| Received {
            payers,
            total: Money::rupiah(total),
            most: Money::rupiah(total),
        };
        let figures = SubscriberFigures::new([1, 3, 0], sum(2, 100), sum(7, 1_000));
        assert_eq!(figures.per_active, Money::rupiah(33));
        assert_eq!(figures.lifetime_average, Money::rupiah(142));
        let nobody = SubscriberFigures::new([0; 3], sum(0, 0), sum(0, 0));
        assert_eq!(
            (nobody.per_active, nobody.lifetime_average),
            (Money::rupiah(0), Money::rupiah(0))
        );
    }
}
