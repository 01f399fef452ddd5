//! How routers fare: what they say of themselves, and when they were away.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::kernel::ids::{OutageId, RouterId};

use super::licence::{LicenceLimits, LicenceUse};

/// What a router says of its machine. A part that it does not show is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vitals {
    /// Its own name.
    pub identity: Option<String>,
    /// The model.
    pub board: Option<String>,
    /// The level of its licence.
    pub license: Option<String>,
    /// Load of all processors, in percent.
    pub cpu_load: Option<u64>,
    /// Free memory in bytes.
    pub memory_free: Option<u64>,
    /// Memory in bytes.
    pub memory_total: Option<u64>,
    /// Free flash in bytes.
    pub storage_free: Option<u64>,
    /// Flash in bytes.
    pub storage_total: Option<u64>,
    /// How far its clock is ahead of ours in seconds, if its zone is known.
    pub clock_ahead: Option<i64>,
    /// How long the whole look took.
    pub latency: Option<SignedDuration>,
    /// Sign-ins at the hotspot that its log shows as failed since the look before.
    pub failed_logins: Option<u64>,
    /// Customers online at the hotspot.
    pub hotspot_sessions: Option<u64>,
    /// Customers online over `PPPoE`, without other tunnels, which a licence counts apart.
    pub pppoe_sessions: Option<u64>,
}

impl Vitals {
    /// What its licence allows; `None` if it shows no level whose limits are known.
    pub fn licence_limits(&self) -> Option<LicenceLimits> {
        LicenceLimits::of(self.license.as_deref()?)
    }

    /// How much is used of what its licence allows, of hotspot or `PPPoE` the one of which less is
    /// left; `None` if nothing is limited, or not known to be.
    pub fn licence_used(&self) -> Option<LicenceUse> {
        let limits = self.licence_limits()?;
        let used = |used: Option<u64>, allowed: Option<u64>| {
            Some(LicenceUse { used: used?, allowed: allowed? })
        };
        let hotspot = used(self.hotspot_sessions, limits.hotspot);
        let pppoe = used(self.pppoe_sessions, limits.pppoe);
        hotspot.into_iter().chain(pppoe).reduce(LicenceUse::tighter)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "identity": self.identity,
            "board": self.board,
            "license": self.license,
            "cpu_load": self.cpu_load,
            "memory_free": self.memory_free,
            "memory_total": self.memory_total,
            "storage_free": self.storage_free,
            "storage_total": self.storage_total,
            "clock_ahead": self.clock_ahead,
            "latency_ms": self.latency.map(|latency| latency.as_millis().to_string()),
            "failed_logins": self.failed_logins,
            "hotspot_sessions": self.hotspot_sessions,
            "pppoe_sessions": self.pppoe_sessions,
        })
    }

    /// Reads what [`Self::to_json`] wrote; what is not known to this version is left out.
    pub(crate) fn from_json(json: &Value) -> Self {
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        let number = |name: &str| json[name].as_u64();
        Self {
            identity: text("identity"),
            board: text("board"),
            license: text("license"),
            cpu_load: number("cpu_load"),
            memory_free: number("memory_free"),
            memory_total: number("memory_total"),
            storage_free: number("storage_free"),
            storage_total: number("storage_total"),
            clock_ahead: json["clock_ahead"].as_i64(),
            latency: text("latency_ms")
                .and_then(|ms| ms.parse().ok())
                .map(SignedDuration::from_millis),
            failed_logins: number("failed_logins"),
            hotspot_sessions: number("hotspot_sessions"),
            pppoe_sessions: number("pppoe_sessions"),
        }
    }
}

/// A time in which a router could not be worked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Identity.
    pub id: OutageId,
    /// Which router.
    pub router: RouterId,
    /// When the first try failed.
    pub began_at: Timestamp,
    /// When a try succeeded again; `None` as long as it lasts.
    pub ended_at: Option<Timestamp>,
    /// Why the latest try failed.
    pub last_error: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_vitals_come_back() {
        let vitals = Vitals {
            board: Some("hEX".to_owned()),
            cpu_load: Some(7),
            clock_ahead: Some(-3_600),
            latency: Some(SignedDuration::from_millis(34)),
            hotspot_sessions: Some(12),
            pppoe_sessions: Some(0),
            ..Vitals::default()
        };
        assert_eq!(Vitals::from_json(&vitals.to_json()), vitals);
        assert_eq!(Vitals::from_json(&Value::Null), Vitals::default());
    }

    #[test]
    fn of_two_limits_the_one_that_is_nearer_is_told() {
        let used = |license: &str, hotspot, pppoe| {
            let vitals = Vitals {
                license: Some(license.to_owned()),
                hotspot_sessions: hotspot,
                pppoe_sessions: pppoe,
                ..Vitals::default()
            };
            vitals.licence_used().map(|found| (found.used, found.allowed))
        };
        assert_eq!(used("L4", Some(20), Some(150)), Some((150, 200)));
        assert_eq!(used("L3", Some(1), Some(150)), Some((1, 1)));
        assert_eq!(used("L3", None, Some(150)), Some((150, 200)), "only one is known");
        assert_eq!(used("L4", None, None), None);
        assert_eq!(used("L6", Some(9_000), Some(9_000)), None);
        assert_eq!(used("L9", Some(1), Some(1)), None);
    }
}
