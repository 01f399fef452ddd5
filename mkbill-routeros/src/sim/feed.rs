//! Who wants to hear of what happens: listeners of menus, and commands that repeat.

use jiff::Timestamp;

use super::{
    id::ObjectId,
    record::{Record, Shape, tagged},
    repeat::{Ticker, Wire},
    table::Secrets,
};
use crate::proto::Sentence;

/// How many changes wait for a slow listener before its connection is cut.
pub(super) const BACKLOG_MAX: usize = 1024;

/// One `listen`, until it is cancelled or its connection ends.
#[derive(Debug)]
pub(super) struct Listener {
    pub wire: Wire,
    pub path: &'static str,
    pub tag: Option<Vec<u8>>,
    pub shape: Shape,
    pub secrets: Secrets,
}

#[derive(Debug, Default)]
pub(super) struct Feed {
    listeners: Vec<Listener>,
    tickers: Vec<Ticker>,
}

impl Feed {
    pub(super) fn add(&mut self, listener: Listener) {
        self.listeners.push(listener);
    }

    pub(super) fn hears(&self, path: &str) -> bool {
        self.listeners.iter().any(|listener| listener.path == path)
    }

    pub(super) fn changed(&self, path: &str, record: &Record<'_>) {
        self.tell(path, |listener| shown(listener, record));
    }

    /// As [`Self::changed`], for those listeners alone who see secrets in that way.
    pub(super) fn changed_for(&self, secrets: Secrets, path: &str, record: &Record<'_>) {
        let is_meant = |listener: &&Listener| listener.secrets == secrets;
        self.tell(path, |listener| shown(Some(listener).filter(is_meant)?, record));
    }

    pub(super) fn removed(&self, path: &str, id: ObjectId) {
        self.tell(path, |listener| {
            let row = tagged("!re", listener.tag.as_deref());
            Some(row.with(".id", id.to_string()).with(".dead", "true"))
        });
    }

    pub(super) fn repeat(&mut self, ticker: Ticker) {
        self.tickers.push(ticker);
    }

    /// When the next repeating command is due.
    pub(super) fn next_tick(&self) -> Option<Timestamp> {
        self.tickers.iter().map(Ticker::next).min()
    }

    pub(super) fn take_tickers(&mut self) -> Vec<Ticker> {
        std::mem::take(&mut self.tickers)
    }

    pub(super) fn put_tickers(&mut self, tickers: Vec<Ticker>) {
        self.tickers = tickers;
    }

    /// Whether a connection has a repeating command.
    pub(super) fn ticks_for(&self, connection: u64) -> bool {
        self.tickers.iter().any(|ticker| ticker.connection() == connection)
    }

    /// Ends the listeners and repeating commands of a connection that `ends` chooses by tag. Gives the tags that ended.
    pub(super) fn end(
        &mut self,
        connection: u64,
        ends: impl Fn(Option<&[u8]>) -> bool,
    ) -> Vec<Option<Vec<u8>>> {
        let is_ended =
            |held: &mut Listener| held.wire.connection == connection && ends(held.tag.as_deref());
        let is_stopped = |held: &mut Ticker| held.connection() == connection && ends(held.tag());
        let listeners = self.listeners.extract_if(.., is_ended).map(|listener| listener.tag);
        let stopped = self.tickers.extract_if(.., is_stopped);
        listeners.chain(stopped.map(|ticker| ticker.tag().map(<[u8]>::to_vec))).collect()
    }

    fn tell(&self, path: &str, event: impl Fn(&Listener) -> Option<Sentence>) {
        for listener in self.listeners.iter().filter(|held| held.path == path) {
            if let Some(event) = event(listener) {
                listener.wire.send(event);
            }
        }
    }
}

fn shown(listener: &Listener, record: &Record<'_>) -> Option<Sentence> {
    let shape = &listener.shape;
    shape.wants(record).then(|| shape.row(record, listener.tag.as_deref()))
}
