//! Tables that people bring and get as CSV, in the ways that spreadsheets write it.

use super::language::{Said, said};
use std::borrow::Cow;

use super::error::Error;
use super::spreadsheet::unguarded;

/// The largest file, in bytes.
pub const BYTES_MAX: usize = 1 << 20;
/// The most lines in one file.
pub const ROWS_MAX: usize = 10_000;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// How much of a heading is repeated in an error.
const HEADING_CHARS_MAX: usize = 40;

/// What the columns of one sort of table mean.
pub trait Column: Copy + PartialEq + 'static {
    /// What a line speaks of, such as `customers`.
    const LINES: &'static str;
    /// The columns that there may be, for people.
    const KNOWN: &'static str;
    /// Those that there must be.
    const NEEDED: &'static [Self];

    /// What a heading means; it comes in lower case, with underscores in the place of blanks and
    /// dashes, and without stars at its end.
    fn named(heading: &str) -> Option<Self>;

    /// Its name in errors, or `row` for one that is ours to write and not to read.
    fn field(self) -> &'static str;

    /// Is it ours to write, not to read?
    fn is_ignored(self) -> bool;
}

/// What is wrong with a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// Which line, from 1; the heading counts.
    pub line: u64,
    /// Which column, or `row` for the line as a whole.
    pub field: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl LineError {
    /// Something is wrong with a column.
    pub fn new(line: u64, field: &str, problem: impl Into<String>) -> Self {
        Self { line, field: field.to_owned(), problem: problem.into() }
    }
}

/// A good line of a file.
#[derive(Debug, Clone)]
pub struct Row<T> {
    /// Which line.
    pub line: u64,
    /// What it says.
    pub value: T,
}

/// What a file says.
#[derive(Debug, Clone)]
pub struct Table<T> {
    /// How many lines have any text.
    pub total: u64,
    /// The good ones, in their order.
    pub rows: Vec<Row<T>>,
    /// What is wrong with the others, in the order of their lines.
    pub errors: Vec<LineError>,
}

/// One line while it is read: its cells, and what is wrong with them.
#[derive(Debug)]
pub struct Line<'r, C> {
    number: u64,
    cells: Vec<(C, &'r str)>,
    errors: Vec<LineError>,
}

impl<'r, C: Column> Line<'r, C> {
    /// Which line it is.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The text of a column, if there is any.
    pub fn cell(&self, column: C) -> Option<&'r str> {
        let found = self.cells.iter().find(|(known, _)| *known == column);
        found.map(|(_, text)| *text).filter(|text| !text.is_empty())
    }

    /// The text of a column; empty if there is none.
    pub fn text(&self, column: C) -> &'r str {
        self.cell(column).unwrap_or_default()
    }

    /// The value, or a note of what is wrong with its column.
    pub fn good<T>(&mut self, column: C, value: Result<T, Error>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(Error::Invalid { problem, .. }) => self.bad(column, problem.to_string()),
            Err(error) => self.bad(column, error.to_string()),
        }
    }

    /// Notes that something is wrong with a column.
    pub fn bad<T>(&mut self, column: C, problem: impl Into<String>) -> Option<T> {
        self.errors.push(LineError::new(self.number, column.field(), problem));
        None
    }
}

/// Reads a file of at most 1 MiB and 10,000 lines in UTF-8, separated by commas or semicolons, with or
/// without a byte order mark. Lines without any text are left out. A line is good if `read` gives its
/// value and finds nothing wrong with it.
///
/// # Errors
///
/// [`Error::Invalid`] if it is too large, not UTF-8, or its heading lacks a column or has a strange one.
pub fn read<C: Column, T>(
    bytes: &[u8],
    mut read: impl FnMut(&mut Line<'_, C>) -> Option<T>,
) -> Result<Table<T>, Error> {
    if bytes.len() > BYTES_MAX {
        return Err(invalid(said!(
            "use at most 1 MiB; cut the file into several",
            "gunakan paling besar 1 MiB; bagi berkas menjadi beberapa"
        )));
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|_| invalid(said!("save the file as UTF-8", "simpan berkas sebagai UTF-8")))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records().filter_map(Result::ok);
    let heading = records.next().ok_or_else(|| {
        invalid(said!("write a heading in the first line", "tulis judul kolom di baris pertama"))
    })?;
    let columns: Vec<C> = columns(&heading)?;
    let mut table = Table { total: 0, rows: Vec::new(), errors: Vec::new() };
    let mut places = Places { bytes: text.as_bytes(), at: 0, line: 1 };
    for record in records.filter(|record| record.iter().any(|cell| !cell.trim().is_empty())) {
        if table.total == ROWS_MAX as u64 {
            let problem = said!(
                "use at most {ROWS_MAX} {lines}; cut the file into several",
                "gunakan paling banyak {ROWS_MAX} {lines}; bagi berkas menjadi beberapa",
                lines = C::LINES,
            );
            return Err(invalid(problem));
        }
        table.take(&columns, &record, places.line_of(&record), &mut read);
    }
    Ok(table)
}

fn invalid(problem: Said) -> Error {
    Error::invalid("file", problem)
}

/// Spreadsheets of countries that write decimals with a comma separate cells by semicolons.
fn delimiter(text: &str) -> u8 {
    let heading = text.trim_start().lines().next().unwrap_or_default();
    let count = |separator| heading.matches(separator).count();
    if count(';') > count(',') { b';' } else { b',' }
}

fn columns<C: Column>(heading: &csv::StringRecord) -> Result<Vec<C>, Error> {
    let mut columns = Vec::new();
    for text in heading {
        let name = text.trim().to_lowercase().replace([' ', '-'], "_");
        let column = C::named(name.trim_end_matches('*')).ok_or_else(|| {
            let text: String = text.chars().take(HEADING_CHARS_MAX).collect();
            invalid(said!(
                "there is no column `{text}`; use {known}",
                "tidak ada kolom `{text}`; gunakan {known}",
                known = C::KNOWN,
            ))
        })?;
        if !column.is_ignored() && columns.contains(&column) {
            return Err(invalid(said!(
                "use the column {name} once",
                "gunakan kolom {name} satu kali saja",
                name = column.field()
            )));
        }
        columns.push(column);
    }
    for needed in C::NEEDED {
        if !columns.contains(needed) {
            return Err(invalid(said!(
                "add a column {name}",
                "tambahkan kolom {name}",
                name = needed.field()
            )));
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

impl<T> Table<T> {
    fn take<C: Column>(
        &mut self,
        columns: &[C],
        record: &csv::StringRecord,
        number: u64,
        read: &mut impl FnMut(&mut Line<'_, C>) -> Option<T>,
    ) {
        self.total += 1;
        let (cells, heads) = (record.len(), columns.len());
        if cells != heads {
            let problem = format!(
                "there are {cells} cells under {heads} headings: quote cells that hold the separator"
            );
            self.errors.push(LineError::new(number, "row", problem));
            return;
        }
        let cells = columns.iter().copied().zip(record).map(|(c, t)| (c, unguarded(t.trim())));
        let mut line = Line { number, cells: cells.collect(), errors: Vec::new() };
        match read(&mut line) {
            Some(value) if line.errors.is_empty() => self.rows.push(Row { line: number, value }),
            _ => self.errors.append(&mut line.errors),
        }
    }
}

/// Writes a heading and one line per row, UTF-8, with CRLF line ends as RFC 4180 asks. `what` names the
/// rows if that fails.
///
/// # Errors
///
/// [`Error::Broken`] if writing to memory fails.
pub fn write<'r, const N: usize>(
    what: &str,
    heading: [&str; N],
    rows: impl Iterator<Item = [Cow<'r, str>; N]>,
) -> Result<Vec<u8>, Error> {
    write_part(what, Some(heading), rows)
}

/// As [`write()`], of a part of a file: the first has a heading.
pub fn write_part<'r, const N: usize>(
    what: &str,
    heading: Option<[&str; N]>,
    rows: impl Iterator<Item = [Cow<'r, str>; N]>,
) -> Result<Vec<u8>, Error> {
    let broken = |source: Box<dyn std::error::Error + Send + Sync>| Error::Broken {
        what: format!("writing {what} as CSV"),
        source: Some(source),
    };
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if let Some(heading) = heading {
        writer.write_record(heading).map_err(|error| broken(error.into()))?;
    }
    for row in rows {
        let cells = row.iter().map(|cell| cell.as_bytes());
        writer.write_record(cells).map_err(|error| broken(error.into()))?;
    }
    writer.into_inner().map_err(|error| broken(error.to_string().into()))
}

/// A value that may be absent, as a cell.
pub fn or_empty<T: ToString>(value: Option<T>) -> Cow<'static, str> {
    value.map(|value| value.to_string()).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Fruit {
        Name,
        Price,
        Ignored,
    }

    impl Column for Fruit {
        const LINES: &'static str = "fruits";
        const KNOWN: &'static str = "name and price";
        const NEEDED: &'static [Self] = &[Self::Name];

        fn named(heading: &str) -> Option<Self> {
            Some(match heading {
                "name" => Self::Name,
                "unit_price" => Self::Price,
                "id" => Self::Ignored,
                _ => return None,
            })
        }

        fn field(self) -> &'static str {
            match self {
                Self::Name => "name",
                Self::Price => "unit_price",
                Self::Ignored => "row",
            }
        }

        fn is_ignored(self) -> bool {
            self == Self::Ignored
        }
    }

    fn fruits(text: &str) -> Table<(String, Option<i64>)> {
        let table = read::<Fruit, _>(text.as_bytes(), |line| {
            if line.text(Fruit::Name).is_empty() {
                return line.bad(Fruit::Name, "give it a name");
            }
            let price = line.cell(Fruit::Price).map(|text| {
                text.parse::<i64>().map_err(|_| {
                    Error::invalid("price", said!("use a whole number", "gunakan bilangan bulat"))
                })
            });
            let price = line.good(Fruit::Price, price.transpose())?;
            Some((line.text(Fruit::Name).to_owned(), price))
        });
        table.unwrap()
    }

    #[test]
    fn headings_are_read_however_they_are_spelt_and_cells_lose_their_guard() {
        let read = fruits("\u{feff}Name*;Unit-Price;ID;id\n pisang ;'-5;x;y\n;;;\napel;;;\n");
        let values: Vec<_> = read.rows.iter().map(|row| (row.line, row.value.clone())).collect();
        let [banana, apple] = [("pisang".to_owned(), Some(-5)), ("apel".to_owned(), None)];
        assert_eq!((read.total, values), (2, vec![(2, banana), (4, apple)]));
    }

    #[test]
    fn a_bad_line_holds_up_no_other() {
        let read = fruits("name,unit price\n,1\napel,much\npisang,2\napel\n");
        let errors: Vec<_> = read.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
        assert_eq!(errors, [(2, "name"), (3, "unit_price"), (5, "row")]);
        assert_eq!((read.total, read.rows.len()), (4, 1));
    }

    #[test]
    fn a_line_is_counted_as_an_editor_counts_it() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["name,id", "", "\"a", "b\",1", ",2", "", "", "c,3"].join(end);
            let read = fruits(&text);
            let lines: Vec<u64> = read.rows.iter().map(|row| row.line).collect();
            assert_eq!((lines, read.errors[0].line), (vec![3, 8], 5), "{end:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let names = ["apel, \"hijau\"", "two\r\nlines", "plain"];
        let rows = names.iter().map(|name| [Cow::Borrowed(*name), "1".into()]);
        let bytes = write("fruits", ["name", "unit_price"], rows).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("name,unit_price\r\n") && text.ends_with("\r\n"), "{text:?}");
        let read = fruits(&text);
        assert_eq!(read.rows.iter().map(|row| row.value.0.as_str()).collect::<Vec<_>>(), names);
    }
}
