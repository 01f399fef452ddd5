//! One connection without its socket: sentences and moments in, bytes out.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::proto::Sentence;

use super::{
    account::{LoggedIn, Proof},
    command::{Command, tag_of},
    console::{Done, Follow},
    fault::{self, Effect},
    feed::{self, Listener},
    journal::{CommandSeen, Stage, Verdict},
    outbox::Outbox,
    record::tagged,
    refusal::Refusal,
    repeat::{Repeat, Wire},
    rights::Caller,
    router::Router,
    service::Service,
    shared::{CancelOrder, Shared},
};

/// What a client may send before it has logged in.
const BEFORE_LOGIN_SENTENCES_MAX: usize = 16;
pub(super) const BEFORE_LOGIN_BYTES_MAX: usize = 4096;
/// How many commands of a connection wait at most; reading pauses above it.
const QUEUE_MAX: usize = 4096;
/// A tag that no client chooses.
const STRANGE_TAG: &[u8] = b"4294967295";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Reads on and answers nothing.
    Hung,
    /// Sends what is left and ends.
    Closing,
}

#[derive(Debug)]
pub(super) struct Dialogue {
    shared: Arc<Shared>,
    connection: u64,
    peer: IpAddr,
    service: Service,
    is_admitted: bool,
    account: Option<LoggedIn>,
    challenge: Option<String>,
    sentences_before_login: usize,
    queue: BinaryHeap<Reverse<Pending>>,
    last_due: Option<Instant>,
    state: State,
    sender: mpsc::Sender<Sentence>,
    /// Answers that come late.
    late: JoinSet<()>,
    /// Cancelled when a listener does not keep up.
    overflow: CancellationToken,
    /// When to look at the router next, because a command repeats and time comes from outside.
    glance: Option<(Instant, Duration)>,
    pub events: mpsc::Receiver<Sentence>,
    pub out: Outbox,
}

#[derive(Debug)]
struct Pending {
    due: Instant,
    command: Command,
    seen: CommandSeen,
    effects: Vec<Effect>,
}

impl Dialogue {
    /// A connection that the router does not want is closing from the start.
    pub(super) fn new(
        shared: Arc<Shared>,
        service: Service,
        peer: IpAddr,
        overflow: CancellationToken,
    ) -> Self {
        let (sender, events) = mpsc::channel(feed::BACKLOG_MAX);
        let is_admitted = shared.router().open_connection(service, peer);
        Self {
            connection: shared.next_connection(),
            shared,
            peer,
            service,
            is_admitted,
            account: None,
            challenge: None,
            sentences_before_login: 0,
            queue: BinaryHeap::new(),
            last_due: None,
            state: if is_admitted { State::Open } else { State::Closing },
            sender,
            late: JoinSet::new(),
            overflow,
            glance: None,
            events,
            out: Outbox::default(),
        }
    }

    pub(super) fn is_logged_in(&self) -> bool {
        self.account.is_some()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.state == State::Closing
    }

    /// Whether more sentences may be read now.
    pub(super) fn takes_more(&self) -> bool {
        self.state != State::Closing && self.queue.len() < QUEUE_MAX && !self.out.is_full()
    }

    pub(super) fn close(&mut self) {
        self.queue.clear();
        self.state = State::Closing;
    }

    /// When the next command takes effect. While the client does not read what was answered, none does.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let next = self.queue.peek().filter(|_| !self.out.is_full());
        let next = next.map(|Reverse(pending)| pending.due);
        next.into_iter().chain(self.glance.map(|(at, _)| at)).min()
    }

    /// Takes a sentence that came now. Its effect comes by [`Self::run_due`].
    pub(super) fn receive(&mut self, sentence: Sentence, now: Instant) {
        if self.state != State::Open {
            return;
        }
        if !self.is_logged_in() {
            self.sentences_before_login += 1;
            if self.sentences_before_login > BEFORE_LOGIN_SENTENCES_MAX {
                return self.close();
            }
        }
        let tag = tag_of(&sentence).map(<[u8]>::to_vec);
        let takes_spaces = self.shared.router().quirks.takes_spaced_paths;
        let parse = if takes_spaces { Command::parse_spaced } else { Command::parse };
        let Some(command) = parse(sentence) else {
            return self.out.push_all(&refused(&Refusal::no_such_command(), tag.as_deref()));
        };
        let seen = self.shared.journal().note(&command);
        let effects = self.shared.faults.strike(&seen);
        let due = self.due(&command, &effects, now);
        self.queue.push(Reverse(Pending { due, command, seen, effects }));
    }

    /// Applies every command whose moment has come.
    pub(super) fn run_due(&mut self, now: Instant) {
        self.glance(now);
        while self.has_due(now) {
            if let Some(Reverse(pending)) = self.queue.pop() {
                self.perform(&pending);
            }
        }
    }

    fn has_due(&self, now: Instant) -> bool {
        let is_due = self.queue.peek().is_some_and(|Reverse(pending)| pending.due <= now);
        is_due && self.state == State::Open && !self.out.is_full()
    }

    /// Looks at the router when that is due, so that its time moves and repeating commands answer.
    fn glance(&mut self, now: Instant) {
        if let Some((_, every)) = self.glance.filter(|(at, _)| *at <= now) {
            let goes_on = self.shared.router().feed.ticks_for(self.connection);
            self.glance = goes_on.then_some((now + every, every));
        }
    }

    /// Puts waiting events of listeners into the output.
    pub(super) fn take_events(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.out.push(&event);
        }
    }

    /// Control words and logins take no service time; before login nothing overtakes.
    fn due(&mut self, command: &Command, effects: &[Effect], now: Instant) -> Instant {
        let extra = fault::delay(effects);
        let is_prompt = !self.is_logged_in() || matches!(command.path(), "/cancel" | "/quit");
        let mut schedule = self.shared.schedule();
        fault::stalls(effects).for_each(|by| schedule.stall(now + by));
        let due = if is_prompt { schedule.awake(now) + extra } else { schedule.book(now, extra) };
        let due = match self.last_due {
            Some(last) if !self.is_logged_in() => due.max(last),
            _ => due,
        };
        self.last_due = Some(due);
        due
    }

    fn perform(&mut self, pending: &Pending) {
        let before = self.shared.ask_hook(Stage::Before, &pending.seen);
        if before == Verdict::DropBefore {
            return self.close();
        }
        if self.is_spoiled(pending) {
            return;
        }
        self.take_events();
        let replies = self.answer(&pending.command);
        let after = self.shared.ask_hook(Stage::After, &pending.seen);
        let has = |effect: &Effect| pending.effects.contains(effect);
        let drops = before == Verdict::DropAfterApply || after != Verdict::Continue;
        if drops || has(&Effect::DropAfterApply) {
            return self.close();
        }
        if !has(&Effect::Mute) {
            self.reply(&pending.effects, &replies);
        }
        if has(&Effect::RepeatReply) {
            self.out.push_all(&replies);
        }
    }

    /// Lets the faults that come before an effect happen. `true` when the command has none then.
    fn is_spoiled(&mut self, pending: &Pending) -> bool {
        for effect in &pending.effects {
            match effect {
                Effect::DropBefore => self.close(),
                Effect::Hang => {
                    self.queue.clear();
                    self.state = State::Hung;
                }
                Effect::Fatal(reason) => self.end(reason),
                Effect::Trap(refusal) => {
                    self.out.push_all(&refused(refusal, pending.command.tag()));
                    return true;
                }
                Effect::Reboot => {
                    self.shared.router().reboot();
                    self.close();
                }
                Effect::RenumberIds => self.shared.router().renumber_ids(),
                Effect::UnknownTags(count) => {
                    let stray = tagged("!re", Some(STRANGE_TAG)).with("name", "stray");
                    (0..*count).for_each(|_| self.out.push(&stray));
                }
                Effect::Untagged(count) => {
                    let row = tagged("!re", None).with("name", "untagged");
                    (0..*count).for_each(|_| self.out.push(&row));
                }
                Effect::HostileLength => self.out.push_raw(&[0xF0, 0xFF, 0xFF, 0xFF, 0xFF]),
                Effect::ControlByte => self.out.push_raw(&[0xF8]),
                Effect::EndlessSentence => {
                    self.never_end(pending.command.tag());
                    return true;
                }
                Effect::SplitReplies => self.out.split(),
                Effect::DropAfterBytes(bytes) => self.out.cut_after(*bytes as usize),
                Effect::ClockJump(by) => self.shared.router().jump_clock(*by),
                Effect::NtpSync => self.shared.router().ntp_sync(),
                Effect::DenyLogin if pending.command.path() == "/login" => {
                    let refusal = self.shared.router().login_refusal();
                    self.out.push_all(&refused(&refusal, pending.command.tag()));
                    return true;
                }
                Effect::DropAfterApply
                | Effect::CutMidWord
                | Effect::Mute
                | Effect::Delay(_)
                | Effect::Stall(_)
                | Effect::LateReply(_)
                | Effect::DenyLogin
                | Effect::RepeatReply => {}
            }
            if self.state != State::Open {
                return true;
            }
        }
        false
    }

    fn answer(&mut self, command: &Command) -> Vec<Sentence> {
        match (command.path(), &self.account) {
            ("/login", _) => self.log_in(command),
            (_, None) => {
                self.end("not logged in");
                Vec::new()
            }
            ("/quit", _) => {
                self.end("session terminated on request");
                Vec::new()
            }
            ("/cancel", _) => self.cancel(command),
            (_, Some(account)) => {
                let caller = account.caller.clone();
                self.execute(command, &caller)
            }
        }
    }

    fn execute(&mut self, command: &Command, caller: &Caller) -> Vec<Sentence> {
        let shared = Arc::clone(&self.shared);
        let mut router = shared.router();
        match router.execute_for(command, caller) {
            Ok(Done { rows, follow: Some(follow), .. }) => {
                self.listen(&mut router, follow, command);
                rows
            }
            Ok(Done { rows, repeat: Some(repeat), .. }) => {
                self.repeat(&mut router, repeat, command, caller);
                rows
            }
            Ok(Done { mut rows, ret, .. }) => {
                rows.push(done(ret.as_deref(), command.tag()));
                rows
            }
            Err(refusal) => refused(&refusal, command.tag()),
        }
    }

    fn repeat(&mut self, router: &mut Router, repeat: Repeat, command: &Command, caller: &Caller) {
        let now = router.clock().now();
        router.feed.repeat(repeat.ticker(command.clone(), caller.clone(), self.wire(), now));
        if self.shared.time_flows() {
            let every = Duration::try_from(repeat.every()).unwrap_or(Duration::MAX);
            self.glance = Some((Instant::now() + every, every));
        }
    }

    fn wire(&self) -> Wire {
        Wire {
            connection: self.connection,
            events: self.sender.clone(),
            overflow: self.overflow.clone(),
        }
    }

    fn listen(&self, router: &mut Router, follow: Follow, command: &Command) {
        router.feed.add(Listener {
            wire: self.wire(),
            path: follow.path,
            tag: command.tag().map(<[u8]>::to_vec),
            shape: follow.shape,
            secrets: follow.secrets,
        });
    }

    fn cancel(&mut self, command: &Command) -> Vec<Sentence> {
        let target = command.attribute("tag").map(<[u8]>::to_vec);
        let ends = |tag: Option<&[u8]>| target.is_none() || tag == target.as_deref();
        let mut ended = self.shared.router().feed.end(self.connection, ends);
        self.queue.retain(|Reverse(pending)| {
            let stays = !ends(pending.command.tag());
            if !stays {
                ended.push(pending.command.tag().map(<[u8]>::to_vec));
            }
            stays
        });
        let traps_unknown = self.shared.router().quirks.traps_unknown_cancel;
        if ended.is_empty() && target.is_some() && traps_unknown {
            return refused(&Refusal::no_such_item(), command.tag());
        }
        let interrupted = |tag: &Option<Vec<u8>>| Refusal::interrupted().trap(tag.as_deref());
        let mut replies: Vec<Sentence> = ended.iter().map(interrupted).collect();
        let dones = ended.iter().map(|tag| done(None, tag.as_deref()));
        let own = done(None, command.tag());
        match self.shared.cancel_order {
            CancelOrder::CommandFirst => replies.extend(dones.chain([own])),
            CancelOrder::CancelFirst => replies.extend(std::iter::once(own).chain(dones)),
        }
        replies
    }

    fn log_in(&mut self, command: &Command) -> Vec<Sentence> {
        let Some(proof) = self.proof(command) else {
            return vec![self.ask_for_response(command)];
        };
        let name = command.attribute("name").unwrap_or_default();
        let mut router = self.shared.router();
        if let Some(earlier) = self.account.take() {
            router.log_out(earlier.id);
        }
        match router.log_in(name, &proof, self.service, self.peer) {
            Ok(account) => {
                self.account = Some(account);
                vec![done(None, command.tag())]
            }
            Err(refusal) => refused(&refusal, command.tag()),
        }
    }

    /// What the client offers to be let in; `None` when it has to be asked.
    fn proof<'c>(&mut self, command: &'c Command) -> Option<Proof<'c>> {
        let takes_plain_login = self.shared.router().routeros().takes_plain_login();
        let (password, response) = (command.attribute("password"), command.attribute("response"));
        match (password, response) {
            (Some(given), _) if takes_plain_login => Some(Proof::Password(given)),
            (None, Some(_)) if takes_plain_login => Some(Proof::Useless),
            (_, Some(given)) => {
                let challenge = self.challenge.take().unwrap_or_default();
                Some(Proof::Response { challenge, given })
            }
            _ => None,
        }
    }

    fn ask_for_response(&mut self, command: &Command) -> Sentence {
        let mut chance = self.shared.chance();
        let challenge = format!("{:016x}{:016x}", chance.next(), chance.next());
        let reply = done(Some(challenge.as_bytes()), command.tag());
        self.challenge = Some(challenge);
        reply
    }

    /// `!fatal` with its bare reason, and the end.
    fn end(&mut self, reason: &str) {
        self.out.push(&tagged("!fatal", None).with_word(reason));
        self.close();
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        let mut router = self.shared.router();
        router.feed.end(self.connection, |_| true);
        if let Some(account) = &self.account {
            router.log_out(account.id);
        }
        if self.is_admitted {
            router.end_connection(self.service);
        }
    }
}

fn done(ret: Option<&[u8]>, tag: Option<&[u8]>) -> Sentence {
    let done = tagged("!done", tag);
    match ret {
        Some(ret) => done.with("ret", ret),
        None => done,
    }
}

fn refused(refusal: &Refusal, tag: Option<&[u8]>) -> Vec<Sentence> {
    vec![refusal.trap(tag), done(None, tag)]
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pending {}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pending {
    /// Commands that are due at one moment keep their order.
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.seen.sequence).cmp(&(other.due, other.seen.sequence))
    }
}

mod spoil;
#[cfg(test)]
mod tests;
