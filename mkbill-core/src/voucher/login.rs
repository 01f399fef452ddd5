//! What a voucher's login on the router should say.

use crate::kernel::error::Error;
use crate::kernel::time::BusinessZone;
use crate::provisioning::comment::{VoucherMark, whole_hours};
use crate::provisioning::line::Line;
use crate::provisioning::{LoginSpec, Presence};
use crate::vendor::VendorCode;

use super::Voucher;
use super::batch::Batch;
use super::state::VoucherState;

/// Facts of a batch that all its logins share.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'a> {
    /// The batch.
    pub batch: &'a Batch,
    /// The code of its vendor.
    pub vendor: Option<&'a VendorCode>,
    /// The zone of business dates.
    pub zone: &'a BusinessZone,
}

impl Maker<'_> {
    /// What the router should say about `voucher`.
    pub fn spec(&self, voucher: &Voucher) -> Result<LoginSpec, Error> {
        let activation = voucher.state.activation();
        let mark = VoucherMark {
            batch: self.batch.number.as_str().to_owned(),
            sell: voucher.prices.sell().minor(),
            cost: voucher.prices.cost().minor(),
            valid_hours: voucher.limits.validity.map(whole_hours),
            vendor: self.vendor.map(|code| code.as_str().to_owned()),
            created_on: self.zone.date(self.batch.created_at),
            created_by: self.batch.created_by.clone(),
            first_login_at: activation.map(|activation| activation.first_login.at),
            expires_at: activation.and_then(|activation| activation.expires_at),
        };
        Ok(LoginSpec {
            password: voucher.password.clone(),
            profile: self.batch.profile.clone(),
            limit_uptime: voucher.limits.router_uptime(),
            limit_bytes: voucher.limits.data_quota,
            line: Line::default(),
            comment: mark.to_comment()?,
        })
    }
}

/// Whether the login ought to exist, and open, in a voucher's state.
pub const fn presence(state: &VoucherState) -> Presence {
    match state {
        VoucherState::Live(_) => Presence::Enabled,
        VoucherState::Disabled(_) => Presence::Disabled,
        VoucherState::Expired { .. }
        | VoucherState::UsedUp { .. }
        | VoucherState::Cancelled { .. } => Presence::Absent,
    }
}
