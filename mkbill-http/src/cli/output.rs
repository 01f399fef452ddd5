//! What the program prints: one JSON object, or lines for people.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use comfy_table::{Cell, Table};
use serde::Serialize;
use serde_json::json;

use crate::api::values::{MoneyBody, PageBody};
use crate::failure::Failure;

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Lines and tables.
    Text,
    /// One JSON object.
    Json,
}

/// What a command has to say.
#[derive(Debug)]
pub(crate) struct Output {
    json: Option<String>,
    text: String,
    status: u8,
}

impl Output {
    /// The same facts twice: for programs and for people.
    pub(crate) fn new(json: impl Serialize, text: impl Into<String>) -> Self {
        let json = serde_json::to_string(&json);
        let json = json.expect("our own types have text keys, which is all JSON asks for");
        Self { json: Some(json), text: text.into(), status: 0 }
    }

    /// A text that is the same for programs and for people.
    pub(crate) fn verbatim(text: String) -> Self {
        Self { json: None, text, status: 0 }
    }

    /// Everything was said while it went on.
    pub(crate) fn nothing() -> Self {
        Self::verbatim(String::new())
    }

    /// The same, ending with status 1 unless `well`.
    pub(crate) fn if_well(self, well: bool) -> Self {
        self.ending_with(u8::from(!well))
    }

    /// The same, ending with a status of its own.
    pub(crate) fn ending_with(self, status: u8) -> Self {
        Self { status, ..self }
    }

    pub(super) fn print(&self, style: Style) -> ExitCode {
        match (style, &self.json) {
            (Style::Json, Some(json)) => line(json),
            _ => line(self.text.trim_end_matches('\n')),
        }
        ExitCode::from(self.status)
    }
}

/// Writes to standard output; a reader who left early is no failure of ours.
pub(crate) fn line(text: &str) {
    if !text.is_empty() {
        drop(writeln!(io::stdout(), "{text}"));
    }
}

pub(super) fn failure(failure: &Failure, style: Style) -> ExitCode {
    match style {
        Style::Json => complain(failure.code(), &failure.to_string()),
        Style::Text => {
            for (depth, text) in failure.lines().iter().enumerate() {
                let lead = if depth == 0 { "error" } else { "  because" };
                drop(writeln!(io::stderr(), "{lead}: {text}"));
            }
        }
    }
    ExitCode::FAILURE
}

pub(super) fn usage(error: &clap::Error) -> ExitCode {
    complain("usage", error.to_string().trim_end());
    ExitCode::FAILURE
}

fn complain(code: &str, detail: &str) {
    line(&json!({ "error": { "code": code, "detail": detail } }).to_string());
}

/// A table for people.
pub(super) fn table<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    columns(&heads, rows.into_iter().map(Vec::from))
}

/// The same, of as many columns as there are heads.
pub(super) fn columns(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(heads.iter().map(Cell::new));
    for row in rows {
        table.add_row(row.into_iter().map(Cell::new));
    }
    table.trim_fmt()
}

/// A page as a table, with the way to the next one.
pub(super) fn listing<T: Serialize, const N: usize>(
    page: &PageBody<T>,
    heads: [&str; N],
    row: impl Fn(&T) -> [String; N],
) -> Output {
    let mut text = table(heads, page.items.iter().map(row));
    if let Some(cursor) = &page.next_cursor {
        text = format!("{text}\nmore: --cursor {cursor}");
    }
    Output::new(page, text)
}

/// Lines of names and values, the values in one column.
pub(super) fn facts(lines: &[(&str, String)]) -> String {
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, value): &(&str, String)| format!("{name:width$}  {value}");
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What was written to a file instead of standard output.
pub(super) fn written(path: &Path, bytes: &[u8]) -> Result<Output, Failure> {
    std::fs::write(path, bytes).map_err(Failure::file("writing", path))?;
    let (path, size) = (path.display().to_string(), bytes.len());
    let text = format!("wrote {size} bytes to {path}");
    Ok(Output::new(json!({ "file": path, "bytes": size }), text))
}

/// A value that may be absent.
pub(super) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// An amount as its readers write it.
pub(super) fn money(amount: &MoneyBody) -> String {
    let read = amount.read("amount");
    read.map_or_else(|_| amount.minor.to_string(), |money| money.to_string())
}
