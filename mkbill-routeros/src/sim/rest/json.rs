//! JSON as routers read it: numbers may be octal or hexadecimal and have no exponents (MikroTik manual, "REST API").

use thiserror::Error;

/// How deep values lie in each other at most.
const DEPTH_MAX: usize = 4;

/// A value. Numbers and flags are texts, as everything is on a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A text that is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("reading JSON")]
pub(super) struct NotJson;

impl Json {
    pub(super) fn parse(text: &str) -> Result<Self, NotJson> {
        let mut reader = Reader { rest: text };
        let value = reader.value(DEPTH_MAX)?;
        reader.skip_space();
        if reader.rest.is_empty() { Ok(value) } else { Err(NotJson) }
    }

    /// What the value is as one word: nothing for `null`, the parts of a list with commas.
    pub(super) fn into_word(self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Text(text) => Some(text),
            Self::List(parts) => {
                let parts: Option<Vec<String>> = parts.into_iter().map(Self::into_word).collect();
                Some(parts?.join(","))
            }
            Self::Object(_) => None,
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// Takes `mark` when it comes next.
    fn takes(&mut self, mark: char) -> bool {
        self.skip_space();
        let after = self.rest.strip_prefix(mark);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn value(&mut self, depth: usize) -> Result<Json, NotJson> {
        let deeper = depth.checked_sub(1).ok_or(NotJson);
        if self.takes('{') {
            return self.object(deeper?);
        }
        if self.takes('[') {
            return self.list(deeper?);
        }
        if self.rest.starts_with('"') {
            return self.string().map(Json::Text);
        }
        let word = self.cut(self.rest.find([',', ']', '}', ' ', '\t', '\r', '\n']));
        match word {
            "null" => Ok(Json::Null),
            "true" | "false" => Ok(Json::Text(word.to_owned())),
            _ => number(word).map(Json::Text),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, NotJson> {
        let mut fields = Vec::new();
        if self.takes('}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            if !self.takes(':') {
                return Err(NotJson);
            }
            fields.push((name, self.value(depth)?));
            if self.takes('}') {
                return Ok(Json::Object(fields));
            }
            if !self.takes(',') {
                return Err(NotJson);
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, NotJson> {
        let mut parts = Vec::new();
        if self.takes(']') {
            return Ok(Json::List(parts));
        }
        loop {
            parts.push(self.value(depth)?);
            if self.takes(']') {
                return Ok(Json::List(parts));
            }
            if !self.takes(',') {
                return Err(NotJson);
            }
        }
    }

    fn string(&mut self) -> Result<String, NotJson> {
        let inner = self.rest.strip_prefix('"').ok_or(NotJson)?;
        let mut is_escaped = false;
        let closing = inner.bytes().position(|byte| {
            let closes = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            closes
        });
        let quoted = self.cut(Some(closing.ok_or(NotJson)? + 2));
        serde_json::from_str(quoted).map_err(|_| NotJson)
    }

    /// Takes everything before `end`, or all there is.
    fn cut(&mut self, end: Option<usize>) -> &'t str {
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }
}

fn number(word: &str) -> Result<String, NotJson> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let sign = if digits.len() < word.len() { "-" } else { "" };
    let based = |digits: &str, base| u64::from_str_radix(digits, base).map_err(|_| NotJson);
    let starts_well = digits.starts_with(|first: char| first.is_ascii_digit());
    if let Some(hexadecimal) = digits.strip_prefix("0x").filter(|rest| !rest.starts_with('+')) {
        return Ok(format!("{sign}{}", based(hexadecimal, 16)?));
    }
    if digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.") {
        return Ok(format!("{sign}{}", based(digits, 8)?));
    }
    let dots = digits.matches('.').count();
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_number = starts_well && is_decimal && dots <= 1 && !digits.ends_with('.');
    if is_number { Ok(word.to_owned()) } else { Err(NotJson) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Result<String, NotJson> {
        Json::parse(text).map(|value| value.into_word().unwrap())
    }

    #[test]
    fn numbers_may_be_octal_or_hexadecimal_and_strings_stay_as_they_are() {
        for (text, expected) in [
            ("12", "12"),
            ("-3", "-3"),
            ("010", "8"),
            ("0x1F", "31"),
            ("1.5", "1.5"),
            ("0", "0"),
            ("\"010\"", "010"),
            ("\"0x1F\"", "0x1F"),
            ("true", "true"),
            ("null", ""),
            ("[\"name\", \".id\"]", "name,.id"),
        ] {
            assert_eq!(word(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = "[".repeat(DEPTH_MAX + 1);
        for text in [
            "",
            "1e3",
            "0x",
            "0x+1",
            "08",
            "-",
            "1.",
            ".5",
            "yes",
            "{",
            "{\"a\"}",
            "{\"a\":1,}",
            "[1",
            "\"open",
            "\"\\\"",
            "1 2",
            "{a:1}",
            &deep,
        ] {
            assert_eq!(Json::parse(text), Err(NotJson), "{text}");
        }
    }

    #[test]
    fn fields_keep_their_order_and_escapes_are_read() {
        let parsed = Json::parse(r#" {"b": "x\"\u00e9\n", "a" : {} } "#).unwrap();
        let text = Json::Text("x\"é\n".to_owned());
        let expected = vec![("b".to_owned(), text), ("a".to_owned(), Json::Object(Vec::new()))];
        assert_eq!(parsed, Json::Object(expected));
    }
}
