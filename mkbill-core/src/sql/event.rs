//! Events in SQL.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::audit::chain::Head;
use crate::event::store::EventStore;
use crate::event::{Event, NewEvent, Position};
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::trail::read_head;
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx};

statements! {
    AFTER: "reading events" =
        "SELECT position, at, kind, subject_kind, subject, data FROM event WHERE position > $1 \
         ORDER BY position LIMIT $2";
    TAKE: "numbering events" =
        "INSERT INTO counter (name, value) VALUES ('event', $1) \
         ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value \
         RETURNING value AS n, chain_position AS position, chain_hash AS hash";
    BOUNDS: "looking which events are kept" =
        "SELECT MIN(position) AS oldest, MAX(position) AS newest FROM event";
    FORGET: "forgetting events" =
        "DELETE FROM event WHERE position IN (SELECT position FROM event WHERE at < $1 \
         ORDER BY position LIMIT $2)";
}

fn read(row: &impl Record) -> Result<Event, ReadError> {
    Ok(Event {
        position: Position::new(row.int("position")?),
        at: row.instant("at")?,
        kind: row.text("kind")?,
        subject_kind: row.text("subject_kind")?,
        subject: row.uuid("subject")?,
        data: row.json_or_none("data")?.unwrap_or(Json::Null),
    })
}

fn row(position: i64, event: &NewEvent) -> Vec<(&'static str, Value)> {
    let data = (!event.data.is_null()).then(|| event.data.clone());
    vec![
        ("position", position.into()),
        ("at", event.at.into()),
        ("kind", event.kind.into()),
        ("subject_kind", event.subject_kind.into()),
        ("subject", event.subject.into()),
        ("data", data.into()),
    ]
}

impl<D: Dialect> SqlTx<D> {
    /// Numbers and writes what was pushed, and chains what was appended to the trail; answers whether
    /// there was anything. The row that counts events is the last lock that is taken, and holds the
    /// end of the chain too.
    pub(super) async fn write_events(&mut self) -> Result<bool, StoreError> {
        let events = std::mem::take(&mut self.events);
        if events.is_empty() {
            return Ok(false);
        }
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let read = |row: &D::Found| Ok((row.int("n")?, read_head(row, "counter", "chain_hash")?));
        let taken = self.one(TAKE, vec![count.into()], read).await?;
        let (last, head) = taken.unwrap_or((count, None));
        self.write_records(head.unwrap_or(Head::START)).await?;
        let first = last - count + 1;
        let columns = transpose((first..).zip(&events).map(|(position, new)| row(position, new)));
        self.insert_all("writing events", "event", columns).await?;
        Ok(true)
    }
}

#[async_trait]
impl<D: Dialect> EventStore for SqlTx<D> {
    fn events_push(&mut self, events: Vec<NewEvent>) {
        self.events.extend(events);
    }

    async fn events_after(
        &mut self,
        position: Position,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        self.all(AFTER, vec![position.number().into(), limit.into()], read).await
    }

    async fn event_bounds(&mut self) -> Result<Option<(Position, Position)>, StoreError> {
        let read = |row: &D::Found| Ok((row.int_or_none("oldest")?, row.int_or_none("newest")?));
        let bounds = self.one(BOUNDS, Vec::new(), read).await?;
        Ok(bounds
            .and_then(|(oldest, newest)| Some((Position::new(oldest?), Position::new(newest?)))))
    }

    async fn events_forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.execute(FORGET, vec![before.into(), limit.into()]).await
    }
}
