//! `/file` and what writes there: the commands over the disk.

use jiff::SignedDuration;

use crate::value::{Version, date};

use super::{
    clock::later,
    command::Command,
    console::Done,
    files::{FileError, FileView, Written},
    id::ObjectId,
    menus,
    record::{Record, tagged},
    refusal::Refusal,
    router::Router,
};

/// What a command may write at once, and what a print shows of a file.
const CONTENTS_BYTES_MAX: usize = 60 << 10;
/// The same before version 7.
const CONTENTS_BYTES_MAX_V6: usize = 4 << 10;
const CHUNK_BYTES_MAX: usize = 32 << 10;
/// The first release that writes `last-modified` where earlier ones wrote `creation-time`.
const LAST_MODIFIED: Version = Version::new(7, 16, 0);
/// The first release whose `add` tells the number of the new file.
const ADD_TELLS_NUMBER: Version = Version::new(7, 13, 0);

impl Router {
    /// Reads a file of the router. `None` when there is none, or when it is a directory or not ready yet.
    pub fn read_file(&self, name: &str) -> Option<&[u8]> {
        self.files.read(name, self.clock.now())
    }

    /// The files of the router in the order of their names.
    pub fn files(&self) -> impl Iterator<Item = FileView> {
        self.files.list(self.clock.now())
    }

    /// Writes a whole file at once, in place of one of that name.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the name is no file name or the disk is full.
    pub fn write_file(
        &mut self,
        name: &str,
        contents: impl Into<Vec<u8>>,
    ) -> Result<(), FileError> {
        let id = self.files.write(name, contents.into(), self.stamp(SignedDuration::ZERO))?;
        self.publish_file(id);
        Ok(())
    }

    /// Removes a file, or a directory with all that is in it. `false` when there is no such file.
    pub fn remove_file(&mut self, name: &str) -> bool {
        let gone = self.files.remove(name);
        for id in &gone {
            self.feed.removed(menus::FILE, *id);
        }
        !gone.is_empty()
    }

    /// Writes a file that shows after the delay of files.
    pub(super) fn write_file_later(
        &mut self,
        name: &str,
        contents: Vec<u8>,
    ) -> Result<(), Refusal> {
        let delay = SignedDuration::try_from(self.quirks.file_delay).unwrap_or(SignedDuration::MAX);
        let id = self.files.write(name, contents, self.stamp(delay)).map_err(refused)?;
        self.publish_file(id);
        Ok(())
    }

    pub(super) fn file_records(&self) -> impl Iterator<Item = Record<'_>> {
        self.files().map(|file| self.file_record(&file))
    }

    pub(super) fn add_file(&mut self, command: &Command) -> Result<Done, Refusal> {
        if self.routeros.version().major < 7 {
            return Err(Refusal::no_such_command());
        }
        refuse_others(command, &["name", "contents", "type"])?;
        let name = text(command, "name")?.ok_or_else(|| Refusal::missing_value("name"))?;
        if self.files.find(name.as_bytes(), self.clock.now()).is_some() {
            return Err(Refusal::new("failure: file already exists"));
        }
        let contents = self.contents(command)?.unwrap_or_default();
        let when = self.stamp(SignedDuration::ZERO);
        let written = match command.attribute("type") {
            Some(b"directory") => self.files.make_directory(name, when),
            _ => self.files.write(name, contents, when),
        };
        let id = written.map_err(refused)?;
        self.publish_file(id);
        let tells = self.routeros.version() >= ADD_TELLS_NUMBER;
        Ok(Done { ret: tells.then(|| id.to_string().into_bytes()), ..Done::default() })
    }

    pub(super) fn set_file(&mut self, command: &Command, target: &[u8]) -> Result<Done, Refusal> {
        refuse_others(command, &[".id", "numbers", "name", "contents"])?;
        let now = self.clock.now();
        let file = self.files.find(target, now).ok_or_else(Refusal::no_such_item)?;
        let contents = self.contents(command)?;
        let name = text(command, "name")?.unwrap_or(&file.name);
        let held = || self.files.read(&file.name, now).unwrap_or_default().to_vec();
        let contents = contents.unwrap_or_else(held);
        if name != file.name {
            if self.files.find(name.as_bytes(), now).is_some() {
                return Err(Refusal::new("failure: file already exists"));
            }
            self.remove_file(&file.name);
        }
        self.write_file(name, contents).map_err(refused)?;
        Ok(Done::default())
    }

    /// `/file/read`: a part of a file, however large the file is.
    pub(super) fn read_chunk(&self, command: &Command) -> Result<Done, Refusal> {
        if !self.routeros.version().reads_files_in_chunks() {
            return Err(Refusal::no_such_command());
        }
        refuse_others(command, &["file", "offset", "chunk-size"])?;
        let name = text(command, "file")?.ok_or_else(|| Refusal::missing_value("file"))?;
        let offset = number(command, "offset", 0)?;
        let wanted = number(command, "chunk-size", CHUNK_BYTES_MAX)?;
        if wanted == 0 || wanted > CHUNK_BYTES_MAX {
            return Err(Refusal::invalid_value("chunk-size"));
        }
        let now = self.clock.now();
        let file = self.files.find(name.as_bytes(), now).ok_or_else(Refusal::no_such_item)?;
        let contents = self.files.read(&file.name, now).ok_or_else(Refusal::no_such_item)?;
        let start = offset.min(contents.len());
        let chunk = &contents[start..contents.len().min(start + wanted)];
        let row = tagged("!re", command.tag()).with("data", chunk);
        Ok(Done { rows: vec![row], ..Done::default() })
    }

    fn publish_file(&mut self, id: ObjectId) {
        let file = self.files().find(|file| file.id == id);
        if let Some(file) = file.filter(|_| self.feed.hears(menus::FILE)) {
            let record = self.file_record(&file);
            self.feed.changed(menus::FILE, &record);
        }
    }

    fn file_record(&self, file: &FileView) -> Record<'_> {
        let version = self.routeros.version();
        let time = if version >= LAST_MODIFIED { "last-modified" } else { "creation-time" };
        let mut record = Record::of(file.id).with("name", &file.name).with("type", kind(file));
        if !file.is_directory {
            record = record.with("size", file.size);
        }
        record = record.with(time, date::format(file.changed, self.date_dialect()));
        let contents = self.read_file(&file.name).filter(|_| kind(file) != "backup");
        if let Some(contents) = contents.filter(|bytes| bytes.len() <= self.contents_max()) {
            record.push("contents", contents);
        }
        record
    }

    fn contents(&self, command: &Command) -> Result<Option<Vec<u8>>, Refusal> {
        let contents = command.attribute("contents");
        if contents.is_some_and(|bytes| bytes.len() > self.contents_max()) {
            return Err(Refusal::new("failure: contents too long"));
        }
        Ok(contents.map(<[u8]>::to_vec))
    }

    fn contents_max(&self) -> usize {
        match self.routeros.version().major {
            ..7 => CONTENTS_BYTES_MAX_V6,
            7.. => CONTENTS_BYTES_MAX,
        }
    }

    fn stamp(&self, delay: SignedDuration) -> Written {
        Written { shown: self.clock.shown(), ready: later(self.clock.now(), delay) }
    }
}

fn kind(file: &FileView) -> String {
    let ending = file.name.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    match ending {
        _ if file.is_directory => "directory".to_owned(),
        Some((_, "rsc")) => "script".to_owned(),
        Some((_, "backup")) => "backup".to_owned(),
        Some((_, ending)) => format!(".{ending} file"),
        None => "file".to_owned(),
    }
}

fn refused(error: FileError) -> Refusal {
    Refusal::new(match error {
        FileError::Name => "failure: bad file name",
        FileError::NoRoom => "failure: not enough space on disk",
    })
}

/// The text of an attribute.
pub(super) fn text<'c>(command: &'c Command, name: &str) -> Result<Option<&'c str>, Refusal> {
    let value = command.attribute(name);
    let text = value.map(std::str::from_utf8).transpose();
    text.map_err(|_| Refusal::invalid_value(name))
}

/// Refuses attributes beyond these.
pub(super) fn refuse_others(command: &Command, known: &[&str]) -> Result<(), Refusal> {
    let is_strange = |name: &[u8]| known.iter().all(|held| held.as_bytes() != name);
    let strange = command.sentence().attributes().find(|(name, _)| is_strange(name));
    strange.map_or(Ok(()), |(name, _)| Err(Refusal::unknown_parameter(name)))
}

fn number(command: &Command, name: &str, default: usize) -> Result<usize, Refusal> {
    let Some(text) = text(command, name)? else {
        return Ok(default);
    };
    text.parse().map_err(|_| Refusal::invalid_value(name))
}
