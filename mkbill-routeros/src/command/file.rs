//! Files on the router, backups, exports and imports.

use secrecy::{ExposeSecret, SecretString};

use super::{Command, ItemId, Record, Row, record::flag, row::Reader};
use crate::{
    error::{Error, FieldError},
    value::Capabilities,
};

/// A file. Its contents are not read: see [`contents`] and [`read_chunk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its path.
    pub name: String,
    /// What it is, such as `script`, `backup`, `directory`.
    pub kind: Option<String>,
    /// Its size in bytes; directories have none.
    pub size: Option<u64>,
    /// When it was made, as older routers tell.
    pub created: Option<String>,
    /// When it was changed last, as newer routers tell.
    pub modified: Option<String>,
}

impl Record for File {
    const MENU: &'static str = "/file";
    const FIELDS: &'static [&'static str] =
        &[".id", "name", "type", "size", "creation-time", "last-modified"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            kind: reader.optional("type"),
            size: reader.size("size")?,
            created: reader.optional("creation-time"),
            modified: reader.optional("last-modified"),
        })
    }
}

/// The largest file that `/file` takes or gives as a whole: 60 KiB.
pub const CONTENTS_BYTES_MAX: usize = 60 << 10;

/// The largest chunk of a file that a router gives.
pub const CHUNK_BYTES_MAX: u32 = 32_768;

/// Asks for the contents of a small file; [`Contents`] reads the row.
pub fn contents(name: &str) -> Command {
    Command::new("/file/print").fields(Contents::FIELDS).where_is("name", name)
}

/// Asks for a part of a file, from 7.13.5 on; [`FileChunk`] reads the row. More than
/// [`CHUNK_BYTES_MAX`] at once is cut to that.
pub fn read_chunk(name: &str, offset: u64, size: u32) -> Command {
    Command::new("/file/read")
        .with("file", name)
        .with("offset", offset.to_string())
        .with("chunk-size", size.min(CHUNK_BYTES_MAX).to_string())
}

/// Writes a new file of at most [`CONTENTS_BYTES_MAX`].
pub fn add(name: &str, contents: impl AsRef<[u8]>) -> Command {
    Command::new("/file/add").with("name", name).with("contents", contents)
}

/// Writes what a file shall hold from now on.
pub fn set_contents(id: &ItemId, contents: impl AsRef<[u8]>) -> Command {
    Command::new("/file/set").with(".id", id.as_ref()).with("contents", contents)
}

/// The contents of a small file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents(pub Vec<u8>);

impl Record for Contents {
    const MENU: &'static str = "/file";
    const FIELDS: &'static [&'static str] = &["contents"];

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self(Reader::new(Self::MENU, row).bytes("contents")))
    }
}

/// A part of a file. Fewer bytes than asked for are its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChunk {
    /// The bytes.
    pub data: Vec<u8>,
}

impl Record for FileChunk {
    const MENU: &'static str = "/file/read";
    const FIELDS: &'static [&'static str] = &["data"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        match row.get("data") {
            Some(data) => Ok(Self { data: data.to_vec() }),
            None => Err(reader.unusable("data", FieldError::Missing)),
        }
    }
}

/// A backup of everything, which only this router can read. It becomes a file a moment after the
/// command was answered.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The name of the file, without `.backup`.
    pub name: String,
    /// What it is encrypted with; `None` leaves it readable to whoever gets hold of it.
    pub password: Option<SecretString>,
    /// The cipher, such as `aes-sha256`; `None` leaves the choice to the router.
    pub encryption: Option<String>,
}

impl Backup {
    /// The command that makes it.
    pub fn save(&self) -> Command {
        let password = self.password.as_ref().map(ExposeSecret::expose_secret);
        Command::new("/system/backup/save")
            .with("name", &self.name)
            .with_some("password", password)
            .with_some("encryption", self.encryption.as_ref())
            .with_some("dont-encrypt", password.is_none().then_some("yes"))
    }
}

/// Whether an export tells passwords.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Secrets {
    /// It leaves them out.
    #[default]
    Hidden,
    /// It tells them.
    Shown,
}

/// How much an export tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Detail {
    /// What differs from the factory.
    #[default]
    Compact,
    /// Everything.
    Verbose,
    /// What differs from the factory, each on one line.
    Terse,
}

/// The settings of the router as a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The name of the file, without `.rsc`.
    pub file: String,
    /// Only this menu; `None` means all.
    pub menu: Option<String>,
    /// Whether it tells passwords.
    pub secrets: Secrets,
    /// How much it tells.
    pub detail: Detail,
}

impl Export {
    /// The command that makes it. The file may not be readable for a second after the answer.
    ///
    /// Version 7 hides secrets unless told otherwise, version 6 shows them unless told otherwise.
    pub fn command(&self, router: &Capabilities) -> Command {
        let path = format!("{}/export", self.menu.as_deref().unwrap_or_default());
        let word = match (self.secrets, router.exports_without_secrets) {
            (Secrets::Hidden, false) => Some("hide-sensitive"),
            (Secrets::Shown, true) => Some("show-sensitive"),
            (Secrets::Hidden, true) | (Secrets::Shown, false) => None,
        };
        let detail = match self.detail {
            Detail::Compact => "compact",
            Detail::Verbose => "verbose",
            Detail::Terse => "terse",
        };
        let command = Command::new(path).with("file", &self.file).with(detail, "");
        word.into_iter().fold(command, |command, word| command.with(word, ""))
    }
}

/// Runs a script that is a file on the router. It is no transaction: it stops at its first error and
/// keeps what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The name of the file.
    pub file_name: String,
    /// The first line to run; `None` means all.
    pub from_line: Option<u32>,
    /// Whether each line is told as it runs.
    pub verbose: bool,
}

impl Import {
    /// The command that runs it. Give it time with [`Command::within`].
    pub fn command(&self) -> Command {
        Command::new("/import")
            .with("file-name", &self.file_name)
            .with_some("from-line", self.from_line.map(|line| line.to_string()))
            .with_some("verbose", self.verbose.then_some(flag(true)))
    }

    /// The command that checks the file and changes nothing, from 7.16 on. An older router refuses
    /// it.
    pub fn check(&self) -> Command {
        let told = Self { verbose: true, ..self.clone() };
        told.command().with("dry-run", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Version;

    #[test]
    fn a_chunk_is_never_larger_than_routers_give() {
        let shown = format!("{:?}", read_chunk("a.rsc", 32_768, u32::MAX));
        assert!(shown.contains("=offset=32768") && shown.contains("=chunk-size=32768"), "{shown}");
        assert!(FileChunk::read(&Row::of(&[("size", "1")])).is_err());
    }

    #[test]
    fn a_backup_is_encrypted_when_it_has_a_password_and_never_shows_it() {
        let password = Some(SecretString::from("hunter2".to_owned()));
        let backup = Backup { name: "b".to_owned(), password, encryption: None };
        let shown = format!("{backup:?} {:?}", backup.save());
        assert!(!shown.contains("hunter2") && !shown.contains("dont-encrypt"), "{shown}");
        let open = Backup { password: None, ..backup };
        assert!(format!("{:?}", open.save()).contains("=dont-encrypt=yes"));
    }

    #[test]
    fn an_export_says_what_becomes_of_secrets_only_where_the_router_would_do_otherwise() {
        for (secrets, version, expected) in [
            (Secrets::Hidden, Version::new(6, 49, 10), Some("hide-sensitive")),
            (Secrets::Shown, Version::new(6, 49, 10), None),
            (Secrets::Hidden, Version::new(7, 18, 2), None),
            (Secrets::Shown, Version::new(7, 18, 2), Some("show-sensitive")),
        ] {
            let export =
                Export { file: "e".to_owned(), menu: None, secrets, detail: Detail::Compact };
            let shown = format!("{:?}", export.command(&Capabilities::of(version)));
            assert_eq!(shown.contains("-sensitive="), expected.is_some(), "{shown}");
            assert!(expected.is_none_or(|word| shown.contains(word)), "{shown}");
        }
    }

    #[test]
    fn a_check_of_an_import_is_told_line_by_line() {
        let import = Import { file_name: "a.rsc".to_owned(), from_line: Some(3), verbose: false };
        let shown = format!("{:?}", import.check());
        assert!(shown.contains("=verbose=yes") && shown.contains("=dry-run="), "{shown}");
        assert!(!format!("{:?}", import.command()).contains("verbose"));
    }
}
