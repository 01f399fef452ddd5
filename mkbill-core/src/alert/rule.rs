//! Rules of alerts: data that people change, not code.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::RouterId;
use crate::kernel::language::said;
use crate::kernel::names::{names, slug};

const NAME_CHARS_MAX: usize = 40;
/// A condition has to last at most this long before it is an alert.
pub const LASTING_MAX: SignedDuration = SignedDuration::from_hours(24);
/// No cool-down is longer.
pub const COOL_DOWN_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The last step of an escalation is at most this long after the alert.
pub const ESCALATION_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// An escalation has at most this many steps.
pub const STEPS_MAX: usize = 10;
/// There are at most this many rules.
pub const RULES_MAX: usize = 200;

names! {
    /// How bad it is.
    pub enum Severity "severity" {
        /// Worth knowing.
        Info = "info",
        /// It will get worse.
        Warning = "warning",
        /// Customers feel it.
        Critical = "critical",
    }
}

names! {
    /// Who is told.
    pub enum Audience "tell" {
        /// Those who work with customers.
        Operator = "operator",
        /// Those who run the business.
        Admin = "admin",
        /// Those who own it.
        SuperAdmin = "super_admin",
    }
}

names! {
    /// What is measured. An alert is raised when it reaches the threshold of a rule.
    pub enum Condition "condition" {
        /// For how many seconds a router could not be worked with.
        RouterDown = "router_down",
        /// Load of a router's processors, in percent.
        CpuLoad = "cpu_load",
        /// Memory that a router uses, in percent.
        MemoryUsed = "memory_used",
        /// Flash that a router uses, in percent.
        StorageUsed = "storage_used",
        /// How many seconds a router's clock is off, in either direction.
        ClockOff = "clock_off",
        /// How many milliseconds a look at a router took.
        Latency = "latency",
        /// How much of the sessions that a router's licence allows is used, in percent.
        LicenceUsed = "licence_used",
        /// Sign-ins at a hotspot that failed since the look before.
        FailedLogins = "failed_logins",
        /// Interfaces of a router that lost their link without being switched off.
        InterfacesDown = "interfaces_down",
        /// Places where a router and the books disagree.
        Drift = "drift",
        /// Logins that a router refuses, which wait for a person.
        LoginsBlocked = "logins_blocked",
        /// Subscriptions that the engine leaves alone until a person has looked at them. Of no router.
        SubscriptionsInTrouble = "subscriptions_in_trouble",
    }
}

impl Condition {
    /// Is it measured of each router by itself?
    pub const fn is_of_router(self) -> bool {
        !matches!(self, Self::SubscriptionsInTrouble)
    }
}

/// The unique name of a rule, such as `router-down`: 1 to 40 lower-case letters, digits and dashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleName(String);

impl RuleName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RuleName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        slug(text, "name", NAME_CHARS_MAX).map(Self)
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who is told of an alert that nobody has acknowledged, and how long after it was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscalationStep {
    /// How long after the alert.
    pub after: SignedDuration,
    /// Who.
    pub tell: Audience,
}

/// When an alert is raised, and what happens then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRule {
    /// Unique name.
    pub name: RuleName,
    /// What is measured.
    pub condition: Condition,
    /// From which value on.
    pub threshold: u64,
    /// For how long the value has to stay there; zero raises the alert at once.
    pub lasting: SignedDuration,
    /// How bad it is.
    pub severity: Severity,
    /// An alert that comes back so soon after its end is the same one: it is not told anew.
    pub cool_down: SignedDuration,
    /// Of which router only; `None` is every one.
    pub router: Option<RouterId>,
    /// Who is told when, in the order of time.
    pub escalation: Vec<EscalationStep>,
    /// Is it looked at?
    pub enabled: bool,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl AlertRule {
    /// Checks the bounds of its numbers and the order of its steps.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names the field.
    pub fn checked(self) -> Result<Self, Error> {
        if self.threshold == 0 {
            return Err(Error::invalid(
                "threshold",
                said!("use 1 or more", "gunakan 1 atau lebih"),
            ));
        }
        within("lasting", self.lasting, LASTING_MAX)?;
        within("cool_down", self.cool_down, COOL_DOWN_MAX)?;
        if self.router.is_some() && !self.condition.is_of_router() {
            let text = said!(
                "{condition} is not measured of routers: leave it out",
                "{condition} tidak diukur per router: kosongkan",
                condition = self.condition,
            );
            return Err(Error::invalid("router", text));
        }
        if self.escalation.len() > STEPS_MAX {
            return Err(Error::invalid(
                "escalation",
                said!("use at most {STEPS_MAX} steps", "gunakan paling banyak {STEPS_MAX} langkah"),
            ));
        }
        for step in &self.escalation {
            within("escalation", step.after, ESCALATION_MAX)?;
        }
        if !self.escalation.is_sorted_by_key(|step| step.after) {
            return Err(Error::invalid(
                "escalation",
                said!("give the steps in the order of time", "urutkan langkah menurut waktu"),
            ));
        }
        Ok(self)
    }

    /// Is it about what is measured there: of a router, or of the engine?
    pub fn is_about(&self, router: Option<RouterId>) -> bool {
        self.condition.is_of_router() == router.is_some()
            && (self.router.is_none() || self.router == router)
    }

    pub(crate) fn escalation_json(&self) -> Value {
        let steps = self.escalation.iter();
        steps
            .map(|step| json!({ "after_seconds": step.after.as_secs(), "tell": step.tell.name() }))
            .collect()
    }

    /// Reads what [`Self::escalation_json`] wrote; `None` if it is something else.
    pub(crate) fn escalation_from(json: &Value) -> Option<Vec<EscalationStep>> {
        let step = |step: &Value| {
            let after = SignedDuration::from_secs(step["after_seconds"].as_i64()?);
            Some(EscalationStep { after, tell: Audience::named(step["tell"].as_str()?)? })
        };
        json.as_array()?.iter().map(step).collect()
    }
}

fn within(field: &'static str, span: SignedDuration, most: SignedDuration) -> Result<(), Error> {
    if span.is_negative() || span > most || span.subsec_nanos() != 0 {
        let hours = most.as_hours();
        return Err(Error::invalid(
            field,
            said!(
                "use whole seconds, at most {hours} hours",
                "gunakan detik bulat, paling lama {hours} jam"
            ),
        ));
    }
    Ok(())
}

/// Why a rule or an alert does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertRefusal {
    /// Too many.
    #[error("there are {RULES_MAX} rules already, the most allowed: remove one")]
    TooMany,
    /// It is over, or was never raised.
    #[error("the alert is over: there is nothing to acknowledge")]
    Over,
}

impl Refusal for AlertRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::TooMany => "too_many_alert_rules",
            Self::Over => "alert_over",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::TooMany => {
                format!("sudah ada {RULES_MAX} aturan, jumlah paling banyak: hapus satu")
            }
            Self::Over => "peringatan sudah selesai: tidak ada yang perlu dikonfirmasi".to_owned(),
        }
    }
}
