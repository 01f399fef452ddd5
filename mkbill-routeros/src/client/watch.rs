//! A table that is known at every moment, whatever happens to the connection.

use std::{collections::BTreeMap, fmt, sync::Arc};

use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::{Link, Subscription};
use crate::{
    command::{Command, ItemId, Row},
    error::{Error, ErrorKind},
    proto::Failure,
};

/// What a [`Watch`] learnt.
#[derive(Debug)]
pub enum Change {
    /// All rows of the table: comes first, and once.
    Snapshot(Vec<Row>),
    /// A row is new or differs from what was known.
    Changed(Row),
    /// A row that was known is gone.
    Removed(ItemId),
    /// Changes may have been missed from here on, for this reason. A [`Self::Resync`] follows.
    Gap(Error),
    /// The table was read anew after a gap: this is how it differs from what was known.
    Resync(Difference),
}

/// How a table differs from what was known of it. Rows are the same when their ids are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Rows with new ids.
    pub added: Vec<Row>,
    /// Rows with known ids and other fields.
    pub changed: Vec<Row>,
    /// Ids that are gone.
    pub removed: Vec<ItemId>,
}

/// Follows one table: listens, reads it whole, and keeps what it knows in step with every change.
///
/// Routers send no snapshot with a `listen` and forget listeners when a connection ends, so after
/// every gap the table is read again. Connections come from the link, with its breaker and its
/// pauses. Nothing happens between calls of [`Self::next`].
///
/// The ids of dynamic tables change at a reboot: an id says which row of this watch, not which
/// object.
pub struct Watch {
    link: Arc<Link>,
    listen: Command,
    print: Command,
    view: View,
    is_begun: bool,
    live: Option<Live>,
    /// Attempts in a row that failed or did not last.
    failures: u32,
    resume_at: Option<Instant>,
}

struct Live {
    changes: Subscription,
    since: Instant,
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Watch")
            .field("path", &self.listen.path())
            .field("rows", &self.view.rows.len())
            .field("is_live", &self.live.is_some())
            .finish_non_exhaustive()
    }
}

impl Watch {
    /// A watch of the table `menu`, such as `/ip/hotspot/active`, that knows nothing yet. `fields`
    /// are asked for besides `.id`; all fields when there are none.
    pub fn new(link: Arc<Link>, menu: &str, fields: &[&str]) -> Self {
        let command = |verb: &str| {
            let command = Command::new(format!("{menu}/{verb}"));
            if fields.is_empty() {
                return command;
            }
            let others = fields.iter().copied().filter(|field| *field != ".id");
            command.fields(&std::iter::once(".id").chain(others).collect::<Vec<_>>())
        };
        Self {
            listen: command("listen"),
            print: command("print"),
            view: View::new(menu, link.answer_bytes_max()),
            link,
            is_begun: false,
            live: None,
            failures: 0,
            resume_at: None,
        }
    }

    /// The next change. Waits, and tries again after pauses for as long as that may help.
    ///
    /// Can be dropped and called again without missing a change.
    ///
    /// # Errors
    ///
    /// What trying again does not mend: a wrong password, a table that the router does not have or
    /// does not show, an answer that is too long. The next call tries again all the same.
    pub async fn next(&mut self) -> Result<Change, Error> {
        loop {
            let Some(live) = &mut self.live else {
                match self.sync().await {
                    Ok(change) => return Ok(change),
                    Err(error) if may_pass(&error) => self.pause_after(&error),
                    Err(error) => return Err(error),
                }
                continue;
            };
            let change = match live.changes.next().await {
                Some(Ok(row)) => self.view.apply(row),
                Some(Err(error)) => Err(error),
                None => Err(Error::from_failure(self.listen.path(), Failure::Lost)),
            };
            match change {
                Ok(Some(change)) => return Ok(change),
                Ok(None) => {}
                Err(error) => return self.gap(error),
            }
        }
    }

    /// The rows as they are known now, by id.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.view.rows.values()
    }

    /// Listens first, so that what changes while the table is read waits behind it.
    async fn sync(&mut self) -> Result<Change, Error> {
        if let Some(resume_at) = self.resume_at {
            sleep_until(resume_at).await;
            self.resume_at = None;
        }
        let client = self.link.client().await?;
        let mut changes = client.listen(self.listen.clone()).await?;
        let rows = client.run(self.print.clone()).await?.rows;
        let mut fresh = View::new(self.print.path(), self.view.bytes_max);
        let waiting = std::iter::from_fn(|| changes.next_waiting());
        for row in rows.into_iter().chain(waiting) {
            fresh.apply(row)?;
        }
        let known = std::mem::replace(&mut self.view, fresh);
        self.live = Some(Live { changes, since: Instant::now() });
        if self.is_begun {
            return Ok(Change::Resync(self.view.since(&known)));
        }
        self.is_begun = true;
        Ok(Change::Snapshot(self.rows().cloned().collect()))
    }

    fn gap(&mut self, error: Error) -> Result<Change, Error> {
        let pause_max = self.link.policy().pause_max;
        if self.live.take().is_some_and(|live| live.since.elapsed() >= pause_max) {
            self.failures = 0;
        }
        if !may_pass(&error) {
            return Err(error);
        }
        debug!(router.address = self.link.address(), %error, "a watch missed changes");
        self.pause_after(&error);
        Ok(Change::Gap(error))
    }

    fn pause_after(&mut self, error: &Error) {
        self.failures = self.failures.saturating_add(1);
        self.resume_at = Some(Instant::now() + self.link.pause_after(self.failures, error));
    }
}

/// Whether listening and reading anew may work. Both only read, so they harm nobody.
fn may_pass(error: &Error) -> bool {
    use ErrorKind::{Cancelled, OutcomeUnknown, Overloaded};
    error.is_retryable()
        || error.ended_the_connection()
        || matches!(error.kind(), Cancelled | OutcomeUnknown | Overloaded)
}

/// What is known of a table.
#[derive(Debug)]
struct View {
    path: String,
    bytes_max: usize,
    bytes: usize,
    rows: BTreeMap<Key, Row>,
}

/// An id, in the order of the numbers that ids are. Empty for the only row of a menu without ids.
type Key = (usize, Vec<u8>);

fn key(row: &Row) -> Key {
    let id = row.get(".id").unwrap_or_default();
    (id.len(), id.to_vec())
}

fn item_id((_, id): &Key) -> ItemId {
    ItemId::from(String::from_utf8_lossy(id).into_owned())
}

impl View {
    /// Of nothing yet, of the table that `path` reads.
    fn new(path: &str, bytes_max: usize) -> Self {
        Self { path: path.to_owned(), bytes_max, bytes: 0, rows: BTreeMap::new() }
    }

    /// Takes a row in and gives what is new about it.
    fn apply(&mut self, row: Row) -> Result<Option<Change>, Error> {
        let key = key(&row);
        if matches!(row.get(".dead"), Some(b"true" | b"yes")) {
            let known = self.rows.remove(&key);
            self.bytes -= known.as_ref().map_or(0, held_bytes);
            return Ok(known.map(|_| Change::Removed(item_id(&key))));
        }
        let known = self.rows.get(&key);
        if known.is_some_and(|known| is_same(known, &row)) {
            return Ok(None);
        }
        let bytes = self.bytes - known.map_or(0, held_bytes) + held_bytes(&row);
        if bytes > self.bytes_max {
            return Err(Error::from_failure(&self.path, Failure::AnswerTooLong));
        }
        self.bytes = bytes;
        self.rows.insert(key, row.clone());
        Ok(Some(Change::Changed(row)))
    }

    fn since(&self, known: &Self) -> Difference {
        let mut difference = Difference::default();
        for (key, row) in &self.rows {
            match known.rows.get(key) {
                None => difference.added.push(row.clone()),
                Some(before) if !is_same(before, row) => difference.changed.push(row.clone()),
                Some(_) => {}
            }
        }
        let gone = known.rows.keys().filter(|key| !self.rows.contains_key(*key));
        difference.removed = gone.map(item_id).collect();
        difference
    }
}

/// The tag of a row and the order of its fields differ from one command to the next.
fn is_same(one: &Row, other: &Row) -> bool {
    let sorted = |row: &Row| {
        let fields = row.fields().map(|(name, value)| (name.to_vec(), value.to_vec()));
        fields.collect::<BTreeMap<_, _>>()
    };
    one.fields().eq(other.fields()) || sorted(one) == sorted(other)
}

fn held_bytes(row: &Row) -> usize {
    let fields = row.fields().map(|(name, value)| name.len() + value.len());
    size_of::<Row>() + fields.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Sentence;

    fn row(words: &[&str]) -> Row {
        let sentence: Sentence = words.iter().copied().collect();
        sentence.into()
    }

    fn view(rows: &[&[&str]]) -> View {
        let mut view = View::new("/x/print", 1_000);
        for words in rows {
            view.apply(row(words)).unwrap();
        }
        view
    }

    #[test]
    fn both_marks_of_a_removed_row_remove_it_and_a_stranger_changes_nothing() {
        for mark in ["=.dead=true", "=.dead=yes"] {
            let mut view = view(&[&["!re", "=.id=*1", "=name=v1"]]);
            assert!(view.apply(row(&["!re", "=.id=*2", mark])).unwrap().is_none());
            let gone = view.apply(row(&["!re", "=.id=*1", mark])).unwrap();
            assert!(matches!(gone, Some(Change::Removed(id)) if id.as_ref() == "*1"));
            assert_eq!((view.rows.len(), view.bytes), (0, 0));
        }
    }

    #[test]
    fn a_row_that_says_nothing_new_is_no_change_whatever_its_tag_and_order() {
        let mut view = view(&[&["!re", ".tag=1", "=.id=*1", "=name=v1"]]);
        let again = row(&["!re", ".tag=2", "=name=v1", "=.id=*1"]);
        assert!(view.apply(again).unwrap().is_none());
        assert!(view.apply(row(&["!re", "=.id=*1", "=name=v2"])).unwrap().is_some());
    }

    #[test]
    fn a_difference_tells_added_changed_and_removed_rows_apart() {
        let before = view(&[
            &["!re", "=.id=*1", "=name=a"],
            &["!re", "=.id=*2", "=name=b"],
            &["!re", "=.id=*3", "=name=c"],
        ]);
        let now = view(&[
            &["!re", "=.id=*1", "=name=a"],
            &["!re", "=.id=*2", "=name=B"],
            &["!re", "=.id=*10", "=name=d"],
        ]);
        let Difference { added, changed, removed } = now.since(&before);
        assert_eq!(added, [row(&["!re", "=.id=*10", "=name=d"])]);
        assert_eq!(changed, [row(&["!re", "=.id=*2", "=name=B"])]);
        assert_eq!(removed, [ItemId::from("*3".to_owned())]);
    }

    #[test]
    fn a_router_that_invents_rows_without_end_cannot_make_the_view_grow_without_end() {
        let mut view = view(&[]);
        let invented = |id: usize| row(&["!re", &format!("=.id=*{id:X}"), "=name=again"]);
        let refused = (0..1_000).find_map(|id| view.apply(invented(id)).err());
        assert_eq!(refused.unwrap().kind(), ErrorKind::Protocol);
        assert!(view.bytes <= view.bytes_max);
    }
}
