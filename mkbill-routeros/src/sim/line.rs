//! Lines of the console language, as exports write and imports read them. Only plain commands: no variables, no blocks.

use super::menus;

/// One command of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub menu: String,
    pub verb: String,
    /// Arguments without a name.
    pub bare: Vec<Vec<u8>>,
    pub named: Pairs,
    /// The conditions of `[ find name=x ]`.
    pub find: Option<Pairs>,
}

pub(super) type Pairs = Vec<(String, Vec<u8>)>;

/// Where in a line the reader gave up, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub column: usize,
}

/// Reads line after line and remembers the menu that a line without command changed to.
#[derive(Debug, Default)]
pub(super) struct Reader {
    menu: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(Vec<u8>),
    Named(String, Vec<u8>),
    Find(Pairs),
}

impl Reader {
    /// `None` for a line that holds no command.
    pub(super) fn read(&mut self, text: &str) -> Result<Option<Line>, Unreadable> {
        let mut place = Place { menu: self.menu.clone(), verb: None };
        let mut line = (Vec::new(), Vec::new(), None);
        for (at, token) in tokens(text)?.into_iter().enumerate() {
            match token {
                Token::Word(word) => line.0.extend(place.enter(&word, at == 0)),
                Token::Quoted(value) => line.0.push(value),
                Token::Named(name, value) => line.1.push((name, value)),
                Token::Find(conditions) => line.2 = Some(conditions),
            }
        }
        let (bare, named, find) = line;
        let Some(verb) = place.verb else {
            let is_plain = bare.is_empty() && named.is_empty() && find.is_none();
            self.menu = place.menu;
            return if is_plain { Ok(None) } else { Err(Unreadable { column: 1 }) };
        };
        Ok(Some(Line { menu: place.menu, verb, bare, named, find }))
    }
}

/// How far the words of a line have led.
struct Place {
    menu: String,
    verb: Option<String>,
}

impl Place {
    /// Follows a word to a menu or a command. Gives it back when it is an argument.
    fn enter(&mut self, word: &str, is_first: bool) -> Option<Vec<u8>> {
        if self.verb.is_some() {
            return Some(word.as_bytes().to_vec());
        }
        if is_first && word.starts_with(['/', ':']) {
            self.menu.clear();
        }
        let mut parts = word.split(['/', ':']).filter(|part| !part.is_empty());
        while let Some(part) = parts.next() {
            let next = format!("{}/{part}", self.menu);
            if menus::is_on_the_way(&next) {
                self.menu = next;
            } else {
                let rest = parts.fold(part.to_owned(), |verb, part| format!("{verb}/{part}"));
                self.verb = Some(rest);
                break;
            }
        }
        None
    }
}

/// The commands of a source with the numbers of their lines, counted from 1: lines that end in a backslash go on in the
/// next one, and a semicolon ends a command too.
pub(super) fn statements(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut held = String::new();
    let mut began = 1;
    for (number, line) in source.lines().enumerate() {
        let line = line.trim_end_matches('\r');
        let line = if held.is_empty() { line } else { line.trim_start() };
        if held.is_empty() {
            began = number + 1;
            if line.trim_start().starts_with('#') {
                continue;
            }
        }
        if let Some(part) = line.strip_suffix('\\').filter(|_| !line.ends_with("\\\\")) {
            held.push_str(part);
        } else {
            held.push_str(line);
            split_commands(&held, began, &mut found);
            held.clear();
        }
    }
    split_commands(&held, began, &mut found);
    found
}

fn split_commands(line: &str, number: usize, found: &mut Vec<(usize, String)>) {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let ends = |c: char| {
        let is_end = c == ';' && !is_quoted;
        if c == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = c == '\\' && !is_escaped;
        is_end
    };
    let commands = line.split(ends).map(str::trim).filter(|command| !command.is_empty());
    found.extend(commands.map(|command| (number, command.to_owned())));
}

fn tokens(text: &str) -> Result<Vec<Token>, Unreadable> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = cursor.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn token(&mut self) -> Result<Option<Token>, Unreadable> {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        match self.peek() {
            None => Ok(None),
            Some(b'"') => self.quoted().map(Token::Quoted).map(Some),
            Some(b'[') => self.find().map(Token::Find).map(Some),
            Some(_) => self.word().map(Some),
        }
    }

    fn word(&mut self) -> Result<Token, Unreadable> {
        let name = self.plain(b"=")?;
        if self.peek() != Some(b'=') {
            return Ok(Token::Word(name));
        }
        self.at += 1;
        let value = match self.peek() {
            Some(b'"') => self.quoted()?,
            _ => self.plain(b"")?.into_bytes(),
        };
        Ok(Token::Named(name, value))
    }

    /// Bytes up to white space or one of `ends`.
    fn plain(&mut self, ends: &[u8]) -> Result<String, Unreadable> {
        let start = self.at;
        while let Some(byte) = self.peek() {
            if byte.is_ascii_whitespace() || byte == b']' || ends.contains(&byte) {
                break;
            }
            if b"{}()[$\"".contains(&byte) {
                return Err(self.stuck());
            }
            self.at += 1;
        }
        if start == self.at && !ends.is_empty() {
            return Err(self.stuck());
        }
        Ok(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned())
    }

    fn find(&mut self) -> Result<Pairs, Unreadable> {
        self.at += 1;
        let mut conditions = Vec::new();
        if self.token()? != Some(Token::Word("find".to_owned())) {
            return Err(self.stuck());
        }
        loop {
            while self.peek() == Some(b' ') {
                self.at += 1;
            }
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(conditions);
            }
            match self.token()? {
                Some(Token::Named(name, value)) => conditions.push((name, value)),
                Some(Token::Word(word)) if word == "where" => {}
                _ => return Err(self.stuck()),
            }
        }
    }

    fn quoted(&mut self) -> Result<Vec<u8>, Unreadable> {
        self.at += 1;
        let mut value = Vec::new();
        loop {
            let byte = self.next()?;
            match byte {
                b'"' => return Ok(value),
                b'$' => return Err(self.stuck()),
                b'\\' => {
                    let escaped = self.escaped()?;
                    value.push(escaped);
                }
                other => value.push(other),
            }
        }
    }

    fn escaped(&mut self) -> Result<u8, Unreadable> {
        Ok(match self.next()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'_' => b' ',
            kept @ (b'"' | b'\\' | b'$' | b'?') => kept,
            high => {
                let low = self.next()?;
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let value = digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low);
                value.and_then(|value| u8::try_from(value).ok()).ok_or_else(|| self.stuck())?
            }
        })
    }

    fn next(&mut self) -> Result<u8, Unreadable> {
        let byte = self.peek().ok_or_else(|| self.stuck())?;
        self.at += 1;
        Ok(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn stuck(&self) -> Unreadable {
        Unreadable { column: self.at + 1 }
    }
}

/// A value as an export writes it: in quotes unless it is plain.
pub(super) fn quoted(value: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:/,*@+-".contains(byte);
    if !value.is_empty() && value.iter().all(is_plain) {
        return String::from_utf8_lossy(value).into_owned();
    }
    let mut text = String::from("\"");
    for &byte in value {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'"' | b'\\' | b'$' | b'?' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            other => text.extend(["\\".to_owned(), format!("{other:02X}")]),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn read(text: &str) -> Option<Line> {
        Reader::default().read(text).unwrap()
    }

    #[test]
    fn a_command_is_read_with_its_menu_spelt_either_way() {
        let line = read("/ip hotspot user add name=v1 comment=\"a b\\\"\\24\"").unwrap();
        assert_eq!((&*line.menu, &*line.verb), ("/ip/hotspot/user", "add"));
        let named =
            [("name".to_owned(), b"v1".to_vec()), ("comment".to_owned(), b"a b\"$".to_vec())];
        assert_eq!(line.named, named);
        let same = read("/ip/hotspot/user/add name=v1 comment=\"a b\\\"\\24\"").unwrap();
        assert_eq!(line, same);
    }

    #[test]
    fn a_line_of_a_menu_alone_holds_for_those_that_follow() {
        let mut reader = Reader::default();
        assert_eq!(reader.read("/ip hotspot user profile"), Ok(None));
        let line = reader.read("set [ find default=yes ] shared-users=2").unwrap().unwrap();
        assert_eq!(line.menu, "/ip/hotspot/user/profile");
        assert_eq!(line.find, Some(vec![("default".to_owned(), b"yes".to_vec())]));
        let line = reader.read(":log info \"hello\"").unwrap().unwrap();
        assert_eq!((&*line.menu, &*line.verb), ("/log", "info"));
        assert_eq!(line.bare, [b"hello"]);
    }

    #[test]
    fn what_needs_an_interpreter_is_not_read() {
        for text in [
            ":if ($x = 1) do={ :put 1 }",
            "set [get x] name=1",
            "add name=$name",
            "add name=\"$name\"",
            "add name=\"open",
            "add name=\"\\ZZ\"",
            "=x",
        ] {
            assert!(Reader::default().read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_are_joined_at_backslashes_and_split_at_semicolons() {
        let source =
            "# header\r\n/ip hotspot user\r\nadd name=a \\\r\n    comment=\"x;y\"; add name=b\r\n";
        let expected =
            [(2, "/ip hotspot user"), (3, "add name=a comment=\"x;y\""), (3, "add name=b")];
        assert_eq!(statements(source), expected.map(|(number, text)| (number, text.to_owned())));
    }

    proptest! {
        #[test]
        fn every_value_survives_being_written_and_read(value: Vec<u8>) {
            let text = format!("/ip hotspot user add comment={}", quoted(&value));
            let statements = statements(&text);
            prop_assert_eq!(statements.len(), 1);
            let line = read(&statements[0].1).unwrap();
            prop_assert_eq!(&line.named[0].1, &value);
        }

        #[test]
        fn no_source_makes_the_reader_panic(source in any::<String>()) {
            let mut reader = Reader::default();
            for (_, statement) in statements(&source) {
                let _ = reader.read(&statement);
            }
        }
    }
}
