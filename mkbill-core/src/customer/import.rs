//! Customers from CSV, as spreadsheets write it.

use std::collections::HashMap;

use crate::kernel::error::Error;
use crate::kernel::money::{Currency, Money};
use crate::kernel::spreadsheet::unguarded;

use super::change::check_balance;
use super::contact::{Contact, ContactKind};
use super::phone::{GivenPhone, PhoneNumber, Region};
use super::tag::{self, Tag};
use super::{NewCustomer, text};

/// The largest file, in bytes.
pub const BYTES_MAX: usize = 1 << 20;
/// The most customers in one file.
pub const ROWS_MAX: usize = 10_000;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// How much of a heading is repeated in an error.
const HEADING_CHARS_MAX: usize = 40;

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Name,
    Whatsapp,
    Email,
    Phone,
    Address,
    InitialBalance,
    Tags,
    Notes,
    /// Ours to write, not to read.
    Ignored,
}

impl Column {
    fn named(heading: &str) -> Option<Self> {
        let name = heading.trim().to_lowercase().replace([' ', '-'], "_");
        Some(match name.trim_end_matches('*') {
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

    const fn field(self) -> &'static str {
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
}

/// What is wrong with a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// Which line, from 1; the heading counts.
    pub line: u64,
    /// Which column, or `row` for the line as a whole.
    pub field: String,
    /// What is wrong and what is allowed; repeats nothing that the file says of the customer.
    pub problem: String,
}

impl LineError {
    fn new(line: u64, field: &str, problem: impl Into<String>) -> Self {
        Self { line, field: field.to_owned(), problem: problem.into() }
    }

    /// Another customer, in the store already, has the number of this line.
    pub fn taken(line: u64) -> Self {
        Self::new(line, Column::Whatsapp.field(), "another customer has this number")
    }
}

/// A good line of a file.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Which line.
    pub line: u64,
    /// The customer it makes.
    pub customer: NewCustomer,
}

/// What a file says.
#[derive(Debug, Clone, Default)]
pub struct ImportFile {
    /// How many lines speak of a customer.
    pub total: u64,
    /// The good ones, in their order.
    pub rows: Vec<ImportRow>,
    /// What is wrong with the others, in the order of their lines.
    pub errors: Vec<LineError>,
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
    /// What was wrong with them, in their order; a line may have several errors.
    pub errors: Vec<LineError>,
}

/// Reads a file of at most 1 MiB and 10,000 customers, separated by commas or semicolons, with or
/// without a byte order mark. Amounts are whole minor units of `currency`; tags are separated by
/// commas. Lines without any text are left out. A number that an earlier line has makes the later
/// line bad.
///
/// # Errors
///
/// [`Error::Invalid`] if it is too large, not UTF-8, or its heading lacks a column or has a strange one.
pub fn read(bytes: &[u8], region: Region, currency: Currency) -> Result<ImportFile, Error> {
    if bytes.len() > BYTES_MAX {
        return Err(invalid("use at most 1 MiB; cut the file into several"));
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("save the file as UTF-8"))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records().filter_map(Result::ok);
    let heading = records.next().ok_or_else(|| invalid("write a heading in the first line"))?;
    let columns = columns(&heading)?;
    let (file, seen) = (ImportFile::default(), HashMap::new());
    let mut lines = Lines { columns, region, currency, file, seen };
    let mut places = Places { bytes: text.as_bytes(), at: 0, line: 1 };
    for record in records.filter(|record| record.iter().any(|cell| !cell.trim().is_empty())) {
        lines.take(&record, places.line_of(&record))?;
    }
    Ok(lines.file)
}

fn invalid(problem: impl Into<String>) -> Error {
    Error::invalid("file", problem)
}

/// Spreadsheets of countries that write decimals with a comma separate cells by semicolons.
fn delimiter(text: &str) -> u8 {
    let heading = text.trim_start().lines().next().unwrap_or_default();
    let count = |separator| heading.matches(separator).count();
    if count(';') > count(',') { b';' } else { b',' }
}

fn columns(heading: &csv::StringRecord) -> Result<Vec<Column>, Error> {
    let mut columns = Vec::new();
    for text in heading {
        let column = Column::named(text).ok_or_else(|| {
            let text: String = text.chars().take(HEADING_CHARS_MAX).collect();
            let known = "name, whatsapp, email, phone, address, initial_balance, tags and notes";
            invalid(format!("there is no column `{text}`; use {known}"))
        })?;
        if column != Column::Ignored && columns.contains(&column) {
            return Err(invalid(format!("use the column {} once", column.field())));
        }
        columns.push(column);
    }
    for needed in [Column::Name, Column::Whatsapp] {
        if !columns.contains(&needed) {
            return Err(invalid(format!("add a column {}", needed.field())));
        }
    }
    Ok(columns)
}

/// Counts lines up to where a record begins. The reader's own count is one short after CRLF, since it
/// has not seen the LF then, and leaves out blank lines before a record.
struct Places<'t> {
    bytes: &'t [u8],
    at: usize,
    line: u64,
}

impl Places<'_> {
    /// The line of a record; records are asked for in their order.
    fn line_of(&mut self, record: &csv::StringRecord) -> u64 {
        let begin = record.position().map_or(0, csv::Position::byte);
        let mut begin = usize::try_from(begin).unwrap_or(usize::MAX).min(self.bytes.len());
        while matches!(self.bytes.get(begin), Some(b'\r' | b'\n')) {
            begin += 1;
        }
        for place in self.at..begin {
            let ends = match self.bytes[place] {
                b'\n' => true,
                b'\r' => self.bytes.get(place + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends);
        }
        self.at = self.at.max(begin);
        self.line
    }
}

/// A file as far as it was read.
struct Lines {
    columns: Vec<Column>,
    region: Region,
    currency: Currency,
    file: ImportFile,
    seen: HashMap<PhoneNumber, u64>,
}

/// One line: its cells, and what is wrong with them.
struct Line<'r> {
    number: u64,
    cells: Vec<(Column, &'r str)>,
    errors: Vec<LineError>,
}

impl<'r> Line<'r> {
    /// The text of a column, if there is any.
    fn cell(&self, column: Column) -> Option<&'r str> {
        let found = self.cells.iter().find(|(known, _)| *known == column);
        found.map(|(_, text)| *text).filter(|text| !text.is_empty())
    }

    /// The value, or a note of what is wrong with its column.
    fn good<T>(&mut self, column: Column, value: Result<T, Error>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                let problem = match error {
                    Error::Invalid { problem, .. } => problem,
                    other => other.to_string(),
                };
                self.errors.push(LineError::new(self.number, column.field(), problem));
                None
            }
        }
    }
}

impl Lines {
    fn take(&mut self, record: &csv::StringRecord, number: u64) -> Result<(), Error> {
        if self.file.total == ROWS_MAX as u64 {
            let problem = format!("use at most {ROWS_MAX} customers; cut the file into several");
            return Err(invalid(problem));
        }
        self.file.total += 1;
        let (cells, heads) = (record.len(), self.columns.len());
        if cells != heads {
            let problem = format!(
                "there are {cells} cells under {heads} headings: quote cells that hold the separator"
            );
            self.file.errors.push(LineError::new(number, "row", problem));
            return Ok(());
        }
        let cells = self.columns.iter().copied().zip(record).map(|(c, t)| (c, unguarded(t.trim())));
        let mut line = Line { number, cells: cells.collect(), errors: Vec::new() };
        let customer = self.customer(&mut line);
        match customer {
            Some(customer) if line.errors.is_empty() => {
                self.file.rows.push(ImportRow { line: number, customer });
            }
            _ => self.file.errors.append(&mut line.errors),
        }
        Ok(())
    }

    fn customer(&mut self, line: &mut Line<'_>) -> Option<NewCustomer> {
        let name = text::name(line.cell(Column::Name).unwrap_or_default());
        let name = line.good(Column::Name, name);
        let phone = self.phone(line);
        let email = line.cell(Column::Email).map(text::email).transpose();
        let email = line.good(Column::Email, email);
        let address = line.cell(Column::Address).unwrap_or_default();
        let address = text::prose("address", address, text::ADDRESS_CHARS_MAX);
        let address = line.good(Column::Address, address);
        let notes = line.cell(Column::Notes).unwrap_or_default();
        let notes = text::prose("notes", notes, text::NOTES_CHARS_MAX);
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
        let text = line.cell(Column::Whatsapp).unwrap_or_default();
        let phone = line.good(Column::Whatsapp, GivenPhone::parse(text, self.region))?;
        match self.seen.get(&phone.number) {
            Some(earlier) => {
                let problem = format!("line {earlier} has the same number");
                line.errors.push(LineError::new(line.number, Column::Whatsapp.field(), problem));
            }
            None => drop(self.seen.insert(phone.number.clone(), line.number)),
        }
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
            let problem = format!("use whole minor units of {unit}, such as 50000 or -50000");
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
        let customer = row.customer;
        assert_eq!((row.line, customer.phone.number.as_str()), (2, "+6281234567890"));
        assert_eq!(customer.email.as_deref(), Some("budi@example.com"));
        assert_eq!(customer.address.as_deref(), Some("Jl. Mawar 5, RT 05"));
        assert_eq!(customer.initial_balance, Some(Money::rupiah(-50_000)));
        assert_eq!(customer.tags.iter().map(Tag::name).collect::<Vec<_>>(), ["vip", "rt 05"]);
        assert_eq!(customer.contacts[0].value, "+62215550123");
        let read = file(dots);
        assert_eq!((read.total, read.rows.len(), read.errors.len()), (1, 1, 0));
        assert_eq!(read.rows[0].customer.phone.number.as_str(), "+6281234567890");
        assert_eq!((&read.rows[0].customer.address, &read.rows[0].customer.email), (&None, &None));
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
    fn a_line_is_counted_as_an_editor_counts_it() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["name,whatsapp", "", "\"a", "b\",1", "c,2", "", "", "d,3"].join(end);
            let read = file(&text);
            let mut lines: Vec<u64> = read.errors.iter().map(|error| error.line).collect();
            lines.dedup();
            assert_eq!(lines, [3, 5, 8], "{end:?}");
        }
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
