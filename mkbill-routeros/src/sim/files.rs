//! The files on the router's disk.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::DateTime};
use thiserror::Error;

use super::id::{IdSource, ObjectId};

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
    /// Nobody sees the file before.
    ready: Timestamp,
    is_directory: bool,
}

/// When a file is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// By the router's clock.
    pub shown: DateTime,
    /// The true time from which on it can be seen.
    pub ready: Timestamp,
}

impl Default for Files {
    fn default() -> Self {
        Self { ids: IdSource::starting_at(1), files: BTreeMap::new() }
    }
}

impl Files {
    /// Writes a whole file, in place of one of that name.
    pub(super) fn write(
        &mut self,
        name: &str,
        contents: Vec<u8>,
        when: Written,
    ) -> Result<ObjectId, FileError> {
        self.put(name, contents, when, false)
    }

    pub(super) fn make_directory(
        &mut self,
        name: &str,
        when: Written,
    ) -> Result<ObjectId, FileError> {
        self.put(name, Vec::new(), when, true)
    }

    /// The bytes of a file that can be seen at that time.
    pub(super) fn read(&self, name: &str, now: Timestamp) -> Option<&[u8]> {
        let file = self.files.get(plain(name)).filter(|file| file.is_seen(now))?;
        (!file.is_directory).then_some(&file.contents[..])
    }

    /// The files that can be seen at that time, in the order of their names.
    pub(super) fn list(&self, now: Timestamp) -> impl Iterator<Item = FileView> {
        let seen = self.files.iter().filter(move |(_, file)| file.is_seen(now));
        seen.map(|(name, file)| file.view(name))
    }

    /// Removes a file, or a directory with all that is in it. Gives the numbers of what is gone.
    pub(super) fn remove(&mut self, name: &str) -> Vec<ObjectId> {
        let name = plain(name).to_owned();
        let is_inside = |held: &str| {
            held.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.files.extract_if(.., |held, _| is_inside(held)).map(|(_, file)| file.id).collect()
    }

    /// The file of that number or name that can be seen at that time.
    pub(super) fn find(&self, target: &[u8], now: Timestamp) -> Option<FileView> {
        let by_number = ObjectId::parse(target);
        let name = std::str::from_utf8(target).ok().map(plain);
        self.list(now).find(|file| Some(file.id) == by_number || Some(&*file.name) == name)
    }

    fn put(
        &mut self,
        name: &str,
        contents: Vec<u8>,
        when: Written,
        is_directory: bool,
    ) -> Result<ObjectId, FileError> {
        let name = plain(name);
        let is_nameless = name.is_empty() || name.len() > NAME_BYTES_MAX;
        if is_nameless || name.contains(['\0', '\n', '\r']) || name.split('/').any(|p| p == "..") {
            return Err(FileError::Name);
        }
        let others = self.files.iter().filter(|(held, _)| *held != name);
        let used: usize = others.map(|(_, file)| file.contents.len()).sum();
        let is_new = !self.files.contains_key(name);
        let is_crowded = is_new && self.files.len() >= FILES_MAX;
        if is_crowded || contents.len() > FILE_BYTES_MAX || used + contents.len() > DISK_BYTES_MAX {
            return Err(FileError::NoRoom);
        }
        let held = self.files.get(name).map(|file| file.id);
        let id = held.unwrap_or_else(|| self.ids.take());
        let file = File { id, contents, changed: when.shown, ready: when.ready, is_directory };
        self.files.insert(name.to_owned(), file);
        Ok(id)
    }
}

impl File {
    fn is_seen(&self, now: Timestamp) -> bool {
        self.ready <= now
    }

    fn view(&self, name: &str) -> FileView {
        FileView {
            id: self.id,
            name: name.to_owned(),
            size: self.contents.len(),
            changed: self.changed,
            is_directory: self.is_directory,
        }
    }
}

/// A path without its leading slash.
fn plain(name: &str) -> &str {
    name.strip_prefix('/').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Written {
        Written {
            shown: DateTime::constant(2026, 1, 1, 0, 0, 0, 0),
            ready: Timestamp::constant(second, 0),
        }
    }

    const NOW: Timestamp = Timestamp::constant(100, 0);

    #[test]
    fn a_file_shows_only_when_it_is_ready_and_keeps_its_number_when_written_again() {
        let mut files = Files::default();
        let id = files.write("/a.txt", b"one".to_vec(), at(100)).unwrap();
        files.write("later.backup", Vec::new(), at(101)).unwrap();
        assert_eq!(files.read("a.txt", NOW), Some(&b"one"[..]));
        assert_eq!(files.list(NOW).count(), 1);
        assert_eq!(files.list(Timestamp::constant(101, 0)).count(), 2);
        assert_eq!(files.write("a.txt", b"two".to_vec(), at(100)), Ok(id));
    }

    #[test]
    fn a_directory_goes_with_all_that_is_in_it() {
        let mut files = Files::default();
        files.make_directory("flash", at(0)).unwrap();
        files.write("flash/a.txt", Vec::new(), at(0)).unwrap();
        files.write("flashy.txt", Vec::new(), at(0)).unwrap();
        assert_eq!(files.read("flash", NOW), None);
        assert_eq!(files.remove("flash").len(), 2);
        let left: Vec<String> = files.list(NOW).map(|file| file.name).collect();
        assert_eq!(left, ["flashy.txt"]);
        assert!(files.remove("flash").is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut files = Files::default();
        let too_large = vec![0; FILE_BYTES_MAX + 1];
        assert_eq!(files.write("a", too_large, at(0)), Err(FileError::NoRoom));
        for name in ["", "/", "a\nb", "../a", &"n".repeat(256)] {
            assert_eq!(files.write(name, Vec::new(), at(0)), Err(FileError::Name), "{name:?}");
        }
    }
}
