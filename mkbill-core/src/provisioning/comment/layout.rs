//! The layouts a comment may have. A fact that is missing or cannot be read is `None`.

use jiff::Timestamp;
use jiff::civil::Date;

use super::stamp::Stamp;

/// A comment, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub(super) layout: Layout,
    pub(super) stamp: Option<Stamp>,
}

impl Comment {
    /// Its layout and the facts in it.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The first-login stamp at its end, if a router wrote one.
    pub const fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }
}

/// Which system a free-form profile comment names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Hotspot vouchers.
    Voucher,
    /// PPPoE subscribers.
    Pppoe,
}

/// Every layout that is known. V is vouchers, P is PPPoE secrets, F is profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// `VOUCHER_SYSTEM|batch|sell|cost|hours|vendor|created|by`.
    V1(VoucherFacts),
    /// V1 and `|first_login_at|expires_at`: what we write.
    V2(VoucherFacts),
    /// `VOUCHER_SYSTEM|sell|first_login|valid_until`, instants as Unix seconds.
    V3 {
        /// Selling price.
        sell: Option<i64>,
        /// First login.
        first_login_at: Option<Timestamp>,
        /// End of validity.
        valid_until: Option<Timestamp>,
    },
    /// `VOUCHER_SYSTEM|sell|0|batch|created|by`.
    V4 {
        /// Selling price.
        sell: Option<i64>,
        /// Batch number.
        batch: String,
        /// Day of making.
        created_on: Option<Date>,
        /// Maker.
        created_by: Option<String>,
    },
    /// `VOUCHER_SYSTEM|customer|subscription|vendor|created|by`.
    V5(SubscriberFacts),
    /// `VOUCHER_SYSTEM|batch|sell|cost|hours`.
    V6 {
        /// Batch number.
        batch: Option<String>,
        /// Selling price.
        sell: Option<i64>,
        /// Cost price.
        cost: Option<i64>,
        /// Validity from first login, in hours.
        valid_hours: Option<u64>,
    },
    /// A JSON object whose `system` is `voucher` or `hotspot`.
    V7(JsonVoucherFacts),
    /// `PPPOE_SYSTEM|customer|subscription|vendor|created`: what we write.
    P1(SubscriberFacts),
    /// P1 and `|by`.
    P2(SubscriberFacts),
    /// `PPPOE_SYSTEM|batch|sell|cost|customer|subscription|created|by`.
    P3(PppoeFacts),
    /// P1 with a package, before the vendor or at the end; the subscription may be `pending`.
    P4 {
        /// Customer, subscription, vendor and day.
        subscriber: SubscriberFacts,
        /// Package.
        package: Option<String>,
    },
    /// A JSON object whose `system` is `pppoe`.
    P5(JsonPppoeFacts),
    /// PPP profile: `PPPOE_SYSTEM|description|created`.
    F1 {
        /// What the profile is for.
        description: Option<String>,
        /// Day of making.
        created_on: Option<Date>,
    },
    /// A profile comment that merely contains a marker somewhere.
    F2 {
        /// Whose marker.
        system: System,
        /// The first whole number in it.
        price: Option<i64>,
    },
    /// Anything else, as it was, without its stamp.
    Unrecognised(String),
}

/// What a voucher's comment says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VoucherFacts {
    /// Batch number; never empty.
    pub batch: String,
    /// Selling price in minor units.
    pub sell: Option<i64>,
    /// Cost price in minor units.
    pub cost: Option<i64>,
    /// Validity from first login, in hours.
    pub valid_hours: Option<u64>,
    /// Vendor code.
    pub vendor: Option<String>,
    /// Day of making.
    pub created_on: Option<Date>,
    /// Maker, perhaps abbreviated.
    pub created_by: Option<String>,
    /// First login; only V2 can say it.
    pub first_login_at: Option<Timestamp>,
    /// End of validity; only V2 can say it.
    pub expires_at: Option<Timestamp>,
}

/// Whose a login is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubscriberFacts {
    /// Customer.
    pub customer: Option<String>,
    /// Subscription.
    pub subscription: Option<String>,
    /// Vendor.
    pub vendor: Option<String>,
    /// Day of making.
    pub created_on: Option<Date>,
    /// Maker.
    pub created_by: Option<String>,
}

/// What the eight-field PPPoE layout says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PppoeFacts {
    /// Batch number.
    pub batch: Option<String>,
    /// Selling price.
    pub sell: Option<i64>,
    /// Cost price.
    pub cost: Option<i64>,
    /// Customer.
    pub customer: Option<String>,
    /// Subscription.
    pub subscription: Option<String>,
    /// Day of making.
    pub created_on: Option<Date>,
    /// Maker.
    pub created_by: Option<String>,
}

/// What a voucher's JSON comment says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JsonVoucherFacts {
    /// Batch number (`batch_id`).
    pub batch: Option<String>,
    /// Selling price (`price_sell`).
    pub sell: Option<i64>,
    /// Cost price (`price_cost`).
    pub cost: Option<i64>,
    /// First login (`first_login`).
    pub first_login_at: Option<Timestamp>,
    /// Hours until the end (`expired_hours`).
    pub expired_hours: Option<u64>,
    /// Maker (`created_by`).
    pub created_by: Option<String>,
}

/// What a PPPoE JSON comment says. Names and telephone numbers in it are not read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JsonPppoeFacts {
    /// Customer (`customer_id`).
    pub customer: Option<String>,
    /// Selling price (`price_sell`).
    pub sell: Option<i64>,
    /// Cost price (`price_cost`).
    pub cost: Option<i64>,
    /// Last day (`expiry_date`).
    pub expires_on: Option<Date>,
    /// Maker (`created_by`).
    pub created_by: Option<String>,
}
