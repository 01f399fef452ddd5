//! A journal in a file.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::task::spawn_blocking;

use super::journal::{BulkJournal, ItemEvent, Note};
use crate::command::ItemId;

/// How every journal begins, so that no other file is taken for one.
const HEADER: &[u8] = b"mkbill bulk journal 1";

/// A journal in a file that only grows, one line for each note.
///
/// The file is synced once for each batch of notes. A line that was cut by a crash is recognised and
/// left out. The file can be read by its owner alone, as names of vouchers are worth money; delete
/// it when the outcomes are safe elsewhere.
#[derive(Debug)]
pub struct FileJournal {
    file: Arc<File>,
}

impl FileJournal {
    /// Opens the journal at `path`, or begins it.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, or is not empty and no journal.
    pub async fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let file = blocking(move || open(&path)).await?;
        Ok(Self { file: Arc::new(file) })
    }
}

impl BulkJournal for FileJournal {
    async fn recall(&mut self) -> io::Result<Vec<Note>> {
        let file = Arc::clone(&self.file);
        let text = blocking(move || read(&file)).await?;
        Ok(text.split(|&byte| byte == b'\n').filter_map(note).collect())
    }

    async fn append(&mut self, notes: &[Note]) -> io::Result<()> {
        let mut lines = String::new();
        for note in notes {
            push_line(note, &mut lines);
        }
        let file = Arc::clone(&self.file);
        blocking(move || {
            (&*file).write_all(lines.as_bytes())?;
            file.sync_data()
        })
        .await
    }
}

/// Runs where waiting for a disk holds up nobody else. It runs to its end even if nobody waits for
/// it any more.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(act).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let text = read(&file)?;
    if text.starts_with(HEADER) {
        return Ok(file);
    }
    // A crash may have cut the header itself.
    let missing = HEADER.strip_prefix(&text[..]).ok_or(io::ErrorKind::InvalidData)?;
    file.write_all(missing)?;
    file.sync_all()?;
    #[cfg(unix)]
    sync_folder(path)?;
    Ok(file)
}

/// Makes sure that a new file is found again after a power cut.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn read(mut file: &File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut text)?;
    Ok(text)
}

/// Each line begins with its line end, so that one cut by a crash never runs into the next. What
/// tells a whole line is its last quotation mark.
fn push_line(note: &Note, lines: &mut String) {
    let (word, id) = match &note.event {
        ItemEvent::Sent => ("sent", None),
        ItemEvent::Added(id) => ("added", Some(id.as_ref())),
        ItemEvent::Adopted(id) => ("adopted", Some(id.as_ref())),
        ItemEvent::Conflict => ("conflict", None),
        ItemEvent::Rejected => ("rejected", None),
    };
    let _ = write!(lines, "\n{word}");
    for text in [Some(note.menu.as_str()), Some(note.name.as_str()), id].into_iter().flatten() {
        lines.push_str(" \"");
        text.chars().for_each(|letter| match letter {
            '"' => lines.push_str("\\\""),
            '\\' => lines.push_str("\\\\"),
            '\n' => lines.push_str("\\n"),
            other => lines.push(other),
        });
        lines.push('"');
    }
}

/// The note of a line; `None` for one that is not whole.
fn note(line: &[u8]) -> Option<Note> {
    let line = str::from_utf8(line).ok()?;
    let (word, mut rest) = line.split_once(' ')?;
    let mut texts = Vec::new();
    loop {
        let (text, after) = quoted(rest)?;
        texts.push(text);
        match after.strip_prefix(' ') {
            Some(next) => rest = next,
            None if after.is_empty() => break,
            None => return None,
        }
    }
    let mut texts = texts.into_iter();
    let (menu, name, id) = (texts.next()?, texts.next()?, texts.next().map(ItemId::from));
    let event = match (word, id) {
        ("sent", None) => ItemEvent::Sent,
        ("added", Some(id)) => ItemEvent::Added(id),
        ("adopted", Some(id)) => ItemEvent::Adopted(id),
        ("conflict", None) => ItemEvent::Conflict,
        ("rejected", None) => ItemEvent::Rejected,
        _ => return None,
    };
    texts.next().is_none().then_some(Note { menu, name, event })
}

/// Takes a text in quotation marks off the front, and gives what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut letters = text.strip_prefix('"')?.chars();
    let mut plain = String::new();
    loop {
        match letters.next()? {
            '"' => return Some((plain, letters.as_str())),
            '\\' => plain.push(match letters.next()? {
                'n' => '\n',
                other => other,
            }),
            other => plain.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn sample() -> Vec<Note> {
        let note = |name: &str, event| Note {
            menu: "/ip/hotspot/user".to_owned(),
            name: name.to_owned(),
            event,
        };
        vec![
            note("v1", ItemEvent::Sent),
            note("two words", ItemEvent::Sent),
            note("v1", ItemEvent::Added(ItemId::from("*1A".to_owned()))),
            note("\"quoted\" \\ and\ntwo lines", ItemEvent::Conflict),
            note("v22", ItemEvent::Adopted(ItemId::from("*1B".to_owned()))),
            note("é", ItemEvent::Rejected),
        ]
    }

    fn lines(notes: &[Note]) -> String {
        let mut lines = String::new();
        for note in notes {
            push_line(note, &mut lines);
        }
        lines
    }

    fn notes(text: &[u8]) -> Vec<Note> {
        text.split(|&byte| byte == b'\n').filter_map(note).collect()
    }

    #[test]
    fn a_file_cut_at_any_byte_keeps_every_whole_note_and_takes_more() {
        let whole = lines(&sample()).into_bytes();
        let more = sample().swap_remove(1);
        for cut in 0..=whole.len() {
            let mut text = whole[..cut].to_vec();
            let kept = notes(&text);
            assert!(sample().starts_with(&kept), "cut at {cut}");
            text.extend_from_slice(lines(std::slice::from_ref(&more)).as_bytes());
            assert_eq!(notes(&text), [&kept[..], std::slice::from_ref(&more)].concat());
        }
    }

    #[test]
    fn blocks_of_zeros_after_a_power_cut_are_no_notes() {
        let text = [lines(&sample()).as_bytes(), &[0; 512]].concat();
        assert_eq!(notes(&text), sample()[..sample().len() - 1]);
    }

    proptest! {
        #[test]
        fn every_note_survives_a_round_trip(menu in any::<String>(), name in any::<String>(), id in any::<String>()) {
            for event in [ItemEvent::Sent, ItemEvent::Added(ItemId::from(id))] {
                let written = vec![Note { menu: menu.clone(), name: name.clone(), event }];
                prop_assert_eq!(notes(lines(&written).as_bytes()), written);
            }
        }

        #[test]
        fn no_line_makes_the_reader_panic(line in any::<Vec<u8>>()) {
            let _ = note(&line);
        }
    }
}
