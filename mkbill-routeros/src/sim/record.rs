//! One row as a print shows it, and how a print chooses rows and properties.

use std::borrow::Cow;

use crate::proto::{Query, Sentence};

use super::{id::ObjectId, refusal::Refusal};

/// The properties of one row in the order in which they are shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Record<'a> {
    id: Option<ObjectId>,
    fields: Vec<(&'static str, Cow<'a, [u8]>)>,
}

impl<'a> Record<'a> {
    pub(super) fn of(id: ObjectId) -> Self {
        Self { id: Some(id), fields: Vec::new() }
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
            properties: properties
                .map(|list| list.split(|&byte| byte == b',').map(<[u8]>::to_vec).collect()),
        })
    }

    pub(super) fn wants(&self, record: &Record<'_>) -> bool {
        self.query.is_empty() || self.query.matches(|name| record.get(name))
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

/// A reply that holds its tag directly behind the reply word, where routers put it.
pub(super) fn tagged(word: &str, tag: Option<&[u8]>) -> Sentence {
    let mut sentence = Sentence::command(word);
    if let Some(tag) = tag {
        sentence.push([b".tag=", tag].concat());
    }
    sentence
}
