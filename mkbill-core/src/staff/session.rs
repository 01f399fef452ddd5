//! Sessions of staff: what a token stands for, and what is taken back to end it.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::{StaffId, StaffSessionId};

/// For how long somebody stays signed in.
pub const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Somebody's being signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffSession {
    /// Identity.
    pub id: StaffSessionId,
    /// Who.
    pub staff: StaffId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when at most.
    pub expires_at: Timestamp,
    /// When it was used last, to the minute.
    pub seen_at: Timestamp,
    /// Since when it is over before its time.
    pub revoked_at: Option<Timestamp>,
    /// Where they signed in from.
    pub address: Option<IpAddr>,
    /// With which program, in its own words.
    pub agent: Option<String>,
}

impl StaffSession {
    /// Does it still hold at `now`?
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}
