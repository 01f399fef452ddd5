//! One client session without its socket: commands and received bytes in, bytes to send and
//! outcomes out.
//!
//! The driver calls [`Session::receive`] with what it read, [`Session::transmit`] when the socket
//! can take more, and
//! [`Session::tick`] at [`Session::deadline`]. Time is always an argument.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use super::{
    DecodeError, Decoder, Limits, Reply, Sentence, Tag, Trap, Window, WindowLimits,
    decoder::Oddities,
};

/// What a session may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Caps on single sentences.
    pub decode: Limits,
    /// Commands under way at once.
    pub window: WindowLimits,
    /// Rows of one answer, in bytes. A longer answer fails its command and is dropped as it comes.
    pub answer_bytes_max: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            decode: Limits::default(),
            window: WindowLimits::default(),
            answer_bytes_max: 64 << 20,
        }
    }
}

/// One command to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The command, without a `.tag`: the session gives it one.
    pub sentence: Sentence,
    /// How long it may wait to be sent, and then how long for its `!done`.
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
/// Commands that time out without a byte in between before the connection counts as dead.
const SILENT_TIMEOUTS_MAX: u32 = 3;

/// The state of one connection, from just after it was dialled until it ends.
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    window: Window,
    answer_bytes_max: usize,
    last_tag: u32,
    queue: VecDeque<Queued>,
    cancels: VecDeque<Tag>,
    live: BTreeMap<Tag, Live>,
    abandoned: BTreeSet<Tag>,
    events: VecDeque<Event>,
    silent_timeouts: u32,
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
    answer_bytes: usize,
    traps: Vec<Trap>,
}

impl Session {
    /// A session on a fresh connection. Nothing is sent before something is submitted.
    pub fn new(limits: SessionLimits) -> Self {
        Self {
            decoder: Decoder::new(limits.decode),
            window: Window::new(limits.window),
            answer_bytes_max: limits.answer_bytes_max,
            last_tag: 0,
            queue: VecDeque::new(),
            cancels: VecDeque::new(),
            live: BTreeMap::new(),
            abandoned: BTreeSet::new(),
            events: VecDeque::new(),
            silent_timeouts: 0,
            over: false,
            tally: Tally::default(),
        }
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

    /// Gives a command up: no event comes for it, the router is told to stop, late replies are
    /// swallowed.
    pub fn abandon(&mut self, tag: Tag) {
        self.queue.retain(|queued| queued.tag != tag);
        if self.live.remove(&tag).is_some() {
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
        self.silent_timeouts = 0;
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
            if self.live.remove(&tag).is_none() {
                break;
            }
            self.window.timed_out(self.live.len());
            self.silent_timeouts += 1;
            self.settle(tag, Err(Failure::TimedOut));
            self.cancel(tag);
        }
        if self.silent_timeouts >= SILENT_TIMEOUTS_MAX {
            self.end(&Failure::Lost);
        }
    }

    /// When [`Self::tick`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let live = self.live.values().map(|live| live.deadline);
        self.queue.iter().map(|queued| queued.expires).chain(live).min()
    }

    /// Whether [`Self::transmit`] would give bytes.
    pub fn wants_to_transmit(&self) -> bool {
        !self.cancels.is_empty() || (self.has_room() && !self.queue.is_empty())
    }

    /// Appends whole sentences to `out`, about 16 KiB at most, and counts their commands as sent.
    ///
    /// Call it only when the socket can take the bytes, so that what waits stays unsent.
    pub fn transmit(&mut self, now: Instant, out: &mut Vec<u8>) {
        while let Some(tag) = self.cancels.pop_front() {
            self.encode_cancel(tag, out);
        }
        while self.has_room() && out.len() < BATCH_BYTES {
            let Some(Queued { tag, request, .. }) = self.queue.pop_front() else {
                return;
            };
            let live = Live::new(now, &request);
            self.live.insert(tag, live);
            request.sentence.encode_with_second(&tag.word(), out);
        }
    }

    /// The next outcome.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Commands that wait to be sent.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Commands that were sent and wait for their end.
    pub fn in_flight(&self) -> usize {
        self.live.len()
    }

    /// Whether nothing can be sent any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// What was tolerated so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn has_room(&self) -> bool {
        !self.over && self.live.len() < self.window.size()
    }

    /// Tags still in use are passed over, so that a late reply never meets a new owner.
    fn fresh_tag(&mut self) -> Tag {
        loop {
            self.last_tag = self.last_tag.wrapping_add(1);
            let tag = Tag(self.last_tag);
            if !self.live.contains_key(&tag) && !self.abandoned.contains(&tag) {
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
            Reply::Trap { tag, trap } => {
                if let Some(live) = self.owner(tag).and_then(|tag| self.live.get_mut(&tag))
                    && live.traps.len() < TRAPS_KEPT_MAX
                {
                    live.traps.push(trap);
                }
            }
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
        let Some(live) = self.live.get_mut(&tag) else {
            return;
        };
        live.answer_bytes += sentence.wire_len() + size_of::<Sentence>();
        if live.answer_bytes <= self.answer_bytes_max {
            live.answer.rows.push(sentence);
            return;
        }
        self.live.remove(&tag);
        self.settle(tag, Err(Failure::AnswerTooLong));
        self.cancel(tag);
    }

    fn take_done(&mut self, now: Instant, tag: Option<Tag>, ret: Option<Vec<u8>>) {
        if let Some(tag) = tag
            && self.abandoned.remove(&tag)
        {
            self.tally.late_replies += 1;
            return;
        }
        let Some(tag) = self.owner(tag) else { return };
        let Some(live) = self.live.remove(&tag) else {
            return;
        };
        if live.answer.rows.is_empty() {
            // The time of an answer with rows tells how long the table is, not how busy the router.
            self.window.answered(now.saturating_duration_since(live.sent_at), self.live.len());
        }
        let outcome = match live.traps {
            traps if traps.is_empty() => Ok(Answer { ret, ..live.answer }),
            traps => Err(Failure::Trapped(traps)),
        };
        self.settle(tag, outcome);
    }

    /// The live command that a reply belongs to; counts the reply when there is none.
    ///
    /// A reply without a tag can only belong to the one command there is.
    fn owner(&mut self, tag: Option<Tag>) -> Option<Tag> {
        let alone = || {
            self.live.keys().next().filter(|_| self.live.len() == 1 && self.abandoned.is_empty())
        };
        let owner = tag.or_else(|| alone().copied()).filter(|tag| self.live.contains_key(tag));
        match tag {
            _ if owner.is_some() => {}
            Some(tag) if self.abandoned.contains(&tag) => self.tally.late_replies += 1,
            _ => self.tally.unknown_replies += 1,
        }
        owner
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
        let (due, waiting): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.queue).into_iter().partition(|queued| queued.expires <= now);
        self.queue = waiting;
        for queued in due {
            self.settle(queued.tag, Err(Failure::Expired));
        }
    }

    fn end(&mut self, failure: &Failure) {
        self.over = true;
        for (tag, live) in std::mem::take(&mut self.live) {
            let outcome = match live.ending {
                Ending::DoneOrClosed if live.traps.is_empty() => Ok(live.answer),
                _ => Err(failure.clone()),
            };
            self.settle(tag, outcome);
        }
        for queued in std::mem::take(&mut self.queue) {
            self.settle(queued.tag, Err(Failure::NotSent));
        }
        self.cancels.clear();
        self.abandoned.clear();
    }

    fn settle(&mut self, tag: Tag, outcome: Result<Answer, Failure>) {
        self.events.push_back(Event { tag, outcome });
    }
}

impl Live {
    fn new(now: Instant, request: &Request) -> Self {
        Self {
            sent_at: now,
            deadline: now + request.timeout,
            ending: request.ending,
            answer: Answer::default(),
            answer_bytes: 0,
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
