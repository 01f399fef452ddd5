//! What the measured shop sells.

use serde_json::json;

pub(super) const PLAN: &str = r#"{"name":"daily","router_profile":"default",
    "cost":{"minor":4000,"currency":"IDR"},"sell":{"minor":5000,"currency":"IDR"},
    "validity_seconds":86400}"#;
/// A router that is away: vouchers are made all the same.
pub(super) const ROUTER: &str = r#"{"name":"pos-1","host":"127.0.0.1","port":9,
    "security":"plain","username":"mkbill","password":"only on loopback"}"#;

/// The body that asks for a batch.
pub(super) fn batch_of(count: u32) -> String {
    json!({ "router": "pos-1", "plan": "daily", "count": count }).to_string()
}
