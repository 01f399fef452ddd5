//! Customers from CSV, as spreadsheets write it.

use std::collections::HashMap;

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::money::{Currency, Money};
use crate::kernel::table::{self, LineError, Row, Table};

use super::change::check_balance;
use super::contact::{Contact, ContactKind};
use super::phone::{GivenPhone, PhoneNumber, Region};
use super::tag::{self, Tag};
use super::{NewCustomer, text};

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Whatsapp,
    Email,
    Phone,
    Address,
    InitialBalance,
    Tags,
    Notes,
    Ignored,
}

impl table::Column for Column {
    const LINES: &'static str = "customers";
    const KNOWN: &'static str =
        "name, whatsapp, email, phone, address, initial_balance, tags and notes";
    const NEEDED: &'static [Self] = &[Self::Name, Self::Whatsapp];

    fn named(heading: &str) -> Option<Self> {
        Some(match heading {
            "name" | "nama" => Self::Name,
            "whatsapp" | "nomor_hp" => Self::Whatsapp,
            "email" => Self::Email,
            "phone" => Self::Phone,
            "address" | "alamat" => Self::Address,
            "initial_balance" => Self::InitialBalance,
            "tags" => Self::Tags,
            "notes" | "catatan" => Self::Notes,
            "id" | "status" | "saldo" | "hutang" | "mata_uang" | "terdaftar" => Self::Ignored,
            _ => return None,
        })
    }

    fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Whatsapp => "whatsapp",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::InitialBalance => "initial_balance",
            Self::Tags => "tags",
            Self::Notes => "notes",
            Self::Ignored => "row",
        }
    }

    fn is_ignored(self) -> bool {
        self == Self::Ignored
    }
}

type Line<'r> = table::Line<'r, Column>;

/// A good line of a file: the customer it makes.
pub type ImportRow = Row<NewCustomer>;

/// What a file says.
pub type ImportFile = Table<NewCustomer>;

/// Another customer, in the store already, has the number of this line.
pub fn taken(line: u64) -> LineError {
    LineError::new(line, table::Column::field(Column::Whatsapp), "another customer has this number")
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// How many lines spoke of a customer.
    pub total: u64,
    /// How many customers were added.
    pub imported: u64,
    /// How many lines were bad.
    pub failed: u64,
    /// What was wrong with them, in their order; a line may have several errors. They repeat nothing
    /// that the file says of a customer.
    pub errors: Vec<LineError>,
}

/// Reads a file of customers, see [`table::read`]. Amounts are whole minor units of `currency`; tags are
/// separated by commas. A number that an earlier line has makes the later line bad.
///
/// # Errors
///
/// [`Error::Invalid`] if it cannot be read as a whole.
pub fn read(bytes: &[u8], region: Region, currency: Currency) -> Result<ImportFile, Error> {
    let mut reader = Reader { region, currency, seen: HashMap::new() };
    table::read(bytes, |line| reader.customer(line))
}

/// Reads lines, and remembers the numbers of those before.
struct Reader {
    region: Region,
    currency: Currency,
    seen: HashMap<PhoneNumber, u64>,
}

impl Reader {
    fn customer(&mut self, line: &mut Line<'_>) -> Option<NewCustomer> {
        let name = text::name(line.text(Column::Name));
        let name = line.good(Column::Name, name);
        let phone = self.phone(line);
        let email = line.cell(Column::Email).map(text::email).transpose();
        let email = line.good(Column::Email, email);
        let address = line.text(Column::Address);
        let address = text::prose("address", address, text::ADDRESS_CHARS_MAX);
        let address = line.good(Column::Address, address);
        let notes = text::prose("notes", line.text(Column::Notes), text::NOTES_CHARS_MAX);
        let notes = line.good(Column::Notes, notes);
        let contacts = self.contacts(line);
        let tags = line.good(Column::Tags, tags(line.cell(Column::Tags)));
        let initial_balance = self.balance(line);
        Some(NewCustomer {
            email: email?,
            address: address?,
            notes: notes?,
            tags: tags?,
            contacts: contacts?,
            initial_balance,
            ..NewCustomer::new(&name?, phone?)
        })
    }

    fn phone(&mut self, line: &mut Line<'_>) -> Option<GivenPhone> {
        let phone = GivenPhone::parse(line.text(Column::Whatsapp), self.region);
        let phone = line.good(Column::Whatsapp, phone)?;
        if let Some(earlier) = self.seen.get(&phone.number) {
            return line.bad(Column::Whatsapp, format!("line {earlier} has the same number"));
        }
        self.seen.insert(phone.number.clone(), line.number());
        Some(phone)
    }

    fn contacts(&self, line: &mut Line<'_>) -> Option<Vec<Contact>> {
        let Some(text) = line.cell(Column::Phone) else { return Some(Vec::new()) };
        let contact = Contact::new(ContactKind::Phone, text, true, None, self.region);
        line.good(Column::Phone, contact).map(|contact| vec![contact])
    }

    fn balance(&self, line: &mut Line<'_>) -> Option<Money> {
        let text = line.cell(Column::InitialBalance)?;
        let amount = text.parse().map(|minor| Money::new(minor, self.currency)).map_err(|_| {
            let unit = self.currency;
            let problem = said!(
                "use whole minor units of {unit}, such as 50000 or -50000",
                "gunakan bilangan bulat satuan terkecil {unit}, seperti 50000 atau -50000"
            );
            Error::invalid("initial_balance", problem)
        });
        let amount = line.good(Column::InitialBalance, amount.and_then(check_balance))?;
        Some(amount).filter(|amount| !amount.is_zero())
    }
}

fn tags(text: Option<&str>) -> Result<Vec<Tag>, Error> {
    let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    tag::checked(words.map(|word| Tag::new(word, None)).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::table::{BYTES_MAX, ROWS_MAX};

    fn file(text: &str) -> ImportFile {
        read(text.as_bytes(), Region::ID, Currency::IDR).unwrap()
    }

    fn refused(bytes: &[u8]) -> String {
        read(bytes, Region::ID, Currency::IDR).unwrap_err().to_string()
    }

    #[test]
    fn spreadsheets_of_both_kinds_are_read() {
        let commas = "name*,whatsapp*,email,phone,address,initial_balance,tags,notes\r\n\
            Budi,081234567890,Budi@Example.com,021 5550123,\"Jl. Mawar 5, RT 05\",-50000,\"vip, rt 05\",x\r\n";
        let dots = "\u{feff}nama;Nomor HP;alamat;catatan\nBudi;'+62 812 3456 7890;;\n;;;\n";
        let [row] = file(commas).rows.try_into().unwrap();
        let customer = row.value;
        assert_eq!((row.line, customer.phone.number.as_str()), (2, "+6281234567890"));
        assert_eq!(customer.email.as_deref(), Some("budi@example.com"));
        assert_eq!(customer.address.as_deref(), Some("Jl. Mawar 5, RT 05"));
        assert_eq!(customer.initial_balance, Some(Money::rupiah(-50_000)));
        assert_eq!(customer.tags.iter().map(Tag::name).collect::<Vec<_>>(), ["vip", "rt 05"]);
        assert_eq!(customer.contacts[0].value, "+62215550123");
        let read = file(dots);
        assert_eq!((read.total, read.rows.len(), read.errors.len()), (1, 1, 0));
        assert_eq!(read.rows[0].value.phone.number.as_str(), "+6281234567890");
        assert_eq!((&read.rows[0].value.address, &read.rows[0].value.email), (&None, &None));
    }

    #[test]
    fn every_bad_cell_is_named_with_its_line_and_column() {
        let text = "name,whatsapp,email,phone,initial_balance,tags\n\
            ,12,nonsense,34,10.00,\"a,a\"\n\
            Ani,0812 0000 0001,,,,\n\
            Ani,+62 812 0000 0001,,,,\n\
            Budi,0812 0000 0002\n\
            \"two\nlines\",0812 0000 0003,,,,\n\
            Citra,0812 0000 0004,,,0,\n";
        let read = file(text);
        let errors: Vec<_> = read.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
        assert_eq!(
            errors,
            [
                (2, "name"),
                (2, "whatsapp"),
                (2, "email"),
                (2, "phone"),
                (2, "tags"),
                (2, "initial_balance"),
                (4, "whatsapp"),
                (5, "row"),
                (6, "name"),
            ]
        );
        assert_eq!(read.errors[6].problem, "line 3 has the same number");
        let lines: Vec<u64> = read.rows.iter().map(|row| row.line).collect();
        assert_eq!((read.total, lines), (6, vec![3, 8]));
    }

    #[test]
    fn a_file_that_cannot_be_meant_is_refused_as_a_whole() {
        for (bytes, hint) in [
            (b"".as_slice(), "heading"),
            (b"name,email\n", "whatsapp"),
            (b"whatsapp\n", "name"),
            (b"name,whatsapp,emial\n", "emial"),
            (b"name,nama,whatsapp\n", "once"),
            (b"name,whatsapp\n\xff,1\n", "UTF-8"),
        ] {
            assert!(refused(bytes).contains(hint), "{hint}: {}", refused(bytes));
        }
        assert!(refused(&vec![b'x'; BYTES_MAX + 1]).contains("1 MiB"));
        let many = format!("name,whatsapp\n{}", "a,1\n".repeat(ROWS_MAX + 1));
        assert!(refused(many.as_bytes()).contains("10000"));
    }

    #[test]
    fn an_error_repeats_nothing_personal() {
        let read = file("name,whatsapp,email,phone\nSecret\u{7},0812-SECRET,secret,secret\n");
        assert_eq!(read.errors.len(), 4);
        assert!(!format!("{:?}", read.errors).to_lowercase().contains("secret"));
    }
}
