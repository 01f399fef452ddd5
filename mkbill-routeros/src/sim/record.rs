//! One row as a print shows it, and how a print chooses rows and properties.

use std::borrow::Cow;

use jiff::civil::DateTime;

use crate::{
    proto::{Query, Sentence},
    value::{DateDialect, date},
};

use super::{id::ObjectId, refusal::Refusal};

/// The properties of one row in the order in which they are shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Record<'a> {
    id: Option<ObjectId>,
    fields: Vec<(&'static str, Cow<'a, [u8]>)>,
    moment: Option<DateTime>,
}

impl<'a> Record<'a> {
    pub(super) fn of(id: ObjectId) -> Self {
        Self { id: Some(id), ..Self::default() }
    }

    pub(super) fn id(&self) -> Option<ObjectId> {
        self.id
    }

    pub(super) fn push(&mut self, name: &'static str, value: impl Into<Cow<'a, [u8]>>) {
        self.fields.push((name, value.into()));
    }

    /// As [`Self::push`] for anything that has a text, for building in one expression.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over what they just made")]
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.push(name, value.to_string().into_bytes());
        self
    }

    pub(super) fn with_some(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Shows another value for a property that is there.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over what they just made")]
    pub(super) fn replace(&mut self, name: &str, value: impl ToString) {
        if let Some((_, held)) = self.fields.iter_mut().find(|(held, _)| *held == name) {
            *held = Cow::Owned(value.to_string().into_bytes());
        }
    }

    /// With the whole date of the `time` that it shows, for queries that ask by date.
    pub(super) fn at(mut self, moment: DateTime) -> Self {
        self.moment = Some(moment);
        self
    }

    /// The value that a query compares.
    fn compared(&self, name: &str, asks_by_date: bool) -> Option<Cow<'_, [u8]>> {
        match self.moment.filter(|_| asks_by_date && name == "time") {
            Some(moment) => Some(Cow::Owned(date::format(moment, DateDialect::Iso).into_bytes())),
            None => self.get(name),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        if name == ".id" {
            return self.id.map(|id| Cow::Owned(id.to_string().into_bytes()));
        }
        let field = self.fields.iter().find(|(held, _)| *held == name);
        field.map(|(_, value)| Cow::Borrowed(&**value))
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.fields.iter().map(|(name, value)| (*name, &**value))
    }
}

/// Which rows a print or a listener wants, and which of their properties.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    query: Query,
    /// Whether a condition on `time` names a date.
    asks_by_date: bool,
    properties: Option<Vec<Vec<u8>>>,
}

impl Shape {
    pub(super) fn of(command: &Sentence) -> Result<Self, Refusal> {
        let query =
            Query::parse(command.queries()).map_err(|error| Refusal::new(error.to_string()))?;
        let properties = command
            .attribute(".proplist")
            .or_else(|| command.api_attribute(".proplist"))
            .or_else(|| command.attribute("proplist"))
            .filter(|list| !list.is_empty());
        Ok(Self {
            query,
            asks_by_date: command.queries().any(is_dated),
            properties: properties
                .map(|list| list.split(|&byte| byte == b',').map(<[u8]>::to_vec).collect()),
        })
    }

    pub(super) fn wants(&self, record: &Record<'_>) -> bool {
        self.query.is_empty() || self.query.matches(|name| record.compared(name, self.asks_by_date))
    }

    /// The `!re` that shows the row.
    pub(super) fn row(&self, record: &Record<'_>, tag: Option<&[u8]>) -> Sentence {
        let mut row = tagged("!re", tag);
        if let Some(id) = record.id.filter(|_| self.shows(".id")) {
            row.push_attribute(".id", id.to_string());
        }
        for (name, value) in record.fields().filter(|(name, _)| self.shows(name)) {
            row.push_attribute(name, value);
        }
        row
    }

    fn shows(&self, name: &str) -> bool {
        self.properties
            .as_ref()
            .is_none_or(|listed| listed.iter().any(|wanted| wanted == name.as_bytes()))
    }
}

/// Whether a condition is one such as `>time=2026-05-31 00:00:00`.
fn is_dated(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"<").or(word.strip_prefix(b">")).unwrap_or(word);
    let value = word.strip_prefix(b"time=").and_then(|value| std::str::from_utf8(value).ok());
    value.is_some_and(|value| value.starts_with(char::is_numeric) && date::parse(value).is_ok())
}

/// A reply that holds its tag directly behind the reply word, where routers put it.
pub(super) fn tagged(word: &str, tag: Option<&[u8]>) -> Sentence {
    let mut sentence = Sentence::command(word);
    if let Some(tag) = tag {
        sentence.push([b".tag=", tag].concat());
    }
    sentence
}
