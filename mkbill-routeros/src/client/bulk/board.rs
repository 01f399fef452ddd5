//! The state of every item of a bulk add, round by round.

use std::collections::{HashMap, VecDeque};

use tracing::warn;

use super::{
    Existing, ItemOutcome, NamedAdd, Progress,
    journal::{BulkJournal, ItemEvent, Note},
};
use crate::{
    client::{Answer, Client, Link, Pending},
    command::{Command, ItemId, Row},
    error::{Error, ErrorKind},
    proto::Failure,
};

/// Items between two reports of progress.
const PROGRESS_STEP: usize = 50;
/// Adds handed to the client and not yet answered. More than any window, so that the window
/// decides.
const HANDED_OVER_MAX: usize = 64;
/// Adds that are written down and handed over together. What is left of [`HANDED_OVER_MAX`] keeps
/// the router busy while the journal is synced.
const BATCH: usize = HANDED_OVER_MAX / 2;
/// Names that one read asks for. A router searches its whole table for each read.
const NAMES_PER_READ: usize = 16;
/// Connections that one call may use up.
const ROUNDS_MAX: u32 = 5;

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

pub(super) struct Board<'a, J, P> {
    items: &'a [NamedAdd],
    states: Vec<State>,
    settled: usize,
    journal: &'a mut J,
    /// Results that are not in the journal yet.
    notes: Vec<Note>,
    progress: P,
}

impl<'a, J: BulkJournal, P: FnMut(Progress)> Board<'a, J, P> {
    pub(super) fn new(items: &'a [NamedAdd], journal: &'a mut J, progress: P) -> Self {
        let states = items.iter().map(|_| State::Waiting).collect();
        Self { items, states, settled: 0, journal, notes: Vec::new(), progress }
    }

    /// Goes on until all is settled or the connections of this call are used up.
    pub(super) async fn run(&mut self, link: &Link) -> Result<(), Error> {
        self.recall().await?;
        for round in 0..ROUNDS_MAX {
            if self.is_complete() {
                break;
            }
            if round > 0 {
                warn!(
                    router.address = link.address(),
                    open = self.open(),
                    "a bulk add goes on with another round"
                );
            }
            let client = link.client_patiently().await?;
            self.round(&client).await?;
        }
        Ok(())
    }

    /// What is still open becomes a rejection when it was surely not sent. The first of them
    /// carries the cause.
    pub(super) fn finish(self, cause: Option<Error>) -> Vec<ItemOutcome> {
        let mut cause = cause;
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

    /// Takes up what an earlier call wrote down.
    async fn recall(&mut self) -> Result<(), Error> {
        let notes = self.journal.recall().await.map_err(Error::Journal)?;
        let keyed = notes.iter().map(|note| ((&note.menu[..], &note.name[..]), &note.event));
        let last: HashMap<_, _> = keyed.collect();
        for (index, item) in self.items.iter().enumerate() {
            match last.get(&(&item.menu[..], &item.name[..])) {
                None | Some(ItemEvent::Rejected) => {}
                Some(ItemEvent::Sent) => self.states[index] = State::Doubtful,
                Some(ItemEvent::Conflict) => self.states[index] = State::Taken,
                Some(ItemEvent::Added(id)) => {
                    self.conclude(index, ItemOutcome::Added(id.clone()));
                }
                Some(ItemEvent::Adopted(id)) => {
                    self.conclude(index, ItemOutcome::Adopted(id.clone()));
                }
            }
        }
        Ok(())
    }

    async fn round(&mut self, client: &Client) -> Result<(), Error> {
        self.look_up(client).await;
        let sent = self.send_waiting(client).await;
        self.look_up(client).await;
        self.write_down().await.and(sent)
    }

    /// Stops before the first batch that cannot be written down, and waits for what is under way.
    async fn send_waiting(&mut self, client: &Client) -> Result<(), Error> {
        let waiting = self.indices(|state| matches!(state, State::Waiting));
        let mut pending = VecDeque::new();
        let mut written = Ok(());
        for batch in waiting.chunks(BATCH) {
            self.take_answers(&mut pending, HANDED_OVER_MAX - batch.len()).await;
            if client.is_closed() {
                break;
            }
            let notes = batch.iter().map(|&index| self.note(index, ItemEvent::Sent));
            let notes: Vec<Note> = notes.collect();
            self.notes.extend(notes);
            written = self.write_down().await;
            if written.is_err() {
                break;
            }
            self.hand_over(client, batch, &mut pending).await;
        }
        self.take_answers(&mut pending, 0).await;
        written
    }

    async fn hand_over(
        &mut self,
        client: &Client,
        batch: &[usize],
        pending: &mut VecDeque<(usize, Pending)>,
    ) {
        for &index in batch {
            match client.send(self.items[index].add.clone()).await {
                Ok(answer) => pending.push_back((index, answer)),
                Err(error) => self.note_add(index, Err(error)),
            }
        }
    }

    /// Waits for the oldest answers until no more than `left` are under way.
    async fn take_answers(&mut self, pending: &mut VecDeque<(usize, Pending)>, left: usize) {
        while pending.len() > left
            && let Some((index, answer)) = pending.pop_front()
        {
            self.note_add(index, answer.await);
        }
    }

    async fn write_down(&mut self) -> Result<(), Error> {
        if self.notes.is_empty() {
            return Ok(());
        }
        self.journal.append(&self.notes).await.map_err(Error::Journal)?;
        self.notes.clear();
        Ok(())
    }

    /// Finds out by name what became of the items that are in doubt.
    async fn look_up(&mut self, client: &Client) {
        let mut doubtful = self.indices(|state| matches!(state, State::Doubtful | State::Taken));
        doubtful.sort_by_key(|&index| &self.items[index].menu);
        let reads: Vec<&[usize]> = doubtful
            .chunk_by(|&left, &right| self.items[left].menu == self.items[right].menu)
            .flat_map(|indices| indices.chunks(NAMES_PER_READ))
            .collect();
        let commands: Vec<Command> = reads.iter().map(|indices| self.read(indices)).collect();
        let answers = client.run_all(commands).await;
        for (indices, answer) in reads.into_iter().zip(answers) {
            if let Ok(answer) = answer {
                for &index in indices {
                    self.note_read(index, &answer.rows);
                }
            }
        }
    }

    /// A read of all rows that bear one of the names. Each name after the first is joined by "or".
    fn read(&self, indices: &[usize]) -> Command {
        let menu = indices.first().map_or("", |&index| &self.items[index].menu);
        let read =
            Command::new(format!("{menu}/print")).fields(&[".id", "name", "comment", "profile"]);
        indices.iter().enumerate().fold(read, |read, (place, &index)| {
            let read = read.where_is("name", &self.items[index].name);
            if place == 0 { read } else { read.query("#|") }
        })
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

    fn note_read(&mut self, index: usize, rows: &[Row]) {
        let item = &self.items[index];
        let mut held = rows.iter().filter(|row| row.get("name") == Some(item.name.as_bytes()));
        let first = held.clone().next();
        match (held.find(|row| item.is_held_by(row)), first) {
            (Some(row), _) => self.settle(index, ItemOutcome::Adopted(row_id(row))),
            (None, Some(row)) => self.settle(index, ItemOutcome::Conflict(existing(row))),
            (None, None) => self.states[index] = State::Waiting,
        }
    }

    fn settle(&mut self, index: usize, outcome: ItemOutcome) {
        let event = match &outcome {
            ItemOutcome::Added(id) => Some(ItemEvent::Added(id.clone())),
            ItemOutcome::Adopted(id) => Some(ItemEvent::Adopted(id.clone())),
            ItemOutcome::Conflict(_) => Some(ItemEvent::Conflict),
            ItemOutcome::Rejected(_) => Some(ItemEvent::Rejected),
            ItemOutcome::Unknown => None,
        };
        let note = event.map(|event| self.note(index, event));
        self.notes.extend(note);
        self.conclude(index, outcome);
    }

    fn note(&self, index: usize, event: ItemEvent) -> Note {
        let NamedAdd { menu, name, .. } = &self.items[index];
        Note { menu: menu.clone(), name: name.clone(), event }
    }

    fn conclude(&mut self, index: usize, outcome: ItemOutcome) {
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
