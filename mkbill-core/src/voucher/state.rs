//! The states of a voucher and the steps between them. Pure; a refusal is data.

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::Refusal;
use crate::kernel::ids::LoginId;
use crate::kernel::language::{Said, said};
use crate::kernel::time::saturating_add;
use crate::plan::{Limits, SPAN_MAX};
use crate::provisioning::Usage;

use super::Voucher;
use super::code::Code;
use super::first_login::FirstLogin;

/// What is known since the first login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// When, with the evidence and both bounds. Never moved later.
    pub first_login: FirstLogin,
    /// When the validity ends; absent for vouchers without validity.
    pub expires_at: Option<Timestamp>,
    /// The device of the first session, if one was seen.
    pub mac: Option<String>,
    /// The address of the first session, if one was seen.
    pub address: Option<String>,
}

/// Why a voucher ended by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Its validity since first login ran out.
    Validity,
    /// It was not used before its `sell_by`.
    SellBy,
}

/// Which quota was used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// Time online.
    Uptime,
    /// Bytes.
    Data,
}

/// The part of life a closed voucher returns to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// The router has not acknowledged it yet.
    PendingPush,
    /// Sellable and usable; its clock has not started.
    Available,
    /// In use.
    Active(Activation),
}

/// Where a voucher stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoucherState {
    /// It lives.
    Live(Live),
    /// Closed by a person; its calendar runs on.
    Disabled(Live),
    /// Ended by the calendar, at the instant its time was up, however late that was noticed.
    Expired {
        /// What ended it.
        cause: Expiry,
        /// When its time was up.
        at: Timestamp,
        /// Absent if it was never used.
        activation: Option<Activation>,
    },
    /// A quota was used up.
    UsedUp {
        /// Which.
        quota: Quota,
        /// When that was noticed.
        at: Timestamp,
        /// Its use.
        activation: Activation,
    },
    /// Withdrawn before use.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

impl VoucherState {
    /// The state's name in the API and the store.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Live(Live::PendingPush) => "pending_push",
            Self::Live(Live::Available) => "available",
            Self::Live(Live::Active(_)) => "active",
            Self::Disabled(_) => "disabled",
            Self::Expired { .. } => "expired",
            Self::UsedUp { .. } => "used_up",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    fn said(&self) -> Said {
        let indonesian = match self {
            Self::Live(Live::PendingPush) => "menunggu dikirim",
            Self::Live(Live::Available) => "tersedia",
            Self::Live(Live::Active(_)) => "aktif",
            Self::Disabled(_) => "nonaktif",
            Self::Expired { .. } => "habis masa aktifnya",
            Self::UsedUp { .. } => "habis kuotanya",
            Self::Cancelled { .. } => "sudah dibatalkan",
        };
        Said::fixed(self.name(), indonesian)
    }

    /// All names, in the order of a voucher's life.
    pub const NAMES: [&'static str; 7] =
        ["pending_push", "available", "active", "disabled", "expired", "used_up", "cancelled"];

    /// What is known since the first login, in whatever state it is now.
    pub const fn activation(&self) -> Option<&Activation> {
        match self {
            Self::Live(Live::Active(activation))
            | Self::Disabled(Live::Active(activation))
            | Self::UsedUp { activation, .. }
            | Self::Expired { activation: Some(activation), .. } => Some(activation),
            _ => None,
        }
    }
}

/// Why a step is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VoucherRefusal {
    /// The state does not allow it.
    #[error("a voucher that is {state} cannot be {act}; allowed in: {allowed}")]
    WrongState {
        /// What was asked for.
        act: Said,
        /// Its state.
        state: Said,
        /// Where it would be allowed.
        allowed: Said,
    },
    /// An extension that adds nothing, takes away, or is beyond bounds.
    #[error(
        "an extension adds at least one second or byte, to a limit the voucher has, within ten years and 1 PiB"
    )]
    BadExtension,
}

impl Refusal for VoucherRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "voucher_state",
            Self::BadExtension => "bad_extension",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::WrongState { act, state, allowed } => format!(
                "voucher yang {} tidak bisa {}; diizinkan saat: {}",
                state.indonesian(),
                act.indonesian(),
                allowed.indonesian()
            ),
            Self::BadExtension => "perpanjangan menambah paling sedikit satu detik atau satu byte, pada batas yang dimiliki voucher, dalam sepuluh tahun dan 1 PiB".to_owned(),
        }
    }
}

/// What is added to a voucher in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extension {
    /// Added to the end of its validity.
    pub validity: Option<SignedDuration>,
    /// Added to its time online.
    pub uptime: Option<SignedDuration>,
    /// Added to its bytes.
    pub data: Option<u64>,
}

fn wrong(act: Said, state: &VoucherState, allowed: Said) -> VoucherRefusal {
    VoucherRefusal::WrongState { act, state: state.said(), allowed }
}

impl Voucher {
    /// The router acknowledged the login. A closed voucher stays closed; ended ones stay ended.
    #[must_use]
    pub fn acknowledged(mut self) -> Self {
        match &mut self.state {
            VoucherState::Live(live @ Live::PendingPush)
            | VoucherState::Disabled(live @ Live::PendingPush) => *live = Live::Available,
            _ => {}
        }
        self
    }

    /// The first login was found. `None` if it changes nothing: a clock that runs is never set again.
    pub fn first_login(
        mut self,
        first_login: FirstLogin,
        mac: Option<String>,
        address: Option<String>,
    ) -> Option<Self> {
        let expires_at =
            self.limits.validity.map(|validity| saturating_add(first_login.at, validity));
        let activation = Activation { first_login, expires_at, mac, address };
        match &mut self.state {
            VoucherState::Live(live) | VoucherState::Disabled(live)
                if !matches!(live, Live::Active(_)) =>
            {
                *live = Live::Active(activation);
            }
            // A session that began before the shelf life ended was in time.
            VoucherState::Expired { cause: Expiry::SellBy, at, activation: None }
                if activation.first_login.at < *at =>
            {
                self.state = VoucherState::Live(Live::Active(activation));
            }
            _ => return None,
        }
        Some(self)
    }

    /// When the calendar ends this voucher, and why.
    pub fn due(&self) -> Option<(Timestamp, Expiry)> {
        match &self.state {
            VoucherState::Live(Live::Active(a)) | VoucherState::Disabled(Live::Active(a)) => {
                a.expires_at.map(|at| (at, Expiry::Validity))
            }
            VoucherState::Live(_) | VoucherState::Disabled(_) => {
                self.sell_by.map(|at| (at, Expiry::SellBy))
            }
            _ => None,
        }
    }

    /// Ends it if its time is up at `now`; the end is the instant that was due, not `now`.
    pub fn expire(mut self, now: Timestamp) -> Option<Self> {
        let (at, cause) = self.due().filter(|(at, _)| *at <= now)?;
        let activation = self.state.activation().cloned();
        self.state = VoucherState::Expired { cause, at, activation };
        Some(self)
    }

    /// Ends it if `usage` has reached a quota.
    pub fn use_up(mut self, usage: Usage, now: Timestamp) -> Option<Self> {
        let (VoucherState::Live(Live::Active(activation))
        | VoucherState::Disabled(Live::Active(activation))) = &self.state
        else {
            return None;
        };
        let quota = reached(self.limits, usage)?;
        self.state = VoucherState::UsedUp { quota, at: now, activation: activation.clone() };
        Some(self)
    }

    /// Closes it until somebody opens it again.
    pub fn disable(mut self) -> Result<Self, VoucherRefusal> {
        match self.state {
            VoucherState::Live(live) => self.state = VoucherState::Disabled(live),
            ref other => {
                return Err(wrong(
                    said!("disabled", "dinonaktifkan"),
                    other,
                    said!("pending_push, available, active", "menunggu dikirim, tersedia, aktif"),
                ));
            }
        }
        Ok(self)
    }

    /// Opens it again.
    pub fn enable(mut self) -> Result<Self, VoucherRefusal> {
        match self.state {
            VoucherState::Disabled(live) => self.state = VoucherState::Live(live),
            ref other => {
                return Err(wrong(
                    said!("enabled", "diaktifkan"),
                    other,
                    said!("disabled", "nonaktif"),
                ));
            }
        }
        Ok(self)
    }

    /// Withdraws it before use.
    pub fn cancel(mut self, now: Timestamp) -> Result<Self, VoucherRefusal> {
        match &self.state {
            VoucherState::Live(live) | VoucherState::Disabled(live)
                if !matches!(live, Live::Active(_)) =>
            {
                self.state = VoucherState::Cancelled { at: now };
                Ok(self)
            }
            other => Err(wrong(
                said!("cancelled", "dibatalkan"),
                other,
                said!(
                    "pending_push, available, or disabled before use",
                    "menunggu dikirim, tersedia, atau nonaktif sebelum dipakai"
                ),
            )),
        }
    }

    /// Adds to the limits of a voucher in use. Only limits it has can grow.
    pub fn extend(mut self, extension: Extension) -> Result<Self, VoucherRefusal> {
        let VoucherState::Live(Live::Active(activation)) = &mut self.state else {
            return Err(wrong(
                said!("extended", "diperpanjang"),
                &self.state,
                said!("active", "aktif"),
            ));
        };
        if extension == Extension::default() {
            return Err(VoucherRefusal::BadExtension);
        }
        if let Some(added) = extension.validity {
            let end = activation.expires_at.ok_or(VoucherRefusal::BadExtension)?;
            self.limits.validity = Some(longer(self.limits.validity, added)?);
            activation.expires_at = Some(saturating_add(end, added));
        }
        if let Some(added) = extension.uptime {
            self.limits.uptime_quota = Some(longer(self.limits.uptime_quota, added)?);
        }
        if let Some(added) = extension.data {
            self.limits.data_quota = Some(more(self.limits.data_quota, added)?);
        }
        Ok(self)
    }

    /// Gives an unsold voucher a new code and a new login; it has to be pushed again.
    pub fn regenerate(
        self,
        code: Code,
        password: String,
        login: LoginId,
    ) -> Result<Self, VoucherRefusal> {
        match self.state {
            VoucherState::Live(Live::Available) => Ok(self.recoded(code, password, login)),
            ref other => Err(wrong(
                said!("regenerated", "dibuat ulang kodenya"),
                other,
                said!("available", "tersedia"),
            )),
        }
    }

    /// A new code for a voucher whose code is taken on the router; nobody has seen it yet.
    #[must_use]
    pub fn recoded(self, code: Code, password: String, login: LoginId) -> Self {
        Self { code, password, login, state: VoucherState::Live(Live::PendingPush), ..self }
    }
}

fn reached(limits: Limits, usage: Usage) -> Option<Quota> {
    if limits.uptime_quota.is_some_and(|quota| usage.uptime() >= quota) {
        return Some(Quota::Uptime);
    }
    limits.data_quota.filter(|quota| usage.bytes() >= *quota).map(|_| Quota::Data)
}

fn longer(
    limit: Option<SignedDuration>,
    added: SignedDuration,
) -> Result<SignedDuration, VoucherRefusal> {
    let sum = limit.and_then(|limit| limit.checked_add(added));
    let whole = added >= SignedDuration::from_secs(1) && added.subsec_nanos() == 0;
    sum.filter(|sum| whole && *sum <= SPAN_MAX).ok_or(VoucherRefusal::BadExtension)
}

fn more(limit: Option<u64>, added: u64) -> Result<u64, VoucherRefusal> {
    let sum = limit.and_then(|limit| limit.checked_add(added));
    sum.filter(|sum| added > 0 && *sum <= crate::plan::DATA_QUOTA_MAX)
        .ok_or(VoucherRefusal::BadExtension)
}

#[cfg(test)]
mod tests;
