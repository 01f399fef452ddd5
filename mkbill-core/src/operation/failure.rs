//! Why an operation failed, as data that is told in the language of whoever looks.

use serde_json::{Value, json};

use crate::kernel::error::Error;
use crate::kernel::language::{Language, Said};
use crate::kernel::wrong::WrongField;

/// An error as it is kept: what a direct answer would have told, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Stable and machine-readable, such as `code_space_too_small`.
    pub code: String,
    /// What is wrong and what is allowed.
    pub said: Said,
    /// Fields that are wrong, and how.
    pub fields: Vec<(String, Said)>,
}

impl Failure {
    /// Of an error. What is broken inside stays inside.
    pub fn of(error: &Error) -> Self {
        let said = match error {
            Error::Broken { .. } => {
                Said::new("something is broken inside; the log has more", error.said().indonesian())
            }
            Error::Invalid { problem, .. } => problem.said(),
            other => other.said(),
        };
        let field = |wrong: &WrongField| (wrong.field.to_owned(), wrong.problem.said());
        let fields = match error {
            Error::Invalid { field, problem } => vec![((*field).to_owned(), problem.said())],
            Error::SeveralInvalid(fields) => fields.iter().map(field).collect(),
            _ => Vec::new(),
        };
        Self { code: error.code().to_owned(), said, fields }
    }

    /// As it is stored.
    pub fn to_json(&self) -> Value {
        let fields = self.fields.iter().map(|(field, said)| json!([field, texts(said)]));
        json!({
            "code": self.code,
            "said": texts(&self.said),
            "fields": fields.collect::<Vec<_>>(),
        })
    }

    /// Reads what was stored.
    pub fn from_json(value: &Value) -> Option<Self> {
        let field = |field: &Value| Some((field[0].as_str()?.to_owned(), said(&field[1])?));
        Some(Self {
            code: value["code"].as_str()?.to_owned(),
            said: said(&value["said"])?,
            fields: value["fields"].as_array()?.iter().map(field).collect::<Option<_>>()?,
        })
    }
}

fn texts(said: &Said) -> Value {
    json!({ "en": said.text(Language::English), "id": said.indonesian() })
}

fn said(value: &Value) -> Option<Said> {
    Some(Said::new(value["en"].as_str()?, value["id"].as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::language::said;
    use crate::kernel::thing::Thing;
    use crate::kernel::wrong::Wrong;

    #[test]
    fn a_failure_comes_back_as_it_was_stored() {
        let field = |field| WrongField { field, problem: Wrong::Range { least: 1, most: 10_000 } };
        for error in [
            Error::not_found(Thing::Plan, "x"),
            Error::invalid("count", Wrong::Range { least: 1, most: 10_000 }),
            Error::SeveralInvalid(vec![field("count"), field("limit")]),
            Error::conflict(Thing::Login, said!("taken", "sudah dipakai")),
        ] {
            let failure = Failure::of(&error);
            assert_eq!(failure.code, error.code());
            assert_eq!(Failure::from_json(&failure.to_json()), Some(failure));
        }
        assert_eq!(Failure::from_json(&json!({ "code": "x" })), None);
    }

    #[test]
    fn what_is_broken_inside_stays_inside() {
        let failure = Failure::of(&Error::broken("column secret holds `hunter2`"));
        assert!(!failure.to_json().to_string().contains("hunter2"));
    }
}
