//! `/export`: the configuration as commands that make it again.

use crate::value::date;

use super::{
    command::Command,
    console::Done,
    file_menu::{refuse_others, text},
    id::ObjectId,
    line::quoted,
    menus,
    refusal::Refusal,
    router::Router,
    schema::{Column, Kind},
    table::Table,
};

/// Where a line of an export is folded.
const WIDTH: usize = 80;

/// What an export writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportStyle {
    /// Every value; otherwise only those that differ from how the router left the factory.
    pub verbose: bool,
    /// One line for each object with the whole path in front.
    pub terse: bool,
    /// Passwords and other secrets too.
    pub secrets: bool,
}

impl Router {
    /// The configuration under a path (all of it for an empty one) as console commands. Accounts are left out, as
    /// routers do.
    pub fn export(&self, under: &str, style: ExportStyle) -> String {
        let mut text = self.header();
        for menu in menus::STORED.into_iter().filter(|menu| is_under(menu.path, under)) {
            if menu.path != menus::ACCOUNT {
                let lines = self.menu_lines(self.table(menu.path), style);
                write_menu(&mut text, menu.path, &lines, style);
            }
        }
        for (path, line) in self.single_lines(style) {
            if is_under(path, under) {
                write_menu(&mut text, path, &[line], style);
            }
        }
        text
    }

    pub(super) fn export_file(&mut self, command: &Command) -> Result<Done, Refusal> {
        let has = |name: &str| command.attribute(name).is_some();
        let hides_by_default = self.routeros.version().exports_without_secrets();
        let word = if hides_by_default { "show-sensitive" } else { "hide-sensitive" };
        refuse_others(command, &["file", "compact", "terse", "verbose", word])?;
        let under = command.menu();
        if !under.is_empty() && !menus::is_on_the_way(under) {
            return Err(Refusal::no_such_menu());
        }
        let style = ExportStyle {
            verbose: has("verbose"),
            terse: has("terse"),
            secrets: has(word) == hides_by_default,
        };
        let Some(name) = text(command, "file")?.filter(|name| !name.is_empty()) else {
            return Ok(Done::default());
        };
        let name = if is_script(name) { name.to_owned() } else { format!("{name}.rsc") };
        let contents = self.export(under, style).into_bytes();
        self.write_file_later(&name, contents)?;
        Ok(Done::default())
    }

    fn header(&self) -> String {
        let now = date::format(self.clock.shown(), self.date_dialect());
        let version = self.routeros.version();
        format!(
            "# {now} by RouterOS {version}\r\n# software id = {}\r\n#\r\n",
            super::system::SOFTWARE_ID
        )
    }

    fn menu_lines(&self, table: &Table, style: ExportStyle) -> Vec<String> {
        let factory = Table::new(table.menu(), self.routeros.version());
        let lines = table.ids().filter(|id| table.text(*id, "dynamic") != Some(b"true"));
        lines.filter_map(|id| object_line(table, &factory, id, style)).collect()
    }

    fn single_lines(&self, style: ExportStyle) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        if style.verbose || self.identity != b"MikroTik" {
            lines.push(("/system/identity", format!("set name={}", quoted(&self.identity))));
        }
        let zone = self.clock.zone();
        if style.verbose || zone != "UTC" {
            lines
                .push(("/system/clock", format!("set time-zone-name={}", quoted(zone.as_bytes()))));
        }
        lines
    }
}

/// The command that makes an object, or changes a built-in one; `None` when there is nothing to say.
fn object_line(table: &Table, factory: &Table, id: ObjectId, style: ExportStyle) -> Option<String> {
    let is_built_in = factory.contains(id);
    let is_default = |column: &Column, value: &[u8]| {
        if is_built_in {
            factory.text(id, column.name) == Some(value)
        } else {
            column.default.map(str::as_bytes) == Some(value)
        }
    };
    let words: Vec<String> = table
        .settings(id)
        .filter(|(column, _)| style.secrets || column.kind != Kind::Secret)
        .filter(|(column, value)| style.verbose || !is_default(column, value))
        .map(|(column, value)| format!("{}={}", column.name, shown(column.kind, value)))
        .collect();
    if !is_built_in {
        return Some(format!("add {}", words.join(" ")));
    }
    let is_the_default = factory.menu().built_in.len() == 1;
    let target = match (factory.text(id, "default"), factory.name(id)) {
        (Some(b"true"), _) if is_the_default => "[ find default=yes ]".to_owned(),
        (_, Some(name)) => format!("[ find name={} ]", quoted(name)),
        (_, None) => id.to_string(),
    };
    (!words.is_empty()).then(|| format!("set {target} {}", words.join(" ")))
}

fn shown(kind: Kind, value: &[u8]) -> String {
    match (kind, value) {
        (Kind::Flag, b"true") => "yes".to_owned(),
        (Kind::Flag, b"false") => "no".to_owned(),
        _ => quoted(value),
    }
}

fn write_menu(text: &mut String, path: &str, lines: &[String], style: ExportStyle) {
    let path = path.replace('/', " ");
    let path = format!("/{}", path.trim_start());
    if style.terse {
        text.extend(lines.iter().map(|line| format!("{path} {line}\r\n")));
    } else if !lines.is_empty() {
        text.extend([&path, "\r\n"]);
        text.extend(lines.iter().map(|line| folded(line)));
    }
}

/// The line in pieces of readable width, each but the last ending in a backslash.
fn folded(line: &str) -> String {
    let mut text = String::new();
    let mut width = 0;
    for word in words(line) {
        if width > 0 && width + word.len() + 2 > WIDTH {
            text.push_str("\\\r\n    ");
            width = 4;
        }
        text.push_str(word);
        width += word.len();
    }
    text.push_str("\r\n");
    text
}

/// The words of a line, each with the space behind it. A space in quotes ends no word.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    line.split_inclusive(move |c| {
        if c == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = c == '\\' && !is_escaped;
        c == ' ' && !is_quoted
    })
}

fn is_under(path: &str, under: &str) -> bool {
    path.strip_prefix(under).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_script(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("rsc"))
}
