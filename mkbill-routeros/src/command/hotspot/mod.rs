//! The `HotSpot`: users and their profiles, sessions, hosts and cookies, servers and bindings.

mod profile;
mod server;
mod session;
mod user;

pub use profile::{ProfileSettings, UserProfile, UserProfileSettings};
pub use server::{
    BindingKind, IpBinding, IpBindingSettings, Server, ServerProfile, ServerProfileSettings,
    ServerSettings,
};
pub use session::{Active, Cookie, Host, Login, make_binding};
pub use user::{NewUser, User, UserChange, UserSettings, reset_counters};
