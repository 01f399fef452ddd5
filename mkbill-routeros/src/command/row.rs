//! One row of an answer.

use std::{borrow::Cow, str::FromStr};

use jiff::{
    SignedDuration,
    civil::{Date, DateTime},
};

use super::ItemId;
use crate::{
    error::{Error, FieldError},
    proto::Sentence,
    value::{BitRate, Directions, Mac, RouterTime, date, duration, size, text},
};

/// One row of a print. Values are bytes as the router holds them; a missing field is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(Sentence);

impl From<Sentence> for Row {
    fn from(sentence: Sentence) -> Self {
        Self(sentence)
    }
}

impl Row {
    /// A row with these fields, as a router would send it.
    #[cfg(test)]
    pub(crate) fn of(fields: &[(&str, &str)]) -> Self {
        let sentence = Sentence::command("!re");
        fields.iter().fold(sentence, |sentence, (name, value)| sentence.with(name, value)).into()
    }

    /// The bytes of a field.
    pub fn get(&self, field: &str) -> Option<&[u8]> {
        self.0.attribute(field)
    }

    /// A field as text: UTF-8, or CP1252 when it is not that.
    pub fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        self.get(field).map(text::decode)
    }

    /// Every field in the order it came.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.attributes()
    }
}

/// Reads the fields of a row of one menu, so that errors can name both.
pub(super) struct Reader<'a> {
    menu: &'static str,
    row: &'a Row,
}

impl<'a> Reader<'a> {
    pub(super) fn new(menu: &'static str, row: &'a Row) -> Self {
        Self { menu, row }
    }

    /// A field that every row has.
    pub(super) fn required(&self, field: &'static str) -> Result<String, Error> {
        self.optional(field).ok_or_else(|| self.unusable(field, FieldError::Missing))
    }

    /// A field that may be missing; an empty one counts as missing.
    pub(super) fn optional(&self, field: &str) -> Option<String> {
        self.row.text(field).filter(|text| !text.is_empty()).map(Cow::into_owned)
    }

    /// The `.id` that every row of a table has.
    pub(super) fn id(&self) -> Result<ItemId, Error> {
        self.required(".id").map(ItemId::from)
    }

    /// The bytes of a field as the router holds them; empty when it is missing.
    pub(super) fn bytes(&self, field: &str) -> Vec<u8> {
        self.row.get(field).unwrap_or_default().to_vec()
    }

    /// A duration; `none`, empty and missing give `None`.
    pub(super) fn duration(&self, field: &'static str) -> Result<Option<SignedDuration>, Error> {
        let text = self.row.text(field).unwrap_or_default();
        duration::parse_optional(&text).map_err(|error| self.unusable(field, error.into()))
    }

    /// A count of bytes or of anything else that is whole.
    pub(super) fn size(&self, field: &'static str) -> Result<Option<u64>, Error> {
        self.parsed(field, |text| size::parse(text).map_err(FieldError::from))
    }

    /// A whole number of any width; counts of things other than bytes.
    pub(super) fn number<T: FromStr>(&self, field: &'static str) -> Result<Option<T>, Error> {
        self.parsed(field, |text| text.parse().map_err(|_| FieldError::Number))
    }

    /// A number, or `word` for no limit, which gives `None` as a missing field does.
    pub(super) fn number_or<T: FromStr>(
        &self,
        word: &str,
        field: &'static str,
    ) -> Result<Option<T>, Error> {
        match self.row.get(field) {
            Some(held) if held == word.as_bytes() => Ok(None),
            _ => self.number(field),
        }
    }

    /// One of the words that `read` knows.
    pub(super) fn word<T>(
        &self,
        field: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        self.parsed(field, |text| read(text).ok_or(FieldError::Word))
    }

    /// `up/down`, each side of its own type.
    pub(super) fn pair<T: FromStr>(
        &self,
        field: &'static str,
    ) -> Result<Option<Directions<T>>, Error> {
        self.pair_by(field, |text| text.parse().ok())
    }

    /// `up/down` in bits a second.
    pub(super) fn rates(&self, field: &'static str) -> Result<Option<Directions<BitRate>>, Error> {
        self.pair_by(field, |text| BitRate::parse(text).ok())
    }

    /// `up/down` of durations.
    pub(super) fn times(
        &self,
        field: &'static str,
    ) -> Result<Option<Directions<SignedDuration>>, Error> {
        self.pair_by(field, |text| duration::parse(text).ok())
    }

    /// A hardware address; all zeros, as some versions show no device, give `None`.
    pub(super) fn mac(&self, field: &'static str) -> Result<Option<Mac>, Error> {
        let mac = self.parsed(field, |text| text.parse().map_err(FieldError::Mac))?;
        Ok(mac.filter(|mac| *mac != Mac::NONE))
    }

    /// A time by the router's clock; "never" gives `None`.
    pub(super) fn moment(&self, field: &'static str) -> Result<Option<RouterTime>, Error> {
        let never = |text: &&str| *text != "never";
        let held = self.optional(field);
        let time = held.as_deref().filter(never).map(RouterTime::parse).transpose();
        let time = time.map_err(|error| self.unusable(field, error.into()))?;
        Ok(time.filter(|time| !time.is_never()))
    }

    /// A day; "never" gives `None`.
    pub(super) fn day(&self, field: &'static str) -> Result<Option<Date>, Error> {
        let text = self.row.text(field).unwrap_or_default();
        let day =
            date::parse_optional(&text).map_err(|error| self.unusable(field, error.into()))?;
        Ok(day.map(DateTime::date))
    }

    /// The parts of a comma-separated list.
    pub(super) fn list(&self, field: &str) -> Vec<String> {
        let text = self.row.text(field).unwrap_or_default();
        text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// `true` or `yes`; a missing flag is not set.
    pub(super) fn flag(&self, field: &'static str) -> Result<bool, Error> {
        let flag = self.parsed(field, |text| match text {
            "true" | "yes" => Ok(true),
            "false" | "no" => Ok(false),
            _ => Err(FieldError::Flag),
        })?;
        Ok(flag.unwrap_or_default())
    }

    /// A field read by `parse` when it is there and not empty.
    pub(super) fn parsed<T>(
        &self,
        field: &'static str,
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Result<Option<T>, Error> {
        let text = self.optional(field);
        text.map(|text| parse(&text)).transpose().map_err(|source| self.unusable(field, source))
    }

    fn pair_by<T>(
        &self,
        field: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Directions<T>>, Error> {
        self.parsed(field, |text| Directions::parse(text, read).ok_or(FieldError::Pair))
    }

    pub(super) fn unusable(&self, field: &'static str, source: FieldError) -> Error {
        Error::Row { menu: self.menu, field, source }
    }
}
