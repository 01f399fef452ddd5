//! Vouchers: batches, states and what may become of them.

pub mod batch;
pub mod change;
pub mod code;
pub mod export;
pub mod first_login;
pub mod issue;
pub mod login;
pub mod state;
pub mod store;

use jiff::Timestamp;

use crate::kernel::ids::{BatchId, LoginId, RouterId, VendorId, VoucherId};
use crate::plan::{Limits, Prices};

use code::Code;
use state::VoucherState;

/// One voucher.
#[derive(Clone, PartialEq, Eq)]
pub struct Voucher {
    /// Identity.
    pub id: VoucherId,
    /// The batch it was made in.
    pub batch: BatchId,
    /// Its place in the batch, from 1.
    pub number: u32,
    /// The router it works on.
    pub router: RouterId,
    /// The vendor who sells it.
    pub vendor: Option<VendorId>,
    /// Its login on the router.
    pub login: LoginId,
    /// What the customer types.
    pub code: Code,
    /// The login's password; the code itself in login mode `same`.
    pub password: String,
    /// Cost and selling price, kept for ever.
    pub prices: Prices,
    /// Its limits, including extensions.
    pub limits: Limits,
    /// Unused after this instant it may not be used any more.
    pub sell_by: Option<Timestamp>,
    /// Where it stands.
    pub state: VoucherState,
    /// Counts changes, for compare and set.
    pub revision: i64,
}

impl std::fmt::Debug for Voucher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voucher")
            .field("id", &self.id)
            .field("number", &self.number)
            .field("state", &self.state)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}
