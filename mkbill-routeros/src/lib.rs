//! A client for the binary API of RouterOS, and a router to test it with.
//!
//! - [`client`]: connect, run commands many at once, stay connected, watch tables, add in bulk.
//! - [`command`]: what to run, and typed rows of what comes back.
//! - [`value`]: durations, dates, sizes and speeds as routers write them, in every dialect.
//! - [`proto`]: the wire without sockets, shared with the simulator.
//! - `rest`, with the feature of that name: the same commands over HTTPS, where the binary API is closed.
//! - `sim`, with the feature of that name: the simulator.
//! - `conformance`, with the feature of that name: how a real router differs from the simulator.
//!
//! ```no_run
//! use mkbill_routeros::{
//!     client::{Client, ClientConfig, Credentials, Endpoint, Security},
//!     command::{hotspot::Active, print},
//!     transport::Trust,
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let pin = "sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b".parse()?;
//! let security = Security::Tls(Trust::Pin(pin));
//! let endpoint = Endpoint { host: "192.0.2.1".into(), port: 8729, security };
//! let config = ClientConfig::new(endpoint, Credentials::new("billing", "secret"));
//! let client = Client::connect(&config).await?;
//! for session in client.run(print::<Active>()).await?.records::<Active>()? {
//!     println!("{} has been online for {}", session.user, session.uptime);
//! }
//! # Ok(())
//! # }
//! ```

pub mod client;
pub mod command;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod error;
pub mod kit;
pub mod proto;
#[cfg(feature = "provisioning")]
pub mod provisioning;
#[cfg(feature = "rest")]
pub mod rest;
#[cfg(feature = "sim")]
pub mod sim;
pub mod transport;
pub mod value;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../../docs/routeros/simulator.md")]
struct SimulatorGuide;
