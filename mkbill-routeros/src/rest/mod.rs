//! The REST interface of version 7, for routers whose binary API cannot be reached.
//!
//! The binary API is the better way wherever there is a choice. REST is the fallback for a network
//! that lets nothing but HTTPS through, or a router whose operator keeps `api` closed. It needs the
//! service `www-ssl` (7.1 and later) or `www` (7.9 and later, in the clear), and an account whose
//! group has the policy `rest-api`.
//!
//! [`RestClient`] takes the same [`Command`]s and gives the same [`Answer`]s as [`Client`], so every
//! typed command and row works; code for both asks for `&dyn` [`Api`].
//!
//! # What it cannot do
//!
//! These are refused with [`Error::Unsupported`] before anything is sent:
//!
//! | what | why |
//! |---|---|
//! | `listen`, `follow`, `monitor` without `once` | the router accepts them, delivers nothing, and kills them after 60 s |
//! | commands that are given more than 60 s | the router kills them (`Session closed`), and whether they were done is unknown |
//! | values that are not UTF-8 | JSON cannot carry them; an answer that holds one is [`BadAnswer::Encoding`] |
//! | `/login`, `/cancel`, `/quit` | there is no session |
//!
//! Adding in bulk takes a [`Link`] and therefore the binary API. Fields come in alphabetical order,
//! not in the router's own. A dropped future closes its connection, and that does not tell the
//! router to stop.
//!
//! # What it costs
//!
//! One command at a time travels on one kept connection, so each costs a round trip; a router that
//! closed the connection while it was idle is dialled again. Against a simulator that answers at
//! once, a command took about four times as long as one over the binary API and about fifteen times
//! as long as one in a pipeline, a print of 2000 rows twice as long (builds without optimisation,
//! loopback). Routers check name and password anew for each request.
//!
//! ```no_run
//! use mkbill_routeros::{
//!     client::{Api, Credentials, Endpoint, Security},
//!     command::{hotspot::Active, print},
//!     rest::{RestClient, RestConfig},
//!     transport::Trust,
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let pin = "sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b".parse()?;
//! let security = Security::Tls(Trust::Pin(pin));
//! let endpoint = Endpoint { host: "192.0.2.1".into(), port: 443, security };
//! let config = RestConfig::new(endpoint, Credentials::new("billing", "secret"));
//! let router: Box<dyn Api> = Box::new(RestClient::new(config));
//! let sessions = router.run(print::<Active>()).await?.records::<Active>()?;
//! println!("{} are online", sessions.len());
//! # Ok(())
//! # }
//! ```
//!
//! [`BadAnswer::Encoding`]: crate::error::BadAnswer::Encoding
//! [`Answer`]: crate::client::Answer
//! [`Api`]: crate::client::Api
//! [`Client`]: crate::client::Client
//! [`Command`]: crate::command::Command
//! [`Error::Unsupported`]: crate::error::Error::Unsupported
//! [`Link`]: crate::client::Link

mod client;
mod connection;
mod decode;
mod encode;

pub use client::{RestClient, RestConfig};
