//! From a command to the request that runs it: always `POST`, which takes every command.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    client::Transport,
    command::{Command, Effect},
    error::{Error, Unsupportable},
    proto::{Ending, Sentence},
};

/// How much longer than the router itself we wait for a command that may take all the time there is:
/// its own word that it killed the command is worth more than a timeout.
const GRACE: Duration = Duration::from_secs(5);

/// A command as REST takes it.
#[derive(Debug)]
pub(super) struct Call {
    /// The path of the command, for errors.
    pub command: String,
    /// The path of the request.
    pub uri: String,
    /// The JSON.
    pub body: Vec<u8>,
    pub timeout: Duration,
    pub ending: Ending,
    pub effect: Effect,
}

impl Call {
    /// # Errors
    ///
    /// [`Error::Unsupported`] for what REST cannot carry, [`Error::TooLarge`] as for every transport.
    pub(super) fn of(command: Command, timeout_default: Duration) -> Result<Self, Error> {
        let (path, effect) = (command.path().to_owned(), command.effect());
        let time_max = Transport::Rest.limits().command_time_max.unwrap_or(Duration::MAX);
        let request = command.into_request(timeout_default.min(time_max))?;
        let refused = |reason| {
            let transport = Transport::Rest;
            Error::Unsupported { command: path.clone(), transport, reason }
        };
        if request.timeout > time_max {
            return Err(refused(Unsupportable::Slow(time_max)));
        }
        let grace = if request.timeout == time_max { GRACE } else { Duration::ZERO };
        check(&path, &request.sentence).map_err(refused)?;
        let body = body(&request.sentence).ok_or_else(|| refused(Unsupportable::Bytes))?;
        Ok(Self {
            uri: format!("/rest{}", encoded(&path)),
            command: path,
            body: Value::Object(body).to_string().into_bytes(),
            timeout: request.timeout + grace,
            ending: request.ending,
            effect,
        })
    }
}

/// Refuses what would hang or mean nothing.
fn check(path: &str, sentence: &Sentence) -> Result<(), Unsupportable> {
    let verb = path.rsplit('/').next().unwrap_or_default();
    let has = |name: &str| sentence.attribute(name).is_some();
    if matches!(path, "/login" | "/cancel" | "/quit") {
        return Err(Unsupportable::Session);
    }
    let watches = verb.starts_with("monitor") && !has("once") && !has("duration");
    if verb == "listen" || has("follow") || has("follow-only") || watches {
        return Err(Unsupportable::Endless);
    }
    Ok(())
}

/// `None` when a value is not UTF-8. The first of several attributes of one name wins, as it does on
/// the binary API.
fn body(sentence: &Sentence) -> Option<Map<String, Value>> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    let mut body = Map::new();
    for (name, value) in sentence.attributes() {
        let value = text(value)?;
        let value = if name == b".proplist" {
            value.split(',').map(Value::from).collect()
        } else {
            Value::String(value)
        };
        body.entry(text(name)?).or_insert(value);
    }
    let queries: Option<Vec<String>> = sentence.queries().map(text).collect();
    let queries = queries?;
    if !queries.is_empty() {
        body.insert(".query".to_owned(), queries.into());
    }
    Some(body)
}

/// A path in which nothing ends it early.
fn encoded(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'/' | b'-' | b'_' | b'.' | b'*' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Duration = Duration::from_secs(30);

    fn call(command: Command) -> Result<Call, Error> {
        Call::of(command, HALF)
    }

    fn reason(command: Command) -> Unsupportable {
        match call(command) {
            Err(Error::Unsupported { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn attributes_queries_and_fields_become_json() {
        let command = Command::new("/ip/hotspot/user/print")
            .fields(&[".id", "name"])
            .where_is("profile", "1h")
            .query("#!")
            .with("count-only", "");
        let call = call(command).unwrap();
        assert_eq!(call.uri, "/rest/ip/hotspot/user/print");
        let expected =
            r##"{".proplist":[".id","name"],".query":["profile=1h","#!"],"count-only":""}"##;
        assert_eq!(String::from_utf8(call.body).unwrap(), expected);
        assert_eq!(encoded("/a b?c"), "/a%20b%3Fc");
    }

    #[test]
    fn what_rest_cannot_carry_is_refused_before_it_is_sent() {
        let long = Duration::from_secs(61);
        for (command, expected) in [
            (Command::new("/ip/hotspot/active/listen"), Unsupportable::Endless),
            (Command::new("/log/print").with("follow", ""), Unsupportable::Endless),
            (Command::new("/interface/monitor-traffic"), Unsupportable::Endless),
            (Command::new("/quit"), Unsupportable::Session),
            (Command::new("/x/set").with("comment", b"\xE9t\xE9"), Unsupportable::Bytes),
            (Command::new("/x/print").where_is("comment", b"\xE9"), Unsupportable::Bytes),
            (Command::new("/x/print").within(long), Unsupportable::Slow(2 * HALF)),
        ] {
            assert_eq!(reason(command.clone()), expected, "{command:?}");
        }
        call(Command::new("/interface/monitor-traffic").with("once", "")).unwrap();
        call(Command::new("/x/print").within(2 * HALF)).unwrap();
        assert_eq!(Call::of(Command::new("/x/print"), long).unwrap().timeout, 2 * HALF + GRACE);
    }
}
