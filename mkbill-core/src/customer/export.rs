//! Customers as CSV, for spreadsheets.

use jiff::Timestamp;

use crate::kernel::error::Error;
use crate::kernel::ids::CustomerId;
use crate::kernel::money::{Currency, Money};
use crate::kernel::spreadsheet::guarded;
use crate::kernel::table;

use super::phone::PhoneNumber;
use super::{Balance, CustomerStatus};

const COLUMNS: [&str; 9] =
    ["ID", "Nama", "Nomor HP", "Email", "Status", "Saldo", "Hutang", "Mata Uang", "Terdaftar"];

/// One line of an export: a customer in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// Identity.
    pub id: CustomerId,
    /// What people call them.
    pub name: String,
    /// Where they get messages.
    pub phone: PhoneNumber,
    /// Address of electronic mail.
    pub email: Option<String>,
    /// Whether they are served.
    pub status: CustomerStatus,
    /// What they hold and owe.
    pub balance: Balance,
    /// When they were added.
    pub created_at: Timestamp,
}

/// What a customer holds and owes, line by line; nothing in `currency` if they never had anything.
pub fn balances_or_none(balances: &[Balance], currency: Currency) -> Vec<Balance> {
    if balances.is_empty() {
        let none = Money::zero(currency);
        return vec![Balance { credit: none, owed: none }];
    }
    balances.to_vec()
}

/// Writes a heading and one line per row, UTF-8, with CRLF line ends as RFC 4180 asks.
///
/// `Saldo` is what is paid and not spent, `Hutang` what is owed, both in whole minor units. A text
/// that a spreadsheet would take for a formula, such as a number that begins with `+`, gets an
/// apostrophe before it; amounts below zero are numbers and keep their sign.
///
/// # Errors
///
/// [`Error::Broken`] if writing to memory fails.
pub fn csv(rows: impl Iterator<Item = ExportRow>) -> Result<Vec<u8>, Error> {
    let cells = |row: ExportRow| {
        [
            row.id.to_string().into(),
            guarded(&row.name).into_owned().into(),
            guarded(row.phone.as_str()).into_owned().into(),
            guarded(row.email.as_deref().unwrap_or_default()).into_owned().into(),
            row.status.to_string().into(),
            row.balance.credit.minor().to_string().into(),
            row.balance.owed.minor().to_string().into(),
            row.balance.credit.currency().to_string().into(),
            row.created_at.to_string().into(),
        ]
    };
    table::write("customers", COLUMNS, rows.map(cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_a_formula_is_made_harmless() {
        let row = |name: &str| ExportRow {
            id: CustomerId::from_uuid(uuid::Uuid::nil()),
            name: name.to_owned(),
            phone: PhoneNumber::stored("+6281234567890".to_owned()),
            email: Some("@x".to_owned()),
            status: CustomerStatus::Active,
            balance: Balance { credit: Money::rupiah(-5), owed: Money::rupiah(7) },
            created_at: Timestamp::UNIX_EPOCH,
        };
        let bytes = csv([row("=HYPERLINK(\"x\")"), row("Budi, \"si\"")].into_iter()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let rest = "'+6281234567890,'@x,active,-5,7,IDR,1970-01-01T00:00:00Z\r\n";
        let id = uuid::Uuid::nil();
        let expected = format!(
            "ID,Nama,Nomor HP,Email,Status,Saldo,Hutang,Mata Uang,Terdaftar\r\n\
             {id},\"'=HYPERLINK(\"\"x\"\")\",{rest}{id},\"Budi, \"\"si\"\"\",{rest}"
        );
        assert_eq!(text, expected);
    }
}
