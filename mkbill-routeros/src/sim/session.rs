//! One customer on the hotspot.

use std::{fmt, net::IpAddr};

use super::{
    id::ObjectId,
    meter::{Cut, Meter},
};

/// How a customer got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginBy {
    /// With name and password on the login page, which sends a digest of them.
    HttpChap,
    /// With name and password on the login page, in clear.
    HttpPap,
    /// With name and password on a login page over TLS.
    Https,
    /// By the cookie that the router keeps for the device; nobody asked for a password.
    MacCookie,
    /// By a user whose name is the hardware address of the device.
    Mac,
}

impl LoginBy {
    /// The word for it in the `login-by` of a server profile.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::HttpChap => "http-chap",
            Self::HttpPap => "http-pap",
            Self::Https => "https",
            Self::MacCookie => "mac-cookie",
            Self::Mac => "mac",
        }
    }
}

impl fmt::Display for LoginBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// Why a session ended; displays as the router logs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LogoutReason {
    /// The customer logged out.
    UserRequest,
    /// An operator removed the row.
    AdminReset,
    /// The time of the session or of the user was used up.
    SessionTimeout,
    /// The bytes of the user were used up.
    TrafficLimit,
    /// Nothing was moved for too long.
    IdleTimeout,
    /// The device did not answer for too long.
    KeepaliveTimeout,
}

impl From<Cut> for LogoutReason {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Traffic => Self::TrafficLimit,
            Cut::Time => Self::SessionTimeout,
            Cut::Idle => Self::IdleTimeout,
            Cut::Keepalive => Self::KeepaliveTimeout,
        }
    }
}

impl fmt::Display for LogoutReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::UserRequest => "user request",
            Self::AdminReset => "admin reset",
            Self::SessionTimeout => "session timeout",
            Self::TrafficLimit => "traffic limit reached",
            Self::IdleTimeout => "idle timeout",
            Self::KeepaliveTimeout => "keepalive timeout",
        })
    }
}

#[derive(Debug)]
pub(super) struct Session {
    pub user: Vec<u8>,
    pub user_id: ObjectId,
    pub server: Vec<u8>,
    pub address: IpAddr,
    pub login_by: LoginBy,
    pub comment: Option<Vec<u8>>,
    pub meter: Meter,
}
