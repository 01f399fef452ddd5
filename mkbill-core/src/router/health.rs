//! How routers fare: what they say of themselves, and when they were away.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::kernel::ids::{OutageId, RouterId};

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
}

impl Vitals {
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
            ..Vitals::default()
        };
        assert_eq!(Vitals::from_json(&vitals.to_json()), vitals);
        assert_eq!(Vitals::from_json(&Value::Null), Vitals::default());
    }
}
