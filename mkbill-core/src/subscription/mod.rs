//! Subscriptions: a plan that a customer keeps from period to period.

pub mod cycle;
pub mod period;
pub mod period_use;
pub mod store;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::{CustomerId, LoginId, PlanId, SubscriptionId};
use crate::kernel::language::{Said, said};
use crate::kernel::money::{Money, MoneyError};
use crate::kernel::names::names;
use crate::kernel::time::BusinessZone;
use crate::plan::terms::Terms;

use cycle::{BeyondCalendar, Calendar, Period};

/// One hundred per cent of a discount in basis points.
pub const DISCOUNT_BP_MAX: u32 = 10_000;

/// Where a subscription stands. Each state knows the day on which it began, in the zone of the
/// subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionState {
    /// Waits for the payment of its first invoice; there is no service yet.
    Pending {
        /// The day it was made.
        since: Date,
    },
    /// Served.
    Active {
        /// The first day of service.
        since: Date,
    },
    /// Cut off because something was not paid in time.
    Overdue {
        /// The first day without service.
        since: Date,
    },
    /// Stopped by wish: nothing is served and nothing is charged.
    Paused {
        /// The first day without service.
        since: Date,
        /// The day on which service goes on by itself.
        resume_on: Option<Date>,
    },
    /// Over for good.
    Cancelled {
        /// The first day without service.
        since: Date,
    },
}

names! {
    /// A state without its facts.
    pub enum StateName "state" {
        /// Waits for its first payment.
        Pending = "pending",
        /// Served.
        Active = "active",
        /// Cut off because something was not paid.
        Overdue = "overdue",
        /// Stopped by wish.
        Paused = "paused",
        /// Over for good.
        Cancelled = "cancelled",
    }
}

impl StateName {
    const fn indonesian(self) -> &'static str {
        match self {
            Self::Pending => "menunggu pembayaran pertama",
            Self::Active => "aktif",
            Self::Overdue => "terisolir",
            Self::Paused => "dijeda",
            Self::Cancelled => "sudah berhenti",
        }
    }
}

impl SubscriptionState {
    /// The state's name.
    pub const fn name(self) -> StateName {
        match self {
            Self::Pending { .. } => StateName::Pending,
            Self::Active { .. } => StateName::Active,
            Self::Overdue { .. } => StateName::Overdue,
            Self::Paused { .. } => StateName::Paused,
            Self::Cancelled { .. } => StateName::Cancelled,
        }
    }

    /// The day on which it began.
    pub const fn since(self) -> Date {
        match self {
            Self::Pending { since }
            | Self::Active { since }
            | Self::Overdue { since }
            | Self::Paused { since, .. }
            | Self::Cancelled { since } => since,
        }
    }

    /// The day on which a paused subscription goes on by itself.
    pub const fn resume_on(self) -> Option<Date> {
        match self {
            Self::Paused { resume_on, .. } => resume_on,
            _ => None,
        }
    }
}

/// What is taken off the price of each period: a fixed amount, and a part of the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Discount {
    /// Minor units in the currency of the price.
    pub minor: i64,
    /// Basis points of the price: 10 000 is all of it.
    pub basis_points: u32,
    /// For how many more periods; `None` is for ever.
    pub periods: Option<u32>,
}

impl Discount {
    /// Checks its bounds.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an amount below zero, more than all of the price, or no period.
    pub fn checked(self) -> Result<Self, Error> {
        if self.minor < 0 {
            return Err(Error::invalid(
                "discount",
                said!("use an amount of zero or more", "gunakan jumlah nol atau lebih"),
            ));
        }
        if self.basis_points > DISCOUNT_BP_MAX {
            return Err(Error::invalid(
                "discount",
                said!(
                    "use 0 to {DISCOUNT_BP_MAX} basis points",
                    "gunakan 0 sampai {DISCOUNT_BP_MAX} basis poin"
                ),
            ));
        }
        if self.periods == Some(0) {
            return Err(Error::invalid(
                "discount",
                said!(
                    "use at least one period, or leave it out",
                    "gunakan paling sedikit satu periode, atau kosongkan"
                ),
            ));
        }
        Ok(self)
    }

    /// What it takes off `price` now; never more than the price.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`] when the sum does not fit.
    pub fn off(self, price: Money) -> Result<Money, MoneyError> {
        if self.periods == Some(0) {
            return Ok(Money::zero(price.currency()));
        }
        let part = price.share(self.basis_points, DISCOUNT_BP_MAX)?;
        let whole = part.checked_add(Money::new(self.minor, price.currency()))?;
        Ok(if whole.minor() > price.minor() { price } else { whole })
    }

    /// What is left of it after one period.
    #[must_use]
    pub fn used_once(self) -> Self {
        match self.periods {
            None => self,
            Some(0 | 1) => Self::default(),
            Some(left) => Self { periods: Some(left - 1), ..self },
        }
    }
}

/// When the periods that are not written down yet will begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The first day of period `anchor_number`.
    pub anchor: Date,
    /// The number of the period that begins at the anchor.
    pub anchor_number: u32,
    /// The number of the period that is billed next.
    pub next: u32,
}

/// A plan that a customer keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Identity.
    pub id: SubscriptionId,
    /// Who keeps it.
    pub customer: CustomerId,
    /// Which plan.
    pub plan: PlanId,
    /// The terms it was made on, or moved to.
    pub terms: Terms,
    /// The router profile while it is served.
    pub profile: String,
    /// The plan it moves to with the next period that is billed.
    pub next_plan: Option<PlanId>,
    /// Its login on a router.
    pub login: Option<LoginId>,
    /// The zone in which its days begin.
    pub zone: BusinessZone,
    /// When its periods begin.
    pub schedule: Schedule,
    /// The first day that is not granted; `None` if service is not granted by periods: it waits for
    /// its first payment, or is paid afterwards.
    pub service_until: Option<Date>,
    /// Where it stands.
    pub state: SubscriptionState,
    /// The day from which it is cancelled.
    pub ends_on: Option<Date>,
    /// What is taken off its price.
    pub discount: Discount,
    /// How many steps of the fair use of its terms the present period has passed; 0 is full speed.
    pub use_step: u32,
    /// When the engine has to look at it next.
    pub due_at: Option<Timestamp>,
    /// Why the engine leaves it alone until a person has looked at it.
    pub trouble: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts changes, for compare and set.
    pub revision: i64,
}

impl Subscription {
    /// The `number`-th period by the calendar.
    ///
    /// # Errors
    ///
    /// [`BeyondCalendar`] after the year 9999.
    pub fn calendar_period(&self, number: u32) -> Result<Period, BeyondCalendar> {
        let calendar = Calendar { cycle: self.terms.cycle, anchor: self.schedule.anchor };
        let steps = number.checked_sub(self.schedule.anchor_number);
        calendar.period(steps.ok_or(BeyondCalendar(number))?)
    }
}

/// Why a subscription does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionRefusal {
    /// Not from this state.
    #[error("a subscription that is {state} cannot be {act}: {advice}")]
    State {
        /// Where it stands.
        state: StateName,
        /// What was asked.
        act: Said,
        /// What to do instead.
        advice: Said,
    },
    /// The plan is the one it has.
    #[error("the subscription is on this plan already: choose another one")]
    SamePlan,
    /// Two currencies.
    #[error("the plan is priced in another currency than the subscription: choose one in the same")]
    Currency,
    /// What is paid for now is not settled.
    #[error(
        "an invoice of the subscription is open: settle or void it first, or change with the next period"
    )]
    InvoiceOpen,
    /// Days that make no sense.
    #[error("{0}")]
    Days(Said),
    /// The calendar ends.
    #[error(transparent)]
    Calendar(#[from] BeyondCalendar),
}

impl Refusal for SubscriptionRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::State { .. } => "subscription_state",
            Self::SamePlan => "same_plan",
            Self::Currency => "mixed_currencies",
            Self::InvoiceOpen => "invoice_open",
            Self::Days(_) => "subscription_days",
            Self::Calendar(_) => "beyond_calendar",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::State { state, act, advice } => format!(
                "langganan yang {} tidak bisa {}: {}",
                state.indonesian(),
                act.indonesian(),
                advice.indonesian()
            ),
            Self::SamePlan => "langganan sudah memakai paket ini: pilih yang lain".to_owned(),
            Self::Currency => "harga paket dalam mata uang yang berbeda dari langganan: pilih yang mata uangnya sama".to_owned(),
            Self::InvoiceOpen => "ada tagihan langganan yang masih terbuka: lunasi atau batalkan dulu, atau ubah mulai periode berikutnya".to_owned(),
            Self::Days(why) => why.indonesian().to_owned(),
            Self::Calendar(beyond) => beyond.indonesian(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discount_is_never_more_than_the_price_and_runs_out() {
        let price = Money::rupiah(100_000);
        let half = Discount { minor: 10_000, basis_points: 5_000, periods: Some(2) };
        assert_eq!(half.off(price), Ok(Money::rupiah(60_000)));
        let all = Discount { minor: 200_000, ..half };
        assert_eq!(all.off(price), Ok(price));
        assert_eq!(half.used_once().periods, Some(1));
        assert_eq!(half.used_once().used_once(), Discount::default());
        assert!(Discount { basis_points: 10_001, ..half }.checked().is_err());
        assert!(Discount { minor: -1, ..half }.checked().is_err());
        assert!(Discount { periods: Some(0), ..half }.checked().is_err());
    }
}
