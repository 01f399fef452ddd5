//! What was seen on one side.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    format::{Format, is_id},
    subject::{End, Heard},
};
use crate::proto::Sentence;

/// Which check of which menu.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Check {
    pub menu: &'static str,
    pub name: String,
}

impl Check {
    pub(super) fn new(menu: &'static str, name: impl Into<String>) -> Self {
        Self { menu, name: name.into() }
    }
}

/// What a check showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// The answer, which holds nothing but ours: it must be the same on both sides.
    Answer(String),
    /// The rows of a menu, which belong to the operator.
    Rows(Rows),
    /// Our own row: each field must be the same on both sides.
    Own(BTreeMap<String, String>),
}

/// The fields of all rows of a menu and their formats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub count: usize,
    pub fields: BTreeMap<String, Field>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// In how many rows it is.
    pub rows: usize,
    pub formats: BTreeSet<Format>,
}

impl Rows {
    pub(super) fn of(heard: &Heard) -> Self {
        let mut rows = Self::default();
        for row in heard.rows() {
            rows.count += 1;
            for (name, value) in row.attributes() {
                let field = rows.fields.entry(readable(name)).or_default();
                field.rows += 1;
                field.formats.insert(Format::of(value));
            }
        }
        rows
    }

    /// The fields that every row has.
    pub(super) fn constant(&self) -> impl Iterator<Item = &str> {
        let always = self.fields.iter().filter(|(_, field)| field.rows == self.count);
        always.map(|(name, _)| name.as_str())
    }
}

/// Everything seen on one side.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub sights: BTreeMap<Check, Sight>,
    pub per_add: Option<Duration>,
}

impl Seen {
    pub(super) fn note(&mut self, check: Check, sight: Sight) {
        self.sights.insert(check, sight);
    }

    pub(super) fn note_answer(&mut self, menu: &'static str, name: &str, heard: &Heard) {
        self.note(Check::new(menu, name), Sight::Answer(rendered(heard)));
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.sights.extend(more.sights);
        self.per_add = self.per_add.or(more.per_add);
    }
}

/// An answer as text: without tags, ids as `*`.
pub(super) fn rendered(heard: &Heard) -> String {
    let mut parts: Vec<String> = heard.sentences.iter().map(rendered_sentence).collect();
    match heard.end {
        End::Done => {}
        End::Silence => parts.push("(no answer in time)".to_owned()),
        End::Gone => parts.push("(the connection ended)".to_owned()),
    }
    parts.join(", ")
}

fn rendered_sentence(sentence: &Sentence) -> String {
    let mut words = sentence.words();
    let mut text = readable(words.next().unwrap_or_default());
    for word in words.filter(|word| !word.starts_with(b".tag=")) {
        text.push(' ');
        text.push_str(&rendered_word(word));
    }
    text
}

fn rendered_word(word: &[u8]) -> String {
    let word = readable(word);
    match word.rsplit_once('=') {
        Some((name, value)) if is_id(value) => format!("{name}=*"),
        _ => word,
    }
}

/// Bytes that are no ASCII are shown by number, so that reports can be pasted anywhere.
pub(super) fn readable(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\'", "'").replace("\\\"", "\"")
}
