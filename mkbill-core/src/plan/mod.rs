//! Plans: what is sold, at which price, on which router profile, within which limits.

mod change;
pub mod fair_use;
pub mod store;
pub mod terms;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::PlanId;
use crate::kernel::language::said;
use crate::kernel::money::{Currency, Money};
use crate::kernel::wrong::Wrong;

use terms::Terms;

pub use change::{PlanChange, TermsChange};

const NAME_CHARS_MAX: usize = 100;
const PROFILE_CHARS_MAX: usize = 100;
/// No limit of a voucher is longer than ten years.
pub const SPAN_MAX: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);
/// No data quota is above 1 PiB.
pub const DATA_QUOTA_MAX: u64 = 1 << 50;

/// A plan's name: 1 to 100 visible characters; unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlanName(String);

impl PlanName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlanName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        visible(text, "name", NAME_CHARS_MAX).map(Self)
    }
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn profile(text: &str, field: &'static str) -> Result<String, Error> {
    visible(text, field, PROFILE_CHARS_MAX)
}

fn visible(text: &str, field: &'static str, most: usize) -> Result<String, Error> {
    let clean = text.trim() == text && !text.chars().any(char::is_control);
    if clean && (1..=most).contains(&text.chars().count()) {
        Ok(text.to_owned())
    } else {
        Err(Error::invalid(field, Wrong::Visible { most }))
    }
}

/// What one unit costs us and what it sells for; the sale is never below the cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prices {
    cost: Money,
    sell: Money,
}

/// Why two prices do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceRefusal {
    /// Selling below cost.
    #[error("the selling price {sell} is below the cost price {cost}: raise it or lower the cost")]
    SellBelowCost {
        /// What it sells for.
        sell: Money,
        /// What it costs us.
        cost: Money,
    },
    /// Two currencies.
    #[error("cost is in {0} but the selling price in {1}: use one currency")]
    Mixed(Currency, Currency),
    /// A price below zero.
    #[error("a price is never negative")]
    Negative,
}

impl Refusal for PriceRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::SellBelowCost { .. } => "sell_below_cost",
            Self::Mixed(..) => "mixed_currencies",
            Self::Negative => "negative_price",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::SellBelowCost { sell, cost } => format!(
                "harga jual {sell} di bawah harga modal {cost}: naikkan, atau turunkan modalnya"
            ),
            Self::Mixed(paid, asked) => {
                format!(
                    "modal dalam {paid} tetapi harga jual dalam {asked}: gunakan satu mata uang"
                )
            }
            Self::Negative => "harga tidak pernah di bawah nol".to_owned(),
        }
    }
}

impl Prices {
    /// Checks 0 ≤ cost ≤ sell in one currency.
    pub fn new(cost: Money, sell: Money) -> Result<Self, PriceRefusal> {
        if cost.currency() != sell.currency() {
            return Err(PriceRefusal::Mixed(cost.currency(), sell.currency()));
        }
        if cost.is_negative() || sell.is_negative() {
            return Err(PriceRefusal::Negative);
        }
        if sell.minor() < cost.minor() {
            return Err(PriceRefusal::SellBelowCost { sell, cost });
        }
        Ok(Self { cost, sell })
    }

    /// What it costs us.
    pub const fn cost(self) -> Money {
        self.cost
    }

    /// What it sells for.
    pub const fn sell(self) -> Money {
        self.sell
    }

    /// The currency of both.
    pub const fn currency(self) -> Currency {
        self.sell.currency()
    }
}

/// Three independent limits of a voucher; each may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Time online, added over all sessions; the router enforces it.
    pub uptime_quota: Option<SignedDuration>,
    /// Bytes in both directions together; the router enforces it.
    pub data_quota: Option<u64>,
    /// Calendar time from the first login; the engine enforces it.
    pub validity: Option<SignedDuration>,
}

impl Limits {
    /// Checks that each limit is positive and at most ten years or 1 PiB.
    pub fn checked(self) -> Result<Self, Error> {
        check_span("uptime_quota", self.uptime_quota)?;
        check_span("validity", self.validity)?;
        match self.data_quota {
            Some(0) => Err(Error::invalid(
                "data_quota",
                said!("leave it out for unlimited data", "kosongkan untuk data tanpa batas"),
            )),
            Some(bytes) if bytes > DATA_QUOTA_MAX => Err(Error::invalid(
                "data_quota",
                said!("use at most 1 PiB", "gunakan paling banyak 1 PiB"),
            )),
            _ => Ok(self),
        }
    }

    /// What the router is told as `limit-uptime`: the shorter of quota and validity, since time
    /// online never exceeds calendar time.
    pub fn router_uptime(self) -> Option<SignedDuration> {
        [self.uptime_quota, self.validity].into_iter().flatten().min()
    }
}

fn check_span(field: &'static str, span: Option<SignedDuration>) -> Result<(), Error> {
    match span {
        Some(span) if span < SignedDuration::from_secs(1) || span.subsec_nanos() != 0 => {
            Err(Error::invalid(
                field,
                said!(
                    "use whole seconds, at least one; leave it out for unlimited",
                    "gunakan detik bulat, paling sedikit satu; kosongkan untuk tanpa batas"
                ),
            ))
        }
        Some(span) if span > SPAN_MAX => Err(Error::invalid(field, Wrong::Span)),
        _ => Ok(()),
    }
}

/// What is sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Identity.
    pub id: PlanId,
    /// Unique name.
    pub name: PlanName,
    /// The hotspot user profile on the router that carries rate limits and the like.
    pub router_profile: String,
    /// Prices of one voucher.
    pub prices: Prices,
    /// Limits of one voucher.
    pub limits: Limits,
    /// On which terms customers keep it; a plan without terms sells vouchers.
    pub terms: Option<Terms>,
    /// When it was added.
    pub created_at: Timestamp,
    /// Since when nobody new gets it; those who have it keep it.
    pub retired_at: Option<Timestamp>,
    /// How often it was written.
    pub revision: i64,
}

/// Why a plan does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefusal {
    /// It has no terms to be kept on.
    #[error("plan `{0}` sells vouchers: choose a plan with terms for subscriptions")]
    SellsVouchers(PlanName),
    /// It is kept by subscribers.
    #[error("plan `{0}` is kept by subscribers: choose a plan that sells vouchers")]
    Recurring(PlanName),
    /// It is not sold any more.
    #[error("plan `{0}` is retired: choose another one, or restore it")]
    Retired(PlanName),
    /// Its prices would be in another currency.
    #[error("plan `{0}` is priced in {1}: add another plan for another currency")]
    OtherCurrency(PlanName, Currency),
}

impl Refusal for PlanRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::SellsVouchers(_) => "plan_sells_vouchers",
            Self::Recurring(_) => "plan_is_recurring",
            Self::Retired(_) => "plan_retired",
            Self::OtherCurrency(..) => "mixed_currencies",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::SellsVouchers(name) => {
                format!("paket `{name}` menjual voucher: pilih paket dengan ketentuan langganan")
            }
            Self::Recurring(name) => format!(
                "paket `{name}` untuk pelanggan berlangganan: pilih paket yang menjual voucher"
            ),
            Self::Retired(name) => {
                format!("paket `{name}` sudah tidak dijual: pilih yang lain, atau aktifkan lagi")
            }
            Self::OtherCurrency(name, currency) => format!(
                "harga paket `{name}` dalam {currency}: tambahkan paket lain untuk mata uang lain"
            ),
        }
    }
}

impl Plan {
    /// The terms on which it can be kept.
    ///
    /// # Errors
    ///
    /// [`PlanRefusal::SellsVouchers`] if it has none.
    pub fn terms_for_subscription(&self) -> Result<&Terms, PlanRefusal> {
        self.terms.as_ref().ok_or_else(|| PlanRefusal::SellsVouchers(self.name.clone()))
    }

    /// Whether somebody new may get it.
    ///
    /// # Errors
    ///
    /// [`PlanRefusal::Retired`] if nobody may.
    pub fn may_be_sold(&self) -> Result<(), PlanRefusal> {
        match self.retired_at {
            Some(_) => Err(PlanRefusal::Retired(self.name.clone())),
            None => Ok(()),
        }
    }
}

/// A plan to be added.
#[derive(Debug, Clone)]
pub struct NewPlan {
    /// Unique name.
    pub name: PlanName,
    /// The hotspot user profile on the router.
    pub router_profile: String,
    /// Prices of one voucher.
    pub prices: Prices,
    /// Limits of one voucher.
    pub limits: Limits,
    /// On which terms customers keep it; a plan without terms sells vouchers.
    pub terms: Option<Terms>,
}

impl NewPlan {
    /// Checks the profile name and the limits.
    pub fn checked(mut self) -> Result<Self, Error> {
        self.router_profile = profile(&self.router_profile, "router_profile")?;
        self.limits = self.limits.checked()?;
        self.terms = self.terms.map(Terms::checked).transpose()?;
        if self.terms.is_some() && self.limits != Limits::default() {
            return Err(Error::invalid(
                "limits",
                said!(
                    "only a plan for vouchers has limits",
                    "hanya paket voucher yang punya batas"
                ),
            ));
        }
        if self.terms.as_ref().is_some_and(|terms| terms.prices != self.prices) {
            return Err(Error::invalid(
                "terms",
                said!(
                    "the prices of the terms are those of the plan",
                    "harga pada ketentuan adalah harga paket"
                ),
            ));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selling_below_cost_is_refused() {
        let refusal = Prices::new(Money::rupiah(3_000), Money::rupiah(2_500)).unwrap_err();
        assert_eq!(refusal.code(), "sell_below_cost");
        assert!(Prices::new(Money::rupiah(2_500), Money::rupiah(2_500)).is_ok());
        assert!(Prices::new(Money::rupiah(-1), Money::rupiah(5)).is_err());
    }

    #[test]
    fn the_router_enforces_the_shorter_of_quota_and_validity() {
        let hours = SignedDuration::from_hours;
        let limits =
            Limits { uptime_quota: Some(hours(5)), validity: Some(hours(24)), data_quota: None };
        assert_eq!(limits.router_uptime(), Some(hours(5)));
        assert_eq!(Limits { uptime_quota: None, ..limits }.router_uptime(), Some(hours(24)));
        assert_eq!(Limits::default().router_uptime(), None);
    }

    #[test]
    fn limits_are_whole_positive_and_bounded() {
        let with = |uptime_quota| Limits { uptime_quota, ..Limits::default() }.checked();
        assert!(with(Some(SignedDuration::ZERO)).is_err());
        assert!(with(Some(SignedDuration::from_millis(1_500))).is_err());
        assert!(with(Some(SPAN_MAX + SignedDuration::from_secs(1))).is_err());
        assert!(with(Some(SPAN_MAX)).is_ok());
        assert!(Limits { data_quota: Some(0), ..Limits::default() }.checked().is_err());
    }
}
