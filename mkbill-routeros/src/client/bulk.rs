//! Adding many named items, surely and once each.

use std::collections::VecDeque;

use tracing::warn;

use super::{Answer, Client, Link, Pending};
use crate::{
    command::{Command, ItemId, Row},
    error::{Error, ErrorKind},
    proto::Failure,
};

/// An item to add. Its name is what makes the add safe to try again.
#[derive(Debug, Clone)]
pub struct NamedAdd {
    /// The table, such as `/ip/hotspot/user`.
    pub menu: String,
    /// The name, unique in the table.
    pub name: String,
    /// The command that adds it, name included.
    pub add: Command,
    /// How the comment of an item of ours begins, up to its end or a space. An item that is already
    /// there and bears it is taken for this one.
    pub mark: Vec<u8>,
}

impl NamedAdd {
    fn is_held_by(&self, row: &Row) -> bool {
        let comment = row.get("comment").unwrap_or_default();
        let rest = comment.strip_prefix(self.mark.as_slice());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b" "))
    }
}

/// What became of one item.
#[derive(Debug)]
#[non_exhaustive]
pub enum ItemOutcome {
    /// It was added now.
    Added(ItemId),
    /// It was there already and bears our mark: an earlier attempt had added it.
    Adopted(ItemId),
    /// Another item holds the name.
    Conflict(Existing),
    /// The router refused it, or it was surely never sent.
    Rejected(Error),
    /// It was sent, no answer came, and looking it up failed too: it may be there or not.
    Unknown,
}

/// An item that was there before and is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its comment as bytes.
    pub comment: Vec<u8>,
    /// Its profile, where it has one.
    pub profile: Option<String>,
}

/// How far an [`add_all`] has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Items whose outcome is known.
    pub settled: usize,
    /// All items.
    pub total: usize,
}

/// Items between two reports of progress.
const PROGRESS_STEP: usize = 50;
/// Adds handed to the client and not yet answered. More than any window, so that the window
/// decides.
const HANDED_OVER_MAX: usize = 64;
/// Connections that one call may use up.
const ROUNDS_MAX: u32 = 5;

/// Adds all items, as many at once as the window allows, and tells what became of each, in the same
/// order.
///
/// When the connection is lost it is made again; items that were under way are looked up by name,
/// those with our mark are adopted and the others sent again. `progress` hears of every 50th item
/// and of the end. Never panics or fails as a whole: whatever goes wrong is in the outcomes.
pub async fn add_all(
    link: &Link,
    items: &[NamedAdd],
    progress: impl FnMut(Progress),
) -> Vec<ItemOutcome> {
    let mut board = Board::new(items, progress);
    let mut last_error = None;
    for _ in 0..ROUNDS_MAX {
        match link.client_patiently().await {
            Ok(client) => board.round(&client).await,
            Err(error) => {
                last_error = Some(error);
                break;
            }
        }
        if board.is_complete() {
            break;
        }
        warn!(
            router.address = link.address(),
            open = board.open(),
            "a bulk add goes on with another round"
        );
    }
    board.finish(last_error)
}

#[derive(Debug)]
enum State {
    /// To be sent.
    Waiting,
    /// Sent without an answer: it may be there.
    Doubtful,
    /// The router says that the name is taken.
    Taken,
    Settled(ItemOutcome),
}

struct Board<'a, P> {
    items: &'a [NamedAdd],
    states: Vec<State>,
    settled: usize,
    progress: P,
}

impl<'a, P: FnMut(Progress)> Board<'a, P> {
    fn new(items: &'a [NamedAdd], progress: P) -> Self {
        let states = items.iter().map(|_| State::Waiting).collect();
        Self { items, states, settled: 0, progress }
    }

    async fn round(&mut self, client: &Client) {
        self.look_up(client).await;
        self.send_waiting(client).await;
        self.look_up(client).await;
    }

    async fn send_waiting(&mut self, client: &Client) {
        let mut pending: VecDeque<(usize, Pending)> = VecDeque::new();
        for index in self.indices(|state| matches!(state, State::Waiting)) {
            if pending.len() == HANDED_OVER_MAX
                && let Some((first, answer)) = pending.pop_front()
            {
                self.note_add(first, answer.await);
            }
            match client.send(self.items[index].add.clone()).await {
                Ok(answer) => pending.push_back((index, answer)),
                Err(error) => self.note_add(index, Err(error)),
            }
        }
        for (index, answer) in pending {
            self.note_add(index, answer.await);
        }
    }

    /// Finds out by name what became of the items that are in doubt.
    async fn look_up(&mut self, client: &Client) {
        let indices = self.indices(|state| matches!(state, State::Doubtful | State::Taken));
        let probes = indices.iter().map(|&index| probe(&self.items[index]));
        let answers = client.run_all(probes.collect::<Vec<_>>()).await;
        for (index, answer) in indices.into_iter().zip(answers) {
            if let Ok(answer) = answer {
                self.note_probe(index, &answer.rows);
            }
        }
    }

    fn note_add(&mut self, index: usize, answer: Result<Answer, Error>) {
        match answer {
            Ok(Answer { ret: Some(id), .. }) => {
                self.settle(index, ItemOutcome::Added(item_id(&id)));
            }
            Ok(Answer { ret: None, .. }) => self.states[index] = State::Doubtful,
            Err(error) if error.leaves_outcome_unknown() => self.states[index] = State::Doubtful,
            Err(error) if error.is_retryable() => self.states[index] = State::Waiting,
            Err(error) if error.kind() == ErrorKind::Duplicate => self.states[index] = State::Taken,
            Err(error) => self.settle(index, ItemOutcome::Rejected(error)),
        }
    }

    fn note_probe(&mut self, index: usize, rows: &[Row]) {
        let ours = rows.iter().find(|row| self.items[index].is_held_by(row));
        match (ours, rows.first()) {
            (Some(row), _) => self.settle(index, ItemOutcome::Adopted(row_id(row))),
            (None, Some(row)) => self.settle(index, ItemOutcome::Conflict(existing(row))),
            (None, None) => self.states[index] = State::Waiting,
        }
    }

    fn settle(&mut self, index: usize, outcome: ItemOutcome) {
        self.states[index] = State::Settled(outcome);
        self.settled += 1;
        if self.settled.is_multiple_of(PROGRESS_STEP) || self.is_complete() {
            (self.progress)(Progress { settled: self.settled, total: self.items.len() });
        }
    }

    fn indices(&self, wanted: impl Fn(&State) -> bool) -> Vec<usize> {
        let numbered = self.states.iter().enumerate();
        numbered.filter(|(_, state)| wanted(state)).map(|(index, _)| index).collect()
    }

    fn is_complete(&self) -> bool {
        self.open() == 0
    }

    fn open(&self) -> usize {
        self.items.len() - self.settled
    }

    /// What is still open becomes a rejection when it was surely not sent. The first of them
    /// carries the cause.
    fn finish(self, last_error: Option<Error>) -> Vec<ItemOutcome> {
        let mut cause = last_error;
        let outcome = |(state, item): (State, &NamedAdd)| match state {
            State::Settled(outcome) => outcome,
            State::Doubtful | State::Taken => ItemOutcome::Unknown,
            State::Waiting => ItemOutcome::Rejected(
                cause
                    .take()
                    .unwrap_or_else(|| Error::from_failure(item.add.path(), Failure::NotSent)),
            ),
        };
        self.states.into_iter().zip(self.items).map(outcome).collect()
    }
}

fn probe(item: &NamedAdd) -> Command {
    Command::new(format!("{}/print", item.menu))
        .fields(&[".id", "name", "comment", "profile"])
        .where_is("name", &item.name)
}

fn existing(row: &Row) -> Existing {
    Existing {
        id: row_id(row),
        comment: row.get("comment").unwrap_or_default().to_vec(),
        profile: row.text("profile").map(std::borrow::Cow::into_owned),
    }
}

fn row_id(row: &Row) -> ItemId {
    item_id(row.get(".id").unwrap_or_default())
}

fn item_id(bytes: &[u8]) -> ItemId {
    ItemId::from(String::from_utf8_lossy(bytes).into_owned())
}
