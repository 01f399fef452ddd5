//! What is wrong with fields of a request that could not even be read. What was sent is never told
//! again, since it may be a secret.

use std::error::Error as _;

use axum::extract::path::ErrorKind;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::StatusCode;
use mkbill_core::kernel::language::{Language, Said, said};
use serde::de::DeserializeOwned;

use super::Problem;

/// How much of a name that a client made up is repeated, and of a reader's own words.
const WORDS_CHARS_MAX: usize = 300;
/// Fields with these words in their name are not explained further.
const SECRETS: [&str; 5] = ["password", "secret", "token", "key", "passphrase"];

/// What is wrong with one field; no name stands for the whole.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) field: String,
    pub(crate) said: Said,
}

/// Reads a JSON body.
///
/// # Errors
///
/// A problem that names the field.
pub(crate) fn body_of<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader);
    let body = read.map_err(|error| {
        let path = error.path().to_string();
        match error.inner().classify() {
            serde_json::error::Category::Data => {
                let message = error.inner().to_string();
                let message = message.rsplit_once(" at line ").map_or(&*message, |(said, _)| said);
                Problem::about("malformed_body", vec![Fault::of(&path, message)])
            }
            _ => no_json(error.inner()),
        }
    })?;
    reader.end().map_err(|error| no_json(&error))?;
    Ok(body)
}

fn no_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let detail = said!(
        "the body is no JSON from line {line}, column {column} on",
        "isi permintaan bukan JSON mulai baris {line}, kolom {column}"
    );
    Problem::new("malformed_body", detail).with_status(StatusCode::BAD_REQUEST)
}

impl Fault {
    pub(super) fn text(&self, language: Language) -> String {
        let said = self.said.text(language);
        if self.field.is_empty() { said.to_owned() } else { format!("{}: {said}", self.field) }
    }

    /// From the path of a value and what its reader said of it.
    fn of(path: &str, message: &str) -> Self {
        let mut field = shortened(path.strip_prefix('.').unwrap_or(path));
        let (kind, named) = named(message);
        let said = match kind {
            Kind::Missing => {
                field = joined(&field, named);
                said!("it is missing: give it", "belum diisi: wajib diisi")
            }
            Kind::Twice => {
                field = joined(&field, named);
                said!("give it once", "isi satu kali saja")
            }
            Kind::Unknown { known } => {
                if field.rsplit('.').next() != Some(named) {
                    field = joined(&field, named);
                }
                said!(
                    "there is no such field; known are {known}",
                    "kolom ini tidak dikenal; yang dikenal {known}",
                    known = known.replace(" or ", ", "),
                )
            }
            Kind::Expected => expected(named),
            Kind::Other if is_secret(&field) => said!("it cannot be read", "tidak bisa dibaca"),
            Kind::Other => said!(
                "it cannot be read: {message}",
                "tidak bisa dibaca: {message}",
                message = shortened(message)
            ),
        };
        Self { field, said }
    }

    /// Of a query: the reader says path and message in one.
    pub(super) fn of_query(rejection: &QueryRejection) -> Self {
        let told = match rejection {
            QueryRejection::FailedToDeserializeQueryString(failed) => {
                failed.source().map(ToString::to_string)
            }
            _ => None,
        };
        let told = told.unwrap_or_default();
        let is_path = |path: &str| path.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match told.split_once(": ").filter(|(path, _)| is_path(path)) {
            Some((path, message)) => Self::of(path, message),
            None => Self::of("", &told),
        }
    }

    pub(super) fn of_path(rejection: &PathRejection) -> Self {
        let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
            return Self::of("", "the path is not complete");
        };
        match failed.kind() {
            ErrorKind::ParseErrorAtKey { key, expected_type, .. } => {
                Self { field: key.clone(), said: expected(expected_type) }
            }
            ErrorKind::DeserializeError { key, message, .. } => Self::of(key, message),
            ErrorKind::ParseError { expected_type, .. }
            | ErrorKind::ParseErrorAtIndex { expected_type, .. } => {
                Self { field: String::new(), said: expected(expected_type) }
            }
            ErrorKind::InvalidUtf8InPathParam { key } => Self::of(key, "it is not UTF-8"),
            _ => Self::of("", "it does not fit"),
        }
    }
}

enum Kind<'m> {
    Missing,
    Twice,
    Unknown { known: &'m str },
    Expected,
    Other,
}

/// What a message of serde is about, and the name or the type in it.
fn named(message: &str) -> (Kind<'_>, &str) {
    let within = |text: &'_ str| text.find('`').map_or(text.len(), |end| end);
    if let Some(rest) = message.strip_prefix("missing field `") {
        return (Kind::Missing, &rest[..within(rest)]);
    }
    if let Some(rest) = message.strip_prefix("duplicate field `") {
        return (Kind::Twice, &rest[..within(rest)]);
    }
    let (before, wanted) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    if let Some(rest) = before.strip_prefix("unknown field `") {
        let known = wanted.strip_prefix("one of ").unwrap_or(wanted);
        return (Kind::Unknown { known }, rest.strip_suffix('`').unwrap_or(rest));
    }
    if wanted.is_empty() { (Kind::Other, "") } else { (Kind::Expected, wanted) }
}

/// What a reader of serde expects, in words of people.
fn expected(wanted: &str) -> Said {
    let most = match wanted {
        "u8" => Some(u64::from(u8::MAX)),
        "u16" => Some(u64::from(u16::MAX)),
        "u32" => Some(u64::from(u32::MAX)),
        "u64" => Some(u64::MAX),
        _ => None,
    };
    if let Some(most) = most {
        return said!(
            "use a whole number from 0 to {most}",
            "gunakan bilangan bulat dari 0 sampai {most}"
        );
    }
    match wanted {
        "a string" | "a formatted string" => said!("use a text", "gunakan teks"),
        "a boolean" | "bool" => said!("use true or false", "gunakan true atau false"),
        "i32" | "i64" => said!("use a whole number", "gunakan bilangan bulat"),
        "a sequence" => said!("use a list", "gunakan daftar"),
        "a map" => said!("use an object", "gunakan objek"),
        _ if wanted.starts_with("struct ") => said!("use an object", "gunakan objek"),
        _ => {
            let indonesian =
                wanted.replace("one of ", "salah satu dari ").replace(" or ", " atau ");
            Said::new(format!("use {wanted}"), format!("gunakan {indonesian}"))
        }
    }
}

fn is_secret(field: &str) -> bool {
    let name = field.rsplit('.').next().unwrap_or_default();
    SECRETS.iter().any(|secret| name.contains(secret))
}

fn joined(path: &str, name: &str) -> String {
    let name = shortened(name);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

fn shortened(text: &str) -> String {
    text.chars().take(WORDS_CHARS_MAX).collect()
}
