//! One client session without its socket: commands and received bytes in, bytes to send and
//! outcomes out.
//!
//! The driver calls [`Session::receive`] with what it read, [`Session::transmit`] when the socket
//! can take more, and
//! [`Session::tick`] at [`Session::deadline`]. Time is always an argument.

mod bounds;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use super::{
    DecodeError, Decoder, Limits, Reply, Sentence, Tag, Trap, Window, WindowLimits,
    decoder::Oddities,
};
use bounds::{Budget, Silence, held_bytes};

/// What a session may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Caps on single sentences.
    pub decode: Limits,
    /// Commands under way at once.
    pub window: WindowLimits,
    /// Rows and traps of one answer, in bytes. A longer answer fails its command and is dropped as
    /// it comes.
    pub answer_bytes_max: usize,
    /// All that is held of what the router sent, in bytes: the unfinished sentence, answers under
    /// way and rows of streams that nobody took yet. The command whose row would pass it fails.
    ///
    /// Half of it at most may be one sentence.
    pub connection_bytes_max: usize,
    /// Commands without an end, such as `listen`, at once. They do not count towards the window.
    pub streams_max: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            decode: Limits::default(),
            window: WindowLimits::default(),
            answer_bytes_max: 64 << 20,
            connection_bytes_max: 128 << 20,
            streams_max: 8,
        }
    }
}

/// One command to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The command, without a `.tag`: the session gives it one.
    pub sentence: Sentence,
    /// How long it may wait to be sent, and then how long for its `!done`. The `!done` of a stream
    /// may take for ever.
    pub timeout: Duration,
    /// What counts as its end.
    pub ending: Ending,
}

/// What counts as the good end of a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ending {
    /// Only `!done`.
    #[default]
    Done,
    /// `!done`, or the end of the connection: right for `/quit` and `/system/reboot`.
    DoneOrClosed,
}

/// What a command gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The `!re` sentences in order.
    pub rows: Vec<Sentence>,
    /// The `=ret=` of the `!done`: a new id, a count.
    pub ret: Option<Vec<u8>>,
}

/// Why a command has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The router refused it. At least one trap.
    Trapped(Vec<Trap>),
    /// No `!done` came in time. Whether the router did it is unknown.
    TimedOut,
    /// The connection ended after it was sent. Whether the router did it is unknown.
    Lost,
    /// The router ended the connection and gave a reason.
    Fatal(String),
    /// The connection ended before it was sent, so the router surely did not do it.
    NotSent,
    /// Its time ran out before it was sent, so the router surely did not do it.
    Expired,
    /// The router sent bytes that are no sentences after the command was sent.
    Garbled(DecodeError),
    /// The rows passed [`SessionLimits::answer_bytes_max`].
    AnswerTooLong,
    /// A row would have passed [`SessionLimits::connection_bytes_max`].
    ConnectionFull,
    /// The router answered nothing for so long that the connection was given up. Whether it did
    /// what was sent is unknown.
    Silent,
    /// As many streams as [`SessionLimits::streams_max`] were open, so it was not sent.
    TooManyStreams,
    /// The owner of a stream did not take its rows in time: some were lost and it was cancelled.
    Overflow,
}

/// The outcome of one command. Each submitted tag gets exactly one, unless it is abandoned.
#[derive(Debug)]
pub struct Event {
    /// Which command.
    pub tag: Tag,
    /// How it ended.
    pub outcome: Result<Answer, Failure>,
}

/// Things that were tolerated, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// What the decoder tolerated.
    pub decoder: Oddities,
    /// Replies of an unknown kind, or under tags that are not in use.
    pub unknown_replies: u64,
    /// Replies that came after their command had timed out or was cancelled.
    pub late_replies: u64,
    /// `!empty` replies.
    pub empty_replies: u64,
}

const BATCH_BYTES: usize = 16 << 10;
const TRAPS_KEPT_MAX: usize = 16;
/// Tags that were given up and never ended. A router that collects so many is not answering any
/// more.
const ABANDONED_MAX: usize = 64;

/// The state of one connection, from just after it was dialled until it ends.
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    window: Window,
    budget: Budget,
    streams_max: usize,
    last_tag: u32,
    queue: VecDeque<Queued>,
    /// Streams that wait to be sent: ahead of the queue, as they need no place in the window.
    opening: VecDeque<Queued>,
    cancels: VecDeque<Tag>,
    live: BTreeMap<Tag, Live>,
    streams: BTreeMap<Tag, Live>,
    abandoned: BTreeSet<Tag>,
    rows: VecDeque<(Tag, Sentence)>,
    events: VecDeque<Event>,
    silence: Silence,
    over: bool,
    tally: Tally,
}

#[derive(Debug)]
struct Queued {
    tag: Tag,
    request: Request,
    expires: Instant,
}

#[derive(Debug)]
struct Live {
    sent_at: Instant,
    deadline: Instant,
    ending: Ending,
    answer: Answer,
    bytes: usize,
    traps: Vec<Trap>,
}

impl Session {
    /// A session on a fresh connection. Nothing is sent before something is submitted.
    pub fn new(limits: SessionLimits) -> Self {
        let sentence_bytes_max =
            limits.decode.sentence_bytes_max.min(limits.connection_bytes_max / 2);
        Self {
            decoder: Decoder::new(Limits { sentence_bytes_max, ..limits.decode }),
            window: Window::new(limits.window),
            budget: Budget::new(
                limits.answer_bytes_max,
                limits.connection_bytes_max - sentence_bytes_max,
            ),
            streams_max: limits.streams_max,
            last_tag: 0,
            queue: VecDeque::new(),
            opening: VecDeque::new(),
            cancels: VecDeque::new(),
            live: BTreeMap::new(),
            streams: BTreeMap::new(),
            abandoned: BTreeSet::new(),
            rows: VecDeque::new(),
            events: VecDeque::new(),
            silence: Silence::default(),
            over: false,
            tally: Tally::default(),
        }
    }

    /// A session on the connection that follows a lost one: see [`Window::after_loss`].
    pub fn after_loss(limits: SessionLimits, lost_window: usize) -> Self {
        Self { window: Window::after_loss(limits.window, lost_window), ..Self::new(limits) }
    }

    /// Queues a command and gives the tag under which its [`Event`] will come.
    pub fn submit(&mut self, now: Instant, request: Request) -> Tag {
        let tag = self.fresh_tag();
        if self.over {
            self.settle(tag, Err(Failure::NotSent));
        } else {
            let expires = now + request.timeout;
            self.queue.push_back(Queued { tag, request, expires });
        }
        tag
    }

    /// Queues a command that goes on until it is given up, such as `listen`.
    ///
    /// Its rows come by [`Self::next_row`] as they arrive and its [`Event`], without rows, when it
    /// ends. Once sent it has no deadline, takes no place in the window and is not judged by it.
    pub fn stream(&mut self, now: Instant, request: Request) -> Tag {
        let tag = self.fresh_tag();
        if self.over {
            self.settle(tag, Err(Failure::NotSent));
        } else if self.streams.len() + self.opening.len() >= self.streams_max {
            self.settle(tag, Err(Failure::TooManyStreams));
        } else {
            let expires = now + request.timeout;
            self.opening.push_back(Queued { tag, request, expires });
        }
        tag
    }

    /// Gives a command or stream up: no event comes for it, the router is told to stop, late
    /// replies are swallowed.
    pub fn abandon(&mut self, tag: Tag) {
        self.queue.retain(|queued| queued.tag != tag);
        self.opening.retain(|queued| queued.tag != tag);
        if self.take_off(tag).is_some() {
            self.cancel(tag);
        }
    }

    /// Takes in bytes from the router.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the stream cannot be understood any more; the session is over then.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<(), DecodeError> {
        if self.over {
            return Ok(());
        }
        self.silence = Silence::default();
        self.decoder.feed(bytes);
        let result = self.drain(now);
        self.tally.decoder = self.decoder.oddities();
        if let Err(error) = result {
            self.end(&Failure::Garbled(error));
        }
        result
    }

    /// The router closed the connection, or reading or writing failed.
    pub fn disconnected(&mut self) {
        self.end(&Failure::Lost);
    }

    /// The router answered nothing for longer than the owner of the connection bears.
    pub fn fell_silent(&mut self) {
        self.end(&Failure::Silent);
    }

    /// Tells how many bytes of rows, taken by [`Self::next_row`], nobody has used yet: they count
    /// towards [`SessionLimits::connection_bytes_max`].
    pub fn hold_outside(&mut self, bytes: usize) {
        self.budget.hold_outside(bytes);
    }

    /// Lets deadlines pass that are due at `now`.
    pub fn tick(&mut self, now: Instant) {
        self.expire_queued(now);
        let due: Vec<Tag> = self
            .live
            .iter()
            .filter(|(_, live)| live.deadline <= now)
            .map(|(tag, _)| *tag)
            .collect();
        for tag in due {
            let Some(live) = self.take_off(tag) else { break };
            self.window.timed_out(self.live.len());
            self.silence.deadline_passed(live.sent_at, now);
            self.settle(tag, Err(Failure::TimedOut));
            self.cancel(tag);
        }
        if self.silence.is_too_long() {
            self.end(&Failure::Silent);
        }
    }

    /// When [`Self::tick`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let live = self.live.values().map(|live| live.deadline);
        let waiting = self.queue.iter().chain(&self.opening).map(|queued| queued.expires);
        waiting.chain(live).min()
    }

    /// Whether [`Self::transmit`] would give bytes.
    pub fn wants_to_transmit(&self) -> bool {
        !self.cancels.is_empty()
            || !self.opening.is_empty()
            || (self.has_room() && !self.queue.is_empty())
    }

    /// Appends whole sentences to `out`, about 16 KiB at most, and counts their commands as sent.
    ///
    /// Call it only when the socket can take the bytes, so that what waits stays unsent.
    pub fn transmit(&mut self, now: Instant, out: &mut Vec<u8>) {
        while let Some(tag) = self.cancels.pop_front() {
            self.encode_cancel(tag, out);
        }
        while let Some(opening) = self.opening.pop_front() {
            self.streams.insert(opening.tag, opening.send(now, out));
        }
        while self.has_room() && out.len() < BATCH_BYTES {
            let Some(queued) = self.queue.pop_front() else {
                return;
            };
            self.live.insert(queued.tag, queued.send(now, out));
        }
    }

    /// The next row of a stream. Take the rows before the events, so that no stream seems to end
    /// before its last row.
    pub fn next_row(&mut self) -> Option<(Tag, Sentence)> {
        let (tag, row) = self.rows.pop_front()?;
        self.budget.release(held_bytes(&row));
        Some((tag, row))
    }

    /// The next outcome.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Commands that wait to be sent.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Commands that were sent and wait for their end. Streams do not count.
    pub fn in_flight(&self) -> usize {
        self.live.len()
    }

    /// Bytes held of what the router sent: the unfinished sentence, answers under way and rows of
    /// streams, also those told by [`Self::hold_outside`].
    pub fn held_bytes(&self) -> usize {
        self.decoder.buffered() + self.budget.used()
    }

    /// Whether nothing can be sent any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// What was tolerated so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// How many commands may be under way at once now.
    pub fn window(&self) -> usize {
        self.window.size()
    }

    fn has_room(&self) -> bool {
        !self.over && self.live.len() < self.window.size()
    }

    /// Tags still in use are passed over, so that a late reply never meets a new owner.
    fn fresh_tag(&mut self) -> Tag {
        loop {
            self.last_tag = self.last_tag.wrapping_add(1);
            let tag = Tag(self.last_tag);
            if !self.is_owned(tag) && !self.abandoned.contains(&tag) {
                return tag;
            }
        }
    }

    fn drain(&mut self, now: Instant) -> Result<(), DecodeError> {
        while let Some(sentence) = self.decoder.next()? {
            self.take(now, sentence.into());
            if self.over {
                break;
            }
        }
        Ok(())
    }

    fn take(&mut self, now: Instant, reply: Reply) {
        match reply {
            Reply::Row { tag, sentence } => self.take_row(tag, sentence),
            Reply::Done { tag, ret } => self.take_done(now, tag, ret),
            Reply::Trap { tag, trap } => self.take_trap(tag, trap),
            Reply::Empty { tag } => {
                self.owner(tag);
                self.tally.empty_replies += 1;
            }
            Reply::Fatal { reason } => self.end(&Failure::Fatal(reason)),
            Reply::Unknown => self.tally.unknown_replies += 1,
        }
    }

    fn take_row(&mut self, tag: Option<Tag>, sentence: Sentence) {
        let Some(tag) = self.owner(tag) else { return };
        let bytes = held_bytes(&sentence);
        if self.streams.contains_key(&tag) {
            match self.budget.hold(bytes) {
                Ok(()) => self.rows.push_back((tag, sentence)),
                Err(failure) => self.fail(tag, failure),
            }
            return;
        }
        let Some(live) = self.live.get_mut(&tag) else { return };
        match self.budget.charge(&mut live.bytes, bytes) {
            Ok(()) => live.answer.rows.push(sentence),
            Err(failure) => self.fail(tag, failure),
        }
    }

    fn take_trap(&mut self, tag: Option<Tag>, trap: Trap) {
        let Some(tag) = self.owner(tag) else { return };
        let Some(live) = self.live.get_mut(&tag).or_else(|| self.streams.get_mut(&tag)) else {
            return;
        };
        if live.traps.len() == TRAPS_KEPT_MAX {
            return;
        }
        match self.budget.charge(&mut live.bytes, trap.message.len() + size_of::<Trap>()) {
            Ok(()) => live.traps.push(trap),
            Err(failure) => self.fail(tag, failure),
        }
    }

    fn take_done(&mut self, now: Instant, tag: Option<Tag>, ret: Option<Vec<u8>>) {
        if let Some(tag) = tag
            && self.abandoned.remove(&tag)
        {
            self.tally.late_replies += 1;
            return;
        }
        let Some(tag) = self.owner(tag) else { return };
        let is_stream = self.streams.contains_key(&tag);
        let Some(live) = self.take_off(tag) else { return };
        if live.answer.rows.is_empty() && !is_stream {
            // The time of an answer with rows tells how long the table is, not how busy the router.
            self.window.answered(now.saturating_duration_since(live.sent_at), self.live.len());
        }
        let outcome = match live.traps {
            traps if traps.is_empty() => Ok(Answer { ret, ..live.answer }),
            traps => Err(Failure::Trapped(traps)),
        };
        self.settle(tag, outcome);
    }

    /// The live command or stream that a reply belongs to; counts the reply when there is none.
    ///
    /// A reply without a tag can only belong to the one command there is.
    fn owner(&mut self, tag: Option<Tag>) -> Option<Tag> {
        let is_alone = self.live.len() == 1 && self.streams.is_empty() && self.abandoned.is_empty();
        let alone = || self.live.keys().next().filter(|_| is_alone).copied();
        let owner = tag.or_else(alone).filter(|tag| self.is_owned(*tag));
        match tag {
            _ if owner.is_some() => {}
            Some(tag) if self.abandoned.contains(&tag) => self.tally.late_replies += 1,
            _ => self.tally.unknown_replies += 1,
        }
        owner
    }

    fn is_owned(&self, tag: Tag) -> bool {
        self.live.contains_key(&tag) || self.streams.contains_key(&tag)
    }

    /// Removes a live command or stream and what is held for it.
    fn take_off(&mut self, tag: Tag) -> Option<Live> {
        let live = self.live.remove(&tag).or_else(|| self.streams.remove(&tag))?;
        self.budget.release(live.bytes);
        Some(live)
    }

    /// Ends a live command or stream from our side.
    fn fail(&mut self, tag: Tag, failure: Failure) {
        self.take_off(tag);
        self.settle(tag, Err(failure));
        self.cancel(tag);
    }

    fn cancel(&mut self, tag: Tag) {
        self.abandoned.insert(tag);
        self.cancels.push_back(tag);
        if self.abandoned.len() > ABANDONED_MAX {
            self.end(&Failure::Lost);
        }
    }

    /// A cancel runs under a tag of its own, and nobody waits for its end.
    fn encode_cancel(&mut self, target: Tag, out: &mut Vec<u8>) {
        if !self.abandoned.contains(&target) {
            return;
        }
        let tag = self.fresh_tag();
        self.abandoned.insert(tag);
        let sentence = Sentence::command("/cancel").with("tag", target.to_string());
        sentence.encode_with_second(&tag.word(), out);
    }

    fn expire_queued(&mut self, now: Instant) {
        let mut due = Vec::new();
        for queue in [&mut self.queue, &mut self.opening] {
            let (expired, waiting) =
                std::mem::take(queue).into_iter().partition(|queued| queued.expires <= now);
            *queue = waiting;
            due.extend::<VecDeque<_>>(expired);
        }
        for queued in due {
            self.settle(queued.tag, Err(Failure::Expired));
        }
    }

    fn end(&mut self, failure: &Failure) {
        self.over = true;
        let streams = std::mem::take(&mut self.streams);
        for (tag, live) in std::mem::take(&mut self.live).into_iter().chain(streams) {
            self.budget.release(live.bytes);
            let outcome = match live.ending {
                Ending::DoneOrClosed if live.traps.is_empty() => Ok(live.answer),
                _ => Err(failure.clone()),
            };
            self.settle(tag, outcome);
        }
        let opening = std::mem::take(&mut self.opening);
        for queued in std::mem::take(&mut self.queue).into_iter().chain(opening) {
            self.settle(queued.tag, Err(Failure::NotSent));
        }
        self.cancels.clear();
        self.abandoned.clear();
    }

    fn settle(&mut self, tag: Tag, outcome: Result<Answer, Failure>) {
        self.events.push_back(Event { tag, outcome });
    }
}

impl Queued {
    fn send(self, now: Instant, out: &mut Vec<u8>) -> Live {
        let Request { sentence, timeout, ending } = self.request;
        sentence.encode_with_second(&self.tag.word(), out);
        Live {
            sent_at: now,
            deadline: now + timeout,
            ending,
            answer: Answer::default(),
            bytes: 0,
            traps: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_still_in_use_is_passed_over_when_the_count_comes_round() {
        let mut session = Session::new(SessionLimits::default());
        let now = Instant::now();
        let sentence = Sentence::command("/ip/hotspot/active/listen");
        let request = Request { sentence, timeout: Duration::from_secs(30), ending: Ending::Done };
        let first = session.submit(now, request.clone());
        session.transmit(now, &mut Vec::new());
        session.last_tag = first.0.wrapping_sub(1);
        assert_ne!(session.submit(now, request), first);
    }
}
