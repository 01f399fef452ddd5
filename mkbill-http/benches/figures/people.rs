//! Customers by the thousand.

use jiff::Timestamp;
use mkbill_core::customer::NewCustomer;
use mkbill_core::customer::phone::{GivenPhone, Region};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::store::Tx;

/// Writes down a customer with a number of their own.
pub(crate) async fn insert(tx: &mut dyn Tx, now: Timestamp, number: u32) -> CustomerId {
    let phone = GivenPhone::parse(&format!("0812{number:08}"), Region::ID).expect("a number");
    let new = NewCustomer::new(&format!("customer {number}"), phone);
    let customer = new.into_customer(CustomerId::new(now, &OsEntropy), now);
    assert!(tx.customer_insert(&customer).await.expect("the store works"));
    customer.id
}
