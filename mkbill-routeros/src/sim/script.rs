//! Scripts: imported files, `/system/script` and what the scheduler runs.
//!
//! Only plain commands are run. A script with anything else in it counts its runs and does nothing.

use crate::{proto::Sentence, value::date};

use super::{
    command::Command,
    console::Done,
    file_menu::{refuse_others, text},
    id::ObjectId,
    line::{Line, Pairs, Reader, statements},
    menus::{self, Place},
    record::Record,
    refusal::Refusal,
    rights::{Caller, Rights},
    router::Router,
    table::Secrets,
};

/// How deep scripts may start each other.
const DEPTH_MAX: u8 = 8;

impl Router {
    /// `/import`: runs the commands of a file and stops at the first one that fails. What ran before stays done.
    pub(super) fn import(&mut self, command: &Command, caller: &Caller) -> Result<Done, Refusal> {
        let has_dry_run = self.routeros.version().imports_dry();
        let known: &[&str] = &["file-name", "from-line", "verbose", "dry-run"];
        refuse_others(command, if has_dry_run { known } else { &known[..3] })?;
        let name =
            text(command, "file-name")?.ok_or_else(|| Refusal::missing_value("file-name"))?;
        let is_dry = is_on(command.attribute("dry-run"));
        if is_dry && !is_on(command.attribute("verbose")) {
            return Err(Refusal::missing_value("verbose"));
        }
        let first = match text(command, "from-line")? {
            None => 1,
            Some(text) => text.parse().map_err(|_| Refusal::invalid_value("from-line"))?,
        };
        let contents = self.read_file(name).ok_or_else(|| Refusal::no_match("file-name"))?;
        let source = String::from_utf8_lossy(contents).into_owned();
        let lines = readable(&source, first)?;
        if !is_dry {
            self.run_lines(&lines, caller)?;
        }
        Ok(Done::default())
    }

    /// Puts a file on the disk as an upload does: one whose name ends in `.auto.rsc` is imported at once, and a log
    /// with the outcome is left beside it.
    ///
    /// # Errors
    ///
    /// As [`Router::write_file`].
    pub fn upload_file(
        &mut self,
        name: &str,
        contents: impl Into<Vec<u8>>,
    ) -> Result<(), super::FileError> {
        self.write_file(name, contents)?;
        let Some(stem) = name.strip_suffix(".auto.rsc") else {
            return Ok(());
        };
        let command = Sentence::command("/import").with("file-name", name);
        let outcome = match Command::parse(command).map(|it| self.import(&it, &Caller::system())) {
            Some(Err(refusal)) => refusal.message,
            _ => "Script file loaded and executed successfully".to_owned(),
        };
        self.write_file(&format!("{stem}.auto.log"), outcome)
    }

    /// `/system/script/run`.
    pub(super) fn run_scripts(
        &mut self,
        scripts: &[ObjectId],
        caller: &Caller,
    ) -> Result<Done, Refusal> {
        for id in scripts {
            self.run_script(*id, caller)?;
        }
        Ok(Done::default())
    }

    fn run_script(&mut self, id: ObjectId, caller: &Caller) -> Result<(), Refusal> {
        let version = self.routeros.version();
        let table = self.table(menus::SCRIPT);
        let text = |column: &str| {
            String::from_utf8_lossy(table.text(id, column).unwrap_or_default()).into_owned()
        };
        let rights = Rights::parse(&text("policy"), version).unwrap_or_default();
        let asks = text("dont-require-permissions") != "true";
        if asks && !caller.rights.holds(rights) {
            return Err(Refusal::denied());
        }
        let (source, owner) = (text("source"), text("owner"));
        self.count_runs(menus::SCRIPT, id, 1);
        let started = date::format(self.clock.shown(), self.date_dialect()).into_bytes();
        self.table_mut(menus::SCRIPT).put(id, "last-started", Some(started));
        self.publish(menus::SCRIPT, id);
        self.run_source(&source, &Caller { name: owner.into_bytes(), rights })
    }

    /// Runs a source of plain commands. One that holds anything else does nothing.
    pub(super) fn run_source(&mut self, source: &str, caller: &Caller) -> Result<(), Refusal> {
        match readable(source, 1) {
            Ok(lines) => self.run_lines(&lines, caller),
            Err(_) => Ok(()),
        }
    }

    /// Adds to the `run-count` of a script or a scheduler entry.
    pub(super) fn count_runs(&mut self, menu: &'static str, id: ObjectId, runs: u64) {
        let table = self.table_mut(menu);
        let held = table.text(id, "run-count").and_then(|text| std::str::from_utf8(text).ok());
        let held: u64 = held.and_then(|text| text.parse().ok()).unwrap_or(0);
        let count = held.saturating_add(runs).to_string().into_bytes();
        table.put(id, "run-count", Some(count));
    }

    /// `/log/info` and its like.
    pub(super) fn log_message(&mut self, command: &Command) -> Result<Done, Refusal> {
        let topics = match command.verb() {
            "warning" => "script,warning",
            "error" => "script,error",
            "debug" => "script,debug",
            _ => "script,info",
        };
        let message = command.attribute("message");
        let message = message.ok_or_else(|| Refusal::missing_value("message"))?;
        self.write_log(topics, String::from_utf8_lossy(message).into_owned());
        Ok(Done::default())
    }

    fn run_lines(&mut self, lines: &[Line], caller: &Caller) -> Result<(), Refusal> {
        if self.script_depth >= DEPTH_MAX {
            return Err(Refusal::new("failure: too many nested scripts"));
        }
        self.script_depth += 1;
        let outcome = lines.iter().try_for_each(|line| self.run_line(line, caller));
        self.script_depth -= 1;
        outcome
    }

    fn run_line(&mut self, line: &Line, caller: &Caller) -> Result<(), Refusal> {
        if line.menu.is_empty() && matches!(&*line.verb, "delay" | "put") {
            return Ok(());
        }
        let mut sentence = Sentence::command(&format!("{}/{}", line.menu, line.verb));
        if let Some(conditions) = &line.find {
            let ids = self.find_ids(&line.menu, conditions);
            if ids.is_empty() {
                return Ok(());
            }
            sentence.push_attribute("numbers", ids.join(","));
        }
        let bare = match (&*line.menu, &*line.verb) {
            ("/log", _) => "message",
            ("", "import") => "file-name",
            _ => "numbers",
        };
        if let [value] = &line.bare[..] {
            sentence.push_attribute(bare, value);
        } else if !line.bare.is_empty() {
            return Err(Refusal::expected_end());
        }
        for (name, value) in &line.named {
            sentence.push_attribute(name, value);
        }
        let command = Command::parse(sentence).ok_or_else(Refusal::no_such_command)?;
        self.execute_for(&command, caller).map(|_| ())
    }

    /// The objects of a menu that agree with all conditions.
    fn find_ids(&self, menu: &str, conditions: &Pairs) -> Vec<String> {
        let records: Box<dyn Iterator<Item = Record<'_>>> = match menus::find(menu) {
            Some(Place::Stored(menu)) => Box::new(self.stored_records(menu.path, Secrets::Shown)),
            Some(Place::Made(made)) => self.made_records(made),
            Some(Place::Single(_)) | None => return Vec::new(),
        };
        records
            .filter(|record| {
                conditions.iter().all(|(name, wanted)| {
                    record.get(name).is_some_and(|held| as_flag(&held) == as_flag(wanted))
                })
            })
            .filter_map(|record| record.id().map(|id| id.to_string()))
            .collect()
    }
}

/// The commands of a source from a line on, or the trap for the first that cannot be read.
fn readable(source: &str, first: usize) -> Result<Vec<Line>, Refusal> {
    let mut reader = Reader::default();
    let mut lines = Vec::new();
    for (number, statement) in statements(source).into_iter().filter(|(number, _)| *number >= first)
    {
        let read = reader.read(&statement).map_err(|unreadable| {
            Refusal::new(format!("syntax error (line {number} column {})", unreadable.column))
        })?;
        let Some(line) = read else {
            continue;
        };
        if line.menu.is_empty() && !ROOT_COMMANDS.contains(&&*line.verb) {
            let message = format!("bad command name {} (line {number} column 1)", line.verb);
            return Err(Refusal::new(message));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// Commands that stand under no menu.
const ROOT_COMMANDS: [&str; 5] = ["delay", "export", "import", "ping", "put"];

fn is_on(value: Option<&[u8]>) -> bool {
    matches!(value, Some(b"" | b"yes" | b"true"))
}

/// `yes` and `true` mean one thing in a condition.
fn as_flag(value: &[u8]) -> &[u8] {
    match value {
        b"yes" => b"true",
        b"no" => b"false",
        other => other,
    }
}
