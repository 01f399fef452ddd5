//! What is counted as it happens, for those who watch the process.

use metrics::{counter, histogram};

use crate::kernel::money::{Currency, Money};
use crate::payment::Payment;

const TRANSACTIONS: &str = "payment_transactions_total";
/// Rupiah have a name of their own; of other currencies it tells the smallest unit and which.
const RUPIAH: &str = "payment_amount_rupiah";
const OTHERS: &str = "payment_amount_minor";

/// Counts what a payment consists of: `recorded`, or `reversed` when it is taken back.
pub(super) fn payment(payment: &Payment, status: &'static str) {
    for part in &payment.parts {
        let method = part.method.name();
        counter!(TRANSACTIONS, "payment_method" => method, "status" => status).increment(1);
        if status == RECORDED {
            amount(method, part.amount);
        }
    }
}

pub(super) const RECORDED: &str = "recorded";
pub(super) const REVERSED: &str = "reversed";

fn amount(method: &'static str, amount: Money) {
    #[expect(clippy::cast_precision_loss, reason = "for a histogram, not for the books")]
    let minor = amount.minor() as f64;
    let currency = amount.currency();
    if currency == Currency::IDR {
        histogram!(RUPIAH, "payment_method" => method).record(minor);
    } else {
        let code = currency.code().to_owned();
        histogram!(OTHERS, "payment_method" => method, "currency" => code).record(minor);
    }
}
