//! A customer with two subscriptions, written as a database console would.

use mkbill_core::kernel::ids::{CustomerId, SubscriptionId};
use mkbill_core::testkit::{Engine, TestDatabase};

/// The statements for one way of writing identifiers and instants.
macro_rules! rows {
    ($customer:literal, $plan:literal, $one:literal, $two:literal, $at:literal) => {
        [
            concat!(
                "INSERT INTO customer (id, name, phone, phone_as_given, locale, status, search, ",
                "created_at, updated_at) VALUES (",
                $customer,
                ", 'Budi', '+6281200000001', ",
                "'081200000001', 'id', 'active', 'budi', ",
                $at,
                ", ",
                $at,
                ")"
            ),
            concat!(
                "INSERT INTO plan (id, name, router_profile, currency, price_cost_minor, ",
                "price_sell_minor, created_at) VALUES (",
                $plan,
                ", 'home', 'default', 'IDR', ",
                "100000, 150000, ",
                $at,
                ")"
            ),
            concat!(
                "INSERT INTO plan_terms (plan_id, currency, price_cost_minor, price_sell_minor, ",
                "service, cycle, billing, activation, lead_days, grace_days, late_renewal) ",
                "VALUES (",
                $plan,
                ", 'IDR', 100000, 150000, 'hotspot', 'monthly', 'prepaid', ",
                "'immediate', 7, 0, 'from_payment')"
            ),
            rows!($one, $customer, $plan, $at),
            rows!($two, $customer, $plan, $at),
        ]
    };
    ($subscription:literal, $customer:literal, $plan:literal, $at:literal) => {
        concat!(
            "INSERT INTO subscription (id, customer_id, plan_id, currency, price_cost_minor, ",
            "price_sell_minor, service, cycle, billing, activation, lead_days, grace_days, ",
            "late_renewal, profile, zone, anchor, anchor_number, next_number, state, ",
            "state_since, created_at) VALUES (",
            $subscription,
            ", ",
            $customer,
            ", ",
            $plan,
            ", 'IDR', 100000, 150000, 'hotspot', 'monthly', 'prepaid', 'immediate', 7, 0, ",
            "'from_payment', 'default', 'Asia/Jakarta', '2026-03-01', 0, 0, 'active', ",
            "'2026-03-01', ",
            $at,
            ")"
        )
    };
}

const SQLITE: [&str; 5] = rows!(
    "X'0000000000000000000000000000C001'",
    "X'0000000000000000000000000000A001'",
    "X'00000000000000000000000000005001'",
    "X'00000000000000000000000000005002'",
    "0"
);
const POSTGRES: [&str; 5] = rows!(
    "'00000000-0000-0000-0000-00000000c001'",
    "'00000000-0000-0000-0000-00000000a001'",
    "'00000000-0000-0000-0000-000000005001'",
    "'00000000-0000-0000-0000-000000005002'",
    "'1970-01-01T00:00:00Z'"
);

/// Who they are.
pub(crate) const CUSTOMER: CustomerId = CustomerId::from_uuid(uuid::Uuid::from_u128(0xC001));
/// Their subscriptions.
pub(crate) const SUBSCRIPTIONS: [SubscriptionId; 2] = [
    SubscriptionId::from_uuid(uuid::Uuid::from_u128(0x5001)),
    SubscriptionId::from_uuid(uuid::Uuid::from_u128(0x5002)),
];

/// Writes them.
pub(crate) async fn subscribe(database: &TestDatabase, engine: Engine) {
    let rows = if engine == Engine::Sqlite { SQLITE } else { POSTGRES };
    for statement in rows {
        database.run(statement).await.expect("the schema takes it");
    }
}
