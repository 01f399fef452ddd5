//! A router for tests: the binary API over real TCP, hotspot rules, faults on demand, and time that only moves when told.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use mkbill_routeros::sim::{RouterOs, Simulator};
//!
//! let simulator = Simulator::builder()
//!     .routeros(RouterOs::V7_18)
//!     .password("secret")
//!     .start()
//!     .await?;
//! println!("listening on {}", simulator.addr());
//! simulator.router(|router| router.run("/ip/hotspot/user/add", &["name=v1"]))?;
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod agenda;
mod chance;
mod clock;
mod command;
mod connection;
mod console;
mod crowd;
mod dialect;
mod dialogue;
mod effects;
mod export;
mod fault;
mod fault_script;
mod feed;
mod file_menu;
mod files;
mod guests;
mod hotspot;
mod id;
mod interface;
mod journal;
mod license;
mod line;
mod log;
mod mac;
mod menus;
mod meter;
mod outbox;
mod pool;
mod ppp;
mod prefix;
mod presence;
mod print;
mod queue;
mod quirks;
mod record;
mod refusal;
mod repeat;
mod rest;
mod rights;
mod router;
mod rules;
mod schedule;
mod scheduler;
mod schema;
mod script;
mod server;
mod service;
mod session;
#[cfg(feature = "sim-sftp")]
mod sftp;
mod shared;
mod simulator;
mod system;
mod table;
mod tls;
mod transcript;

pub use clock::RouterClock;
pub use crowd::{Arrival, Crowd, Customer, DialIn, PppCrowd};
pub use dialect::RouterOs;
pub use export::ExportStyle;
pub use fault::{At, Effect, Fault, Faults, On};
pub use fault_script::{FaultScript, FaultScriptError};
pub use files::{FILE_BYTES_MAX, FileError, FileView};
pub use hotspot::{LoginRefusal, Online};
pub use id::ObjectId;
pub use journal::{CommandSeen, Hook, Stage, Verdict};
pub use license::License;
pub use mac::{Mac, MacError};
pub use meter::{Traffic, Usage};
pub use ppp::{Dial, PppOnline, PppRefusal, Service};
pub use quirks::Quirks;
pub use refusal::Refusal;
pub use router::{ObjectView, Output, Router};
pub use rules::{Counters, Disabling, Limits, SessionRules};
pub use session::{LoginBy, LogoutReason};
pub use shared::{CancelOrder, TimeSource};
pub use simulator::{Simulator, SimulatorBuilder, StartError};
pub use transcript::{Recorder, Replay, ReplayError, Transcript, TranscriptError};
