//! Commands that answer again and again until they are cancelled: ping, monitors, a print with an interval.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    proto::Sentence,
    value::{Version, duration},
};

use super::{
    clock::later, command::Command, console::Done, file_menu::text, record::tagged,
    refusal::Refusal, rights::Caller, router::Router,
};

/// A repeating command waits at least this long between two answers.
const INTERVAL_MIN: SignedDuration = SignedDuration::from_millis(200);
const INTERVAL: SignedDuration = SignedDuration::from_secs(1);
/// How many answers a ping with a count gives at most.
const COUNT_MAX: u32 = 1000;

/// How a command goes on after its first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repeat {
    every: SignedDuration,
    /// How long it goes on; `None` for ever.
    lasts: Option<SignedDuration>,
}

impl Repeat {
    /// `None` for a command that answers once.
    pub(super) fn of(command: &Command) -> Result<Option<Self>, Refusal> {
        let has = |name: &str| command.attribute(name).is_some();
        let repeats = match command.verb() {
            "print" => {
                has("interval") && !["count-only", "follow", "follow-only"].into_iter().any(has)
            }
            "ping" => !has("count"),
            "monitor" | "monitor-traffic" => !has("once"),
            _ => false,
        };
        if !repeats {
            return Ok(None);
        }
        let every = time(command, "interval")?.unwrap_or(INTERVAL).max(INTERVAL_MIN);
        Ok(Some(Self { every, lasts: time(command, "duration")? }))
    }

    /// How long until the next answer.
    pub(super) fn every(self) -> SignedDuration {
        self.every
    }

    /// The command, to be asked again by [`Router::answer_tickers`].
    pub(super) fn ticker(
        self,
        command: Command,
        caller: Caller,
        wire: Wire,
        now: Timestamp,
    ) -> Ticker {
        Ticker {
            command,
            caller,
            wire,
            every: self.every,
            next: later(now, self.every),
            ends: self.lasts.map(|lasts| later(now, lasts)),
            section: 1,
        }
    }
}

/// The way back to whoever asked.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub connection: u64,
    pub events: mpsc::Sender<Sentence>,
    /// Cuts the connection when it does not keep up.
    pub overflow: CancellationToken,
}

impl Wire {
    pub(super) fn send(&self, sentence: Sentence) {
        if self.events.try_send(sentence).is_err() {
            self.overflow.cancel();
        }
    }
}

/// A command that is repeated until it is cancelled.
#[derive(Debug)]
pub(super) struct Ticker {
    command: Command,
    caller: Caller,
    wire: Wire,
    every: SignedDuration,
    next: Timestamp,
    ends: Option<Timestamp>,
    section: u64,
}

impl Ticker {
    pub(super) fn connection(&self) -> u64 {
        self.wire.connection
    }

    pub(super) fn tag(&self) -> Option<&[u8]> {
        self.command.tag()
    }

    pub(super) fn next(&self) -> Timestamp {
        self.ends.map_or(self.next, |ends| ends.min(self.next))
    }
}

impl Router {
    /// Lets every repeating command whose moment has come answer again.
    pub(super) fn answer_tickers(&mut self) {
        let now = self.clock.now();
        let tickers = self.feed.take_tickers();
        let left = tickers.into_iter().filter_map(|ticker| self.ticked(ticker, now)).collect();
        self.feed.put_tickers(left);
    }

    /// The ticker after this moment; `None` when its command has ended.
    fn ticked(&mut self, mut ticker: Ticker, now: Timestamp) -> Option<Ticker> {
        if ticker.wire.overflow.is_cancelled() {
            return None;
        }
        let done = tagged("!done", ticker.tag());
        if ticker.ends.is_some_and(|ends| ends <= now) {
            ticker.wire.send(done);
            return None;
        }
        if ticker.next > now {
            return Some(ticker);
        }
        let outcome = self.answer_once(&ticker.command, &ticker.caller, ticker.section);
        match outcome {
            Ok(answer) => answer.rows.into_iter().for_each(|row| ticker.wire.send(row)),
            Err(refusal) => {
                ticker.wire.send(refusal.trap(ticker.tag()));
                ticker.wire.send(done);
                return None;
            }
        }
        ticker.section += 1;
        ticker.next = later(ticker.next, ticker.every).max(now);
        Some(ticker)
    }
}

/// `/ping`: every address answers at once. With a count all answers come together.
pub(super) fn ping(command: &Command, section: u64) -> Result<Done, Refusal> {
    let address = text(command, "address")?.ok_or_else(|| Refusal::missing_value("address"))?;
    let size = text(command, "size")?.unwrap_or("56");
    let count = match text(command, "count")? {
        None => 1,
        Some(text) => {
            let count: Option<u32> = text.parse().ok();
            count.ok_or_else(|| Refusal::invalid_value("count"))?.min(COUNT_MAX)
        }
    };
    let sequence = (section..).take(count as usize);
    let rows = sequence.map(|seq| {
        let sent = seq + 1;
        tagged("!re", command.tag())
            .with("seq", seq.to_string())
            .with("host", address)
            .with("size", size)
            .with("ttl", "64")
            .with("time", "1ms")
            .with("sent", sent.to_string())
            .with("received", sent.to_string())
            .with("packet-loss", "0")
            .with("min-rtt", "1ms")
            .with("avg-rtt", "1ms")
            .with("max-rtt", "1ms")
    });
    Ok(Done { rows: rows.collect(), ..Done::default() })
}

/// Numbers the rows of one answer, as version 7 does.
pub(super) fn number_rows(rows: &mut [Sentence], section: u64, version: Version) {
    let is_row = |row: &&mut Sentence| row.first() == Some(b"!re");
    if version.major >= 7 {
        for row in rows.iter_mut().filter(is_row) {
            row.push_attribute(".section", section.to_string());
        }
    }
}

fn time(command: &Command, name: &str) -> Result<Option<SignedDuration>, Refusal> {
    let Some(text) = text(command, name)? else {
        return Ok(None);
    };
    let time = duration::parse(text).ok().filter(|time| !time.is_negative());
    time.map(Some).ok_or_else(|| Refusal::invalid_value(name))
}
