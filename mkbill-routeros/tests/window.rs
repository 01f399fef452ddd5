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
        let session = Session::new(SessionLimits::default());
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
}

fn settled() -> Line {
    let mut line = Line::new();
    line.rounds(LONG);
    assert_eq!(line.window(), MOST);
    line
}

#[test]
fn it_climbs_one_by_one_from_8_to_16_and_never_above() {
    let mut line = Line::new();
    let mut sizes = vec![line.window()];
    for _ in 0..LONG {
        line.rounds(1);
        sizes.push(line.window());
    }
    assert_eq!(sizes[0], MOST / 2);
    assert!(sizes.windows(2).all(|pair| pair[1] - pair[0] <= 1));
    assert_eq!(sizes.last(), Some(&MOST));
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
fn after_a_reset_the_next_connection_begins_at_half_and_climbs_back() {
    let mut line = settled();
    line.session.disconnected();
    assert_eq!(line.window(), 0);
    let mut line = Line::new();
    assert_eq!(line.window(), MOST / 2);
    line.rounds(LONG);
    assert_eq!(line.window(), MOST);
}
