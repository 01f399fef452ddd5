//! The engine's face: one method per use case. Transactions begin and commit only here.

mod alerts;
mod answers;
mod audit;
mod batches;
mod bills;
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
mod kept;
mod keys;
mod learn;
mod login_files;
mod logins;
mod network;
mod notices;
mod numberings;
mod observe;
mod operation_runs;
mod operations;
mod payments;
mod plans;
mod principals;
mod profiles;
mod reports;
mod router_changes;
mod routers;
mod settings;
mod sign_in;
mod staff;
mod subscriptions;
mod sync;
mod tick;
mod vitals;
mod vouchers;
mod webhook_deliveries;
mod webhooks;

use std::ops::Deref;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretSlice;
use tokio::sync::Semaphore;

use crate::customer::phone::Region;
use crate::event::feed::Feed;
use crate::kernel::caller::Caller;
use crate::kernel::clock::TestClock;
use crate::kernel::context::Context;
use crate::kernel::entropy::Entropy;
use crate::kernel::error::Error;
use crate::kernel::money::Currency;
use crate::kernel::permission::Permission;
use crate::kernel::secret::MasterKey;
use crate::kernel::time::{BusinessZone, Clock};
use crate::ledger::carry_over::CarryOverPolicy;
use crate::outbound::Outbound;
use crate::provisioning::controller::RouterController;
use crate::signal::Signal;
use crate::store::Store;

pub use crate::provisioning::numbering::Naming;
pub use audit::AuditExport;
pub use batches::{BatchView, NotPushed, Receipt, Unpushed};
pub use bills::{Bill, Share};
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
pub(crate) use operation_runs::Turn;
pub use operations::OperationStream;
pub use payments::PaymentView;
pub use reports::Books;
pub use routers::RouterCheck;
pub use sign_in::SignedIn;
pub use staff::Admitted;
pub use subscriptions::{CancelAt, ChangeAt, SUBSCRIBE_MAX, Subscribe, SubscriptionView};
pub use sync::{PassReport, PassTrouble};
pub use tick::BillingRun;
pub use vitals::BusinessTallies;
pub use webhook_deliveries::DeliveryView;
pub use webhooks::WebhookMade;

use principals::Principals;
use settings::KeptSettings;

/// The engine. A clone is another handle to the same one. What it only reads it reads as a [`Reader`].
#[derive(Clone)]
pub struct Billing(Reader);

/// The engine for those who only look: it has no use case that changes anything, and none can be
/// reached from it.
///
/// ```compile_fail
/// use mkbill_core::billing::Reader;
/// use mkbill_core::kernel::caller::Caller;
///
/// async fn hand_on(reader: &Reader, caller: &Caller) {
///     reader.cancel_batch(caller, "BATCH-20260302-001").await;
/// }
/// ```
#[derive(Clone)]
pub struct Reader(Arc<Parts>);

struct Parts {
    store: Arc<dyn Store>,
    controller: Arc<dyn RouterController>,
    outbound: Option<Arc<dyn Outbound>>,
    clock: Arc<dyn Clock>,
    test_clock: Option<Arc<TestClock>>,
    entropy: Arc<dyn Entropy>,
    master_key: MasterKey,
    zone: BusinessZone,
    currency: Currency,
    policy: Arc<dyn CarryOverPolicy>,
    region: Region,
    poll_every: SignedDuration,
    feed: Feed,
    principals: Principals,
    settings: KeptSettings,
    /// Passwords that may be hashed at the same time.
    hashing: Semaphore,
}

impl std::fmt::Debug for Billing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Billing").field("store", &self.parts().store).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("store", &self.0.store).finish_non_exhaustive()
    }
}

impl Deref for Billing {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.0
    }
}

impl Billing {
    /// Starts to put an engine together.
    pub fn builder() -> BillingBuilder {
        BillingBuilder::default()
    }

    /// The same engine for somebody who only looks.
    pub fn reader(&self) -> Reader {
        self.0.clone()
    }

    /// The surroundings of a use case that needs a permission.
    fn permitted<'a>(
        &'a self,
        caller: &'a Caller,
        permission: Permission,
    ) -> Result<Context<'a>, Error> {
        caller.must(permission)?;
        Ok(self.context(caller))
    }

    fn context<'a>(&'a self, caller: &'a Caller) -> Context<'a> {
        let parts = self.parts();
        Context {
            now: parts.clock.now(),
            entropy: parts.entropy.as_ref(),
            zone: &parts.zone,
            caller,
        }
    }
}

impl Reader {
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

    /// A key for one purpose around the engine, such as signing tokens of sessions: it follows from the
    /// master key, so that every server on the same books has it.
    pub fn subkey(&self, purpose: &str) -> SecretSlice<u8> {
        self.0.master_key.subkey(purpose)
    }

    /// How long until a router is looked at again.
    pub fn poll_every(&self) -> SignedDuration {
        self.0.poll_every
    }

    fn parts(&self) -> &Parts {
        &self.0
    }

    fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }
}
