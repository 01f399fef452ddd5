//! The files on the router's disk.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use thiserror::Error;

use super::{
    id::{IdSource, ObjectId},
    router::Router,
};

/// No file is larger.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// All files together are not larger.
const DISK_BYTES_MAX: usize = 128 << 20;
const NAME_BYTES_MAX: usize = 255;
/// How many files the disk holds.
const FILES_MAX: usize = 4096;

/// Why the disk did not take a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FileError {
    /// An empty or overlong name, or one with a character that no file name holds.
    #[error("naming a file on the router")]
    Name,
    /// More bytes than a file or the disk holds, or more files than the disk does.
    #[error("finding room for a file on the router")]
    NoRoom,
}

/// One file as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileView {
    /// Its row in `/file`.
    pub id: ObjectId,
    /// Its path without a leading slash.
    pub name: String,
    /// Its size in bytes.
    pub size: usize,
    /// When it was last written, by the router's clock.
    pub changed: DateTime,
    /// Whether it is a directory.
    pub is_directory: bool,
}

/// The files of one router. They outlive a reboot.
#[derive(Debug)]
pub(super) struct Files {
    ids: IdSource,
    files: BTreeMap<String, File>,
}

#[derive(Debug)]
struct File {
    id: ObjectId,
    contents: Vec<u8>,
    changed: DateTime,
}

impl Default for Files {
    fn default() -> Self {
        Self { ids: IdSource::starting_at(1), files: BTreeMap::new() }
    }
}

impl Files {
    fn write(&mut self, name: &str, contents: Vec<u8>, now: DateTime) -> Result<(), FileError> {
        let name = plain(name);
        let is_nameless = name.is_empty() || name.len() > NAME_BYTES_MAX;
        if is_nameless || name.contains(['\0', '\n', '\r']) || name.split('/').any(|p| p == "..") {
            return Err(FileError::Name);
        }
        let others = self.files.iter().filter(|(held, _)| *held != name);
        let used: usize = others.map(|(_, file)| file.contents.len()).sum();
        let held = self.files.get(name).map(|file| file.id);
        let is_crowded = held.is_none() && self.files.len() >= FILES_MAX;
        if is_crowded || contents.len() > FILE_BYTES_MAX || used + contents.len() > DISK_BYTES_MAX {
            return Err(FileError::NoRoom);
        }
        let id = held.unwrap_or_else(|| self.ids.take());
        self.files.insert(name.to_owned(), File { id, contents, changed: now });
        Ok(())
    }
}

impl Router {
    /// Reads a file of the router. `None` when there is none.
    pub fn read_file(&self, name: &str) -> Option<&[u8]> {
        self.files.files.get(plain(name)).map(|file| &file.contents[..])
    }

    /// The files of the router in the order of their names.
    pub fn files(&self) -> impl Iterator<Item = FileView> {
        self.files.files.iter().map(|(name, file)| FileView {
            id: file.id,
            name: name.clone(),
            size: file.contents.len(),
            changed: file.changed,
            is_directory: false,
        })
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
        let now = self.clock.shown();
        self.files.write(name, contents.into(), now)
    }

    /// Removes a file. `false` when there is no such file.
    pub fn remove_file(&mut self, name: &str) -> bool {
        self.files.files.remove(plain(name)).is_some()
    }
}

/// A path without its leading slash.
fn plain(name: &str) -> &str {
    name.strip_prefix('/').unwrap_or(name)
}
