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

mod chance;
mod clock;
mod command;
mod connection;
mod console;
mod crowd;
mod dialect;
mod dialogue;
mod fault;
mod fault_script;
mod feed;
mod files;
mod hotspot;
mod id;
mod journal;
mod log;
mod mac;
mod menus;
mod outbox;
mod presence;
mod record;
mod refusal;
mod router;
mod schedule;
mod schema;

mod server;
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
pub use crowd::{Arrival, Crowd, Customer};
pub use dialect::RouterOs;
pub use fault::{At, Effect, Fault, Faults, On};
pub use fault_script::{FaultScript, FaultScriptError};
pub use files::{FILE_BYTES_MAX, FileError, FileView};
pub use hotspot::{LoginRefusal, Online, Usage};
pub use id::ObjectId;
pub use journal::{CommandSeen, Hook, Stage, Verdict};
pub use mac::{Mac, MacError};
pub use refusal::Refusal;
pub use router::{ObjectView, Output, Router};
pub use session::{LoginBy, LogoutReason, Traffic};
pub use shared::{CancelOrder, TimeSource};
pub use simulator::{Simulator, SimulatorBuilder, StartError};
pub use transcript::{Recorder, Replay, ReplayError, Transcript, TranscriptError};
