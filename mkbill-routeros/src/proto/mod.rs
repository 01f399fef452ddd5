//! The binary API without sockets: bytes and time in, bytes and replies out.
//!
//! Client and simulator share this module. It knows no socket, no task and no clock.

pub mod decoder;
pub mod length;
pub mod login;
pub mod query;
pub mod reply;
pub mod sentence;
pub mod session;
pub mod window;
pub mod word;

pub use decoder::{DecodeError, Decoder, Limits};
pub use login::{Login, LoginError, LoginMode, LoginStep};
pub use query::{Query, QueryError};
pub use reply::{Reply, Tag, Trap, TrapCategory};
pub use sentence::Sentence;
pub use session::{Answer, Ending, Event, Failure, Request, Session, SessionLimits};
pub use window::{Window, WindowLimits};
