//! Billing engine for `MikroTik` hotspot providers, to be built into other programs.
//!
//! It makes vouchers, keeps routers in step with them, finds out when each was first used, ends it
//! when its time is over, and books what it earned. Every use case is a method of
//! [`Billing`]; a [`Worker`] does what is due in the background.
//! There is no global state: several engines may live in one process.
//!
//! # Embedding
//!
//! An engine needs a store, a way to reach routers and a master key. The rest has defaults, which
//! [`BillingBuilder`] lists.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use mkbill_core::kernel::entropy::OsEntropy;
//! use mkbill_core::{Billing, MasterKey, Worker, open};
//! use mkbill_routeros::provisioning::RouterOsController;
//! use tokio_util::sync::CancellationToken;
//!
//! # async fn example(key_file: secrecy::SecretString) -> Result<(), Box<dyn std::error::Error>> {
//! let store = open(&"sqlite:mkbill.db".parse()?, None).await?;
//! store.migrate().await?;
//! let billing = Billing::builder()
//!     .store(store)
//!     .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
//!     .master_key(MasterKey::from_base64(&key_file)?)
//!     .build()?;
//!
//! let (worker, stop) = (Worker::new(billing.clone()), CancellationToken::new());
//! let stopped = stop.clone();
//! let work = tokio::spawn(async move { worker.run(stopped).await });
//! for router in billing.routers().await? {
//!     println!("{} was last seen at {:?}", router.name, router.health.observed_at);
//! }
//! stop.cancel();
//! work.await?;
//! # Ok(())
//! # }
//! ```
//!
//! Who calls is part of every call that writes: a [`Caller`] says who, why,
//! under which idempotency key, and whether the result is kept or only tried.
//!
//! # Floors
//!
//! Nothing knows a floor above its own.
//!
//! | floor | modules |
//! |---|---|
//! | work in the background | [`worker`] |
//! | use cases: transactions begin and end here | [`billing`] |
//! | features: values, rules, and what each asks of a database | [`voucher`], [`plan`], [`vendor`], [`router`], [`provisioning`], [`customer`], [`subscription`], [`invoice`], [`ledger`], [`notice`], [`event`], [`alert`], [`webhook`], [`outbox`], [`audit`], [`request`], [`report`], [`apikey`] |
//! | small types for everybody | [`kernel`] |
//!
//! Beside them stand [`store`], the unit of work over all features, and [`sql`], which implements it
//! on `PostgreSQL` and `SQLite`; and [`signal`], which wakes those who wait for what was committed.
//!
//! # What always holds
//!
//! - A use case is kept as a whole or not at all.
//! - Money is whole minor units of one currency. Every ledger entry sums to zero, has a cause that
//!   is booked once, and is never changed.
//! - No router is called while a transaction is open. What a router has to be told is written in the
//!   same commit as its cause, and survives a crash.
//! - On a router, only objects whose comment carries our mark are changed or removed.
//! - A first login that was recorded is never moved.
//! - Time and chance come from the engine's [`Clock`](kernel::time::Clock) and
//!   [`Entropy`](kernel::entropy::Entropy), so a test decides both.
//!
//! # Where to read on
//!
//! | to | read |
//! |---|---|
//! | sell vouchers | [`voucher::batch`], [`voucher::code`] |
//! | follow a voucher's life | [`voucher::state`], [`voucher::first_login`] |
//! | tell errors apart | [`kernel::error`] |
//! | reach other devices | [`provisioning::controller`], the port to routers |
//! | tell programs elsewhere | [`webhook`], and [`outbound`], the port to web servers |
//! | keep the books elsewhere | [`store`] |
//! | test what is built on this | `testkit`, with the feature of that name |

pub mod account;
#[cfg(feature = "outbound")]
pub mod adapter;
pub mod alert;
pub mod apikey;
pub mod audit;
pub mod billing;
pub mod clock;
pub mod customer;
pub mod event;
pub mod invoice;
pub mod kernel;
pub mod ledger;
pub mod notice;
pub mod operation;
pub mod outbound;
pub mod outbox;
pub mod payment;
pub mod plan;
pub mod provisioning;
pub mod report;
pub mod request;
pub mod router;
pub mod settings;
pub mod signal;
pub mod sql;
pub mod staff;
pub mod store;
pub mod subscription;
#[cfg(feature = "testkit")]
pub mod testkit;
mod transact;
pub mod vendor;
pub mod voucher;
pub mod webhook;
pub mod worker;

pub use billing::{Billing, BillingBuilder};
pub use kernel::caller::{Actor, Caller, Mode};
pub use kernel::error::Error;
pub use kernel::money::{Currency, Money};
pub use kernel::secret::MasterKey;
pub use sql::{DatabaseUrl, open};
pub use store::Store;
pub use worker::Worker;
