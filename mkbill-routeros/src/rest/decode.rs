//! From an answer in HTTP to rows, or to what the router refused.

use hyper::{StatusCode, body::Bytes};
use serde_json::{Map, Value};

use crate::{
    client::Answer,
    command::Row,
    error::{BadAnswer, Refusal},
    proto::{Sentence, Trap},
};

/// Why an answer has no rows.
#[derive(Debug)]
pub(super) enum Refused {
    /// The router does not know us.
    Unauthorized(Refusal),
    /// The command failed.
    Command(Refusal),
    /// Nobody can tell what it says.
    Unreadable(BadAnswer),
}

/// Reads a status and a body.
pub(super) fn answer(status: StatusCode, body: &Bytes) -> Result<Answer, Refused> {
    if status.is_success() {
        return rows(body).map_err(Refused::Unreadable);
    }
    let refusal = Refusal { traps: vec![Trap { message: reason(status, body), category: None }] };
    match status {
        StatusCode::UNAUTHORIZED => Err(Refused::Unauthorized(refusal)),
        _ if status.is_client_error() || status.is_server_error() => Err(Refused::Command(refusal)),
        _ => Err(Refused::Unreadable(BadAnswer::Status(status.as_u16()))),
    }
}

fn rows(body: &Bytes) -> Result<Answer, BadAnswer> {
    if body.is_empty() {
        return Ok(Answer::default());
    }
    let json = std::str::from_utf8(body).map_err(|_| BadAnswer::Encoding)?;
    let value: Value =
        serde_json::from_str(json).map_err(|error| BadAnswer::Json(error.to_string()))?;
    match value {
        Value::Array(rows) => {
            let rows = rows.into_iter().map(row).collect::<Result<_, _>>()?;
            Ok(Answer { rows, ret: None })
        }
        Value::Object(mut fields) if fields.len() == 1 && fields.contains_key("ret") => {
            let ret = fields.remove("ret").map(text).transpose()?;
            Ok(Answer { rows: Vec::new(), ret: ret.map(String::into_bytes) })
        }
        Value::Object(fields) if fields.is_empty() => Ok(Answer::default()),
        object => Ok(Answer { rows: vec![row(object)?], ret: None }),
    }
}

fn row(value: Value) -> Result<Row, BadAnswer> {
    let Value::Object(fields) = value else {
        return Err(BadAnswer::Shape);
    };
    sentence(fields).map(Row::from)
}

fn sentence(fields: Map<String, Value>) -> Result<Sentence, BadAnswer> {
    let assign = |row: Sentence, (name, value): (String, Value)| Ok(row.with(&name, text(value)?));
    fields.into_iter().try_fold(Sentence::command("!re"), assign)
}

/// Routers send strings; numbers and flags would say the same.
fn text(value: Value) -> Result<String, BadAnswer> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Ok(String::new()),
        Value::Array(_) | Value::Object(_) => Err(BadAnswer::Shape),
    }
}

/// What the router says is wrong: the text that a trap would have, or else that of the status.
fn reason(status: StatusCode, body: &Bytes) -> String {
    let said: Option<Value> = serde_json::from_slice(body).ok();
    let part = |name: &str| {
        let text = said.as_ref()?.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    part("detail")
        .or_else(|| part("message"))
        .unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &'static str) -> Result<Answer, Refused> {
        answer(StatusCode::from_u16(status).unwrap(), &Bytes::from_static(body.as_bytes()))
    }

    fn said(status: u16, body: &'static str) -> String {
        match read(status, body) {
            Err(Refused::Command(refusal)) => refusal.traps[0].message.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn arrays_objects_returns_and_nothing_are_read() {
        let rows = read(200, r#"[{".id":"*1","name":"v1"},{}]"#).unwrap().rows;
        assert_eq!(rows[0].get("name"), Some(&b"v1"[..]));
        assert_eq!(rows[1].fields().count(), 0);
        assert_eq!(read(200, r#"{"ret":"*1"}"#).unwrap().ret, Some(b"*1".to_vec()));
        let object = read(201, r#"{"name":"core","ret":"1","up":true,"n":7}"#).unwrap();
        assert_eq!((object.rows.len(), object.ret), (1, None));
        assert_eq!(object.rows[0].get("up"), Some(&b"true"[..]));
        for nothing in ["", "[]", "{}"] {
            assert_eq!(read(204, nothing).unwrap(), Answer::default());
        }
    }

    #[test]
    fn a_refusal_says_its_detail_or_else_what_there_is() {
        let detail = r#"{"error":404,"message":"Not Found","detail":"no such item"}"#;
        assert_eq!(said(404, detail), "no such item");
        assert_eq!(said(404, r#"{"error":404,"message":"Not Found"}"#), "Not Found");
        assert_eq!(said(503, "<html>"), "Service Unavailable");
        assert!(matches!(read(401, ""), Err(Refused::Unauthorized(_))));
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        let unreadable = |status, body| match read(status, body) {
            Err(Refused::Unreadable(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(matches!(unreadable(200, "<html>"), BadAnswer::Json(_)));
        assert_eq!(unreadable(200, "[1]"), BadAnswer::Shape);
        assert_eq!(unreadable(200, r#"[{"name":["v1"]}]"#), BadAnswer::Shape);
        assert_eq!(unreadable(302, ""), BadAnswer::Status(302));
        let answered = answer(StatusCode::OK, &Bytes::from_static(b"[{\"comment\":\"\xE9\"}]"));
        assert!(matches!(answered, Err(Refused::Unreadable(BadAnswer::Encoding))));
    }
}
