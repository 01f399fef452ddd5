//! Listeners: connections that want to hear of every change in a menu.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    id::ObjectId,
    record::{Record, Shape, tagged},
};
use crate::proto::Sentence;

/// How many changes wait for a slow listener before its connection is cut.
pub(super) const BACKLOG_MAX: usize = 1024;

/// One `listen`, until it is cancelled or its connection ends.
#[derive(Debug)]
pub(super) struct Listener {
    pub connection: u64,
    pub path: &'static str,
    pub tag: Option<Vec<u8>>,
    pub shape: Shape,
    pub events: mpsc::Sender<Sentence>,
    /// Cuts the connection when it does not keep up.
    pub overflow: CancellationToken,
}

#[derive(Debug, Default)]
pub(super) struct Feed {
    listeners: Vec<Listener>,
}

impl Feed {
    pub(super) fn add(&mut self, listener: Listener) {
        self.listeners.push(listener);
    }

    pub(super) fn hears(&self, path: &str) -> bool {
        self.listeners.iter().any(|listener| listener.path == path)
    }

    pub(super) fn changed(&mut self, path: &str, record: &Record<'_>) {
        self.tell(path, |listener| {
            let shape = &listener.shape;
            shape.wants(record).then(|| shape.row(record, listener.tag.as_deref()))
        });
    }

    pub(super) fn removed(&mut self, path: &str, id: ObjectId) {
        self.tell(path, |listener| {
            let row = tagged("!re", listener.tag.as_deref());
            Some(row.with(".id", id.to_string()).with(".dead", "true"))
        });
    }

    /// Ends the listeners of a connection that `ends` chooses by tag. Gives the tags that ended.
    pub(super) fn end(
        &mut self,
        connection: u64,
        ends: impl Fn(Option<&[u8]>) -> bool,
    ) -> Vec<Option<Vec<u8>>> {
        let is_ended =
            |held: &mut Listener| held.connection == connection && ends(held.tag.as_deref());
        self.listeners.extract_if(.., is_ended).map(|listener| listener.tag).collect()
    }

    fn tell(&mut self, path: &str, event: impl Fn(&Listener) -> Option<Sentence>) {
        for listener in self.listeners.iter().filter(|held| held.path == path) {
            let full =
                event(listener).is_some_and(|event| listener.events.try_send(event).is_err());
            if full {
                listener.overflow.cancel();
            }
        }
    }
}
