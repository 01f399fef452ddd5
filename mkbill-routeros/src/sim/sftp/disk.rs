//! What SFTP asks of the disk.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    mem,
    sync::Arc,
};

use jiff::{civil::DateTime, tz::Offset};
use russh_sftp::{
    protocol::{
        Attrs, Data, File, FileAttributes, FileMode, Handle, Name, OpenFlags, Status, StatusCode,
    },
    server,
};

use super::Shared;
use crate::sim::files::{FILE_BYTES_MAX, FileView};
use crate::sim::rights::Rights;

/// How many files and directories a client holds open at once.
const HANDLES_MAX: usize = 64;
/// The most bytes of one answer.
const READ_BYTES_MAX: usize = 128 << 10;

/// The disk as one client sees it. A file that it writes is on the disk once it is closed.
pub(super) struct Disk {
    shared: Arc<Shared>,
    rights: Rights,
    open: BTreeMap<String, Opened>,
    opened: u64,
}

enum Opened {
    Read { contents: Vec<u8>, attributes: FileAttributes },
    Write { name: String, contents: Vec<u8> },
    Directory { entries: Vec<File> },
}

impl Disk {
    pub(super) fn new(shared: Arc<Shared>, rights: Rights) -> Self {
        Self { shared, rights, open: BTreeMap::new(), opened: 0 }
    }

    fn hold(&mut self, id: u32, opened: Opened) -> Result<Handle, StatusCode> {
        if self.open.len() >= HANDLES_MAX {
            return Err(StatusCode::Failure);
        }
        self.opened += 1;
        let handle = self.opened.to_string();
        self.open.insert(handle.clone(), opened);
        Ok(Handle { id, handle })
    }

    fn may_read(&self) -> Result<(), StatusCode> {
        self.rights.holds(Rights::READ).then_some(()).ok_or(StatusCode::PermissionDenied)
    }

    fn may_write(&self) -> Result<(), StatusCode> {
        self.rights.holds(Rights::WRITE).then_some(()).ok_or(StatusCode::PermissionDenied)
    }

    fn contents(&self, name: &str) -> Option<Vec<u8>> {
        self.shared.router().read_file(name).map(<[u8]>::to_vec)
    }

    /// What is directly in a directory; `None` when there is no such directory.
    fn entries(&self, directory: &str) -> Option<Vec<File>> {
        let mut entries = BTreeMap::new();
        let mut is_there = directory.is_empty();
        for file in self.shared.router().files() {
            is_there |= file.is_directory && file.name == directory;
            let Some(inside) = inside(&file.name, directory) else { continue };
            is_there = true;
            let (name, attributes) = match inside.split_once('/') {
                Some((deeper, _)) => (deeper, of_directory(file.changed)),
                None => (inside, of(&file)),
            };
            if let Entry::Vacant(new) = entries.entry(name.to_owned()) {
                new.insert(File::new(name, attributes));
            }
        }
        is_there.then(|| entries.into_values().collect())
    }

    fn attributes(&self, path: &str) -> Result<FileAttributes, StatusCode> {
        self.may_read()?;
        let name = normal(path);
        let file = self.shared.router().files().find(|file| file.name == name);
        match file {
            Some(file) => Ok(of(&file)),
            None if self.entries(&name).is_some() => Ok(of_directory(DateTime::default())),
            None => Err(StatusCode::NoSuchFile),
        }
    }

    fn open_for_writing(&self, name: String, flags: OpenFlags) -> Result<Opened, StatusCode> {
        self.may_write()?;
        let held = self.contents(&name);
        let is_refused = held.is_some() && flags.contains(OpenFlags::EXCLUDE);
        if is_refused || name.is_empty() {
            return Err(StatusCode::Failure);
        }
        if held.is_none() && !flags.contains(OpenFlags::CREATE) {
            return Err(StatusCode::NoSuchFile);
        }
        let kept = held.filter(|_| !flags.contains(OpenFlags::TRUNCATE));
        Ok(Opened::Write { name, contents: kept.unwrap_or_default() })
    }

    fn open_for_reading(&self, name: &str) -> Result<Opened, StatusCode> {
        let attributes = self.attributes(name)?;
        let contents = self.contents(name).ok_or(StatusCode::NoSuchFile)?;
        Ok(Opened::Read { contents, attributes })
    }
}

impl server::Handler for Disk {
    type Error = StatusCode;

    fn unimplemented(&self) -> StatusCode {
        StatusCode::OpUnsupported
    }

    async fn open(
        &mut self,
        id: u32,
        path: String,
        flags: OpenFlags,
        _attributes: FileAttributes,
    ) -> Result<Handle, StatusCode> {
        let name = normal(&path);
        let opened = if flags.contains(OpenFlags::WRITE) {
            self.open_for_writing(name, flags)?
        } else {
            self.open_for_reading(&name)?
        };
        self.hold(id, opened)
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, StatusCode> {
        let closed = self.open.remove(&handle).ok_or(StatusCode::Failure)?;
        if let Opened::Write { name, contents } = closed {
            let written = self.shared.router().write_file(&name, contents);
            written.map_err(|_| StatusCode::Failure)?;
        }
        Ok(done(id))
    }

    async fn read(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        bytes: u32,
    ) -> Result<Data, StatusCode> {
        let Some(Opened::Read { contents, .. }) = self.open.get(&handle) else {
            return Err(StatusCode::Failure);
        };
        let start = usize::try_from(offset).map_err(|_| StatusCode::Eof)?;
        let rest = contents.get(start..).filter(|rest| !rest.is_empty()).ok_or(StatusCode::Eof)?;
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(READ_BYTES_MAX);
        Ok(Data { id, data: rest[..rest.len().min(bytes)].to_vec() })
    }

    async fn write(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        data: Vec<u8>,
    ) -> Result<Status, StatusCode> {
        let Some(Opened::Write { contents, .. }) = self.open.get_mut(&handle) else {
            return Err(StatusCode::Failure);
        };
        let start = usize::try_from(offset).map_err(|_| StatusCode::Failure)?;
        let end = start.checked_add(data.len()).filter(|end| *end <= FILE_BYTES_MAX);
        let end = end.ok_or(StatusCode::Failure)?;
        contents.resize(contents.len().max(end), 0);
        contents[start..end].copy_from_slice(&data);
        Ok(done(id))
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        Ok(Attrs { id, attrs: self.attributes(&path)? })
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        self.stat(id, path).await
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, StatusCode> {
        let attrs = match self.open.get(&handle).ok_or(StatusCode::Failure)? {
            Opened::Read { attributes, .. } => attributes.clone(),
            Opened::Write { contents, .. } => of_file(contents.len(), DateTime::default()),
            Opened::Directory { .. } => of_directory(DateTime::default()),
        };
        Ok(Attrs { id, attrs })
    }

    /// Routers keep neither owner nor mode; clients that set them after an upload go on.
    async fn setstat(
        &mut self,
        id: u32,
        path: String,
        _attributes: FileAttributes,
    ) -> Result<Status, StatusCode> {
        self.attributes(&path).map(|_| done(id))
    }

    async fn fsetstat(
        &mut self,
        id: u32,
        handle: String,
        _attributes: FileAttributes,
    ) -> Result<Status, StatusCode> {
        self.open.contains_key(&handle).then(|| done(id)).ok_or(StatusCode::Failure)
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, StatusCode> {
        self.may_read()?;
        let entries = self.entries(&normal(&path)).ok_or(StatusCode::NoSuchFile)?;
        self.hold(id, Opened::Directory { entries })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, StatusCode> {
        let Some(Opened::Directory { entries }) = self.open.get_mut(&handle) else {
            return Err(StatusCode::Failure);
        };
        let files = mem::take(entries);
        if files.is_empty() { Err(StatusCode::Eof) } else { Ok(Name { id, files }) }
    }

    async fn remove(&mut self, id: u32, path: String) -> Result<Status, StatusCode> {
        self.may_write()?;
        let is_gone = self.shared.router().remove_file(&normal(&path));
        is_gone.then(|| done(id)).ok_or(StatusCode::NoSuchFile)
    }

    async fn realpath(&mut self, id: u32, path: String) -> Result<Name, StatusCode> {
        Ok(Name { id, files: vec![File::dummy(format!("/{}", normal(&path)))] })
    }
}

/// The path without leading slashes, `.` and empty parts; `..` goes up and never out.
fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The path of a file from a directory on; `None` when it is not inside.
fn inside<'n>(name: &'n str, directory: &str) -> Option<&'n str> {
    if directory.is_empty() {
        return Some(name);
    }
    name.strip_prefix(directory)?.strip_prefix('/')
}

fn of(file: &FileView) -> FileAttributes {
    if file.is_directory { of_directory(file.changed) } else { of_file(file.size, file.changed) }
}

fn of_file(bytes: usize, changed: DateTime) -> FileAttributes {
    let size = Some(u64::try_from(bytes).unwrap_or(u64::MAX));
    let permissions = Some(FileMode::REG.bits() | 0o644);
    FileAttributes { size, permissions, mtime: Some(seconds(changed)), ..FileAttributes::empty() }
}

fn of_directory(changed: DateTime) -> FileAttributes {
    let permissions = Some(FileMode::DIR.bits() | 0o755);
    FileAttributes { permissions, mtime: Some(seconds(changed)), ..FileAttributes::empty() }
}

/// Since 1970, as the router's clock showed it; times that do not fit become 0.
fn seconds(changed: DateTime) -> u32 {
    let timestamp = Offset::UTC.to_timestamp(changed).ok();
    timestamp.and_then(|timestamp| u32::try_from(timestamp.as_second()).ok()).unwrap_or(0)
}

fn done(id: u32) -> Status {
    let (error_message, language_tag) = ("Ok".to_owned(), "en".to_owned());
    Status { id, status_code: StatusCode::Ok, error_message, language_tag }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_disk() {
        for (path, name) in [
            (".", ""),
            ("/", ""),
            ("/a//b/./c", "a/b/c"),
            ("../../etc/passwd", "etc/passwd"),
            ("flash/../a.rsc", "a.rsc"),
        ] {
            assert_eq!(normal(path), name, "{path}");
        }
    }
}
