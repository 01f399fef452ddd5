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

use crate::proto::{Sentence, login};

use super::{
    command::{Command, tag_of},
    console::{Done, Follow},
    fault::Effect,
    feed::{self, Listener},
    journal::{CommandSeen, Stage, Verdict},
    menus,
    outbox::Outbox,
    record::tagged,
    refusal::Refusal,
    router::Router,
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

#[derive(Debug, Clone, Copy)]
struct Account {
    may_write: bool,
}

/// How a client shows that it knows the password.
enum Proof<'c> {
    Password(&'c [u8]),
    Response {
        challenge: String,
        given: &'c [u8],
    },
    /// An answer to a challenge where none is taken any more.
    Useless,
}

impl Proof<'_> {
    fn shows(&self, password: &[u8]) -> bool {
        match self {
            Self::Password(given) => *given == password,
            Self::Response { challenge, given } => login::response(password, challenge.as_bytes())
                .is_some_and(|wanted| wanted.as_bytes() == *given),
            Self::Useless => false,
        }
    }
}

#[derive(Debug)]
pub(super) struct Dialogue {
    shared: Arc<Shared>,
    connection: u64,
    peer: IpAddr,
    account: Option<Account>,
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
    pub(super) fn new(shared: Arc<Shared>, peer: IpAddr, overflow: CancellationToken) -> Self {
        let (sender, events) = mpsc::channel(feed::BACKLOG_MAX);
        Self {
            connection: shared.next_connection(),
            shared,
            peer,
            account: None,
            challenge: None,
            sentences_before_login: 0,
            queue: BinaryHeap::new(),
            last_due: None,
            state: State::Open,
            sender,
            late: JoinSet::new(),
            overflow,
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
        next.map(|Reverse(pending)| pending.due)
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
        let Some(command) = Command::parse(sentence) else {
            return self.out.push_all(&refused(&Refusal::no_such_command(), tag.as_deref()));
        };
        let seen = self.shared.journal().note(&command);
        let effects = self.shared.faults.strike(&seen);
        let due = self.due(&command, &effects, now);
        self.queue.push(Reverse(Pending { due, command, seen, effects }));
    }

    /// Applies every command whose moment has come.
    pub(super) fn run_due(&mut self, now: Instant) {
        while self.state == State::Open && self.next_due().is_some_and(|due| due <= now) {
            if let Some(Reverse(pending)) = self.queue.pop() {
                self.perform(&pending);
            }
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
        let extra: Duration = effects
            .iter()
            .map(|effect| match effect {
                Effect::Delay(by) => *by,
                _ => Duration::ZERO,
            })
            .sum();
        let is_prompt = !self.is_logged_in() || matches!(command.path(), "/cancel" | "/quit");
        let mut schedule = self.shared.schedule();
        stalls(effects).for_each(|by| schedule.stall(now + by));
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
                Effect::ClockJump(by) => self.jump_clock(*by),
                Effect::NtpSync => self.shared.router().ntp_sync(),
                Effect::DenyLogin if pending.command.path() == "/login" => {
                    let refusal = self.login_refusal();
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
        match (command.path(), self.account) {
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
            (_, Some(account)) if command.is_write() && !account.may_write => {
                refused(&Refusal::denied(), command.tag())
            }
            _ => self.execute(command),
        }
    }

    fn execute(&mut self, command: &Command) -> Vec<Sentence> {
        let shared = Arc::clone(&self.shared);
        let mut router = shared.router();
        let result = router.execute(command);
        match result {
            Ok(Done { rows, follow: Some(follow), .. }) => {
                self.listen(&mut router, follow, command);
                rows
            }
            Ok(Done { mut rows, ret, .. }) => {
                rows.push(done(ret.as_deref(), command.tag()));
                rows
            }
            Err(refusal) => refused(&refusal, command.tag()),
        }
    }

    fn listen(&self, router: &mut Router, follow: Follow, command: &Command) {
        router.feed.add(Listener {
            connection: self.connection,
            path: follow.path,
            tag: command.tag().map(<[u8]>::to_vec),
            shape: follow.shape,
            events: self.sender.clone(),
            overflow: self.overflow.clone(),
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
        let interrupted = |tag: &Option<Vec<u8>>| trap(&Refusal::interrupted(), tag.as_deref());
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
        let (shown, peer) = (String::from_utf8_lossy(name), self.peer);
        let mut router = self.shared.router();
        self.account = router.account(name, &proof);
        if self.account.is_some() {
            let message = format!("user {shown} logged in from {peer} via api");
            router.write_log("system,info,account", message);
            return vec![done(None, command.tag())];
        }
        let message = format!("login failure for user {shown} from {peer} via api");
        router.write_log("system,error,critical", message);
        drop(router);
        refused(&self.login_refusal(), command.tag())
    }

    fn login_refusal(&self) -> Refusal {
        let text = if self.shared.router().routeros().takes_plain_login() {
            "invalid user name or password (6)"
        } else {
            "cannot log in"
        };
        Refusal::new(text)
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
        self.shared.router().feed.end(self.connection, |_| true);
    }
}

impl Router {
    /// The enabled account of that name whose password the proof shows.
    fn account(&self, name: &[u8], proof: &Proof<'_>) -> Option<Account> {
        let accounts = self.table(menus::ACCOUNT);
        let id = *accounts.named(name).first()?;
        let is_enabled = accounts.text(id, "disabled") != Some(b"true");
        let groups = self.table(menus::ACCOUNT_GROUP);
        let policy = |group: &[u8]| groups.text(groups.find(group)?, "policy");
        let policy = accounts.text(id, "group").and_then(policy).unwrap_or_default();
        let may_write = policy.split(|&byte| byte == b',').any(|word| word == b"write");
        let is_right = proof.shows(accounts.text(id, "password").unwrap_or_default());
        (is_enabled && is_right).then_some(Account { may_write })
    }
}

fn stalls(effects: &[Effect]) -> impl Iterator<Item = Duration> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Stall(by) => Some(*by),
        _ => None,
    })
}

fn done(ret: Option<&[u8]>, tag: Option<&[u8]>) -> Sentence {
    let done = tagged("!done", tag);
    match ret {
        Some(ret) => done.with("ret", ret),
        None => done,
    }
}

fn trap(refusal: &Refusal, tag: Option<&[u8]>) -> Sentence {
    let mut trap = tagged("!trap", tag);
    if let Some(category) = refusal.category {
        trap.push_attribute("category", category.to_string());
    }
    trap.with("message", &refusal.message)
}

fn refused(refusal: &Refusal, tag: Option<&[u8]>) -> Vec<Sentence> {
    vec![trap(refusal, tag), done(None, tag)]
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
