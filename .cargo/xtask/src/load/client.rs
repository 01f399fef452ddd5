//! A client of one connection.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::failure::Failure;

use crate::server::Server;

const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Client {
    stream: BufReader<TcpStream>,
    key: String,
}

impl Client {
    pub(super) fn of(server: &Server) -> Result<Self, Failure> {
        let connected = TcpStream::connect(server.address()).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        let stream = BufReader::new(connected.map_err(failed("connecting"))?);
        Ok(Self { stream, key: server.key().to_owned() })
    }

    pub(super) fn get(&mut self, path: &str) -> Result<String, Failure> {
        self.send("GET", path, "")
    }

    pub(super) fn post(&mut self, path: &str, body: &str) -> Result<String, Failure> {
        self.send("POST", path, body)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Result<String, Failure> {
        let head = self.head(method, path, body.len());
        let sent = self.stream.get_mut().write_all(format!("{head}{body}").as_bytes());
        let answer = sent.and_then(|()| self.answer()).map_err(failed(path))?;
        match answer {
            (200..=299, text) => Ok(text),
            (status, text) => {
                Err(Failure::Refused(format!("{method} {path} was answered {status}: {text}")))
            }
        }
    }

    fn head(&self, method: &str, path: &str, length: usize) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n",
            self.key
        )
    }

    /// The status and the body of an answer of known length.
    fn answer(&mut self) -> io::Result<(u16, String)> {
        let (status, length) = self.answer_head()?;
        let length = length.ok_or_else(|| io::Error::other("an answer without a length"))?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    fn answer_head(&mut self) -> io::Result<(u16, Option<usize>)> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no answer: `{line}`")))?;
        let mut length = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().ok();
                }
                Some(_) => {}
                None => return Ok((status, length)),
            }
        }
    }

    /// Asks for a stream and hands its connection over, which does not block.
    pub(super) fn follow(mut self, path: &str) -> Result<TcpStream, Failure> {
        let head = self.head("GET", path, 0);
        let begun = self.stream.get_mut().write_all(head.as_bytes()).and_then(|()| {
            let (status, _) = self.answer_head()?;
            self.stream.get_mut().set_nonblocking(true)?;
            Ok(status)
        });
        match begun.map_err(failed(path))? {
            200 => Ok(self.stream.into_inner()),
            status => Err(Failure::Refused(format!("{path} was answered {status}"))),
        }
    }
}

fn failed(what: &str) -> impl FnOnce(io::Error) -> Failure {
    let command = format!("{what} on our server");
    move |source| Failure::Run { command, source }
}
