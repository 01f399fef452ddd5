//! The engine's face: one method per use case. Transactions begin and commit only here.

mod alerts;
mod batches;
mod books;
mod builder;
mod catalogue;
mod checks;
mod clock;
mod counted;
mod credit;
mod customer_details;
mod customer_files;
mod customers;
mod deliveries;
mod desk;
mod events;
mod explain;
mod fair_use;
mod figures;
mod invoices;
mod keys;
mod learn;
mod login_files;
mod logins;
mod network;
mod notices;
mod numberings;
mod observe;
mod payments;
mod plans;
mod profiles;
mod reports;
mod router_changes;
mod routers;
mod subscriptions;
mod sync;
mod tick;
mod vitals;
mod vouchers;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::customer::phone::Region;
use crate::event::feed::Feed;
use crate::kernel::caller::Caller;
use crate::kernel::clock::TestClock;
use crate::kernel::context::Context;
use crate::kernel::entropy::Entropy;
use crate::kernel::money::{Currency, Money};
use crate::kernel::secret::MasterKey;
use crate::kernel::time::{BusinessZone, Clock};
use crate::ledger::carry_over::CarryOverPolicy;
use crate::provisioning::controller::RouterController;
use crate::signal::Signal;
use crate::store::Store;

pub use crate::provisioning::numbering::Naming;
pub use batches::{BatchView, Receipt, Unpushed};
pub use books::BooksRefusal;
pub use builder::BillingBuilder;
pub use checks::{DoctorReport, Finding};
pub use clock::stored_clock;
pub use credit::{Adjustment, Standing, Transfer};
pub use customer_details::{CustomerFile, CustomerStatistics};
pub use customers::CustomerView;
pub use explain::{Explanation, Fact};
pub use invoices::InvoiceView;
pub use logins::{LoginRefusal, SubscriberLogin};
pub use network::RouterPlan;
pub use numberings::NumberingChange;
pub use payments::PaymentView;
pub use reports::Books;
pub use routers::RouterCheck;
pub use subscriptions::{CancelAt, ChangeAt, SUBSCRIBE_MAX, Subscribe, SubscriptionView};
pub use sync::{PassReport, PassTrouble};
pub use tick::BillingRun;
pub use vitals::BusinessTallies;

/// The engine. A clone is another handle to the same one.
#[derive(Clone)]
pub struct Billing(Arc<Parts>);

struct Parts {
    store: Arc<dyn Store>,
    controller: Arc<dyn RouterController>,
    clock: Arc<dyn Clock>,
    test_clock: Option<Arc<TestClock>>,
    entropy: Arc<dyn Entropy>,
    master_key: MasterKey,
    zone: BusinessZone,
    currency: Currency,
    policy: Arc<dyn CarryOverPolicy>,
    high_debt: Money,
    region: Region,
    poll_every: SignedDuration,
    feed: Feed,
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

    /// The country whose telephone numbers may be written without its code.
    pub fn region(&self) -> Region {
        self.0.region
    }

    /// The present instant by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clock that can be moved, if the engine was built with one.
    pub fn test_clock(&self) -> Option<&TestClock> {
        self.0.test_clock.as_deref()
    }

    /// What tells of work and events, in this process and, if the store was opened so, in others.
    pub fn signal(&self) -> Arc<dyn Signal> {
        self.store().signal()
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
}
