//! Putting an engine together.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::Semaphore;

use crate::customer::phone::Region;
use crate::event::feed::Feed;
use crate::kernel::clock::TestClock;
use crate::kernel::entropy::{Entropy, OsEntropy};
use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::money::{Currency, Money};
use crate::kernel::secret::MasterKey;
use crate::kernel::time::{BusinessZone, Clock, SystemClock};
use crate::ledger::carry_over::{CarryOverPolicy, WholePeriod};
use crate::outbound::Outbound;
use crate::provisioning::controller::RouterController;
use crate::provisioning::timed::Timed;
use crate::settings::Defaults;
use crate::store::Store;

use super::principals::Principals;
use super::settings::KeptSettings;
use super::{Billing, Parts, Reader};

const POLL_EVERY: SignedDuration = SignedDuration::from_secs(30);
const POLL_EVERY_MIN: SignedDuration = SignedDuration::from_secs(1);
const POLL_EVERY_MAX: SignedDuration = SignedDuration::from_hours(1);
/// Half a million rupiah, the price of a few months.
const HIGH_DEBT_MINOR: i64 = 500_000;
/// Each takes 19 MiB while it lasts.
const HASHINGS_MAX: usize = 4;
const BUSINESS_ZONE: &str = "Asia/Jakarta";

/// What an engine is made of. Store, controller and master key must be given; the rest has defaults:
/// the machine's clock and randomness, zone `Asia/Jakarta`, rupiah, a look at every router each 30 s.
#[derive(Default)]
pub struct BillingBuilder {
    store: Option<Arc<dyn Store>>,
    controller: Option<Arc<dyn RouterController>>,
    outbound: Option<Arc<dyn Outbound>>,
    clock: Option<Arc<dyn Clock>>,
    test_clock: Option<Arc<TestClock>>,
    entropy: Option<Arc<dyn Entropy>>,
    master_key: Option<MasterKey>,
    zone: Option<BusinessZone>,
    currency: Option<Currency>,
    carry_over: Option<Arc<dyn CarryOverPolicy>>,
    high_debt: Option<Money>,
    region: Option<Region>,
    poll_every: Option<SignedDuration>,
    slow_down: Option<bool>,
}

impl std::fmt::Debug for BillingBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BillingBuilder").finish_non_exhaustive()
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = Some($name);
            self
        }
    )+};
}

impl BillingBuilder {
    setters! {
        /// Where the books are kept; see [`crate::sql::open`].
        store: Arc<dyn Store>;
        /// How routers are reached.
        controller: Arc<dyn RouterController>;
        /// How web servers elsewhere are reached. Without one, what has to be sent to them waits.
        outbound: Arc<dyn Outbound>;
        /// What time it is.
        clock: Arc<dyn Clock>;
        /// A clock that stands still until [`Worker::advance_to`](crate::Worker::advance_to) moves it;
        /// it goes before `clock`.
        test_clock: Arc<TestClock>;
        /// Chance.
        entropy: Arc<dyn Entropy>;
        /// What seals secrets at rest.
        master_key: MasterKey;
        /// The zone of business dates.
        zone: BusinessZone;
        /// The currency of prices that name none.
        currency: Currency;
        /// What credit pays and what a payment grants; [`WholePeriod`] if none is named.
        carry_over: Arc<dyn CarryOverPolicy>;
        /// From which debt on an operator is told, unless a customer has a limit of their own; it holds
        /// until the [settings](crate::settings) say otherwise.
        high_debt: Money;
        /// The country whose telephone numbers may be written without its code; Indonesia if none is
        /// named.
        region: Region;
        /// How often each router is looked at: one second to one hour.
        poll_every: SignedDuration;
        /// Whether tries to sign in are slowed down after some failed; they are if nothing is said. It
        /// holds until the [settings](crate::settings) say otherwise.
        slow_down: bool;
    }

    /// The engine.
    pub fn build(self) -> Result<Billing, Error> {
        let poll_every = self.poll_every.unwrap_or(POLL_EVERY);
        if !(POLL_EVERY_MIN..=POLL_EVERY_MAX).contains(&poll_every) {
            return Err(Error::invalid(
                "poll_every",
                said!("use one second to one hour", "gunakan satu detik sampai satu jam"),
            ));
        }
        let zone = match self.zone {
            Some(zone) => zone,
            None => BusinessZone::named(BUSINESS_ZONE).map_err(|_| {
                Error::invalid(
                    "zone",
                    said!(
                        "the time zone database has no Asia/Jakarta",
                        "basis data zona waktu tidak memuat Asia/Jakarta"
                    ),
                )
            })?,
        };
        let currency = self.currency.unwrap_or(Currency::IDR);
        let defaults = Defaults {
            sign_in_slow_down: self.slow_down.unwrap_or(true),
            high_debt: self.high_debt.unwrap_or(Money::new(HIGH_DEBT_MINOR, currency)),
        };
        let store = self.store.ok_or_else(|| missing("store"))?;
        Ok(Billing(Reader(Arc::new(Parts {
            controller: Arc::new(Timed(self.controller.ok_or_else(|| missing("controller"))?)),
            outbound: self.outbound,
            clock: match &self.test_clock {
                Some(clock) => Arc::clone(clock) as Arc<dyn Clock>,
                None => self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            },
            test_clock: self.test_clock,
            entropy: self.entropy.unwrap_or_else(|| Arc::new(OsEntropy)),
            master_key: self.master_key.ok_or_else(|| missing("master_key"))?,
            zone,
            currency,
            policy: self.carry_over.unwrap_or_else(|| Arc::new(WholePeriod)),
            region: self.region.unwrap_or(Region::ID),
            poll_every,
            feed: Feed::new(Arc::clone(&store)),
            principals: Principals::new(store.signal().as_ref()),
            settings: KeptSettings::new(store.signal().as_ref(), defaults),
            hashing: Semaphore::new(HASHINGS_MAX),
            store,
        }))))
    }
}

fn missing(part: &'static str) -> Error {
    Error::invalid(
        part,
        said!("the engine cannot be built without it", "mesin tidak bisa dibangun tanpa ini"),
    )
}
