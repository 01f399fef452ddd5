//! The engine's face: one method per use case. Transactions begin and commit only here.

mod batches;
mod builder;
mod catalogue;
mod checks;
mod deliveries;
mod keys;
mod observe;
mod reports;
mod routers;
mod sync;
mod vouchers;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::kernel::caller::Caller;
use crate::kernel::context::Context;
use crate::kernel::entropy::Entropy;
use crate::kernel::money::Currency;
use crate::kernel::secret::MasterKey;
use crate::kernel::time::{BusinessZone, Clock};
use crate::provisioning::controller::RouterController;
use crate::store::Store;

pub use batches::{BatchView, Receipt, Unpushed};
pub use builder::BillingBuilder;
pub use checks::{DoctorReport, Finding};
pub use reports::Books;
pub use sync::{PassReport, PassTrouble};

/// The engine. A clone is another handle to the same one.
#[derive(Clone)]
pub struct Billing(Arc<Parts>);

struct Parts {
    store: Arc<dyn Store>,
    controller: Arc<dyn RouterController>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    master_key: MasterKey,
    zone: BusinessZone,
    currency: Currency,
    poll_every: SignedDuration,
    work: Notify,
}

impl std::fmt::Debug for Billing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Billing").field("store", &self.0.store).finish_non_exhaustive()
    }
}

impl Billing {
    /// Starts to put an engine together.
    pub fn builder() -> BillingBuilder {
        BillingBuilder::default()
    }

    /// The currency of prices that name none.
    pub fn currency(&self) -> Currency {
        self.0.currency
    }

    /// The zone of business dates.
    pub fn zone(&self) -> &BusinessZone {
        &self.0.zone
    }

    /// The present instant by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Waits until a use case has left work for the worker.
    pub async fn wait_for_work(&self) {
        self.0.work.notified().await;
    }

    /// How long until a router is looked at again.
    pub fn poll_every(&self) -> SignedDuration {
        self.0.poll_every
    }

    fn context<'a>(&'a self, caller: &'a Caller) -> Context<'a> {
        Context {
            now: self.0.clock.now(),
            entropy: self.0.entropy.as_ref(),
            zone: &self.0.zone,
            caller,
        }
    }

    fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    fn tell_worker(&self) {
        self.0.work.notify_one();
    }
}
