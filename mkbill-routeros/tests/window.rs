//! How many commands a session keeps under way, as the router slows down and recovers.

use std::time::{Duration, Instant};

use mkbill_routeros::proto::{
    Decoder, Ending, Failure, Limits, Request, Sentence, Session, SessionLimits,
};

const USUAL: Duration = Duration::from_millis(20);
const SLOW: Duration = Duration::from_millis(61);
const TIMEOUT: Duration = Duration::from_secs(30);
const MOST: usize = 16;
/// Rounds after which a window that may grow has surely grown to its most.
const LONG: usize = 100;

/// A session that always has something to send, and its router.
struct Line {
    session: Session,
    now: Instant,
    /// Tag words of the commands that wait for their answers.
    open: Vec<Vec<u8>>,
}

impl Line {
    fn new() -> Self {
        Self::with(Session::new(SessionLimits::default()))
    }

    fn with(session: Session) -> Self {
        let mut line = Self { session, now: Instant::now(), open: Vec::new() };
        line.send();
        line
    }

    /// How many commands are under way.
    fn window(&self) -> usize {
        self.session.in_flight()
    }

    fn send(&mut self) {
        while self.session.queued() < 2 * MOST {
            let sentence = Sentence::command("/ip/hotspot/user/add");
            let request = Request { sentence, timeout: TIMEOUT, ending: Ending::Done };
            self.session.submit(self.now, request);
        }
        let mut bytes = Vec::new();
        self.session.transmit(self.now, &mut bytes);
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(&bytes);
        while let Some(command) = decoder.next().expect("the session writes sentences") {
            if command.first() != Some(b"/cancel") {
                let tag = command.words().nth(1).expect("every command has a tag");
                self.open.push(tag.to_vec());
            }
        }
        assert!(self.window() <= MOST);
    }

    /// All commands under way are answered after `latency`; the next ones go out.
    fn round(&mut self, latency: Duration) {
        self.now += latency;
        let answers: Vec<_> = self.open.drain(..).collect();
        self.answer(answers);
        self.send();
    }

    /// The oldest command alone is answered after `latency`; the next ones go out.
    fn one(&mut self, latency: Duration) {
        self.now += latency;
        let answer = self.open.remove(0);
        self.answer([answer]);
        self.send();
    }

    /// All but the first are answered in time; the next ones go out after its time has run out, and
    /// that of those who waited to be sent.
    fn round_with_a_timeout(&mut self) {
        self.now += USUAL;
        let answers = self.open.split_off(1);
        self.answer(answers);
        self.now += TIMEOUT;
        self.session.tick(self.now);
        let outcomes = std::iter::from_fn(|| self.session.next_event());
        let failures = outcomes.filter_map(|event| event.outcome.err());
        assert!(failures.filter(|failure| *failure != Failure::Expired).eq([Failure::TimedOut]));
        self.open.clear();
        self.send();
    }

    fn answer(&mut self, tags: impl IntoIterator<Item = Vec<u8>>) {
        let mut bytes = Vec::new();
        for tag in tags {
            Sentence::command("!done").with_word(tag).encode(&mut bytes);
        }
        self.session.receive(self.now, &bytes).expect("the answers are sentences");
        while let Some(event) = self.session.next_event() {
            assert!(event.outcome.is_ok());
        }
    }

    fn rounds(&mut self, count: usize) {
        (0..count).for_each(|_| self.round(USUAL));
    }

    /// How many commands are under way after each of the next rounds.
    fn sizes(&mut self, rounds: usize) -> Vec<usize> {
        let round = |_| {
            self.rounds(1);
            self.window()
        };
        (0..rounds).map(round).collect()
    }
}

fn settled() -> Line {
    let mut line = Line::new();
    line.rounds(LONG);
    assert_eq!(line.window(), MOST);
    line
}

#[test]
fn it_is_open_after_one_round_without_trouble_and_never_above() {
    let mut line = Line::new();
    assert_eq!(line.window(), MOST / 2);
    assert_eq!(line.sizes(LONG), [MOST; LONG]);
}

/// There the last of a round waits for all before it, which is no trouble.
#[test]
fn it_is_open_after_a_few_answers_of_a_router_that_works_on_one_command_at_a_time() {
    let mut line = Line::new();
    (0..MOST).for_each(|_| line.one(USUAL));
    for _ in 0..LONG {
        assert_eq!(line.window(), MOST);
        line.one(USUAL);
    }
}

#[test]
fn after_trouble_it_climbs_back_one_by_one() {
    let mut line = settled();
    line.round(SLOW);
    let climbed = line.sizes(8);
    assert_eq!(climbed, [9, 10, 11, 12, 13, 14, 15, 16]);
}

#[test]
fn answers_of_three_times_the_median_leave_it_and_slower_ones_halve_it() {
    let mut line = settled();
    line.round(3 * USUAL);
    assert_eq!(line.window(), MOST);
    let mut line = settled();
    line.round(SLOW);
    assert_eq!(line.window(), MOST / 2);
    line.rounds(LONG);
    assert_eq!(line.window(), MOST);
}

#[test]
fn a_timeout_halves_it_and_it_climbs_back() {
    let mut line = settled();
    line.round_with_a_timeout();
    assert_eq!(line.window(), MOST / 2);
    line.rounds(LONG);
    assert_eq!(line.window(), MOST);
}

#[test]
fn after_a_reset_the_next_connection_begins_at_half_and_climbs_back_one_by_one() {
    let mut line = settled();
    line.session.disconnected();
    let after_loss = |lost: &Line| {
        Line::with(Session::after_loss(SessionLimits::default(), lost.session.window()))
    };
    let mut line = after_loss(&line);
    assert_eq!(line.window(), MOST / 2);
    assert_eq!(line.sizes(2), [MOST / 2 + 1, MOST / 2 + 2]);
    line.rounds(LONG);
    assert_eq!(line.window(), MOST);
    let line = after_loss(&Line::new());
    assert_eq!(line.window(), MOST / 4);
}
