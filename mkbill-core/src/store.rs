//! The unit of work and the store behind it.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::account::store::AccountStore;
use crate::alert::store::AlertStore;
use crate::apikey::store::ApiKeyStore;
use crate::audit::store::AuditStore;
use crate::clock::store::ClockStore;
use crate::customer::store::CustomerStore;
use crate::event::store::EventStore;
use crate::invoice::store::InvoiceStore;
use crate::kernel::error::Error;
use crate::kernel::language::{Said, said};
use crate::kernel::precondition::PreconditionRefusal;
use crate::kernel::thing::Thing;
use crate::ledger::store::LedgerStore;
use crate::notice::store::NoticeStore;
use crate::operation::store::OperationStore;
use crate::outbox::store::OutboxStore;
use crate::payment::store::PaymentStore;
use crate::plan::store::PlanStore;
use crate::provisioning::store::{
    DriftStore, LoginExportStore, LoginStore, NumberingStore, ProfileStore, SessionStore,
    StrangerStore,
};
use crate::report::store::{BooksStore, ReportStore, SubscriberStore, TallyStore};
use crate::request::store::{AnswerStore, RequestStore};
use crate::router::store::{InterfaceStore, RouterStore, SampleStore};
use crate::settings::store::SettingsStore;
use crate::signal::Signal;
use crate::staff::store::StaffStore;
use crate::subscription::store::{PeriodUseStore, SubscriptionStore};
use crate::vendor::store::VendorStore;
use crate::voucher::store::VoucherStore;
use crate::webhook::store::{DeliveryStore, WebhookStore};

/// What a unit of work is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads only, each statement by itself: what is committed between two of them shows in the
    /// second.
    Read,
    /// Reads only, and everything as it is at the first statement.
    Snapshot,
    /// Reads and writes.
    Write,
}

/// How many connections to the database a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// At work.
    pub active: u32,
    /// At hand.
    pub idle: u32,
}

/// Begins units of work.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Begins one.
    async fn begin(&self, access: Access) -> Result<Box<dyn Tx>, StoreError>;

    /// Brings the schema up to date; answers how many migrations were applied.
    async fn migrate(&self) -> Result<usize, StoreError>;

    /// How many migrations are missing; 0 when the schema is current.
    async fn migrations_missing(&self) -> Result<usize, StoreError>;

    /// Does the database answer, and is its schema the one that this version needs? Changes nothing
    /// and waits for nobody who writes.
    async fn schema_is_current(&self) -> Result<bool, StoreError>;

    /// How large the database is.
    async fn bytes(&self) -> Result<u64, StoreError>;

    /// How many connections this process has.
    fn connections(&self) -> Connections;

    /// The folder of the database, if it is a file.
    fn folder(&self) -> Option<&Path>;

    /// What tells of work and events, once they are committed.
    fn signal(&self) -> Arc<dyn Signal>;

    /// `PostgreSQL` or `SQLite`.
    fn engine(&self) -> &'static str;

    /// Closes all connections.
    async fn close(&self);
}

/// One unit of work over every feature's store. Dropping it rolls back.
#[async_trait]
pub trait Tx:
    RouterStore
    + InterfaceStore
    + SampleStore
    + PlanStore
    + VendorStore
    + VoucherStore
    + LoginStore
    + LoginExportStore
    + ProfileStore
    + NumberingStore
    + StrangerStore
    + SessionStore
    + DriftStore
    + LedgerStore
    + NoticeStore
    + OperationStore
    + OutboxStore
    + AuditStore
    + EventStore
    + RequestStore
    + AnswerStore
    + ApiKeyStore
    + StaffStore
    + ReportStore
    + SubscriberStore
    + TallyStore
    + ClockStore
    + BooksStore
    + CustomerStore
    + SubscriptionStore
    + PeriodUseStore
    + InvoiceStore
    + PaymentStore
    + AccountStore
    + AlertStore
    + WebhookStore
    + DeliveryStore
    + SettingsStore
{
    /// Makes everything done in it permanent.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// Takes everything back, and returns once its locks are free. Where the connection is broken the
    /// database takes it back by itself.
    async fn rollback(self: Box<Self>);
}

/// What the database driver reported.
pub type DriverError = Box<dyn std::error::Error + Send + Sync>;

/// Why the store could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another transaction was in the way; the whole unit of work may be run again.
    #[error("the database was busy while {act}")]
    Busy {
        /// What was being done.
        act: &'static str,
        /// The driver's error.
        source: DriverError,
    },
    /// Another writer changed the same thing first; the whole unit of work may be run again.
    #[error("the {what} was changed by somebody else just now: look again and retry")]
    Overtaken {
        /// What was changed.
        what: &'static str,
    },
    /// A unique value exists already.
    #[error("a value that must be unique exists already ({constraint})")]
    Unique {
        /// The constraint or columns, as the database names them.
        constraint: String,
        /// The driver's error.
        source: DriverError,
    },
    /// A date or an instant before our era.
    #[error("`{value}` lies before the year 1")]
    Era {
        /// Which one.
        value: String,
    },
    /// The database cannot be used now.
    #[error("the database cannot be used: {advice}")]
    Unavailable {
        /// What to do.
        advice: Said,
        /// The driver's error.
        source: DriverError,
    },
    /// The caller stated a precondition that the use case did not compare with anything.
    #[error("a precondition was left unchecked")]
    Unchecked,
    /// Stored data that this version cannot read.
    #[error("column {column} of {table} holds `{value}`, which this version does not know")]
    Unreadable {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// Anything else the driver reports.
    #[error("the database refused while {act}")]
    Driver {
        /// What was being done.
        act: &'static str,
        /// The driver's error.
        source: DriverError,
    },
    /// The schema is not the one this version needs.
    #[error("the database schema is not current: {0}")]
    Schema(String),
    /// A test made the process die here.
    #[cfg(feature = "testkit")]
    #[error("the process died here")]
    Died,
}

impl StoreError {
    /// May the whole unit of work be run again at once?
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Overtaken { .. })
    }

    /// What the one who asked is told. How the database names its parts is none of it.
    fn said(&self) -> Said {
        match self {
            Self::Busy { .. } => {
                Said::new(self.to_string(), "basis data sedang sibuk: coba lagi sebentar lagi")
            }
            Self::Overtaken { .. } => Said::new(
                self.to_string(),
                "data ini baru saja diubah orang lain: lihat lagi lalu coba lagi",
            ),
            Self::Unavailable { advice, .. } => Said::new(
                self.to_string(),
                format!("basis data tidak bisa dipakai: {}", advice.indonesian()),
            ),
            Self::Unique { .. } => said!(
                "a value that must be unique exists already",
                "nilai yang harus unik sudah ada"
            ),
            Self::Era { value } => said!(
                "`{value}` lies before the year 1; use a later date",
                "`{value}` sebelum tahun 1; gunakan tanggal yang lebih baru"
            ),
            Self::Schema(why) => said!(
                "the database schema is not current: {why}; run `mkbill migrate`",
                "skema basis data belum terbaru: {why}; jalankan `mkbill migrate`"
            ),
            other => Said::new(other.to_string(), "basis data menolak"),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { .. }
            | StoreError::Overtaken { .. }
            | StoreError::Unavailable { .. }
            | StoreError::Schema(_) => {
                Self::Unavailable { what: error.said(), source: Box::new(error) }
            }
            StoreError::Era { .. } => Self::invalid("date", error.said()),
            StoreError::Unchecked => PreconditionRefusal::Unsupported.into(),
            StoreError::Unique { .. } => Self::conflict(Thing::Value, error.said()),
            _ => Self::Broken { what: error.to_string(), source: Some(Box::new(error)) },
        }
    }
}
