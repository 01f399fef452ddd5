//! Statements: constant text with `$n` parameters and a few marks that the dialect fills in.

use std::sync::OnceLock;

use sqlx::{Arguments as _, SqlSafeStr as _, SqlStr};

use crate::store::StoreError;

use super::engine::Dialect;
use super::error::driver;
use super::listing::Walk;
use super::value::Value;
use super::watch::Subject;

/// One SQL text for both databases.
///
/// Marks: `{skip_locked:table}`, `{for_update}`, `{for_key_share}`, `{in_uuids:$n}`, `{in_texts:$n}`.
/// Parameters are `$1`, `$2`, … and each is bound exactly once; an unbound one would silently be NULL
/// on SQLite, so arity is checked. Statements that read a page of a list have more marks, and parameters
/// behind their own; see `listing.rs`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement {
    /// What it does, for error messages: "while {act}".
    pub(crate) act: &'static str,
    pub(crate) text: &'static str,
    /// How it walks through a list, if it reads a page of one.
    pub(crate) walk: Option<Walk>,
    /// What is made of the text, once. A constant may not hold a place that changes, but it may hold
    /// the way there.
    pub(crate) texts: fn() -> &'static Texts,
}

/// The text of a statement for each database, how many parameters it has, and what it is about.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) postgres: OnceLock<String>,
    pub(crate) sqlite: OnceLock<String>,
    arity: OnceLock<usize>,
    subject: OnceLock<Subject>,
}

impl Texts {
    pub(crate) const fn new() -> Self {
        Self {
            postgres: OnceLock::new(),
            sqlite: OnceLock::new(),
            arity: OnceLock::new(),
            subject: OnceLock::new(),
        }
    }
}

/// Declares statements, and a list of them all for the tests that prepare each on both databases.
macro_rules! statements {
    ($($name:ident : $act:literal = $text:expr;)+) => {
        $(pub(super) const $name: Statement = Statement {
            act: $act,
            text: $text,
            walk: None,
            texts: || {
                static TEXTS: $crate::sql::statement::Texts = $crate::sql::statement::Texts::new();
                &TEXTS
            },
        };)+
        #[cfg(feature = "testkit")]
        pub(super) const ALL: &[Statement] = &[$($name),+];
    };
}
pub(super) use statements;

impl Statement {
    /// The text for one database.
    pub(crate) fn for_dialect<D: Dialect>(&self) -> &'static str {
        D::text((self.texts)()).get_or_init(|| self.filled::<D>())
    }

    fn filled<D: Dialect>(&self) -> String {
        let text = match self.walk {
            Some(walk) => walk.fill(self.text, self.counted()),
            None => self.text.to_owned(),
        };
        let text = text.replace("{for_update}", D::FOR_UPDATE);
        let mut text = text.replace("{for_key_share}", D::FOR_KEY_SHARE);
        fill(&mut text, "{skip_locked:", D::skip_locked);
        fill(&mut text, "{in_uuids:", D::in_uuids);
        fill(&mut text, "{in_texts:", D::in_texts);
        text
    }

    /// How many parameters it has.
    pub(crate) fn arity(&self) -> usize {
        *(self.texts)().arity.get_or_init(|| self.counted() + self.walk.map_or(0, Walk::parameters))
    }

    /// How many parameters its text names.
    fn counted(&self) -> usize {
        let numbers = self.text.split('$').skip(1).map(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            rest[..digits].parse::<usize>().unwrap_or(0)
        });
        numbers.max().unwrap_or(0)
    }

    /// What it is about, for those who watch.
    pub(crate) fn subject(&self) -> &'static Subject {
        (self.texts)().subject.get_or_init(|| Subject::of(self.text))
    }

    /// Are these values for it?
    pub(crate) fn check(&self, values: &[Value]) -> Result<(), StoreError> {
        assert_eq!(values.len(), self.arity(), "parameters of the statement for {}", self.act);
        Value::check_eras(values)
    }

    /// Text and bound arguments for one database.
    pub(crate) fn bound<D: Dialect>(
        &self,
        values: Vec<Value>,
    ) -> Result<(SqlStr, D::Arguments), StoreError> {
        self.check(&values)?;
        let mut arguments = D::Arguments::default();
        arguments.reserve(values.len(), 16 * values.len());
        for value in values {
            D::bind(&mut arguments, value)
                .map_err(|error| driver(self.act, sqlx::Error::Encode(error)))?;
        }
        Ok((self.for_dialect::<D>().into_sql_str(), arguments))
    }
}

/// Replaces every `{mark:word}` by what the dialect makes of the word.
fn fill(text: &mut String, mark: &str, list: impl Fn(&str) -> String) {
    while let Some(start) = text.find(mark) {
        let rest = &text[start + mark.len()..];
        let end = rest.find('}').expect("a mark is closed");
        let replacement = list(&rest[..end]);
        let whole = start..start + mark.len() + end + 1;
        text.replace_range(whole, &replacement);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Postgres, Sqlite};

    statements! {
        CLAIM: "trying" =
            "SELECT a FROM b WHERE c {in_uuids:$2} AND d = $1 AND e {in_texts:$3} {skip_locked:b}";
    }

    #[test]
    fn marks_are_filled_in_by_the_dialect() {
        assert_eq!(
            CLAIM.for_dialect::<Postgres>(),
            "SELECT a FROM b WHERE c = ANY($2) AND d = $1 AND e = ANY($3) FOR UPDATE OF b SKIP LOCKED"
        );
        assert_eq!(
            CLAIM.for_dialect::<Sqlite>(),
            "SELECT a FROM b WHERE c IN (SELECT unhex(value) FROM json_each($2)) AND d = $1 \
             AND e IN (SELECT value FROM json_each($3)) "
        );
        assert_eq!(CLAIM.arity(), 3);
        assert_eq!(ALL.len(), 1);
    }
}
