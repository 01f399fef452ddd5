//! From an HTTP request to the console command behind it.

use hyper::{Method, StatusCode, Uri};

use crate::proto::Sentence;

use super::{answer::Answer, json::Json};
use crate::sim::{
    command::Command,
    id::ObjectId,
    menus::{self, Place},
};

/// Where REST begins.
const BASE: &str = "/rest/";

/// A command, and what its answer looks like.
#[derive(Debug)]
pub(super) struct Asked {
    pub command: Command,
    pub form: Form,
}

/// What the answer to a command looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// All rows.
    Rows,
    /// The only row, without which there is no such object.
    Single,
    /// The object that was added.
    Added,
    /// The object that this query finds, after the change.
    Changed(String),
    /// Nothing.
    Removed,
    /// Rows, or what the command returned.
    Outcome,
}

/// What a path leads to.
enum Target {
    Menu(String, Place),
    /// An object by number or name in a menu.
    Object(String, String),
    /// Neither.
    Unknown(String),
}

impl Asked {
    /// Reads a request. What no command can be made of is answered at once.
    pub(super) fn read(method: &Method, uri: &Uri, body: &[u8]) -> Result<Self, Answer> {
        let path = uri.path().strip_prefix(BASE).unwrap_or_default();
        let segments: Option<Vec<String>> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| decoded(segment, Plus::Kept))
            .collect();
        let segments = segments.ok_or_else(Answer::no_such_resource)?;
        let fields = fields(body)?;
        match *method {
            Method::POST => post(&segments, fields),
            Method::GET => get(Target::of(&segments), uri.query().unwrap_or_default()),
            Method::PUT => put(Target::of(&segments), fields),
            Method::PATCH => patch(Target::of(&segments), fields),
            Method::DELETE => delete(Target::of(&segments)),
            _ => Err(Answer::error(StatusCode::METHOD_NOT_ALLOWED, None)),
        }
    }

    fn of(sentence: Sentence, form: Form) -> Result<Self, Answer> {
        let command = Command::parse(sentence).ok_or_else(Answer::no_such_resource)?;
        Ok(Self { command, form })
    }
}

impl Target {
    fn of(segments: &[String]) -> Self {
        let path = |segments: &[String]| format!("/{}", segments.join("/"));
        let full = path(segments);
        if let Some(place) = menus::find(&full) {
            return Self::Menu(full, place);
        }
        match segments.split_last() {
            Some((object, menu)) if menus::find(&path(menu)).is_some() => {
                Self::Object(path(menu), object.clone())
            }
            Some((last, _)) => Self::Unknown(last.clone()),
            None => Self::Unknown(String::new()),
        }
    }
}

fn post(segments: &[String], fields: Vec<(String, Json)>) -> Result<Asked, Answer> {
    if let Target::Menu(..) = Target::of(segments) {
        return Err(Answer::error(StatusCode::BAD_REQUEST, Some("no such command")));
    }
    let mut sentence = Sentence::command(&format!("/{}", segments.join("/")));
    for (name, value) in fields {
        match value {
            Json::List(words) if name == ".query" => {
                for word in words {
                    sentence.push(format!("?{}", word.into_word().ok_or_else(bad_json)?));
                }
            }
            value => sentence.push_attribute(&name, value.into_word().ok_or_else(bad_json)?),
        }
    }
    Asked::of(sentence, Form::Outcome)
}

fn get(target: Target, query: &str) -> Result<Asked, Answer> {
    let (menu, form, condition) = match target {
        Target::Menu(menu, Place::Single(_)) => (menu, Form::Single, None),
        Target::Menu(menu, _) => (menu, Form::Rows, None),
        Target::Object(menu, object) => (menu, Form::Single, Some(finding(&object))),
        Target::Unknown(last) => return Err(unknown(&last)),
    };
    let mut sentence = Sentence::command(&format!("{menu}/print"));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let pair = decoded(name, Plus::Space).zip(decoded(value, Plus::Space));
        let (name, value) = pair.ok_or_else(Answer::no_such_resource)?;
        if name == ".proplist" {
            sentence.push_attribute(&name, value);
        } else {
            sentence.push(format!("?{name}={value}"));
        }
    }
    sentence.push(condition.unwrap_or_default());
    Asked::of(sentence, form)
}

fn put(target: Target, fields: Vec<(String, Json)>) -> Result<Asked, Answer> {
    match target {
        Target::Menu(menu, _) => {
            let sentence = Sentence::command(&format!("{menu}/add"));
            Asked::of(assigned(sentence, fields)?, Form::Added)
        }
        Target::Object(..) => Err(Answer::no_such_resource()),
        Target::Unknown(last) => Err(unknown(&last)),
    }
}

fn patch(target: Target, fields: Vec<(String, Json)>) -> Result<Asked, Answer> {
    let (menu, object) = object(target)?;
    let sentence = Sentence::command(&format!("{menu}/set")).with(".id", &object);
    Asked::of(assigned(sentence, fields)?, Form::Changed(finding(&object)))
}

fn delete(target: Target) -> Result<Asked, Answer> {
    let (menu, object) = object(target)?;
    Asked::of(Sentence::command(&format!("{menu}/remove")).with(".id", object), Form::Removed)
}

fn object(target: Target) -> Result<(String, String), Answer> {
    match target {
        Target::Object(menu, object) => Ok((menu, object)),
        Target::Menu(..) => Err(Answer::no_such_resource()),
        Target::Unknown(last) => Err(unknown(&last)),
    }
}

/// The query word that finds an object by number or name.
fn finding(object: &str) -> String {
    match ObjectId::parse(object.as_bytes()) {
        Some(id) => format!("?.id={id}"),
        None => format!("?name={object}"),
    }
}

fn unknown(last: &str) -> Answer {
    let detail = format!("no such command or directory ({last})");
    Answer::error(StatusCode::NOT_ACCEPTABLE, Some(&detail))
}

fn assigned(sentence: Sentence, fields: Vec<(String, Json)>) -> Result<Sentence, Answer> {
    let assign = |sentence: Sentence, (name, value): (String, Json)| {
        Ok(sentence.with(&name, value.into_word().ok_or_else(bad_json)?))
    };
    fields.into_iter().try_fold(sentence, assign)
}

/// The fields of the object in a body. No body is an object without fields.
fn fields(body: &[u8]) -> Result<Vec<(String, Json)>, Answer> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let text = std::str::from_utf8(body).map_err(|_| bad_json())?;
    match Json::parse(text) {
        Ok(Json::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(bad_json()),
    }
}

fn bad_json() -> Answer {
    Answer::error(StatusCode::BAD_REQUEST, Some("invalid JSON"))
}

/// Whether a plus sign stands for a space, as it does in what browsers put behind the question mark.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    Kept,
    Space,
}

/// Undoes percent-encoding. `None` when that gives no text.
fn decoded(text: &str, plus: Plus) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' if plus == Plus::Space => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(method: &Method, uri: &str, body: &str) -> Vec<String> {
        let asked = Asked::read(method, &uri.parse().unwrap(), body.as_bytes()).unwrap();
        let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        asked.command.sentence().words().map(text).collect()
    }

    #[test]
    fn every_method_has_its_command() {
        let user = "/rest/ip/hotspot/user";
        for (method, uri, body, expected) in [
            (
                Method::GET,
                format!("{user}?name=v1&.proplist=.id,name"),
                "",
                vec!["/ip/hotspot/user/print", "?name=v1", "=.proplist=.id,name"],
            ),
            (Method::GET, format!("{user}/%2A1"), "", vec!["/ip/hotspot/user/print", "?.id=*1"]),
            (Method::GET, format!("{user}/a%20b"), "", vec!["/ip/hotspot/user/print", "?name=a b"]),
            (
                Method::GET,
                format!("{user}?comment=a+b"),
                "",
                vec!["/ip/hotspot/user/print", "?comment=a b"],
            ),
            (
                Method::PUT,
                user.to_owned(),
                r#"{"name":"v1","limit-bytes-total":010}"#,
                vec!["/ip/hotspot/user/add", "=name=v1", "=limit-bytes-total=8"],
            ),
            (
                Method::PATCH,
                format!("{user}/*1"),
                r#"{"comment":null,"disabled":true}"#,
                vec!["/ip/hotspot/user/set", "=.id=*1", "=comment=", "=disabled=true"],
            ),
            (Method::DELETE, format!("{user}/v1"), "", vec!["/ip/hotspot/user/remove", "=.id=v1"]),
            (
                Method::POST,
                format!("{user}/print"),
                r##"{".proplist":["name"],".query":["profile=1h","disabled=true","#|"]}"##,
                vec![
                    "/ip/hotspot/user/print",
                    "=.proplist=name",
                    "?profile=1h",
                    "?disabled=true",
                    "?#|",
                ],
            ),
        ] {
            assert_eq!(words(&method, &uri, body), expected, "{uri}");
        }
    }

    #[test]
    fn what_is_no_command_is_answered_at_once() {
        let user = "/rest/ip/hotspot/user";
        let status = |method: &Method, uri: &str, body: &str| {
            let refused = Asked::read(method, &uri.parse().unwrap(), body.as_bytes());
            refused.unwrap_err().into_response(super::super::answer::Delivery::Whole).status()
        };
        assert_eq!(status(&Method::POST, user, "{}"), 400);
        assert_eq!(status(&Method::PUT, user, "[1]"), 400);
        assert_eq!(status(&Method::PUT, user, "{\"name\":{}}"), 400);
        assert_eq!(status(&Method::PATCH, user, "{}"), 404);
        assert_eq!(status(&Method::DELETE, user, ""), 404);
        assert_eq!(status(&Method::GET, "/rest/ip/nonsense/x", ""), 406);
        assert_eq!(status(&Method::GET, "/rest/ip/hotspot/user/%F", ""), 404);
        assert_eq!(status(&Method::OPTIONS, user, ""), 405);
    }
}
